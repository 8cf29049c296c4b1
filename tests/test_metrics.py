"""What Prometheus is told: each number is fed by what it is about, and tells of nobody."""

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from http.client import RemoteDisconnected
from itertools import count
from threading import Barrier, Event

import pytest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from slack_sdk.errors import SlackApiError

from bot.counted import Counted
from bot.daemons import Daemons
from bot.gauges import FAMILIES, Gauges
from bot.meters import ALARMS, AT_ONCE, Beats, Meters
from grants.aws.limiter import Family, Limiter
from grants.errors import AwsBusy
from grants.lateness import lateness
from grants.model import Lane, Move, State
from storage.figures import Figures
from tests import make
from tests.clock import NOON, FakeClock
from tests.reference import ROOT
from tests.scraping import Samples, asked, read, samples, since, some, watched
from tests.standins.aws import Kind
from tests.standins.slack import SlackStandIn, tamper
from tests.world import Inline, World

PROD = "payments-prod · AdministratorAccess"


@pytest.fixture
def scrape(world: World) -> Callable[[], Samples]:
    return watched(world)


def test_a_life_is_told_as_it_goes(world: World, scrape: Callable[[], Samples]) -> None:
    request = world.asks("bob", PROD)
    asked_for = scrape()
    world["mallory"].click(world.card(request), "Approve")
    world.decides("eve", request, "Approve")
    world.passes(seconds=3)
    held = scrape()
    world.passes(hours=5)
    over = scrape()

    assert some(asked_for, IN_THE_DATABASE) == dict(
        zip(IN_THE_DATABASE, (1, 0, 0, 0, 0, 0), strict=True)
    )
    assert some(held, IN_THE_DATABASE) == dict(
        zip(IN_THE_DATABASE, (0, 1, 1, 0, 0, 0), strict=True)
    )
    assert some(over, IN_THE_DATABASE) == dict.fromkeys(IN_THE_DATABASE, 0)
    moved = {name: value for name, value in over.items() if name.startswith("elevate_moves")}
    assert {re.findall('"(.*)"', name)[0] for name, value in moved.items() if value == 1} == {
        "ask", "approve", "start", "confirm", "finish", "gone",
    }  # fmt: skip
    assert sum(moved.values()) == 6
    assert over['elevate_refusals_total{refusal="NotAnApprover"}'] == 1
    assert [over[f'elevate_lateness_seconds_count{{move="{move}"}}'] for move in MISSABLE] == [
        1
    ] * 4
    assert over['elevate_lateness_seconds_bucket{le="1.0",move="finish"}'] == 1
    assert over["elevate_journal_lines"] == len(world.journal())
    assert over["elevate_policies_version"] == 1
    assert over["elevate_catalogue_read_timestamp_seconds"] > 1.7e9
    created = 'operation="CreateAccountAssignment",outcome="ok",service="sso-admin"'
    assert over[f"elevate_aws_calls_total{{{created}}}"] == 1
    took = 'operation="CreateAccountAssignment",service="sso-admin"'
    assert over[f"elevate_aws_call_seconds_count{{{took}}}"] == 1
    turns = 'elevate_limiter_wait_seconds_count{family="sso-admin",lane="revoke"}'
    assert over[turns] == 1
    assert over['elevate_slack_calls_total{method="views.open",outcome="ok"}'] == 1
    assert over['elevate_slack_call_seconds_count{method="chat.postMessage"}'] >= 3


IN_THE_DATABASE = (
    'elevate_requests{state="pending"}',
    'elevate_requests{state="active"}',
    'elevate_assignments{holding="present"}',
    'elevate_overdue_seconds{side="end"}',
    "elevate_outbox_messages",
    'elevate_due{queue="outbox"}',
)
MISSABLE = ("start", "confirm", "finish", "gone")


