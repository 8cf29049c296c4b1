"""Whether everything was told, in its order, and every card says what its row says."""

from collections.abc import Iterator
from typing import Any

from blocks import card, thread
from grants.model import Place, Request
from grants.staying import unseen
from grants.stores import Work
from grants.telling import moved_in
from tests.simulation.promises import Promises
from tests.simulation.universe import STYLE, Universe


def told(universe: Universe, promises: Promises) -> None:
    """Each move in each thread, in order; twice only where somebody stood still on the way.

    Who does so for longer than its lease, between the last look at the clock and the call, sends
    what others have sent by then; and may die before it finds that out and has it drawn anew.
    """
    twice, happened = 0, universe.weather.counted
    with universe.works.reading() as work:
        for request in work.requests.listed(limit=1000):
            lines = [moved_in(line.entry) for line in work.journal.of(request.id)]
            expected = [thread.word(moved) for moved in lines if moved]
            for copy in work.copies.of(request.id):
                if copy.place is Place.DIRECT:
                    continue
                promises.demand(bool(copy.ts), f"{request.id} has no card")
                said = universe.slack.lines(copy.channel, request.id)
                words = [word for word in said if word in thread.WORDS]
                promises.demand(
                    list(dict.fromkeys(words)) == expected, f"{request.id}: {words} of {expected}"
                )
                twice += len(words) - len(expected)
                posted = universe.slack.messages[copy.channel, copy.ts].blocks
                if posted not in _drawn(work, request, copy.place):
                    died = bool(happened.get("pause") and happened.get("crash"))
                    promises.demand(died, f"{request.id}: its card is not its row")
                    promises.counted["cards left old by who stood still"] += 1
    promises.demand(not twice or bool(happened.get("pause")), "told twice, and nobody stood still")
    promises.counted["told twice"] += twice


def _drawn(work: Work, request: Request, place: Place) -> Iterator[list[dict[str, Any]]]:
    """As the row has it; of what went on holding the access when it ended, as it was then."""
    others = [one.id for one in work.requests.listed(limit=1000) if one.key == request.key]
    votes = work.votes.on(request.id)
    used = unseen(work, request)
    for other in (None, *others):
        yield card.card(
            request, votes=votes, held_by=other, style=STYLE, place=place, unseen=used
        ).blocks
