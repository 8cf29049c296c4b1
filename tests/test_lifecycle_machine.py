"""Hypothesis plays everybody at once: people, administrators, AWS, Slack and the power supply."""

import os
from contextlib import ExitStack
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from grants.lifecycle import FINAL
from grants.model import Move, State
from tests.clock import FakeClock
from tests.memory_works import MemoryWorks
from tests.simulation.people import Act
from tests.simulation.run import Run, listening
from tests.simulation.telling import told
from tests.simulation.universe import Universe, furnish

LIVES = "TEST_LIVES"
AT_ONCE = timedelta(seconds=15)
"""So soon after its end access is gone where nothing goes wrong: AWS takes up to three of them."""
AGES = timedelta(minutes=30)
TELLS = 6
"""A seed with which Slack is told in earnest."""

numbers = st.integers(0, 999).map(lambda number: number / 1000)


class Lifecycle(RuleBasedStateMachine):
    """Beside the product stands what was promised: who may have which access, from when until when."""

    def __init__(self) -> None:
        super().__init__()
        clock, works = FakeClock(), MemoryWorks()
        furnish(works, clock)
        self.universe = Universe(TELLS, works, clock)
        self.universe.weather.clears()
        self.universe.weather.processes = 2
        self.run = Run(self.universe, [])
        self.run.starts()
        self.acts = 0
        self.trouble_until = clock()
        self.open = ExitStack()
        self.open.enter_context(listening(self.run.promises))

    def teardown(self) -> None:
        try:
            self.run.rests()
            self.run.promises.kept()
            told(self.universe, self.run.promises)
        finally:
            self.open.close()
            self.universe.schedule.end()

    # People

    @rule(chance=numbers, other=numbers, twice=st.booleans())
    def ask(self, chance: float, other: float, twice: bool) -> None:
        self._does("ask", chance, other, twice=twice)

    @rule(chance=numbers, other=numbers, twice=st.booleans())
    def approve(self, chance: float, other: float, twice: bool) -> None:
        self._does("approve", chance, other, twice=twice)

    @rule(chance=numbers, other=numbers)
    def ask_and_approve(self, chance: float, other: float) -> None:
        self._does("ask", chance, other)
        self._does("approve", other, chance)

    @rule(chance=numbers, other=numbers)
    def reject(self, chance: float, other: float) -> None:
        self._does("reject", chance, other)

    @rule(chance=numbers)
    def cancel(self, chance: float) -> None:
        self._does("cancel", chance, 1)

    @rule(chance=numbers, other=numbers, twice=st.booleans())
    def end(self, chance: float, other: float, twice: bool) -> None:
        self._does("end", chance, other, twice=twice)

    @rule(chance=numbers, other=numbers)
    def revoke(self, chance: float, other: float) -> None:
        self._does("revoke", chance, other)

    @rule(chance=numbers, other=numbers)
    def extend(self, chance: float, other: float) -> None:
        self._does("extend", chance, other)
        self._does("approve", chance, other)

    @rule(chance=numbers, other=numbers)
    def edit_policies(self, chance: float, other: float) -> None:
        self._does("edit", chance, other)

    @rule(chance=numbers)
    def remove_member(self, chance: float) -> None:
        self._does("leave", chance, 0)

    @rule()
    def members_come_back(self) -> None:
        self._does("join", 0, 0)

    @rule(chance=numbers)
    def administrator_gives(self, chance: float) -> None:
        self._does("give", chance, 0)

    @rule(chance=numbers)
    def administrator_takes(self, chance: float) -> None:
        self._does("take", chance, 0)

    # Time and trouble

    @rule(seconds=st.sampled_from((1, 5, 30, 60, 300, 900)))
    def time_passes(self, seconds: int) -> None:
        self._passes(seconds)

    @rule(everybody=st.booleans())
    def crash_and_restart(self, everybody: bool) -> None:
        for process in self.universe.processes[: 2 if everybody else 1]:
            self.universe.dies(process)
            self.universe.weather.counted["crash"] = 1
        self._in_trouble()
        self._passes(1)

    @rule(
        what=st.sampled_from(("busy", "lost_request", "lost_answer", "late", "fails", "slow")),
        how_often=st.sampled_from((0.3, 0.9)),
    )
    def aws_fault_on(self, what: str, how_often: float) -> None:
        setattr(self.universe.weather, what, how_often)
        self._in_trouble()

    @rule(how_often=st.sampled_from((0.3, 0.9)))
    def slack_fault_on(self, how_often: float) -> None:
        self.universe.weather.slack = how_often

    @rule()
    def faults_off(self) -> None:
        self.universe.weather.clears()

    # What holds at any time

    @invariant()
    def access_is_where_it_was_promised(self) -> None:
        now, aws = self.universe.clock(), self.universe.aws
        for key in aws.ours if now > self.trouble_until else ():
            spans = [each.span for each in self.run.promises.grants.values() if each.key == key]
            covered = any(
                at <= now and (to is None or now <= to + AT_ONCE) for at, to in spans if at
            )
            assert covered, f"{key} is there and was not promised for now"

    @invariant()
    def who_is_active_has_it(self) -> None:
        for each in self.run.promises.grants.values():
            if each.state is State.ACTIVE and each.key not in self.universe.aws.there:
                gone = self.universe.aws.went[each.key]
                assert self.universe.clock() - gone < AGES, f"{each.id} is active without access"

    @invariant()
    def what_is_over_stays_over(self) -> None:
        for each in self.run.promises.grants.values():
            with self.universe.works.reading() as work:
                assert work.requests.get(each.id).state is each.state
            assert (each.state in FINAL) or each.moves.count(Move.GONE) == 0

    # Inside

    def _does(self, kind: str, chance: float, other: float, *, twice: bool = False) -> None:
        self.acts += 1
        for _ in range(2 if twice else 1):
            self.run.people.act(Act(self.acts, timedelta(0), kind, chance, other))
        self._passes(2)

    def _passes(self, seconds: int) -> None:
        weather = self.universe.weather
        if any((weather.busy, weather.lost_request, weather.lost_answer, weather.late, weather.fails, weather.slow)):  # fmt: skip
            self._in_trouble()
        self.run.passes(self.universe.clock() + timedelta(seconds=seconds))

    def _in_trouble(self) -> None:
        self.trouble_until = self.universe.clock() + AGES


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = settings(
    max_examples=int(os.environ.get(LIVES, "200")),
    stateful_step_count=50,
    deadline=None,
    derandomize=LIVES not in os.environ,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
