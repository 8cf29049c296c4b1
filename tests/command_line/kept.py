"""What a database holds before somebody types, and after."""

from grants.model import Request
from grants.people import operator
from grants.records import Entry, Line
from tests.terminal import Terminal

POLICIES = """
version: 1
settings:
  admins: {groups: [elevate-admins]}
  default_channel: C0000000001
eligibility:
  - name: engineers in production
    who: {groups: [engineers]}
    ous: [ou-ab12-33333333]
    permission_sets: [ReadOnlyAccess]
approval:
  - name: production
    ous: [ou-ab12-33333333]
    approvers: {groups: [production-approvers]}
"""


def keep(type_: Terminal, *requests: Request) -> None:
    with type_.works() as works, works() as work:
        for request in requests:
            work.requests.add(request)
            by = operator("somebody")
            work.journal.write(Entry(request.asked_at, "request.ask", by, request.id))


def lines_of(type_: Terminal) -> list[Line]:
    with type_.works() as works, works.reading() as work:
        return list(work.journal.walk())
