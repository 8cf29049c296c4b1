"""What goes wrong at the memory Identity Center, for its `before` and `after`."""

from collections.abc import Callable

from grants.errors import AwsBusy, AwsFault, AwsUnsure
from tests.memory_identity_center import Trouble

LOST = "the connection broke"


def always(fault: AwsFault, to: str = "") -> Trouble:
    """Every call whose name begins so."""
    return lambda name: fault if name.startswith(to) else None


def lost_once(to: str) -> Trouble:
    """The first such call is not answered; the others are."""
    return first(AwsUnsure(LOST), to=to)


def first(*faults: AwsFault, to: str) -> Trouble:
    """The first such calls meet these, one after another."""
    left = iter(faults)
    return lambda name: next(left, None) if name == to else None


def throttled(to: str) -> Trouble:
    return always(AwsBusy("Rate exceeded", code="ThrottlingException"), to=to)


def slow_once(to: str, meanwhile: Callable[[], object]) -> Trouble:
    """The first such call takes so long that something else happens meanwhile."""
    happens = iter([meanwhile])

    def trouble(name: str) -> None:
        for happen in happens if name == to else ():
            happen()

    return trouble
