"""What stands in a card's thread, held against what the journal says was told there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from grants.expecting import CARD, MOVES, SUMMARY, Expected, Lost, Memory, Standing
from grants.model import Copy, RequestId
from grants.records import Finding, ToldLine, Untold


class Wrong(StrEnum):
    """What may be wrong with a line."""

    MISSING = "missing"
    """No such line stands there, and none is known to have stood there."""
    DELETED = "deleted"
    """It was told there, and stands there no more."""
    REFUSED = "refused"
    """Slack did not take it."""
    EDITED = "edited"
    """It reads otherwise than it was told, or Slack says that somebody edited it."""
    OTHERWISE = "otherwise"
    """It stands as it was told, and the journal says otherwise."""
    UNPROVEN = "unproven"
    """It names the move, is not what would be drawn today, and what was told was not kept."""
    UNKNOWN = "unknown"
    """It tells a move that is not in the journal."""
    FORGOTTEN = "forgotten"
    """Of a card: the database does not know where it hangs, and hangs no other."""


@dataclass(frozen=True, slots=True)
class Thread:
    """What was read of one."""

    card: bool
    """Whether the card stands there, and is Elevate's."""
    lines: tuple[Standing, ...] = ()
    summary: bool = False
    """Whether the activity's summary stands there. It is edited by design, and no line."""
    others: int = 0
    """Messages of people and of other apps."""
    alike: int = 0
    """Of these, such as begin with the word of a move."""


@dataclass(frozen=True, slots=True)
class Amiss:
    """One thing that is wrong, and where."""

    wrong: Wrong
    copy: Copy
    kind: str = ""
    """The journal's event, or the notice's kind; empty: of the card, or not known."""
    word: str = ""
    at: datetime | None = None
    """When the move was made; of what the journal does not know, when it was posted."""
    why: str = ""
    """Slack's word for why it was not taken."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of one place."""

    copy: Copy
    right: int = 0
    waiting: int = 0
    given_up: int = 0
    """Lines that were let go of because the place was given up."""
    twice: tuple[Expected, ...] = ()
    unplaced: int = 0
    """Messages of Elevate's app that may be notices of which nothing is kept."""
    summaries: int = 0
    """Such as begin like the activity's summary, beside the one that is kept up to date."""
    others: int = 0
    alike: int = 0
    amiss: tuple[Amiss, ...] = ()
    unread: str = ""
    """Why it could not be read; empty: it was."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that was found out about a request's threads and its journal."""

    request_id: RequestId
    lines: int
    """Of the journal, that are about this request."""
    journal: Finding | None
    """The first thing that is wrong with these."""
    illegible: bool
    places: tuple[Compared, ...] = ()
    differs: tuple[str, ...] = ()
    """In which fields the request's row is not what the journal says."""
    lost: tuple[Lost, ...] = ()
    nowhere: bool = False
    """The database knows no place at all in which its card hangs or hung."""


def unhung(copy: Copy, memory: Memory) -> Compared:
    """What is to be said of a place where, as far as is known, no card hangs yet."""
    card = memory.card_at(copy)
    if card is None:
        return Compared(copy, amiss=(Amiss(Wrong.FORGOTTEN, copy, CARD),))
    if copy.dead:
        return Compared(copy)
    if card.dropped:
        return Compared(copy, amiss=(Amiss(Wrong.REFUSED, copy, CARD, why=card.dropped),))
    return Compared(copy, waiting=len(memory.expected))


def compare(copy: Copy, thread: Thread, before: Memory, after: Memory) -> Compared:
    """`before` and `after` the thread was read: what moved or was told meanwhile is not wrong."""
    found = _Found(copy, thread, before, after)
    if not thread.card and not thread.lines:
        gone = (Amiss(Wrong.DELETED, copy),)
        return Compared(copy, others=thread.others, alike=thread.alike, amiss=gone)
    found.compare()
    card = () if thread.card else (Amiss(Wrong.DELETED, copy),)
    return Compared(
        copy,
        right=found.right,
        waiting=found.waiting,
        given_up=found.given_up,
        twice=tuple(found.twice),
        unplaced=found.unplaced,
        summaries=found.summaries,
        others=thread.others,
        alike=thread.alike,
        amiss=(*card, *found.amiss),
    )


