"""How many operations may be under way at AWS at once, and how they are shared out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

OUTSTANDING: Final = 12
"""Operations at once: AWS allows 15, and people use the console too."""
KEPT_FOR_ENDS: Final = 4
"""Of these, so many are not used for giving: taking away is never behind it."""
KEPT_FOR_GIVING: Final = 2
"""So many may always give, so that thousands of ends do not keep everybody waiting for hours."""


@dataclass(frozen=True, slots=True)
class Outstanding:
    """The slots that are taken."""

    giving: int
    taking: int
    """By those that take away."""
    somebody_waits: bool
    """To be given access: only then is anything kept free for it."""

    @property
    def for_ends(self) -> int:
        """How many more may be taken away now."""
        kept = max(0, KEPT_FOR_GIVING - self.giving) if self.somebody_waits else 0
        return max(0, self._free - kept)

    @property
    def for_giving(self) -> int:
        """How many more may be given now."""
        most = max(self._free - KEPT_FOR_ENDS, KEPT_FOR_GIVING - self.giving)
        return max(0, min(self._free, most))

    @property
    def _free(self) -> int:
        return OUTSTANDING - self.giving - self.taking


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is to be taken away and is not known to be gone."""

    waiting: int
    """For a slot: AWS has not been asked yet."""
    since: datetime | None
    """When the oldest of these should have gone; None: none waits."""
    in_hand: int
    """AWS has been asked, or has done it and the list was not looked at since."""
