"""The first policies: those of ELEVATE_POLICY_FILE, for a database that has none yet."""

import logging
from dataclasses import dataclass

from bot.assemble import Aws, Storage, administration, refresher
from bot.policy_file import PolicyProblems, load, load_book, read
from bot.settings import Settings, SettingsError
from grants.errors import AwsFault, PoliciesMoved
from grants.model import Actor, Role

log = logging.getLogger(__name__)


@dataclass(slots=True)
class FirstPolicies:
    """Applies ELEVATE_POLICY_FILE to a database that has no policies yet."""

    settings: Settings
    storage: Storage
    aws: Aws
    trouble: str = ""
    """What keeps it from being applied; empty: nothing, or it has not been tried."""
    applied: bool = False
    """There are policies by now, whoever applied them: versions only grow."""

    def check(self) -> None:
        """Before anything is started: what is wrong with the file itself stops the start."""
        if self.wanted() and self.settings.policy_file:
            load(self._read(), source=self.settings.policy_file, scp=self._scp)

    def apply(self) -> None:
        """Once there is a catalogue to look names up in. Nothing where policies are there."""
        if not self.wanted() or not self.settings.policy_file:
            return
        name = self.settings.policy_file
        with self.storage.works.reading() as work:
            catalogue = work.catalogue.load()
        if catalogue is None:
            return
        try:
            book = load_book(
                read(name),
                source=name,
                catalogue=catalogue,
                directory=self.aws.directory,
                scp=self._scp,
            )
            refresher(self.storage, self.aws).read_tags(book)
        except (PolicyProblems, AwsFault) as problems:
            self.trouble = str(problems)
            log.error("policies not applied", extra={"problems": str(problems)})  # noqa: TRY400 - the text is all there is to it
            return
        by = Actor(Role.ADMINISTRATOR, f"file:{name}")
        self.trouble = ""
        try:
            after = administration(self.storage).apply(book, by=by, since=0)
        except PoliciesMoved:
            log.info("other policies were applied first")
            return
        log.info("policies applied", extra={"version": after.version})

    @property
    def _scp(self) -> bool:
        return self.settings.cut_policy_id is not None

    def _read(self) -> bytes:
        try:
            return read(self.settings.policy_file or "")
        except PolicyProblems as unreadable:
            raise SettingsError([f"ELEVATE_POLICY_FILE: {unreadable}"]) from None

    def wanted(self) -> bool:
        """Whether there is a file, and no policies yet."""
        if not self.settings.policy_file or self.applied:
            return False
        with self.storage.works.reading() as work:
            self.applied = work.policies.version() > 0
        return not self.applied

    def missing(self) -> str:
        """Why they are not there yet; empty: they are, none are asked for, or the log says why not."""
        if not self.wanted():
            return ""
        return "" if self.trouble else "the policies were not applied yet"
