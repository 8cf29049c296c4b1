"""`policies plan`: who would gain and who would lose what, if a policy file were applied."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import click

from blocks.text import inline, several
from bot.assemble import open_aws, open_storage, refresher
from bot.clock import system_clock
from bot.commands import ground
from bot.commands.names import names_of
from bot.commands.policies import content, warn
from bot.settings import Settings
from grants.cautions import warnings
from grants.model import Catalogue, User
from grants.planning import Plan, Planner, Share, Shift
from grants.policy import PolicyBook, uses_tags
from storage.engine import sqlite_file

T = TypeVar("T")

NAMED: Final = 12
"""So many people, permission sets or accounts of a share are named; the JSON names all."""


@click.command()
@click.argument("file", required=False)
@ground.json_option
def plan(file: str | None, *, as_json: bool) -> None:
    """Say who would gain and who would lose what by a policy file. Changes nothing.

    Who is in which group is read now; what can be asked for, as it was last read. The version that
    it was worked out against is named: `apply --planned VERSION` refuses if there is another by then.
    """
    settings = ground.settings()
    name, raw = content(settings, file)
    aws = open_aws(settings)
    before, stored = _in_force(settings)
    reading = refresher(open_storage(settings), aws)
    after, catalogue = names_of(settings, aws, stored, reading.read, before).look_up(
        raw, source=name
    )
    if uses_tags(before) or uses_tags(after):
        unread = sum(account.tags is None for account in catalogue.accounts.values())
        catalogue = reading.with_tags(catalogue, most=unread)
    found = Planner(aws.directory, system_clock)(before, after, catalogue)
    keyed = settings.encryption_key is not None
    warned = warnings(after, catalogue, aws.directory, keyed=keyed)
    if as_json:
        ground.print_json({**_as_json(found), "warnings": [str(each) for each in warned]})
        return
    warn(warned)
    _print(found)


def _in_force(settings: Settings) -> tuple[PolicyBook, Catalogue | None]:
    """What holds now; nothing yet where `apply` is still to make the database."""
    file = sqlite_file(settings.database_url)
    if file is not None and not file.exists():
        return PolicyBook(), None
    with ground.opened(settings) as storage, storage.works.reading() as work:
        return work.policies.current(), work.catalogue.load()


# For other programs


def _as_json(found: Plan) -> dict[str, Any]:
    """A share stands for each of its people with each of its permission sets in each account."""
    return {
        "version": found.version,
        "changes": list(found.changes),
        "asking": _both(found.asking, _share),
        "approving": _both(found.approving, _share),
        "administrators": _both(found.administrators, _person),
        "auditors": _both(found.auditors, _person),
    }


def _both(shift: Shift[T], fact: Callable[[T], Any]) -> dict[str, Any]:
    return {
        "gains": [fact(each) for each in shift.gains],
        "loses": [fact(each) for each in shift.loses],
    }


def _share(share: Share) -> dict[str, Any]:
    return {
        "people": [_person(user) for user in share.people],
        "permission_sets": [{"name": each.name, "arn": each.arn} for each in share.permission_sets],
        "accounts": [{"id": each.id, "name": each.name} for each in share.accounts],
    }


def _person(user: User) -> dict[str, Any]:
    return {"user_name": user.user_name, "name": user.name, "user_id": user.id}


# For people


def _print(found: Plan) -> None:
    for change in found.changes:
        click.echo(inline(change))
    for heading, shares in (
        ("Gains: may ask for", found.asking.gains),
        ("Loses: may no longer ask for", found.asking.loses),
        ("Gains: may approve", found.approving.gains),
        ("Loses: may no longer approve", found.approving.loses),
    ):
        _print_under(heading, (line for share in shares for line in _lines(share)))
    for heading, people in (
        ("Gains: is an administrator", found.administrators.gains),
        ("Loses: is no longer an administrator", found.administrators.loses),
        ("Gains: is an auditor", found.auditors.gains),
        ("Loses: is no longer an auditor", found.auditors.loses),
    ):
        _print_under(heading, [_few([user.user_name for user in people])] if people else [])
    click.echo(_outcome(found))


def _print_under(heading: str, lines: Iterable[str]) -> None:
    for n, line in enumerate(lines):
        if n == 0:
            click.echo(f"\n{heading}")
        click.echo(f"  {line}")


def _lines(share: Share) -> tuple[str, str]:
    sets = _few([each.name for each in share.permission_sets])
    accounts = _few([f"{each.name} ({each.id})" for each in share.accounts])
    return _few([user.user_name for user in share.people]), f"  {sets} on {accounts}"


def _few(words: Sequence[str]) -> str:
    rest = len(words) - NAMED
    return several([*map(inline, words[:NAMED]), *([f"{rest:,} more"] if rest > 0 else [])])


def _outcome(found: Plan) -> str:
    if not found.is_new:
        return f"Nothing would change: version {found.version} says the same"
    nobody = "" if found else "Nobody gains or loses anything. "
    then = f"apply with --planned {found.version} refuses if the policies have changed by then"
    return f"\n{nobody}Planned against version {found.version}; {then}"
