"""Every way in, by payloads that are damaged as nobody would think of: nothing is done that was not allowed."""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qsl
from zlib import crc32

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from slack_sdk.errors import SlackApiError

from bot.serve import wsgi
from grants.authority import Action, Hat, may
from grants.model import RequestId
from handlers.ways import WAYS, Way
from tests.authority import stage
from tests.authority.cast import PERSONS, Part, enter
from tests.authority.probes import PROBES
from tests.authority.stage import Press, Scene
from tests.damage import DAMAGES, Damage
from tests.soundness import creates, deletes, sound
from tests.standins.slack import Hand, Person, over_wsgi
from tests.test_authority import public
from tests.world import World

FUZZ: Final = int(os.environ.get("TEST_FUZZ", "2"))
"""So many payloads for each thing done by each way, person and database."""
ROWS: Final = [(way, action) for way, actions in WAYS.items() for action in actions]
_DECIDES: Final = frozenset({"vote", "request.approve", "request.reject", "request.revoke"})
_CODES: Final = frozenset({"proof.begin", "proof.confirm", "proof.wrong", "proof.use"})
DONE: Final[Mapping[str, frozenset[str]]] = {
    "mallory": frozenset(),
    "bob": frozenset({"request.ask", "request.cancel", "request.end", "nudge"}),
    "eve": _DECIDES | _CODES,
    "ada": frozenset(
        {"request.revoke", "policies.apply", "people.link", "people.unlink", "proof.reset"}
    ),
}
"""What each may bring about, beside looking; who may nothing of it changes nothing at all."""
EVERYTHING: Final = frozenset({"mallory", "bob"})
"""They try all there is."""
EVERYBODY: Final = frozenset({Hat.ANYBODY, Hat.PERSON})
LOOKED: Final = "audit."
"""So begin the lines of the journal that say what somebody looked at."""
SDK: Final = "slack_sdk.webhook.client"
"""Says, where it has, that nobody answered at the address that an answer goes to."""


