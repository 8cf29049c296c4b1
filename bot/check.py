"""Whether everything is reachable, permitted and consistent, one finding after the other."""

import os
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.assemble import Storage, open_storage, seal
from bot.check_aws import aws
from bot.check_codes import codes
from bot.check_journal import forwarded
from bot.check_slack import slack
from bot.check_sweep import swept
from bot.findings import Finding, Findings, Verdict, within
from bot.journal_to import destinations
from bot.settings import EVERYTHING, Settings, SettingsError, load
from bot.transport import VERIFIED
from grants.model import Catalogue
from grants.policy import PolicyBook
from grants.records import Binding, Checkpoint, Forward, Proof, Stranger, SweepRow
from storage.engine import sqlite_file
from storage.lock import AlreadyRunningError, only_one
from storage.schema import at_head
from storage.transport import SslMode, way_to

PATIENCE: Final = 120.0
"""Seconds without a word, after which what is asked is taken for hanging."""
SAFE_SQLITE: Final = (3, 51, 3)
WEAK: Final = {
    SslMode.DISABLE: "is plain: whoever is on the way reads the password's exchange and every row",
    SslMode.ALLOW: "is plain wherever the server takes that",
    SslMode.PREFER: "is plain wherever somebody on the way says that the server knows no TLS",
    SslMode.REQUIRE: "is encrypted, but to whom is not checked: somebody on the way may be the server",
    SslMode.VERIFY_CA: "is encrypted to a server with a certificate of that CA, whatever its name",
}


@dataclass(slots=True)
class Known:
    """What the database gave, for those that come after it."""

    storage: Storage | None = None
    book: PolicyBook | None = None
    catalogue: Catalogue | None = None
    people: tuple[Binding, ...] = ()
    proofs: list[Proof] = field(default_factory=list)
    sweeps: list[SweepRow] = field(default_factory=list)
    strangers: list[Stranger] = field(default_factory=list)
    forwards: list[Forward] = field(default_factory=list)
    head: Checkpoint | None = None


def checks(*, patience: float = PATIENCE) -> Findings:
    """Everything, in the order in which it is set up. Nothing is changed."""
    try:
        settings = load(needs=EVERYTHING)
        yield Finding(Verdict.OK, "settings", "everything that is needed is set")
    except SettingsError as wrong:
        yield from (Finding(Verdict.FAIL, "settings", problem) for problem in wrong.problems)
        try:
            settings = load()
        except SettingsError:
            return
    known = Known()
    yield from within(patience, "database", _database(settings, known))
    if settings.slack_bot_token:
        yield from within(patience, "Slack", slack(settings, known.book))
    yield from within(patience, "AWS", aws(settings, known.book, known.catalogue))
    yield from _people(known.people)
    yield from codes(known.book, known.proofs, seal(settings))
    if known.storage and known.catalogue:
        yield from swept(known.sweeps, known.strangers, known.catalogue)
    if known.storage:
        yield from within(patience, "journal", _forwarded(settings, known))
        known.storage.database.close()


def _database(settings: Settings, known: Known) -> Findings:
    url = settings.database_url
    file = sqlite_file(url)
    yield from _way(url)
    if not at_head(url):
        yield _not_at_head(file)
        return
    known.storage = open_storage(settings)
    with known.storage.works.reading() as work:
        known.book, known.catalogue = work.policies.current(), work.catalogue.load()
        known.people, known.proofs = tuple(work.people.all()), work.proofs.all()
        known.forwards, known.head = work.forwards.all(), work.journal.head()
        known.sweeps, known.strangers = work.sweeps.all(), work.sweeps.strangers()
    yield Finding(Verdict.OK, "database", "reachable, and at this version's schema")
    if file is not None:
        yield from _embedded(url)


def _forwarded(settings: Settings, known: Known) -> Findings:
    names = [each.name for each in destinations(settings)]
    yield from forwarded(names, known.forwards, known.head)


def _way(url: str) -> Findings:
    """What the way to the database does not protect."""
    way = way_to(url)
    if way is None or not way.leaves or way.mode is None:
        return
    mode = SslMode(way.mode)
    if mode in WEAK:
        verdict = Verdict.NOTE if mode is SslMode.VERIFY_CA else Verdict.WARN
        cure = f"write {VERIFIED} into DATABASE_URL"
        yield Finding(verdict, "database", f"with sslmode={mode} the way {WEAK[mode]}; {cure}")


def _not_at_head(file: Path | None) -> Finding:
    if file is not None and not file.exists():
        if not os.access(file.parent, os.W_OK | os.X_OK):
            what = f"{file} is not there, and cannot be made: see to its folder, or to DATABASE_URL"
            return Finding(Verdict.FAIL, "database", what)
        return Finding(Verdict.WARN, "database", f"{file} is not there yet: `run` makes it")
    if file is not None:
        what = "not at this version's schema: `run` migrates it"
        return Finding(Verdict.WARN, "database", what)
    what = "not at this version's schema: run `python -m bot migrate`"
    return Finding(Verdict.FAIL, "database", what)


def _embedded(url: str) -> Findings:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < SAFE_SQLITE:
        older = (
            f"SQLite {version} has the WAL-reset bug, which Elevate works around; 3.51.3 has not"
        )
        yield Finding(Verdict.NOTE, "database", older)
    try:
        with only_one(url):
            yield Finding(Verdict.NOTE, "database", "no `run` holds it at the moment")
    except AlreadyRunningError as running:
        yield Finding(Verdict.OK, "database", str(running).partition(":")[0])


def _people(people: tuple[Binding, ...]) -> Findings:
    broken = [binding for binding in people if binding.broken]
    for binding in broken:
        cure = f"run `python -m bot people link {binding.slack_id} USER`"
        what = f"{binding.slack_id} is shut out, because {binding.broken}: {cure}"
        yield Finding(Verdict.WARN, "people", what)
    if people and not broken:
        yield Finding(Verdict.OK, "people", f"{len(people)} are known, each with one user")
