"""How far the catalogue has been read, in values that another process can go on from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from grants.model import Account, Ou, PermissionSet, PermissionSetArn


class Piece(StrEnum):
    """What is read in its own time."""

    ACCOUNTS = "accounts"
    SETS = "permission_sets"
    OUS = "ous"
    TAGS = "tags"


WHOLE: Final = (Piece.ACCOUNTS, Piece.SETS, Piece.OUS)
"""Without any of these there is no catalogue."""


class Ask(StrEnum):
    """What is asked of AWS next, of the thing beside it."""

    ACCOUNTS = "accounts"
    """The page with this token; empty: the first."""
    SETTLE = "settle"
    """Where the accounts stand that AWS gave no path of: asked OU by OU."""
    HELD_BY = "held_by"
    """Whom this OU holds."""
    ROOTS = "roots"
    CHILDREN = "children"
    """The OUs below this one."""
    SETS = "sets"
    """Which there are. `ALL`: describe each of them, else those that are not known yet."""
    SET = "set"
    """What this one is."""
    BEYOND = "beyond"
    """Which of them the management account has."""


ALL: Final = "all"
FIRST: Final = ""

Todo = tuple[Ask, str]


@dataclass(frozen=True, slots=True)
class SoFar:
    """What was read of a piece, and what is still to be asked for it."""

    todo: tuple[Todo, ...]
    accounts: tuple[Account, ...] = ()
    ous: tuple[Ou, ...] = ()
    permission_sets: tuple[PermissionSet, ...] = ()
    in_management: frozenset[PermissionSetArn] = frozenset()


@dataclass(frozen=True, slots=True)
class Refresh:
    """How far a piece has come, for whichever process goes on with it."""

    piece: Piece
    due_at: datetime
    lease_until: datetime | None = None
    """Somebody has a part of it in hand."""
    began_at: datetime | None = None
    so_far: SoFar | None = None
    """None: it is not begun."""
    ended_at: datetime | None = None
    """When it was last read to its end."""
    whole_at: datetime | None = None
    """When every permission set was last described."""
    after: str = ""
    """The account whose tags were read last: those behind it come next."""
    tries: int = 0
    """How often in a row it could not be gone on with."""
    failing_since: datetime | None = None
    alarmed_at: datetime | None = None
    error: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """When a piece may be gone on with, without what was read of it: that may be large."""

    piece: Piece
    due_at: datetime
    lease_until: datetime | None
    tries: int

    @property
    def at(self) -> datetime:
        """Nobody else has it in hand then."""
        return max(self.due_at, self.lease_until or self.due_at)
