"""AWS is asked in turn: never above a quota, and what ends access goes first."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Condition, Event, Thread

import pytest

from grants.aws.asking import Asking
from grants.aws.limiter import QUOTAS, SLOWED_FOR, Family, Limiter, Queue, Quota
from grants.errors import AwsBusy, AwsUnsure
from grants.model import Lane


class GivenTime:
    """Passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, moved: Condition, seconds: float | None) -> None:
        assert seconds is not None, "nobody would ever come"
        self.now += seconds


@pytest.fixture
def time() -> GivenTime:
    return GivenTime()


@pytest.fixture
def limiter(time: GivenTime) -> Limiter:
    return Limiter(monotonic=time, wait=time.wait)


def ask(limiter: Limiter, times: int, family: Family, lane: Lane = Lane.REVOKE) -> None:
    for _ in range(times):
        limiter.acquire(family, lane)


@pytest.mark.parametrize(("family", "quota"), QUOTAS.items(), ids=[f.name for f in QUOTAS])
def test_calls_never_come_faster_than_the_quota(
    limiter: Limiter, time: GivenTime, family: Family, quota: Quota
) -> None:
    ask(limiter, 100, family)

    assert time.now - 1000 == pytest.approx((100 - quota.burst) / quota.rate)


@pytest.mark.parametrize(("family", "quota"), QUOTAS.items(), ids=[f.name for f in QUOTAS])
def test_four_processes_have_a_quarter_each(
    limiter: Limiter, time: GivenTime, family: Family, quota: Quota
) -> None:
    """Where one process asks at a time, because of a lease, it has all of it."""
    parts = 1 if quota.alone else 4
    limiter.share(4)

    ask(limiter, 100, family)

    burst = max(1, quota.burst / parts)
    assert time.now - 1000 == pytest.approx((100 - burst) / (quota.rate / parts))


def test_a_quota_that_is_in_use_is_shared_and_had_alone_again(
    limiter: Limiter, time: GivenTime
) -> None:
    ask(limiter, 18, Family.SSO_ADMIN)

    limiter.share(2)
    ask(limiter, 90, Family.SSO_ADMIN)
    shared = time.now - 1000
    limiter.share(1)
    ask(limiter, 180, Family.SSO_ADMIN)

    assert shared == pytest.approx(90 / 9)
    assert time.now - 1000 - shared == pytest.approx(180 / 18)


def test_after_a_throttle_a_share_is_slowed_down_too(limiter: Limiter, time: GivenTime) -> None:
    ask(limiter, 1, Family.SSO_ADMIN)
    limiter.throttled(Family.SSO_ADMIN)

    limiter.share(2)
    ask(limiter, 9, Family.SSO_ADMIN)

    assert time.now - 1000 == pytest.approx(9 / 4.5)


def test_refreshing_leaves_room_in_a_shared_quota_too(limiter: Limiter, time: GivenTime) -> None:
    limiter.share(2)

    ask(limiter, 9 + 40, Family.SSO_ADMIN, Lane.REFRESH)

    assert time.now - 1000 == pytest.approx(40 / 4)


def test_a_quiet_time_is_made_up_for_by_one_burst_and_no_more(
    limiter: Limiter, time: GivenTime
) -> None:
    time.now += 3600
    limiter.acquire(Family.TREE, Lane.STATUS)
    time.now += 3600

    ask(limiter, 7, Family.TREE)
    after_the_burst = time.now
    ask(limiter, 1, Family.TREE)

    assert time.now - after_the_burst == pytest.approx(1 / 4)


def test_refreshing_leaves_room_at_sso_admin(limiter: Limiter, time: GivenTime) -> None:
    ask(limiter, 18 + 80, Family.SSO_ADMIN, Lane.REFRESH)

    assert time.now - 1000 == pytest.approx(80 / 8)


@pytest.mark.parametrize(
    "family", [Family.SSO_ADMIN, Family.LIST_ACCOUNTS, Family.TREE, Family.ORG_TAGS]
)
def test_the_catalogue_is_read_at_eight_calls_a_second_at_most(
    limiter: Limiter, time: GivenTime, family: Family
) -> None:
    burst = int(QUOTAS[family].burst)

    ask(limiter, burst + 80, family, Lane.REFRESH)

    assert time.now - 1000 >= 80 / 8 - 0.01


def test_each_account_and_region_has_its_own_lookups(limiter: Limiter, time: GivenTime) -> None:
    for scope in ("1 us-east-1", "1 eu-west-1", "2 us-east-1"):
        limiter.acquire(Family.LOOKUP_EVENTS, Lane.REFRESH, scope=scope)
        limiter.acquire(Family.LOOKUP_EVENTS, Lane.REFRESH, scope=scope)

    assert time.now == 1000


def test_thousands_of_scopes_are_not_kept_for_ever(limiter: Limiter) -> None:
    for number in range(3000):
        limiter.acquire(Family.LOOKUP_EVENTS, Lane.REFRESH, scope=str(number))

    assert len(limiter._queues) <= 513


