"""What a process may be ordered to do in a race: what people press, and what comes round by itself."""

from operator import attrgetter

from grants.editing import Subject
from grants.model import Ballot, Person, Request, RequestId, Wish
from grants.sheets import Sheet
from tests.racer import Racer


def asks(racer: Racer, person: Person, wish: Wish) -> Request:
    return racer.desk.ask(person, wish)


def approves(racer: Racer, person: Person, request: RequestId) -> Request:
    return racer.front.review.vote(person, request, Ballot.APPROVE)


def proves(racer: Racer, person: Person, request: RequestId, code: str) -> Request:
    """Approves, with a one-time code."""
    return racer.front.review.vote(person, request, Ballot.APPROVE, code=code)


def rejects(racer: Racer, person: Person, request: RequestId) -> Request:
    return racer.front.review.vote(person, request, Ballot.REJECT, "Not today.")


def cancels(racer: Racer, person: Person, request: RequestId) -> Request:
    return racer.front.closing.cancel(person, request)


def ends(racer: Racer, person: Person, request: RequestId) -> Request:
    return racer.front.closing.end(person, request)


def revokes(racer: Racer, person: Person, request: RequestId) -> Request:
    return racer.front.closing.revoke(person, request, "The incident is over.")


def saves(racer: Racer, person: Person, subject: Subject, typed: Sheet) -> int:
    """An administrator's form; the version that it makes."""
    return racer.front.editing.save(person, subject, typed).version


def round_of_jobs(racer: Racer) -> None:
    """Everything that is due now."""
    racer.jobs.round()


def one_job(racer: Racer, name: str) -> None:
    """Only that of this name."""
    attrgetter(name)(racer.jobs)()


def tells(racer: Racer) -> None:
    """Whatever is to be told now."""
    racer.announcer.round()


def takes_in(racer: Racer, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """What Slack delivers; the answer's status and body."""
    status, _, content = racer.deliver(body, headers)
    racer.listeners.settle(within=60)
    return status, content
