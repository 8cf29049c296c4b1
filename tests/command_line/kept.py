"""What a database holds before somebody types, and after."""

from grants.model import Request
from grants.people import operator
from grants.records import Entry, Line
from tests.terminal import Terminal


def keep(type_: Terminal, *requests: Request) -> None:
    with type_.works() as works, works() as work:
        for request in requests:
            work.requests.add(request)
            by = operator("somebody")
            work.journal.write(Entry(request.asked_at, "request.ask", by, request.id))


def lines_of(type_: Terminal) -> list[Line]:
    with type_.works() as works, works.reading() as work:
        return list(work.journal.walk())