def test_lanes_go_before_arrival_and_arrival_decides_within_a_lane() -> None:
    queue = Queue(Quota(rate=1, burst=1), 0)
    with queue.moved:
        arrived = [
            queue.join(lane)
            for lane in (Lane.REFRESH, Lane.PERSON, Lane.GRANT, Lane.REVOKE, Lane.GRANT)
        ]
        served = []
        for now in range(len(arrived)):
            [first] = [ticket for ticket in arrived if queue.turn(ticket, now) == 0]
            arrived.remove(first)
            queue.leave(first)
            served.append((first.lane, first.number))

    assert served == [
        (Lane.REVOKE, 4),
        (Lane.GRANT, 3),
        (Lane.GRANT, 5),
        (Lane.PERSON, 2),
        (Lane.REFRESH, 1),
    ]


def test_a_refresh_that_is_held_back_holds_nobody_up() -> None:
    queue = Queue(Quota(rate=10, burst=10, refresh_rate=1), 0)
    with queue.moved:
        for _ in range(10):
            ticket = queue.join(Lane.REFRESH)
            queue.turn(ticket, 0)
            queue.leave(ticket)

        refresh, revoke = queue.join(Lane.REFRESH), queue.join(Lane.REVOKE)

        assert queue.turn(refresh, 0.5) > 0
        assert queue.turn(revoke, 0.5) == 0


def test_threads_that_wait_are_all_served() -> None:
    real = Limiter()
    threads = [
        Thread(target=real.acquire, args=(Family.SSO_ADMIN, lane)) for lane in list(Lane) * 4
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert not any(thread.is_alive() for thread in threads)


def test_a_person_is_told_to_try_again_rather_than_kept_waiting(
    limiter: Limiter, time: GivenTime
) -> None:
    queue = limiter._queue(Family.ORGANIZATION, "")
    before = queue.join(Lane.REVOKE)

    with pytest.raises(AwsBusy):
        limiter.acquire(Family.ORGANIZATION, Lane.PERSON)

    assert time.now == 1002
    with queue.moved:
        queue.leave(before)
    assert queue.empty


def test_after_a_throttling_it_goes_at_half_the_rate_for_a_while(
    limiter: Limiter, time: GivenTime
) -> None:
    limiter.throttled(Family.SSO_ADMIN)

    ask(limiter, 90, Family.SSO_ADMIN)
    assert time.now - 1000 == pytest.approx(SLOWED_FOR)

    ask(limiter, 18, Family.SSO_ADMIN)
    assert time.now - 1000 == pytest.approx(SLOWED_FOR + 1, abs=0.1)


def test_a_call_that_boto3_had_to_repeat_slows_us_down_too(
    limiter: Limiter, time: GivenTime
) -> None:
    asking = Asking(limiter, Family.SSO_ADMIN)

    asking(Lane.STATUS, lambda: {"ResponseMetadata": {"RetryAttempts": 2}})
    limiter.acquire(Family.SSO_ADMIN, Lane.REVOKE)

    assert time.now - 1000 == pytest.approx(1 / 9)


def test_a_read_that_may_be_tried_again_is_within_its_bounds(limiter: Limiter) -> None:
    tried = []

    def too_much() -> Mapping[str, object]:
        tried.append(1)
        raise AwsBusy("slower, please", code="ThrottlingException")

    with pytest.raises(AwsBusy):
        Asking(limiter, Family.LOOKUP_EVENTS, "a", tries=3)(Lane.REFRESH, too_much)

    assert len(tried) == 3


def test_an_empty_page_with_a_token_does_not_end_the_list(limiter: Limiter) -> None:
    book: dict[str, Mapping[str, object]] = {
        "": {"Items": [], "NextToken": "a"},
        "a": {"Items": [1], "NextToken": "b"},
        "b": {"Items": [], "NextToken": "c"},
        "c": {"Items": [2]},
    }

    pages = Asking(limiter, Family.TREE).pages(
        Lane.STATUS, lambda token: book[token.get("NextToken", "")]
    )

    assert [page["Items"] for page in pages] == [[], [1], [], [2]]


def test_a_token_that_comes_again_is_a_fault_and_no_endless_list(limiter: Limiter) -> None:
    pages = Asking(limiter, Family.TREE).pages(Lane.STATUS, lambda _: {"NextToken": "again"})

    with pytest.raises(AwsUnsure):
        list(pages)


def test_when_the_bot_stops_whoever_waits_for_a_turn_is_let_go() -> None:
    waits = Event()

    def wait(moved: Condition, seconds: float | None) -> None:
        waits.set()
        moved.wait(30)

    limiter = Limiter(monotonic=lambda: 1000.0, wait=wait)
    ask(limiter, 2, Family.ORGANIZATION)

    with ThreadPoolExecutor(1) as threads:
        third = threads.submit(limiter.acquire, Family.ORGANIZATION, Lane.REFRESH)
        assert waits.wait(30)
        limiter.shut()

    assert isinstance(third.exception(), AwsBusy)
    with pytest.raises(AwsBusy, match="stopping"):
        limiter.acquire(Family.SSO_ADMIN, Lane.REVOKE)