def test_what_is_late_is_told_as_late(world: World, scrape: Callable[[], Samples]) -> None:
    held = world.active()
    world.slack.faults.add("*", "http500", times=None)
    world.aws.faults.add("DeleteAccountAssignment", Kind.THROTTLING, times=None)
    world.passes(hours=1, minutes=2)
    late = scrape()
    world.slack.faults.clear()
    world.aws.faults.clear()
    world.passes(minutes=2)
    done = scrape()

    assert late['elevate_requests{state="revoking"}'] == 1
    assert 100 < late['elevate_overdue_seconds{side="end"}'] < 140
    assert late['elevate_alarms_total{alarm="overdue"}'] == 1
    assert late["elevate_outbox_messages"] > 0
    assert 100 < late["elevate_outbox_oldest_seconds"] < 140
    refused = 'operation="DeleteAccountAssignment",outcome="throttled",service="sso-admin"'
    assert late[f"elevate_aws_calls_total{{{refused}}}"] > 2
    assert sum(value for name, value in late.items() if 'outcome="failed"' in name) > 0
    assert world.state(held) is State.ENDED
    assert done['elevate_overdue_seconds{side="end"}'] == 0
    assert done["elevate_outbox_oldest_seconds"] == 0
    gone = 'elevate_lateness_seconds_bucket{le="60.0",move="gone"}'
    assert (done[gone], done['elevate_lateness_seconds_count{move="gone"}']) == (0, 1)


def test_what_cannot_begin_is_told_as_late(world: World, scrape: Callable[[], Samples]) -> None:
    request = world.asks("bob", PROD)
    world.aws.faults.add("DescribeAccount", Kind.DROP, times=None)
    world.decides("eve", request, "Approve")
    world.passes(seconds=20)

    told = scrape()

    assert told['elevate_requests{state="scheduled"}'] == 1
    assert told['elevate_overdue_seconds{side="start"}'] == 20
    busy = 'operation="DescribeAccount",outcome="unsure",service="organizations"'
    assert told[f"elevate_aws_calls_total{{{busy}}}"] > 1


def test_more_than_aws_takes_at_once_is_told(world: World, scrape: Callable[[], Samples]) -> None:
    request = world.asks("bob", PROD)
    world.aws.faults.add("DescribeAccountAssignmentCreationStatus", Kind.HTTP500, times=None)
    world.aws.faults.add("ListAccountAssignmentCreationStatus", Kind.HTTP500, times=None)
    world.decides("eve", request, "Approve")

    told = scrape()
    world.clock.passes(minutes=1)
    overdue = scrape()

    assert told['elevate_assignment_operations{slot="taken"}'] == 1
    assert told['elevate_assignments{holding="creating"}'] == 1
    assert told['elevate_due{queue="assignments"}'] == 0
    assert overdue['elevate_due{queue="assignments"}'] == 1


def test_a_sweep_and_what_it_finds_are_told(world: World, scrape: Callable[[], Samples]) -> None:
    before = scrape()
    world.company.assign("dan", "payments-prod", "ReadOnlyAccess")
    for _ in range(30):
        world.sweep.round()
        world.clock.passes(minutes=10)

    found = scrape()

    assert before['elevate_sweep_last_success_timestamp_seconds{sweep="all"}'] == 0
    assert found['elevate_sweep_last_success_timestamp_seconds{sweep="all"}'] > 1.7e9
    assert found["elevate_strangers"] == 1
    assert since(before, found)['elevate_alarms_total{alarm="stranger"}'] == 1


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_whoever_is_told_no_is_counted_by_why(world: World, scrape: Callable[[], Samples]) -> None:
    before = scrape()
    world.sends("bob", PROD, Justification="")
    request = world.asks("bob", PROD)
    world["bob"].click(world.card(request), "Approve")
    foreign = tamper.put("user.team_id", "T0ELSEWHERE")
    world["eve"].tampering(foreign).click(world.card(request), "Approve")
    world.listeners.settle()

    told = since(before, scrape())

    refusals = {
        name: value for name, value in told.items() if value and name.startswith("elevate_refusals")
    }
    assert refusals == {
        f'elevate_refusals_total{{refusal="{kind}"}}': 1
        for kind in ("Unfit", "OwnRequest", "NotAPerson")
    }


# A process that waits for nobody


