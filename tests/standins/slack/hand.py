"""A person's hand in Slack: types, chooses, submits, clicks, and tells what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.standins.blockkit import check_options
from tests.standins.slack import outcome, payloads
from tests.standins.slack.form import (
    SEARCHING,
    NotPossible,
    entered,
    missing_fields,
    offered_key,
)
from tests.standins.slack.outcome import Option, Outcome, Reply
from tests.standins.slack.pressing import Pressable, pressables
from tests.standins.slack.wire import PATIENCE, Line, Wire
from tests.standins.slack.words import elements_in
from tests.standins.slack.workspace import JSON, Channel, Message, User, View, names_of, options_of


@dataclass(frozen=True, slots=True)
class Hand(Line):
    """Gives each person a hand."""

    def of(self, who: User | str) -> "Person":
        """This person, at their keyboard."""
        return Person(self, self.slack.user(who))


@dataclass(frozen=True, slots=True)
class Person(Wire):
    """Someone who uses Slack; every verb gives what they were told in return."""

    # What they do

    def command(self, text: str = "", channel: Channel | str | None = None) -> Reply:
        """Type the slash command, in their direct message if no channel is named."""
        space = self.slack.workspace
        where = space.channel(channel) if channel is not None else self.slack.dm(self.user)
        self._must_be_active()
        if self.user.team_id != space.team:
            raise NotPossible("people of other workspaces have no slash commands here")
        if self.user.id not in where.members:
            raise NotPossible(f"{self.user.name} is not in {where.name}")
        reply = self.form(payloads.command(self.slack, self.user, where, text))
        if reply.ok and reply.body:
            told = reply.json if reply.is_json else {"text": reply.body.decode()}
            self.slack.reply(self.user.id, where.id, told, about=None)
        return reply

    def shortcut(self, callback_id: str) -> Reply:
        """Choose a global shortcut."""
        self._must_be_active()
        return self.raw(payloads.shortcut(self.slack, self.user, callback_id))

    def open_home(self, tab: str = "home") -> Reply:
        """Open the app's home, or its messages."""
        self._must_be_active()
        return self.raw(payloads.home_opened(self.slack, self.user, tab), kind="event")

    def event(self, kind: str, **fields: Any) -> Reply:
        """Something happens that Slack tells the app of."""
        return self.raw(payloads.event(self.slack, {"type": kind, **fields}), kind="event")

    def say(self, text: str, channel: Channel | str, *, thread: Message | None = None) -> Message:
        """Write a message; no event is sent."""
        where = self.slack.channel(channel)
        thread_ts = thread.ts if thread else None
        return self.slack.workspace.write(where, text, [], user=self.user.id, thread_ts=thread_ts)

    def click(self, message: Message, label: str, *, nth: int | None = None) -> Reply:
        """Press a button below a message; one from `message.history` is what a slow eye saw."""
        self._must_see(message)
        action = _the_one(pressables(message.blocks, label), label, nth).action
        return self.raw(payloads.message_actions(self.slack, self.user, message, action))

    def press(self, label: str, *, nth: int | None = None, within: str | None = None) -> Reply:
        """Press a button in the modal, or on App Home when none is open.

        Of several with the same label `within` chooses by the words of or just above its block.
        """
        view = self._looking_at(lambda seen: bool(pressables(seen.blocks, label, within)))
        action = _the_one(pressables(view.blocks, label, within), label, nth).action
        return self.raw(payloads.view_actions(self.slack, self.user, view, action))

    def fill(self, fields: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Enter values by label; options by their text or value, None empties."""
        for label, wanted in {**(fields or {}), **more}.items():
            self._enter(label, wanted)

    def search(self, label: str, typed: str) -> list[Option]:
        """Type into a searching select; what it then offers."""
        view, block, element = self._field(label)
        if element["type"] not in SEARCHING:
            raise NotPossible(f"{label!r} does not search")
        if len(typed) < element.get("min_query_length", 3):
            raise NotPossible(f"{label!r} searches from {element.get('min_query_length', 3)} on")
        where = {"block_id": block["block_id"], "action_id": element["action_id"]}
        reply = self.raw(payloads.suggestion(self.slack, self.user, view, where, typed))
        options = self._options(reply)
        view.offered[offered_key(block, element)] = options
        return [Option.of(one) for one in options]

    def submit(self) -> Outcome:
        """Send the form that is before them."""
        view = self._modal()
        if not view.body.get("submit"):
            raise NotPossible("this view has no submit button")
        blocked = missing_fields(view) if self.line.strict_client else {}
        if blocked:
            return Outcome("blocked", errors=blocked, view=view)
        reply = self.raw(payloads.submission(self.slack, self.user, view), settled=False)
        with self.slack.workspace.changed:
            result = outcome.of(self.slack, view, reply)
            self.slack.workspace.changed.notify_all()
        self.settle()
        return result

    def close(self, *, everything: bool = False) -> Reply | None:
        """Cancel the top view, or close the whole stack with the x in the corner."""
        space, view = self.slack.workspace, self._modal()
        stack = space.stacks[self.user.id]
        gone = stack[0] if everything else view
        cleared = everything or bool(view.body.get("clear_on_close"))
        space.stacks[self.user.id] = [] if cleared else stack[:-1]
        if not gone.body.get("notify_on_close"):
            return None
        return self.raw(payloads.closing(self.slack, self.user, gone, cleared=cleared))

    # What they see

    def view(self) -> View | None:
        """The modal before them; one that is on its way is waited for."""
        self._wait_for(lambda: self.slack.workspace.top(self.user.id))
        return self.slack.workspace.top(self.user.id)

    def home(self) -> View | None:
        """Their App Home."""
        self._wait_for(lambda: self.slack.workspace.homes.get(self.user.id))
        return self.slack.workspace.homes.get(self.user.id)

    def dms(self) -> list[Message]:
        """The messages in their direct message with the bot."""
        return self.slack.dms(self.user)

    def ephemerals(self) -> list[Message]:
        """What was shown to them alone."""
        return self.slack.ephemerals(self.user)

    # How they find it

    def _wait_for(self, there: Callable[[], object]) -> bool:
        patience = PATIENCE if self.line.settle is None else 0
        return self.slack.wait_until(there, within=patience)

    def _must_be_active(self) -> None:
        if self.user.deleted:
            raise NotPossible(f"{self.user.name} has no account any more")

    def _must_see(self, message: Message) -> None:
        self._must_be_active()
        inside = self.user.id in self.slack.channel(message.channel).members
        if not inside or message.shown_to not in (None, self.user.id):
            raise NotPossible(f"{self.user.name} does not see this message")

    def _modal(self) -> View:
        view = self.view()
        if view is None:
            raise NotPossible(f"{self.user.name} has no modal open")
        return view

    def _looking_at(self, fits: Callable[[View], bool]) -> View:
        space = self.slack.workspace

        def seen() -> View | None:
            return space.top(self.user.id) or space.homes.get(self.user.id)

        self._wait_for(lambda: (view := seen()) is not None and fits(view))
        view = seen()
        if view is None:
            raise NotPossible(f"{self.user.name} has neither a modal nor App Home open")
        return view

    def _field(self, label: str) -> tuple[View, JSON, JSON]:
        view = self._looking_at(lambda seen: _has_field(seen, label))
        if not _has_field(view, label):
            raise NotPossible(f"no field {label!r} here, only {view.labels()}")
        block, element = view.field(label)
        return view, block, element

    def _enter(self, label: str, wanted: Any) -> None:
        view, block, element = self._field(label)
        kind = element["type"]
        if kind in SEARCHING and wanted is not None:
            self._look_for(view, label, wanted)
        elif kind == "static_select" and wanted is not None:
            self._wait_for(lambda: _has_field(view, label) and _offers(view, label, wanted))
            view, block, element = self._field(label)
        state = entered(view, block, element, wanted, self._ids())
        view.entered[(block["block_id"], element["action_id"])] = state
        if block.get("dispatch_action") or block["type"] != "input":
            where = {"block_id": block["block_id"], "action_id": element["action_id"]}
            self.raw(payloads.view_actions(self.slack, self.user, view, where | state))

    def _look_for(self, view: View, label: str, wanted: Any) -> None:
        """Search for each thing wanted, typed whole and then only its first word."""
        for one in [wanted] if isinstance(wanted, str) else wanted:
            for typed in (one, one.split()[0]):
                if not _offers(view, label, one):
                    self.search(label, typed)

    def _ids(self) -> dict[str, str]:
        space = self.slack.workspace
        named: list[User | Channel] = [*space.users.values(), *space.channels.values()]
        return {key: one.id for one in named for key in (one.id, one.name)}

    def _options(self, reply: Reply) -> list[JSON]:
        if not reply.ok:
            return []
        self.slack.violate("options", check_options(reply.json))
        return list(options_of(reply.json or {}))


def _has_field(view: View, label: str) -> bool:
    return any(label in names_of(*found) for found in elements_in(view.blocks))


def _offers(view: View, label: str, wanted: Any) -> bool:
    block, element = view.field(label)
    options = view.offered.get(offered_key(block, element)) or list(options_of(element))
    return any(wanted in (one["text"]["text"], one.get("value")) for one in options)


def _the_one(found: list[Pressable], label: str, nth: int | None) -> Pressable:
    if not found or (len(found) > 1 and nth is None):
        raise NotPossible(f"{len(found)} buttons {label!r}")
    return found[nth or 0]
