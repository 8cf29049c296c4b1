"""Accesses that end: one after another, a thousand in a minute, ten thousand in a minute."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from bot.clock import system_clock
from grants.aws.limiter import QUOTAS, Family
from grants.model import Key, Request, State
from grants.slots import OUTSTANDING
from storage.tables import requests
from tests.bench.figures import Engine, Figure, Size
from tests.bench.holding import hold
from tests.bench.pieces import Bench
from tests.bench.stage import NEVER, Stage
from tests.bench.standins import AWS_TAKES
from tests.beside import Bot
from tests.standins.aws.calls import Call

SIZE: Final = Size(100, 110, 500)
"""Pairs enough for ten thousand assignments; nothing here looks at more of the catalogue."""
SECONDS: Final = 0.5
"""That an operation takes AWS."""
STEADY: Final = 3.0
"""Ends a second: three calls each are half of what the limiter lets through."""
MINUTE: Final = timedelta(minutes=1)
SOON: Final = timedelta(seconds=15)
"""Until then everything is set up."""
LOOKS: Final = 0.5


def measure(bench: Bench) -> Iterator[Figure]:
    for engine in bench.engines:
        yield from _one_after_another(bench, engine)
        many = {300: 18} if bench.short else {1_000: 60, 10_000: 60}
        for count, seconds in many.items():
            yield from _at_once(bench, engine, count, timedelta(seconds=seconds))


@dataclass(frozen=True)
class Ended:
    """What became of so many ends."""

    held: Sequence[Request]
    calls: Sequence[Call]
    """To sso-admin, from the first end on."""
    last_at: datetime
    within: timedelta
    """They were to end."""
    busy: float
    """Seconds of a core that the processes used meanwhile."""

    @property
    def first_at(self) -> datetime:
        return min(request.ends_at for request in self.held if request.ends_at)

    @property
    def took(self) -> float:
        """Seconds from the first end until the last was known to be over."""
        return (self.last_at - self.first_at).total_seconds()

    @property
    def bound(self) -> float:
        """So many it would take if nothing but AWS's quotas were in the way."""
        by_calls = len(self.calls) / QUOTAS[Family.SSO_ADMIN].rate
        by_operations = len(self.held) / (OUTSTANDING / SECONDS)
        return max(by_calls, by_operations, self.within.total_seconds())

    @property
    def throttled(self) -> float:
        """Of the calls, in percent."""
        turned_away = sum(call.outcome == "ThrottlingException" for call in self.calls)
        return 100 * turned_away / len(self.calls)

    def lateness(self) -> list[tuple[float, float]]:
        """When the removal of each left, in the order in which they did: since the first end, and since its own."""
        ends = {request.key: request.ends_at for request in self.held if request.ends_at}
        took = timedelta(seconds=AWS_TAKES)
        left = [(call.at - took, ends[_key(call)]) for call in self.calls if _removes(call)]
        return [
            ((at - self.first_at).total_seconds(), (at - end).total_seconds()) for at, end in left
        ]


def _removes(call: Call) -> bool:
    return call.operation == "DeleteAccountAssignment" and call.outcome == "ok"


def _key(call: Call) -> Key:
    said = call.parameters
    return Key(said["PrincipalId"], said["TargetId"], said["PermissionSetArn"])


def _one_after_another(bench: Bench, engine: Engine) -> Iterator[Figure]:
    count = 30 if bench.short else 300
    steady = ended(bench, engine, count, timedelta(seconds=count / STEADY))
    late = sorted(own for _, own in steady.lateness())
    p99 = late[int(0.99 * (len(late) - 1))]
    line = f"an end to its DeleteAccountAssignment leaving, {STEADY:.0f} a second: p99"
    yield Figure(line, SIZE, engine, "s", (p99,), budget=1.0)


def _at_once(bench: Bench, engine: Engine, count: int, within: timedelta) -> Iterator[Figure]:
    found = ended(bench, engine, count, within)
    late = found.lateness()
    what = f"{count:,} ends in {'a minute' if within == MINUTE else f'{within.seconds} s'}"
    took, bound = (found.took,), (found.bound,)
    yield Figure(f"{what}: all known to be gone", SIZE, engine, "s", took, bound, 1.05)
    yield Figure(f"{what}: the last removal left", SIZE, engine, "s", (late[-1][0],))
    yield Figure(f"{what}: calls for each", SIZE, engine, "calls", (len(found.calls) / count,))
    yield Figure(f"{what}: of a core, each", SIZE, engine, "ms", (1000 * found.busy / count,))
    yield Figure(f"{what}: calls throttled", SIZE, engine, "%", (found.throttled,), budget=1.0)
    yield Figure(f"{what}: overtaken by one that ended later by", SIZE, engine, "s",
                 (_overtaken(late),), budget=1.0)  # fmt: skip


def _overtaken(late: Sequence[tuple[float, float]]) -> float:
    """By how much the newest end that had gone before was later than an older one that went after it."""
    ends = [at - own for at, own in late]
    return max(newest - own for newest, own in zip(accumulate(ends, max), ends, strict=True))


def ended(
    bench: Bench, engine: Engine, count: int, within: timedelta, *, processes: int = 1
) -> Ended:
    """So many, whose time is over in regular steps."""
    with bench.stage(SIZE, engine, operation_seconds=SECONDS, quotas=True) as stage:
        with ExitStack() as up:
            bots = list(several(stage, up, processes, ELEVATE_ACTIVITY_SOURCE="none"))
            soon = SOON / 3 if bench.short else SOON
            begins = system_clock() + soon + timedelta(milliseconds=count)
            held = hold(stage, [begins + within * number / count for number in range(count)])
            assert system_clock() < begins, "set up too late"
            NEVER.wait((begins - system_clock()).total_seconds())
            before, began = len(stage.aws.calls), sum(map(used, bots))
            while _left(stage):
                NEVER.wait(LOOKS)
            calls = [call for call in list(stage.aws.calls)[before:] if call.service == "sso-admin"]
            busy = sum(map(used, bots)) - began
        with stage.database.reading() as db:
            last = db.scalar(select(func.max(requests.c.ended_at, type_=requests.c.ended_at.type)))
        assert last is not None
        return Ended(held, calls, last, within, busy)


def several(stage: Stage, up: ExitStack, many: int, **changes: str) -> Iterator[Bot]:
    """So many processes, until `up` is left. The first reads the catalogue, for all."""
    for number in range(many):
        bot = stage.up(name=f"bot-{number}", quiet=number == 0, **changes)
        yield up.enter_context(bot)


def used(bot: Bot) -> float:
    """Seconds of a core so far, its own and the kernel's for it."""
    counted = Path(f"/proc/{bot.child.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(counted[11]) + int(counted[12])) / os.sysconf("SC_CLK_TCK")


def _left(stage: Stage) -> int:
    over = select(func.count()).select_from(requests).where(requests.c.state != State.ENDED)
    with stage.database.reading() as db:
        return db.execute(over).scalar_one()