class Slow:
    """Figures that come when they are let."""

    def __init__(self) -> None:
        self.come, self.asked = Event(), 0

    def __call__(self) -> Figures:
        self.asked += 1
        assert self.come.wait(60)
        return NOTHING


NOTHING = Figures(
    requests=dict.fromkeys([State.ACTIVE], 0), assignments={}, operations={}, due={}, swept_at={}, pieces_read_at={},
    start_overdue=timedelta(), end_overdue=timedelta(), untold=0, untold_for=timedelta(),
    catalogue_read_at=None, strangers=0, journal_lines=0, policies_version=0, processes=0,
)  # fmt: skip


def test_a_database_that_does_not_answer_keeps_no_scrape_waiting() -> None:
    meters, slow, threads = Meters(), Slow(), Daemons("figures")
    meters.also(Gauges(slow, threads, within=0.01))
    meters.slack_called("chat.postMessage", "ok", 0.1)

    first, second = (samples(asked(meters)[2]) for _ in range(2))
    slow.come.set()
    threads.shutdown()
    later = Meters()
    later.also(Gauges(slow, Inline()))

    assert first["elevate_database_up"] == second["elevate_database_up"] == 0
    assert 'elevate_requests{state="active"}' not in first
    assert first['elevate_slack_calls_total{method="chat.postMessage",outcome="ok"}'] == 1
    assert slow.asked == 1, "the second has the reading of the first, and no connection of its own"
    assert samples(asked(later)[2])["elevate_database_up"] == 1
    assert samples(asked(later)[2])['elevate_requests{state="active"}'] == 0


def test_a_database_that_fails_is_told_as_down_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails() -> Figures:
        raise OSError("connection refused")

    meters = Meters()
    meters.also(Gauges(fails, Daemons("figures")))
    found = [samples(asked(meters)[2])["elevate_database_up"] for _ in range(3)]

    assert found == [0, 0, 0]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


class Held(Collector):
    """Keeps whoever reads the page."""

    def __init__(self, readers: int) -> None:
        self.inside, self.go_on = Barrier(readers + 1), Event()

    def collect(self) -> list[GaugeMetricFamily]:
        self.inside.wait(60)
        assert self.go_on.wait(60)
        return []

    def describe(self) -> list[GaugeMetricFamily]:
        return []


def test_so_many_who_ask_at_once_leave_the_threads_to_people() -> None:
    meters, held = Meters(), Held(AT_ONCE)
    meters.also(held)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        reading = [threads.submit(asked, meters) for _ in range(AT_ONCE)]
        held.inside.wait(60)

        refused = asked(meters)
        held.go_on.set()

        assert refused[0] == "503 Service Unavailable"
        assert {each.result()[0] for each in reading} == {"200 OK"}


# What is on the page


def test_the_page_is_what_prometheus_reads() -> None:
    status, headers, page = asked(Meters())

    assert status == "200 OK"
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert read(page)["elevate_moves"].type == "counter"
    assert not [name for name in read(page) if name.endswith("_created")]


def test_two_processes_count_apart() -> None:
    one, other = Meters(), Meters()

    one.slack_called("views.open", "ok", 0.1)

    opened = 'elevate_slack_calls_total{method="views.open",outcome="ok"}'
    assert (samples(asked(one)[2])[opened], opened in samples(asked(other)[2])) == (1, False)


def test_whoever_gave_up_waiting_for_a_quota_is_told() -> None:
    meters, time = Meters(), count(1000)
    limiter = Limiter(
        monotonic=lambda: float(next(time)), wait=lambda *_: None, waited=meters.waited
    )
    limiter.share(1000)
    limiter.acquire(Family.ORGANIZATION, Lane.PERSON)

    with pytest.raises(AwsBusy):
        limiter.acquire(Family.ORGANIZATION, Lane.PERSON)

    told = samples(asked(meters)[2])
    assert told['elevate_limiter_given_up_total{family="organizations"}'] == 1
    waited = 'elevate_limiter_wait_seconds_sum{family="organizations",lane="person"}'
    assert told[waited] >= 2


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("", "ok"),
        ("429", "limited"),
        ("invalid_auth", "refused"),
        ("http500", "failed"),
        ("drop", "lost"),
    ],
)
def test_what_came_of_a_call_of_slacks_is_one_of_few_words(fault: str, outcome: str) -> None:
    meters = Meters()
    with SlackStandIn(FakeClock()) as slack:
        web = Counted(meters.slack_called, token=slack.token, base_url=slack.url, retry_handlers=[])
        if fault:
            slack.faults.add("auth.test", fault)
        with suppress(SlackApiError, OSError, RemoteDisconnected):
            web.auth_test()

    told = samples(asked(meters)[2])
    assert told[f'elevate_slack_calls_total{{method="auth.test",outcome="{outcome}"}}'] == 1
    assert told['elevate_slack_call_seconds_count{method="auth.test"}'] == 1


