"""Reads a request's threads again, and holds them against the journal."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from blocks import retold, verdict
from blocks.text import Message, Style
from grants.auditing import Auditing
from grants.comparing import Compared, Comparison, compare, unhung
from grants.expecting import Memory, remembered
from grants.model import Copy, Person, RequestId
from grants.stores import Works
from handlers.threads import HUNG_ANEW, Slow, Threads, UnreadError
from handlers.turns import Turns

AT_ONCE: Final = 2
"""So many are read at once: each keeps a listener busy, and takes from the pace of the outbox."""


@dataclass(frozen=True, slots=True)
class Verifying:
    """Compares; changes nothing but the journal's note that somebody asked."""

    works: Works
    auditing: Auditing
    threads: Threads
    style: Style
    turns: Turns

    def __call__(self, person: Person, request_id: RequestId, *, slow: Slow) -> Message:
        """The verdict, for this person alone. `slow` is called before it takes a while."""
        with self.turns.of(person.slack_id):
            request = self.auditing.comparing(person, request_id)
            return verdict.message(self._compared(request.id, slow), self.style)

    def _compared(self, request_id: RequestId, slow: Slow) -> Comparison:
        with self.works.reading() as work:
            lines, finding = work.journal.verify_of(request_id)
        before = self._memory(request_id)
        copies = () if before.illegible else before.copies
        places = tuple(self._place(copy, before, slow) for copy in copies)
        lost = before.lost()
        return Comparison(
            request_id,
            lines,
            finding,
            before.illegible,
            places,
            before.differs,
            lost,
            nowhere=not before.copies and not lost,
        )

    def _place(self, copy: Copy, before: Memory, slow: Slow) -> Compared:
        if not copy.ts:
            return unhung(copy, before)
        try:
            thread = self.threads.read(copy, frozenset(before.standing_at(copy)), slow=slow)
        except UnreadError as error:
            return Compared(copy, unread=error.code)
        after = self._memory(before.request.id)
        if copy.ts not in {each.ts for each in after.copies}:
            return Compared(copy, unread=HUNG_ANEW)
        return compare(copy, thread, before, after)

    def _memory(self, request_id: RequestId) -> Memory:
        with self.works.reading() as work:
            return remembered(work, request_id, partial(retold.expected, style=self.style))
