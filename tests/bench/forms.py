"""The request form: from `/elevate` to `views.open` leaving, and what is offered at each keystroke."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import ceil
from statistics import median
from typing import Any, Final

from grants.policy import eligibility_groups
from tests.bench.company import ACTORS, BOB, PAT
from tests.bench.figures import Engine, Figure
from tests.bench.pieces import Bench, in_turn
from tests.bench.stage import Bare, Desk, Stage
from tests.beside import Bot

SHOWN: Final = "/elevate to views.open, groups read within 60 s"
FLAT: Final = "  the same as a ratio, against that at 100 accounts"
LOOKING: Final = "/elevate to views.open, groups not known"
TYPED: Final = "options for a searching select: {}"
FEW: Final = 100
"""Accounts: from here on nothing may grow with their number."""


def measure(bench: Bench) -> Iterator[Figure]:
    shown: dict[Engine, list[Figure]] = {engine: [] for engine in bench.engines}
    for size, engine in bench.everywhere():
        with bench.stage(size, engine) as stage, stage.up() as bot:
            for figure in [*_opened(bench, stage, bot), *_searched(bench, stage, bot)]:
                yield figure
                if figure.line == SHOWN and size.accounts >= FEW:
                    shown[engine].append(figure)
    for figures in shown.values():
        yield from _flat(figures)


@dataclass(frozen=True)
class Form:
    """Somebody who types `/elevate`, looks, and closes what comes."""

    stage: Stage
    desk: Desk

    def opens(self) -> float:
        """Seconds until `views.open` came in."""
        self.desk.person.command("", "general")
        return self.arrived("views.open")

    def arrived(self, method: str) -> float:
        sent = self.desk.watch.sent
        came = self.stage.comes(lambda: self.stage.slack.arrivals.after(method, sent), method)
        return came - sent

    def closes(self) -> dict[str, Any]:
        """What was before them."""
        view = self.desk.person.view()
        assert view is not None
        self.desk.person.close(everything=True)
        return view.body

    def once(self) -> float:
        took = self.opens()
        self.closes()
        return took

    def known(self) -> dict[str, Any]:
        """From now on, for a minute, what they may ask for is known; the whole form."""
        self.opens()
        if self.stage.slack.arrivals.after("views.update", self.desk.watch.sent) is None:
            self.stage.until(lambda: "Looking" not in str(self._top()), "whole form")
        return self.closes()

    def _top(self) -> object:
        view = self.stage.slack.workspace.top(self.desk.person.id)
        return view.body if view else "Looking"


def _opened(bench: Bench, stage: Stage, bot: Bot) -> Iterator[Figure]:
    form = Form(stage, stage.desk(bot, BOB))
    whole = form.known()
    with stage.bare(form=whole) as bare:
        constant = Form(stage, stage.desk(bare, BOB))
        asked = _Asked(stage)
        ours, yardstick = in_turn(
            bench.rounds, bench.times, form.once, constant.once, before=form.known
        )
        yield _told(stage, SHOWN, "ms", ours, yardstick, 1.5)
        form.known()
        asked.begin()
        for _ in range(5):
            form.once()
        yield _told(stage, "  AWS calls of it", "calls", (asked.calls / 5,), budget=0)
        yield from _unknown(bench, stage, bot, bare)


def _unknown(bench: Bench, stage: Stage, bot: Bot, bare: Bare) -> Iterator[Figure]:
    """Each by somebody else, so that nothing is known of them."""
    times = min(bench.few, stage.size.people // bench.rounds)
    people = iter([user for user in stage.slack.workspace.users.values() if is_unknown(user)])
    constant, asked = Form(stage, stage.desk(bare, BOB)), _Asked(stage)
    whole, calls = list[float](), list[float]()

    def ours() -> float:
        form = Form(stage, stage.desk(bot, next(people).name))
        asked.begin()
        took = form.opens()
        whole.append(1000 * form.arrived("views.update"))
        calls.append(asked.groups)
        form.closes()
        return took

    took, yardstick = in_turn(bench.rounds, times, ours, constant.once)
    yield _told(stage, LOOKING, "ms", took, yardstick, 1.5)
    rounds = [median(islice(whole, n * times, (n + 1) * times)) for n in range(bench.rounds)]
    yield _told(stage, "  until it is the whole form", "ms", tuple(rounds))
    with stage.reading() as work:
        hundreds = ceil(len(eligibility_groups(work.policies.current())) / 100)
    yield _told(
        stage, "  IsMemberInGroups, for each 100 groups", "calls", (median(calls),), (hundreds,), 1
    )


def is_unknown(user: Any) -> bool:
    return not user.is_bot and user.name not in ACTORS


def _searched(bench: Bench, stage: Stage, bot: Bot) -> Iterator[Figure]:
    """By somebody who may ask for everything: where that is more than one select holds."""
    desk = stage.desk(bot, PAT)
    Form(stage, desk).known()
    if stage.size.accounts * stage.size.permission_sets <= FEW:
        return
    desk.person.command("", "general")
    yield from _typed(bench, stage, desk, "Account", {"all of them": "acc", "one": _last(stage)})
    desk.person.fill({"Account": _last(stage)})
    view, chosen = desk.person.view(), stage.aws.company.account(_last(stage)).id
    stage.until(lambda: view and chosen in view.body["private_metadata"], "its sets")
    yield from _typed(bench, stage, desk, "Permission set", {"permission sets": "set"})


def _typed(
    bench: Bench, stage: Stage, desk: Desk, label: str, words: dict[str, str]
) -> Iterator[Figure]:
    for what, typed in words.items():
        found = desk.person.search(label, typed)
        assert found, f"nothing is found by {typed}"
        with stage.bare(options=desk.watch.said["options"]) as bare:
            ours = partial(_keystroke, desk, label, typed)
            constant = partial(_keystroke, stage.desk(bare, PAT), label, typed)
            constant()
            took, yardstick = in_turn(bench.rounds, bench.times, ours, constant)
            yield _told(stage, TYPED.format(what), "ms", took, yardstick, 1.5)


def _keystroke(desk: Desk, label: str, typed: str) -> float:
    desk.person.search(label, typed)
    return desk.watch.took


def _last(stage: Stage) -> str:
    return f"account-{stage.size.accounts - 1:05d}"


def _flat(figures: list[Figure]) -> Iterator[Figure]:
    """Each is held against its own yardstick before: what the machine does meanwhile says nothing."""
    fewest = min(figures, key=lambda figure: figure.size.accounts, default=None)
    for figure in figures:
        if fewest is None or figure is fewest:
            continue
        yield Figure(
            FLAT, figure.size, figure.database, "x",
            figure.held_against(), fewest.held_against(), budget=1.2,
        )  # fmt: skip


class _Asked:
    """What AWS was asked about somebody since it began."""

    def __init__(self, stage: Stage) -> None:
        self._seen = stage.aws.calls
        self.begin()

    def begin(self) -> None:
        self._before = self._count("identitystore.*"), self._count("IsMemberInGroups")

    @property
    def calls(self) -> int:
        return self._count("identitystore.*") - self._before[0]

    @property
    def groups(self) -> int:
        return self._count("IsMemberInGroups") - self._before[1]

    def _count(self, name: str) -> int:
        return self._seen.count(name)


def _told(
    stage: Stage,
    line: str,
    unit: str,
    ours: tuple[float, ...],
    yardstick: tuple[float, ...] = (),
    budget: float | None = None,
) -> Figure:
    return Figure(line, stage.size, stage.engine, unit, ours, yardstick, budget)
