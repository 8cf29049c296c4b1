"""Reading the catalogue here and now, and the accounts' tags a slice at a time."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from grants.errors import AwsFault
from grants.model import (
    Account,
    AccountId,
    Catalogue,
    Lane,
)
from grants.pieces import Reading, put_together
from grants.policy import PolicyBook, uses_tags
from grants.ports import Clock, Organization
from grants.so_far import WHOLE
from grants.stores import Works

EVERY: Final = timedelta(minutes=5)
"""Where some accounts cannot be read, the others are read again this often."""
SLICE: Final = 200
"""Of so many accounts at a time the tags are read: a call for each, nine of them a second."""
PATIENCE: Final = 3
"""After so many accounts in a row that cannot be read, the others wait for the next time."""
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)

Tags = Mapping[AccountId, Mapping[str, str]]


@dataclass(slots=True)
class Refresher:
    """Reads what there is to choose from, and remembers it."""

    works: Works
    reading: Reading
    organization: Organization
    clock: Clock
    tagged_at: dict[AccountId, datetime] = field(default_factory=dict)
    """When this process read whose tags last, or tried to."""
    turned_at: datetime | None = None
    """When it last read those again that are known."""

    def refresh(self) -> Catalogue:
        """Read everything, and store it. Raises AwsFault, storing nothing.

        Tags that are known already stay so; they are read apart, a slice at a time.
        """
        with self.works.reading() as work:
            known = work.catalogue.load()
        catalogue = self.read(known)
        with self.works() as work:
            held = work.catalogue.hold()
            kept = held if uses_tags(work.policies.current()) else None
            return work.catalogue.replace(remembering(catalogue, kept))

    def read(self, known: Catalogue | None = None) -> Catalogue:
        """The catalogue as it is now, whole."""
        lane = Lane.REFRESH if known else Lane.STATUS  # The first one: everybody waits for it.
        instance = self.reading.identity_center.instance()
        with ThreadPoolExecutor(len(WHOLE), "catalogue") as beside:  # Each has quotas of its own.
            read = beside.map(lambda piece: self.reading.to_the_end(piece, known, lane=lane), WHOLE)
            found = dict(zip(WHOLE, read, strict=True))
        return put_together(None, found, instance, read_at=self.clock())

    # Tags

    @property
    def behind(self) -> bool:
        """Whether tags are wanted that were never read."""
        with self.works.reading() as work:
            catalogue, book = work.catalogue.load(), work.policies.current()
        return catalogue is not None and uses_tags(book) and not catalogue.tagged

    def read_tags(self, book: PolicyBook | None = None, *, most: int = SLICE) -> Catalogue | None:
        """Read and store some accounts' tags: of those never read, else of the longest unread.

        Raises AwsFault where some account's could not be read, after the others' were stored.
        None: these policies (those in force, unless others are about to be) ask for no tags.
        """
        with self.works.reading() as work:
            catalogue, book = work.catalogue.load(), book or work.policies.current()
        if catalogue is None or not uses_tags(book):
            return None
        found, unreadable = self._tags(catalogue, most)
        after = self._store(found, catalogue)
        if unreadable:
            raise unreadable
        return after

    def read_slice_of_tags(self, *, after: str) -> tuple[str, AwsFault | None]:
        """The same by the policies in force, from behind this account on: the last one read, and
        why some could not be.
        """
        with self.works.reading() as work:
            catalogue, book = work.catalogue.load(), work.policies.current()
        if catalogue is None or not uses_tags(book):
            return after, None
        found, unreadable = self._tags(catalogue, SLICE, after=after)
        self._store(found, catalogue)
        return (list(found)[-1] if found else after), unreadable

    def _store(self, found: Tags, catalogue: Catalogue) -> Catalogue:
        with self.works() as work:
            return work.catalogue.replace(_tagged(work.catalogue.hold() or catalogue, found))

    def with_tags(self, catalogue: Catalogue, *, most: int = SLICE) -> Catalogue:
        """The same, stored nowhere. Raises AwsFault where some account's could not be read."""
        found, unreadable = self._tags(catalogue, most)
        if unreadable:
            raise unreadable
        return _tagged(catalogue, found)

    def _tags(
        self, catalogue: Catalogue, most: int, *, after: str = ""
    ) -> tuple[Tags, AwsFault | None]:
        """What was read, and why not all: an account that cannot be read has had its turn too.

        Of those that this process has not read, the ones behind `after` come first.
        """
        found: dict[AccountId, Mapping[str, str]] = {}
        unreadable: AwsFault | None = None
        in_a_row = 0

        def longest_ago(account: Account) -> tuple[datetime, bool, str]:
            return self.tagged_at.get(account.id, LONG_AGO), account.id <= after, account.id

        for account in sorted(self._wanted(catalogue), key=longest_ago)[:most]:
            self.tagged_at[account.id] = self.clock()
            try:
                found[account.id] = self.organization.tags(account.id, lane=Lane.REFRESH) or {}
                in_a_row = 0
            except AwsFault as fault:
                unreadable = _unreadable(account, fault)
                in_a_row += 1
                if in_a_row == PATIENCE:
                    break
        return found, unreadable

    def _wanted(self, catalogue: Catalogue) -> list[Account]:
        """Those of whom nothing is known; in time everybody again, however often some of them fail."""
        everybody = list(catalogue.accounts.values())
        unread = [account for account in everybody if account.tags is None]
        now = self.clock()
        if new := [account for account in unread if account.id not in self.tagged_at]:
            return new
        if unread and self.turned_at and now - self.turned_at < EVERY:
            return unread
        self.turned_at = now
        return everybody


def remembering(catalogue: Catalogue, kept: Catalogue | None) -> Catalogue:
    """With the tags that are known already; None: nobody wants them, so that none grow stale."""
    known = kept.accounts.values() if kept else ()
    return _tagged(catalogue, {each.id: each.tags for each in known if each.tags is not None})


def _unreadable(account: Account, fault: AwsFault) -> AwsFault:
    which = f"the tags of {account.name} ({account.id}) could not be read"
    return type(fault)(f"{which}: {fault.reason}", code=fault.code)


def _tagged(catalogue: Catalogue, tags: Tags) -> Catalogue:
    accounts = {
        account.id: replace(account, tags=tags.get(account.id, account.tags))
        for account in catalogue.accounts.values()
    }
    return replace(catalogue, accounts=accounts)
