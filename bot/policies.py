"""Applying policies: read, resolved, stored as the next version, and written in the journal."""

import logging
from dataclasses import dataclass

from bot.assemble import Aws, Storage
from bot.policy_file import PolicyProblems, load, load_book, read
from bot.settings import Settings, SettingsError
from grants.errors import AwsFault
from grants.model import Actor, Role
from grants.policy import PolicyBook
from grants.ports import Entry

log = logging.getLogger(__name__)


def apply(book: PolicyBook, storage: Storage, *, by: Actor) -> PolicyBook:
    """Stored as the next version; who changed what is a line of the journal."""
    now = storage.clock()
    with storage.works() as work:
        before = work.policies.current()
        after = work.policies.apply(book, by=by.name, at=now)
        facts = {"version": after.version, "changes": changes(before, after)}
        work.journal.write(
            Entry(
                now,
                "policies.apply",
                by,
                before=str(before.version),
                after=str(after.version),
                facts=facts,
            )
        )
    return after


def changes(before: PolicyBook, after: PolicyBook) -> list[str]:
    """What differs, by name: `added eligibility …`, `changed approval …`, `changed settings`."""
    found = []
    for kind in ("eligibility", "approval"):
        old = {policy.name: policy for policy in getattr(before, kind)}
        new = {policy.name: policy for policy in getattr(after, kind)}
        found += [f"added {kind} {name}" for name in new if name not in old]
        found += [f"removed {kind} {name}" for name in old if name not in new]
        found += [
            f"changed {kind} {name}" for name in new if name in old and new[name] != old[name]
        ]
    if before.settings != after.settings:
        found.append("changed settings")
    return found


@dataclass(slots=True)
class FirstPolicies:
    """Applies ELEVATE_POLICY_FILE to a database that has no policies yet."""

    settings: Settings
    storage: Storage
    aws: Aws
    trouble: str = ""
    """What keeps it from being applied; empty: nothing, or it has not been tried."""

    def check(self) -> None:
        """Before anything is started: what is wrong with the file itself stops the start."""
        if self._wanted() and self.settings.policy_file:
            load(self._read(), source=self.settings.policy_file)

    def apply(self) -> None:
        """Once there is a catalogue to look names up in. Nothing where policies are there."""
        if not self._wanted() or not self.settings.policy_file:
            return
        name = self.settings.policy_file
        with self.storage.works.reading() as work:
            catalogue = work.catalogue.load()
        if catalogue is None:
            return
        try:
            book = load_book(
                read(name), source=name, catalogue=catalogue, directory=self.aws.directory
            )
        except (PolicyProblems, AwsFault) as problems:
            self.trouble = str(problems)
            log.error("policies not applied", extra={"problems": str(problems)})  # noqa: TRY400 - the text is all there is to it
            return
        after = apply(book, self.storage, by=Actor(Role.ADMINISTRATOR, f"file:{name}"))
        self.trouble = ""
        log.info("policies applied", extra={"version": after.version})

    def _read(self) -> bytes:
        try:
            return read(self.settings.policy_file or "")
        except PolicyProblems as unreadable:
            raise SettingsError([f"ELEVATE_POLICY_FILE: {unreadable}"]) from None

    def _wanted(self) -> bool:
        if not self.settings.policy_file:
            return False
        with self.storage.works.reading() as work:
            return work.policies.version() == 0

    def missing(self) -> str:
        """Why they are not there yet; empty: they are, none are asked for, or the log says why not."""
        if not self._wanted():
            return ""
        return "" if self.trouble else "the policies were not applied yet"
