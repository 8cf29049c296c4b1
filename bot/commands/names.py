"""Names in policies looked up: in the catalogue that is stored, and once more in a fresh one."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from bot.assemble import Aws
from bot.policy_file import load, load_book
from bot.settings import Settings
from grants.drafts import PolicyProblems
from grants.model import Catalogue, Lane
from grants.policy import PolicyBook
from grants.resolving import NOTHING


def names_of(
    settings: Settings,
    aws: Aws,
    stored: Catalogue | None,
    fetch: Callable[[], Catalogue],
    held: PolicyBook,
) -> "Names":
    """With what the settings allow policies to ask for."""
    return Names(aws, stored, fetch, held, scp=settings.cut_policy_id is not None)


@dataclass(frozen=True, slots=True)
class Names:
    """Looks the names of a policy file up."""

    aws: Aws
    stored: Catalogue | None
    fetch: Callable[[], Catalogue]
    """Reads a fresh one, which takes a while in a large organization."""
    held: PolicyBook
    """The policies in force: what AWS calls otherwise by now, they know by its name."""
    scp: bool = False
    """Whether a service control policy is named here, by which sessions can be cut."""

    def look_up(self, raw: bytes, *, source: str) -> tuple[PolicyBook, Catalogue]:
        """The book, and the catalogue it was found with. PolicyProblems, all at once."""
        whole = self._is_whole(raw, source)
        if self.stored is None and not whole:
            load(
                raw, source=source, scp=self.scp
            )  # raises: why read all of AWS for a file that is not taken
        catalogue = self.stored or self.fetch()
        if self.stored is not None and whole:
            with suppress(PolicyProblems):  # nothing is called otherwise before AWS says so
                return self._book(raw, source, catalogue, NOTHING), catalogue
            catalogue = self.fetch()
        return self._book(raw, source, catalogue, self.held), catalogue

    def _book(self, raw: bytes, source: str, catalogue: Catalogue, held: PolicyBook) -> PolicyBook:
        directory, lane = self.aws.directory, Lane.STATUS
        return load_book(
            raw, source=source, catalogue=catalogue, directory=directory, lane=lane, held=held,
            scp=self.scp,
        )  # fmt: skip

    def _is_whole(self, raw: bytes, source: str) -> bool:
        """Whether it holds by the grammar, so that only its names can be at fault."""
        try:
            load(raw, source=source, scp=self.scp)
        except PolicyProblems:
            return False
        return True