class Noise(logging.Handler):
    """What stands in the log as if it were a fault of ours."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Slack itself refuses a window that is none, and at another address nobody answers."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, SlackApiError | OSError) and record.name != SDK:
            self.heard.append(f"{record.getMessage()}: {error!r}")


@dataclass(frozen=True, slots=True)
class Standing:
    """What only those change who may."""

    requests: Mapping[RequestId, tuple[str, int]]
    calls: tuple[int, int]
    channels: tuple[Any, ...]
    policies: int
    links: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """A payload as Slack's hand makes it, and nobody has sent yet."""

    content: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unsent(Part):
    """Somebody whose payload is kept back."""

    kept: list[Sent] = field(default_factory=list)

    def on(self, world: World) -> Person:
        """Their hand, that reaches nobody."""
        return replace(world[self.name], line=Hand(world.slack, self._keep), sent=[])

    def _keep(self, body: bytes, headers: dict[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        content = headers["Content-Type"]
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if content == "application/json":
            self.kept.append(Sent("event", json.loads(body)))
        elif "payload" in fields:
            self.kept.append(Sent("interactive", json.loads(fields["payload"])))
        else:
            self.kept.append(Sent("command", fields))
        return 200, {}, b""


class Stage:
    """A world in which everything is there to be pressed; what was used up is there again."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.noise = Noise()
        self.version = world.policies(stage.LONG_LIVED).version
        self.hand = Hand(
            world.slack,
            over_wsgi(
                wsgi(world.bot.app, lambda: ("", ""), bytes, secret=world.slack.signing_secret)
            ),
            settle=world.listeners.settle,
        )
        self.scenes: dict[stage.Set, Scene] = {}
        self.seen: Standing | None = None
        """After the last payload, while nobody has done anything since."""

    def scene(self, press: Press) -> Scene:
        """As it was made, unless what is pressed there has moved on."""
        with self.world.works.reading() as work:
            version = work.policies.current().version
        if version != self.version:
            self.version = self.world.policies(stage.LONG_LIVED).version
            self.seen = None
        found = self.scenes.get(press.set)
        if found is None or self._used_up(press.set, found):
            found = self.scenes[press.set] = press.set(self.world)
            self.world.rounds()
            self.seen = None
        return found

    def _used_up(self, made: stage.Set, scene: Scene) -> bool:
        if scene.request is None:
            return False
        state = self.world.state(scene.request)
        waits = made in {stage.pending, stage.comment_form}
        return state.value != ("pending" if waits else "active")

    def borrowed(self) -> list[str]:
        """Values that other buttons, forms and requests carry."""
        scenes = list(self.scenes.values())
        views = [scene.view for scene in scenes if scene.view]
        requests = [scene.request for scene in scenes if scene.request]
        return [
            *(str(view.body.get("private_metadata") or "{}") for view in views),
            *(view.id for view in views),
            *(f"{request}:1" for request in requests),
            *requests,
            *(way.name for way in WAYS),
            "eligibility:the sandbox", "approval:workloads", "USPARE", "people:1",
        ]  # fmt: skip

    def standing(self) -> Standing:
        with self.world.works.reading() as work:
            requests = {
                each.id: (each.state.value, each.version) for each in work.requests.listed()
            }
            book = work.policies.current()
            links = tuple((one.slack_id, one.user_id, one.broken) for one in work.people.all())
        calls = len(creates(self.world)), len(deletes(self.world))
        return Standing(requests, calls, tuple(public(self.world)), book.version, links)

    def head(self) -> int:
        with self.world.works.reading() as work:
            head = work.journal.head()
        return head.seq if head else 0

    def happened(self, after: int) -> set[str]:
        with self.world.works.reading() as work:
            return {line.entry.event for line in work.journal.walk(after=after)}


@contextmanager
def listening(noise: Noise) -> Iterator[None]:
    logging.getLogger().addHandler(noise)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(noise)


def send(hand: Person, sent: Sent) -> int:
    """Signed."""
    if sent.content == "command":
        plain: dict[str, Any] = {
            name: value if isinstance(value, str) else str(value)
            for name, value in sent.payload.items()
        }
        return hand.form(
            {name: value.encode("utf-8", "surrogatepass") for name, value in plain.items()}
        ).status
    kind: Any = sent.content
    return hand.raw(sent.payload, kind=kind).status


def damaged(on: Stage, part: Part, way: Way, action: Action, *, times: int) -> list[str]:
    """What came of it that must not."""
    press = PROBES[way, action].press
    number = crc32(f"{part.name} {way.kind} {way.name} {action}".encode())

    @seed(number)
    @settings(
        max_examples=times, deadline=None, database=None, print_blob=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    @given(DAMAGES)
    def once(harm: list[Damage]) -> None:
        on.world.clock.passes(seconds=7)
        scene = on.scene(press)
        unsent = Unsent(part.name)
        press.by(on.world, unsent, way, scene)
        (sent,) = unsent.kept
        borrowed = on.borrowed()
        note("; ".join(each.do(sent.payload, borrowed, begin=number) for each in harm))
        before, head = on.seen or on.standing(), on.head()
        on.noise.heard.clear()

        status = send(on.hand.of(part.name), sent)

        after = on.seen = on.standing()
        events = on.happened(head)
        assert status in {200, 400, 404}  # 404: Bolt knows no listener for it
        assert on.noise.heard == []
        done = {event for event in events if not event.startswith(LOOKED)} - {"refusal"}
        assert done <= DONE[part.name]
        assert done or after == before

    try:
        once()
    except Exception as wrong:  # noqa: BLE001 - told with all the others
        notes = " ".join(getattr(wrong, "__notes__", ()))
        return [f"{part.name}: {way.kind} {way.name!r}, {action}: {wrong} {notes}"]
    return []


def _theirs(part: Part) -> list[tuple[Way, Action]]:
    """Of an approver and an administrator what only they may: there more of a payload is read."""
    if part.name in EVERYTHING:
        return ROWS
    return [row for row in ROWS if may(row[1], part.hats) and not may(row[1], EVERYBODY)]


@pytest.mark.parametrize("name", DONE)
def test_damaged_payloads_do_nothing_that_was_not_allowed(world: World, name: str) -> None:
    enter(world, *PERSONS)
    on = Stage(world)
    (part,) = [part for part in PERSONS if part.name == name]

    with listening(on.noise):
        found = [damaged(on, part, *row, times=FUZZ) for row in _theirs(part)]

    assert [wrong for each in found for wrong in each] == []
    world.rounds()
    sound(world)