def test_loops_tell_when_they_came_round() -> None:
    meters = Meters()
    meters.also(Beats(lambda: {"jobs": NOON, "outbox": None}))

    told = samples(asked(meters)[2])
    name = "elevate_beat_last_success_timestamp_seconds"
    assert told[f'{name}{{beat="jobs"}}'] == NOON.timestamp()
    assert told[f'{name}{{beat="outbox"}}'] == 0


def test_the_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    (built,) = (name for name in samples(asked(Meters())[2]) if name.startswith("elevate_build"))
    assert f'version="{project["version"]}"' in built


def test_every_alarm_that_is_raised_is_there_before_it_is() -> None:
    raised = {
        kind
        for room in ("grants", "handlers")
        for path in (ROOT / room).rglob("*.py")
        for kind in alarms_in(ast.parse(path.read_text(encoding="utf-8")))
    }

    assert raised - set(ALARMS) == set()
    assert {"overdue", "cut_late", "catalogue_not_read"} < raised


def alarms_in(tree: ast.Module) -> Iterator[str]:
    """What is handed to `alarm`, written there or by the name of a constant."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name("alarm") | ast.Attribute(attr="alarm"), args=[_, kind, *_]):
                yield from words_of(kind, tree)
            case _:
                pass


def words_of(kind: ast.expr, tree: ast.Module) -> Iterator[str]:
    match kind:
        case ast.Constant(value=str(word)):
            yield word
        case ast.IfExp(body=one, orelse=other):
            yield from (*words_of(one, tree), *words_of(other, tree))
        case ast.Name(id=name):
            for node in ast.walk(tree):
                match node:
                    case ast.Assign(targets=[ast.Name(id=said)], value=value) if said == name:
                        yield from words_of(value, tree)
                    case ast.AnnAssign(target=ast.Name(id=said), value=ast.expr() as value) if (
                        said == name
                    ):
                        yield from words_of(value, tree)
                    case _:
                        pass
        case _:
            pass


def test_access_that_somebody_took_away_has_no_end_that_could_be_missed() -> None:
    over = make.a_request(state=State.ENDED, ends_at=NOON, decided_at=NOON)
    taken = make.a_request(state=State.REVOKED, ends_at=NOON, decided_at=NOON)
    later = make.a_request(decided_at=NOON, starts_at=NOON + 2 * make.HOUR)

    at = NOON + make.HOUR
    assert lateness(over, Move.GONE, at) == lateness(over, Move.FINISH, at) == make.HOUR
    assert lateness(taken, Move.GONE, at) is None
    assert lateness(over, Move.START, at) == make.HOUR
    assert lateness(later, Move.CONFIRM, at) == timedelta(), "a minute early is not late"
    assert lateness(over, Move.APPROVE, at) is None


def test_every_number_says_in_its_help_whether_it_may_be_summed() -> None:
    meters = Meters()
    meters.also(Beats(dict))
    meters.also(Gauges(lambda: NOTHING, Inline()))

    helps = {name: family.documentation for name, family in read(asked(meters)[2]).items()}
    ours = {name: says for name, says in helps.items() if name.startswith("elevate_")}
    assert len(ours) > len(FAMILIES) + 10
    assert [
        name
        for name, says in ours.items()
        if not re.search(r"[Tt]his process|sum it over all|never sum it", says)
    ] == []
