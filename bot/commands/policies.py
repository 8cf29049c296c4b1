"""`policies`: who may ask for what, and who may approve it, from a file in version control."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import click

from bot.assemble import administration, open_aws, open_storage, refresher
from bot.commands import ground
from bot.commands.names import names_of
from bot.commands.trouble import Findings, Misuse, Trouble
from bot.policy_file import export as written
from bot.policy_file import load, read
from bot.settings import Settings
from grants.authority import Action
from grants.cautions import PolicyWarning, warnings
from grants.differences import differences
from grants.drafts import PolicyProblem, PolicyProblems
from grants.errors import AwsFault
from grants.model import Catalogue, Lane
from grants.policy import PolicyBook, uses_tags
from storage import schema
from storage.engine import sqlite_file


@click.group()
def policies() -> None:
    """Who may ask for what, and who may approve it.

    FILE is YAML or JSON; - is standard input; without it ELEVATE_POLICY_FILE.
    """


@policies.command()
@click.argument("file", required=False)
@click.option("--offline", is_flag=True, help="Check the grammar alone; ask AWS for no name.")
@ground.json_option
@click.pass_context
def validate(ctx: click.Context, file: str | None, *, offline: bool, as_json: bool) -> None:
    """Say what is wrong with a policy file. Changes nothing."""
    settings = ground.settings()
    name, raw = content(settings, file)
    report = _by_grammar(raw, name, settings) if offline else _by_names(raw, name, settings)
    if as_json:
        ground.print_json(report.as_json())
    else:
        report.print(name)
    if report.problems or report.unchecked:
        ctx.exit(1)


@policies.command()
@click.argument("file", required=False)
@click.option(
    "--planned",
    type=int,
    metavar="VERSION",
    help="Refuse if the policies are not at this version any more: the one that `plan` named.",
)
@ground.json_option
def apply(file: str | None, planned: int | None, *, as_json: bool) -> None:
    """Store a policy file as the next version of the policies. Nothing, where anything is wrong."""
    settings = ground.settings()
    name, raw = content(settings, file)
    aws = open_aws(settings)
    if sqlite_file(settings.database_url) is not None:
        schema.migrate(settings.database_url)
    with ground.opened(settings) as storage:
        with storage.works.reading() as work:
            before, stored = work.policies.current(), work.catalogue.load()
        since = _since(before, planned)
        reading = refresher(storage, aws)
        names = names_of(settings, aws, stored, reading.refresh, before)
        book, catalogue = names.look_up(raw, source=name)
        if uses_tags(book) and not catalogue.tagged:
            catalogue = reading.read_tags(book) or catalogue  # what is left the running bot reads
        found = warnings(book, catalogue, aws.directory, keyed=settings.encryption_key is not None)
        after = administration(storage).apply(
            book, by=ground.whoever_types(Action.EDIT_POLICIES), since=since
        )
    same = after.version == before.version
    changes = differences(before, after)
    if as_json:
        ground.print_json(
            {
                "version": after.version,
                "applied": not same,
                "changes": changes,
                "warnings": [str(warning) for warning in found],
            }
        )
        return
    warn(found)
    for change in changes:
        click.echo(change)
    click.echo(
        f"Nothing to apply: version {after.version} says the same"
        if same
        else f"Applied as version {after.version}"
    )


@policies.command()
def export() -> None:
    """Print the policies that hold now, as a file that `apply` takes.

    They are written by names. `apply` takes a name that AWS does not know any more for what it is in
    these policies; where another group, say, has the name by then, it takes that, and tells.
    """
    with ground.opened(ground.settings()) as storage, storage.works.reading() as work:
        book = work.policies.current()
    if not book.version:
        click.echo("No policies were applied yet; these are the defaults.", err=True)
    click.echo(written(book), nl=False)


def _since(before: PolicyBook, planned: int | None) -> int:
    """The version that the change is made from."""
    if planned is None:
        return before.version
    if not 0 <= planned <= before.version:
        raise Trouble(
            f"Not applied: these policies are at version {before.version}, and version {planned} was"
            " never one of theirs. Is it the database that you planned against?"
        )
    return planned


@dataclass(frozen=True, slots=True)
class Report:
    """What validation came to."""

    problems: tuple[PolicyProblem, ...] = ()
    warnings: tuple[PolicyWarning, ...] = ()
    unchecked: str = ""
    """Why names were not looked up; empty: they were, or nobody asked for it."""

    def as_json(self) -> dict[str, Any]:
        """For other programs."""
        return {
            "ok": not self.problems and not self.unchecked,
            "problems": [
                {"source": each.source, "line": each.line, "message": each.message}
                for each in self.problems
            ],
            "warnings": [str(warning) for warning in self.warnings],
            "names_not_checked": self.unchecked or None,
        }

    def print(self, name: str) -> None:
        """For people."""
        warn(self.warnings)
        if self.unchecked:
            click.echo(
                f"Names were not checked; --offline checks the grammar alone: {self.unchecked}",
                err=True,
            )
        if self.problems:
            raise Findings("\n".join(map(str, self.problems)))
        if not self.unchecked:
            click.echo(f"{name}: fine")


def _by_grammar(raw: bytes, name: str, settings: Settings) -> Report:
    try:
        load(raw, source=name, scp=settings.cut_policy_id is not None)
    except PolicyProblems as found:
        return Report(problems=found.problems)
    return Report()


def _by_names(raw: bytes, name: str, settings: Settings) -> Report:
    try:
        aws = open_aws(settings)
        reading = refresher(open_storage(settings), aws)
        held, stored = _stored(settings)
        names = names_of(settings, aws, stored, reading.read, held)
        book, catalogue = names.look_up(raw, source=name)
        if uses_tags(book) and not catalogue.tagged:
            catalogue = reading.with_tags(catalogue)
        keyed = settings.encryption_key is not None
        found = warnings(book, catalogue, aws.directory, lane=Lane.STATUS, keyed=keyed)
        return Report(warnings=found)
    except PolicyProblems as wrong:
        return Report(problems=wrong.problems)
    except AwsFault as fault:
        return replace(_by_grammar(raw, name, settings), unchecked=fault.reason)


def _stored(settings: Settings) -> tuple[PolicyBook, Catalogue | None]:
    """A file is checked as well where no bot runs: there the catalogue is read from AWS."""
    if not schema.at_head(settings.database_url):
        return PolicyBook(), None
    storage = open_storage(settings)
    try:
        with storage.works.reading() as work:
            return work.policies.current(), work.catalogue.load()
    finally:
        storage.database.close()


def content(settings: Settings, file: str | None) -> tuple[str, bytes]:
    """The name and the bytes of the policy file that is meant."""
    name = file or settings.policy_file
    if not name:
        raise Misuse("name a policy file, or set ELEVATE_POLICY_FILE")
    try:
        return name, read(name)
    except PolicyProblems as found:
        raise Misuse(str(found)) from found


def warn(found: Iterable[PolicyWarning]) -> None:
    """Beside the answer, so that a program can take that as it is."""
    for warning in found:
        click.echo(f"warning: {warning}", err=True)