@dataclass(slots=True)
class _Found:
    """What has been found in one place so far."""

    copy: Copy
    thread: Thread
    before: Memory
    after: Memory
    right: int = 0
    waiting: int = 0
    given_up: int = 0
    unplaced: int = 0
    summaries: int = 0
    twice: list[Expected] = field(default_factory=list)
    amiss: list[Amiss] = field(default_factory=list)

    def compare(self) -> None:
        told = self.after.standing_at(self.copy)
        placed, strays = _placed(self.after.expected, told, self.thread.lines)
        for expected in self.before.expected:
            self._line(expected, placed.get(expected.key, ()), told)
        self._notices(told)
        if self.copy.summary_ts and not self.thread.summary:
            self.amiss.append(Amiss(Wrong.DELETED, self.copy, SUMMARY))
        own = {each.summary_ts for each in self.after.copies if each.id == self.copy.id}
        self._strays([line for line in strays if line.ts not in own], told, own)

    def _line(
        self, expected: Expected, lines: Sequence[Standing], told: Mapping[str, ToldLine]
    ) -> None:
        if not lines:
            self._not_there(expected)
            return
        rows = [row for row in told.values() if (row.kind, row.at) == expected.key]
        wrongs = [_wrong(expected, line, _row_of(line, told, rows)) for line in lines]
        self.right += None in wrongs
        self.twice += [expected] * (wrongs.count(None) > 1)
        self.amiss += [
            Amiss(wrong, self.copy, expected.kind, expected.word, expected.at)
            for wrong in wrongs
            if wrong
        ]

    def _not_there(self, expected: Expected) -> None:
        stood = any(
            (line.kind, line.at) == expected.key
            for line in self.before.standing_at(self.copy).values()
        )
        untold = self.before.untold_at(self.copy).get(expected.key)
        if untold is None or stood:
            wrong, why = (Wrong.DELETED if stood else Wrong.MISSING), ""
        elif not untold.dropped:
            self.waiting += 1
            return
        elif self.after.dead(self.copy):
            self.given_up += 1
            return
        else:
            wrong, why = Wrong.REFUSED, untold.dropped
        self.amiss.append(Amiss(wrong, self.copy, expected.kind, expected.word, expected.at, why))

    def _notices(self, told: Mapping[str, ToldLine]) -> None:
        """Of these the journal has no line: what was told is kept, and no more is known."""
        standing = {line.ts: line for line in self.thread.lines}
        stood = self.before.standing_at(self.copy)
        for ts, row in sorted({**told, **stood}.items()):
            if row.kind.startswith(MOVES):
                continue
            line = standing.get(ts)
            if line is None and ts in stood:
                self.amiss.append(Amiss(Wrong.DELETED, self.copy, row.kind, "", row.at))
            if line is not None and (line.edited or not _as_told(line, row)):
                self.amiss.append(Amiss(Wrong.EDITED, self.copy, row.kind, "", row.at))

    def _strays(
        self, strays: Iterable[Standing], told: Mapping[str, ToldLine], own: set[str]
    ) -> None:
        """What is ours, and neither a line nor known as a notice."""
        forgetful = self._forgetful(told)
        summed = self._summed(own)
        for line in strays:
            twin = any(_as_told(line, row) for row in told.values())
            notice = not line.word and line.ts not in told
            if notice and line.summary and summed:
                self.summaries += 1
            elif notice and (twin or forgetful):
                self.unplaced += 1
            else:
                self.amiss.append(Amiss(Wrong.UNKNOWN, self.copy, "", line.word, line.at))

    def _untold(self) -> dict[tuple[str, datetime], Untold]:
        return {**self.before.untold_at(self.copy), **self.after.untold_at(self.copy)}

    def _summed(self, own: set[str]) -> bool:
        """Whether a summary may stand there of which Slack's answer was lost."""
        posted = bool(self.copy.summary_ts or any(own))
        return posted or any(each.kind == SUMMARY for each in self._untold().values())

    def _forgetful(self, told: Mapping[str, ToldLine]) -> bool:
        """Whether a notice may stand there unknown: told before lines were kept, or just now."""
        untold = self._untold()
        kept = {(row.kind, row.at) for row in told.values()} | untold.keys()
        just_now = any(_is_notice(one.kind) and not one.dropped for one in untold.values())
        return just_now or any(each.key not in kept for each in self.before.expected)


def _is_notice(kind: str) -> bool:
    return not kind.startswith(MOVES) and kind not in {CARD, SUMMARY}


def _placed(
    expected: Sequence[Expected], told: Mapping[str, ToldLine], lines: Iterable[Standing]
) -> tuple[dict[tuple[str, datetime], list[Standing]], list[Standing]]:
    """The messages that stand for each line; and those that stand for none, notices left out."""
    placed: dict[tuple[str, datetime], list[Standing]] = {each.key: [] for each in expected}
    left = []
    for line in lines:
        row = told.get(line.ts)
        if row is None or (row.kind.startswith(MOVES) and (row.kind, row.at) not in placed):
            left.append(line)
        elif row.kind.startswith(MOVES):
            placed[row.kind, row.at].append(line)
    # What nobody remembers was told before it was remembered, or stands twice, or was changed.
    left = _fitted(left, placed, expected, lambda each, line: each.told_by(line))
    missing = [each for each in expected if not placed[each.key]]
    return placed, _fitted(left, placed, missing, lambda each, line: each.word == line.word)


def _fitted(
    lines: Iterable[Standing],
    placed: dict[tuple[str, datetime], list[Standing]],
    expected: Sequence[Expected],
    fits: Callable[[Expected, Standing], bool],
) -> list[Standing]:
    left: list[Standing] = []
    for line in lines:
        fitting = [each for each in expected if fits(each, line)]
        best = next((each for each in fitting if not placed[each.key]), next(iter(fitting), None))
        (placed[best.key] if best else left).append(line)
    return left


def _row_of(
    line: Standing, told: Mapping[str, ToldLine], rows: Iterable[ToldLine]
) -> ToldLine | None:
    """Its own; of one that stands twice, its twin's, where it says the same."""
    return told.get(line.ts) or next((row for row in rows if _as_told(line, row)), None)


def _wrong(expected: Expected, line: Standing, row: ToldLine | None) -> Wrong | None:
    if line.edited:
        return Wrong.EDITED
    if line.digest in expected.drawn:
        return None
    if row is None:
        return Wrong.UNPROVEN if expected.named_by(line) else Wrong.EDITED
    if not _as_told(line, row):
        return Wrong.EDITED
    # Drawn otherwise by now: by another version, or from a row that has moved on.
    same = row.sent in expected.drawn or expected.named_by(line)
    return None if same else Wrong.OTHERWISE


def _as_told(line: Standing, row: ToldLine) -> bool:
    return line.digest in {row.sent, row.answered}
