"""Payloads of Slack's, damaged by Hypothesis as nobody would think of."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

Path = tuple[str | int, ...]
DEEP: Final = 4
"""Below this what a view's blocks show is read by nobody."""
DEEPEST: Final = 12
"""Nor is anything of a payload."""


def _nested(times: int) -> Any:
    found: Any = {}
    for number in range(times):
        found = [found] if number % 2 else {"value": found}
    return found


HOSTILE: Final[tuple[Any, ...]] = (
    None, True, 0, -1, 1.5, 2**63, 10**30, float("nan"),
    "", " ", "0", "\0", "a\0b", "\ud800", "\u202e", "\uff12", "x" * 5000, "[" * 2900, "{", "null", "[]",
    "{request}", "%s %(x)s {0}", "'; DROP TABLE requests; --", "<!channel>", "UNOBODY", "T0ELSEWHERE",
    "file:///etc/passwd", "view_submission", "block_actions", "1:2:3", "home:mine:0", "recent:9999",
    [], [None], [[]], ["x"], [{}], {}, {"id": None}, {"id": "x"}, {"value": {}}, _nested(200),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gone:
    """What was there is not."""


@dataclass(frozen=True, slots=True)
class Halved:
    """The first half of a text or a list."""


@dataclass(frozen=True, slots=True)
class Twice:
    """A list, and the same once more; a text as well."""


@dataclass(frozen=True, slots=True)
class Empty:
    """A list, an object or a text with nothing in it."""


@dataclass(frozen=True, slots=True)
class More:
    """A field that no payload has."""


@dataclass(frozen=True, slots=True)
class Instead:
    """Something else in its place."""

    value: Any


@dataclass(frozen=True, slots=True)
class Borrowed:
    """In its place what something else of ours carries, whichever that is by now."""

    number: int


How = Gone | Halved | Twice | Empty | More | Instead | Borrowed


@dataclass(frozen=True, slots=True)
class Damage:
    """One, at one place: by numbers, which mean something for any payload."""

    number: int
    anywhere: bool
    """Also in what the blocks show."""
    how: How

    def do(self, payload: dict[str, Any], borrowed: Sequence[str], *, begin: int) -> str:
        """Says what it was. `begin` is added to the number: Hypothesis likes to begin with 0."""
        every = sorted(places(payload), key=str)
        if not self.anywhere:
            every = [path for path in every if "blocks" not in path[:-1]]
        if not every:
            return "nothing is left"
        path = every[(self.number + begin) % len(every)]
        *above, last = path
        place: Any = payload
        for step in above:
            place = place[step]
        there = place[last]
        match self.how:
            case Gone():
                del place[last]
            case Halved() if isinstance(there, str | list):
                place[last] = there[: len(there) // 2]
            case Twice() if isinstance(there, str | list):
                place[last] = there * 2
            case Empty() if isinstance(there, str | list | dict):
                place[last] = type(there)()
            case More() if isinstance(there, dict):
                there["more"] = deepcopy(there)
            case Instead(value):
                place[last] = deepcopy(value)
            case Borrowed(number):
                place[last] = borrowed[number % len(borrowed)]
            case Halved() | Twice() | Empty() | More():
                pass  # It is nothing that has a half, or fields.
        told = repr(place[last])[:80] if not isinstance(self.how, Gone) else ""
        return f"{'.'.join(map(str, path))}: {type(self.how).__name__} {told}"


def places(found: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a payload, but for the depths of blocks."""
    if path:
        yield path
    if len(path) > DEEPEST or ("blocks" in path and len(path) - path.index("blocks") >= DEEP):
        return
    if isinstance(found, dict):
        for key, value in found.items():
            yield from places(value, (*path, key))
    if isinstance(found, list):
        for number, value in enumerate(found):
            yield from places(value, (*path, number))


_NUMBERS: Final = st.integers(0, 9_999)
_HOW: Final[st.SearchStrategy[How]] = st.one_of(
    st.sampled_from([Gone(), Halved(), Twice(), Empty(), More()]),
    st.sampled_from(HOSTILE).map(Instead),
    st.builds(Borrowed, _NUMBERS),
)
DAMAGES: Final = st.lists(
    st.builds(Damage, _NUMBERS, st.sampled_from([False, False, True]), _HOW), min_size=1, max_size=3
)
