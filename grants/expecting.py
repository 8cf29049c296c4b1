"""What should stand in a request's threads: what the journal says, and what was told where."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from grants.journalled import differing, journalled
from grants.model import Copy, Moved, Place, Request, RequestId, Told
from grants.records import Entry, ToldLine, Untold
from grants.stores import Work
from grants.telling import moved_in

MOVES: Final = "request."
"""So begins the journal's event for a move; a notice's kind never does."""

SUMMARY: Final = Told.SUMMARY.value
"""In the place of a kind: the activity's summary, of which only whether it stands there is known."""
CARD: Final = Told.CARD.value
"""In the place of a kind: the card itself."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A message of Elevate's in a thread, as Slack has it now."""

    ts: str
    at: datetime
    digest: str
    """As `ToldLine` has it."""
    words: str
    """All that is read and heard, in one spelling."""
    word: str
    """The move's word that it begins with; empty: it tells no move."""
    edited: bool
    """Slack says so."""
    summary: bool = False
    """It begins as the activity's summary does."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A line as the journal has it."""

    kind: str
    """The journal's event."""
    at: datetime
    word: str
    drawn: frozenset[str]
    """Its digests, as it would be drawn today."""
    holds: tuple[str, ...]
    """What every version's line has among its words: who, when, and what was typed."""

    @property
    def key(self) -> tuple[str, datetime]:
        """No request makes one move twice at one instant."""
        return self.kind, self.at

    def named_by(self, line: Standing) -> bool:
        """Whether it tells this move, however a version words it."""
        return line.word == self.word and all(piece in line.words for piece in self.holds)

    def told_by(self, line: Standing) -> bool:
        """Whether it is this very line, or names this move."""
        return line.digest in self.drawn or self.named_by(line)


@dataclass(frozen=True, slots=True)
class Lost:
    """A thread in which lines were told, and which no place of the card is any more."""

    lines: int
    """That were told there."""
    copy: Copy | None
    """What has become of its place; None: nothing is left of that."""


Draw = Callable[[Moved, Request, Mapping[str, Any]], Expected]


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of a request's threads, at one look."""

    request: Request
    copies: tuple[Copy, ...]
    """Of the card; the requester's direct messages are not among them."""
    direct: tuple[Copy, ...]
    """These, which no line is ever told below."""
    expected: tuple[Expected, ...]
    told: tuple[ToldLine, ...]
    untold: tuple[Untold, ...]
    illegible: bool
    """What stands in the journal of this request cannot be read as lines."""
    differs: tuple[str, ...] = ()
    """In which fields the request's row is not what the journal says."""

    def standing_at(self, copy: Copy) -> dict[str, ToldLine]:
        """What was told below this card, by its `ts`."""
        return {
            line.ts: line
            for line in self.told
            if (line.copy_id, line.thread_ts) == (copy.id, copy.ts)
        }

    def dead(self, copy: Copy) -> bool:
        """Whether the place has been given up."""
        return any(each.dead for each in self.copies if each.id == copy.id)

    def lost(self) -> tuple[Lost, ...]:
        """Threads that somebody made the database forget. One of a card that was hung anew is none."""
        places = {copy.id: copy for copy in (*self.copies, *self.direct)}
        threads: dict[tuple[int, str], list[ToldLine]] = {}
        for line in self.told:
            threads.setdefault((line.copy_id, line.thread_ts), []).append(line)
        return tuple(
            Lost(len(lines), places.get(copy_id))
            for (copy_id, ts), lines in threads.items()
            if not any(
                copy.id == copy_id and (copy.ts == ts or self._told_anew(copy, lines))
                for copy in self.copies
            )
        )

    def _told_anew(self, copy: Copy, lines: Iterable[ToldLine]) -> bool:
        """Whether every move that was told there stands below its card of now, or is still to."""
        now = {(line.kind, line.at) for line in self.standing_at(copy).values()}
        known = now | self.untold_at(copy).keys()
        return all((line.kind, line.at) in known for line in lines if line.kind.startswith(MOVES))

    def card_at(self, copy: Copy) -> Untold | None:
        """A card that is still to be hung there, or never will be; None: nothing is to be hung."""
        cards = [each for each in self.untold_at(copy).values() if each.kind == CARD]
        return next((each for each in cards if not each.dropped), cards[0] if cards else None)

    def untold_at(self, copy: Copy) -> dict[tuple[str, datetime], Untold]:
        """What has still to be told there, or never will be."""
        return {(each.kind, each.at): each for each in self.untold if each.copy_id == copy.id}


def remembered(work: Work, request_id: RequestId, draw: Draw) -> Memory:
    """What should stand in the threads of a request now. UnknownRequest where there is none."""
    request = work.requests.get(request_id)
    try:
        entries = [line.entry for line in work.journal.of(request_id)]
        told = journalled(request, entries)
        expected = tuple(_expected(told, entries, draw))
        illegible = False
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError):
        # Somebody wrote there what none of our lines holds.
        told, expected, illegible = request, (), True
    copies = work.copies.of(request_id)
    return Memory(
        request,
        copies=tuple(copy for copy in copies if copy.place is not Place.DIRECT),
        direct=tuple(copy for copy in copies if copy.place is Place.DIRECT),
        expected=expected,
        told=tuple(work.told_lines.of(request_id)),
        untold=tuple(work.outbox.untold(request_id)),
        illegible=illegible,
        differs=differing(request, told),
    )


def _expected(request: Request, entries: Iterable[Entry], draw: Draw) -> Iterator[Expected]:
    """Drawn from the journal alone: whoever rewrote the row rewrote no line."""
    for entry in entries:
        if moved := moved_in(entry):
            yield draw(moved, request, entry.facts or {})
