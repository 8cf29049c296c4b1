"""What is searched and offered, indexed when the catalogue or the policies change: before anybody asks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from blocks.options import Index, accounts_index
from grants.model import Account, Catalogue
from grants.offering import Offers
from grants.stores import Works


class Indexes:
    """The index of all accounts, made once for each version of the catalogue, and shared."""

    def __init__(self, make: Callable[[Iterable[Account]], Index] = accounts_index) -> None:
        """Nothing is indexed yet."""
        self._make = make
        self._kept: tuple[int, Index] | None = None
        self._lock = Lock()

    def of(self, catalogue: Catalogue) -> Index:
        """From memory where it is there."""
        with self._lock:
            if self._kept is None or self._kept[0] != catalogue.version:
                self._kept = (catalogue.version, self._make(catalogue.accounts.values()))
            return self._kept[1]


@dataclass(slots=True)
class Warm:
    """Comes round in every process that people press in: whoever read or applied what is new."""

    works: Works
    indexes: Indexes
    offers: Offers
    _seen: tuple[int, int] = field(default=(0, 0), init=False)

    def round(self) -> None:
        """Index what is new, if anything is."""
        with self.works.reading() as work:
            versions = (work.policies.version(), work.catalogue.version())
            if versions == self._seen:
                return
            book, catalogue = work.policies.current(), work.catalogue.load()
        if catalogue is not None:
            self.indexes.of(catalogue)
            self.offers.prepare(book, catalogue)
        self._seen = versions

    def next_due(self) -> datetime | None:
        """Nobody knows: every beat looks."""
        return None
