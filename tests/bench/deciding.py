"""A decision: from Approve to committed, and from approved to CreateAccountAssignment leaving."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from statistics import median
from typing import Any

from grants.model import RequestId, State, UserId
from grants.policy import approver_groups
from grants.waiting import asked_of
from tests.bench.company import EVE, PAT
from tests.bench.figures import Figure
from tests.bench.pieces import Bench
from tests.bench.stage import Desk, Stage
from tests.beside import Bot
from tests.standins.slack import Message

COMMITTED = "Approve to committed, against twice a bare listener and AWS asked side by side"
GIVEN = "approved to CreateAccountAssignment leaving, AWS's answer times left out"


def measure(bench: Bench) -> Iterator[Figure]:
    for size, engine in bench.everywhere():
        with bench.stage(size, engine) as stage, stage.up() as bot:
            yield from _at(bench, stage, bot)


def _at(bench: Bench, stage: Stage, bot: Bot) -> Iterator[Figure]:
    asker, eve = _Asker(stage, stage.desk(bot, PAT)), stage.desk(bot, EVE)
    asker.asks(1)
    asks = _what_a_vote_asks(stage)
    committed, yardstick, given, whole = list[float](), list[float](), list[float](), list[float]()
    targets = stage.size.accounts * stage.size.permission_sets
    each_round = min(bench.few, 8, (targets - 1) // (bench.rounds + 1))  # None is asked for twice.
    assert each_round, f"{targets} targets are too few for {bench.rounds} rounds"
    with stage.bare(name="bare") as bare, stage.bare(name="asking", asks=asks) as asking:
        alone, beside_aws = stage.desk(bare, EVE), stage.desk(asking, EVE)
        for around in range(-1, bench.rounds):  # The first is not counted: nothing is warm yet.
            waiting = asker.asks(each_round)
            found = [_approved(stage, each, eve, alone, beside_aws) for each in waiting]
            if around >= 0:
                committed.append(median(each.committed for each in found))
                yardstick.append(median(each.alone + each.beside_aws for each in found))
                given.append(median(each.given for each in found))
                whole.append(median(each.whole for each in found))
    yield Figure(
        COMMITTED, stage.size, stage.engine, "ms", tuple(committed), tuple(yardstick), budget=1
    )
    yield Figure(GIVEN, stage.size, stage.engine, "ms", tuple(given), budget=300)
    yield Figure("  the same with them", stage.size, stage.engine, "ms", tuple(whole))


@dataclass(frozen=True, slots=True)
class _Approval:
    """How long each took, in milliseconds."""

    committed: float
    alone: float
    """A bare listener, for the same press."""
    beside_aws: float
    """One that asks AWS the two questions side by side."""
    given: float
    whole: float


def _approved(
    stage: Stage, waiting: tuple[RequestId, Message], eve: Desk, alone: Desk, beside_aws: Desk
) -> _Approval:
    request, card = waiting
    for desk in (alone, beside_aws, eve):  # Only ours changes the card.
        desk.person.click(card, "Approve")
    at = eve.watch.answered
    operation = "CreateAccountAssignment"
    created = stage.comes(lambda: stage.aws.arrivals.after(operation, at), operation)
    given = created - at - _answering(stage.aws.answering, at, created)
    stage.is_to_be(request, State.ACTIVE)
    took = (desk.watch.took for desk in (eve, alone, beside_aws))
    return _Approval(*(1000 * each for each in (*took, given, created - at)))


def _answering(spans: Sequence[tuple[float, float]], since: float, until: float) -> float:
    """For how long AWS had somebody wait: calls side by side count once."""
    waited, at = 0.0, since
    for begin, end in sorted(spans):
        if end > at and begin < until:
            waited += min(end, until) - max(begin, at)
            at = max(at, end)
    return waited


class _Asker:
    """Asks for one access after the other, in accounts of different teams."""

    def __init__(self, stage: Stage, desk: Desk) -> None:
        self._stage, self._desk = stage, desk
        self._numbers = count()

    def asks(self, many: int) -> list[tuple[RequestId, Message]]:
        """So many requests, each with its card."""
        made = [self._asked() for _ in range(many)]
        return [(each, self._stage.comes(partial(self._stage.card, each), "card")) for each in made]

    def _asked(self) -> RequestId:
        turn, arn = divmod(next(self._numbers), self._stage.size.permission_sets)
        account = (turn + arn) % self._stage.size.accounts
        pat, before = self._desk.person, self._last()
        pat.command("", "general")
        self._stage.until(lambda: "Looking" not in str((v := pat.view()) and v.body), "form")
        name, permission_set = f"account-{account:05d}", f"Set{arn:03d}"
        view = pat.view()
        assert view is not None
        if "Access" in view.labels():
            pat.fill({"Access": f"{name} · {permission_set}"})
        else:
            pat.fill({"Account": name})
            chosen = self._stage.aws.company.account(name).id
            self._stage.until(lambda: chosen in view.body["private_metadata"], "its sets")
            pat.fill({"Permission set": permission_set})
        pat.fill({"Justification": "the disk is full"})
        outcome = pat.submit()
        assert outcome.closed, outcome
        after = self._last()
        assert after is not None
        assert after != before
        return after

    def _last(self) -> RequestId | None:
        who = UserId(self._stage.aws.company.user(PAT).id)
        with self._stage.reading() as work:
            found = work.requests.last_of(who)
        return found.id if found else None


def _what_a_vote_asks(stage: Stage) -> dict[str, Any]:
    """About its giver: whether they are there, and in the groups that decide on the only request."""
    with stage.reading() as work:
        (request,) = work.requests.listed()
        groups = approver_groups(asked_of(work, work.policies.current(), request))
    company = stage.aws.company
    return {"store": company.store_id, "user": company.user(EVE).id, "groups": sorted(groups)}
