"""Draws App Home, and its sections as messages: from rows, for who somebody is now."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from slack_bolt import Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from blocks import home, ids
from blocks.home import Blocks
from blocks.refusals import words
from blocks.text import Message, Style
from grants.authority import roles
from grants.errors import NotAPerson
from grants.model import Person, Role, SlackUserId
from grants.overview import Viewer
from grants.people import Memberships
from grants.policy import persona_groups
from grants.ports import Clock
from grants.records import HomeRow
from grants.stores import Work, Works
from grants.telling import redraw_home
from handlers.answering import answered
from handlers.guard import user_of
from handlers.people import People

log = logging.getLogger(__name__)
Payload = dict[str, Any]

SHOWN_FOR: Final = 300.0
"""Seconds. For drawing again what somebody has open, who they were so lately is good enough."""
NOW: Final = -1.0
"""Seconds. Nothing was found so lately: it is read."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of App Home, which is also the answer to a word after `/elevate`."""

    name: str
    """Lower case letters."""
    personas: frozenset[Role]
    """It is drawn for whoever has one of these."""
    budget: int
    """It never draws more blocks: all sections together stay below Slack's 100."""
    draw: Callable[[Work, Viewer, Style], Blocks]
    """Reads rows, calls nobody."""
    lists: frozenset[str] = frozenset()
    """The names of its lists, whose pages can be turned; where it has one, that is called as it is."""
    without: str = ""
    """What is said to whoever types its word and has none of the personas."""

    @property
    def turns(self) -> frozenset[str]:
        """The lists whose pages can be turned."""
        return self.lists or frozenset({self.name})


@dataclass(frozen=True, slots=True)
class Showing:
    """What somebody is shown. What they press there is decided elsewhere, anew."""

    sections: tuple[Section, ...]
    """Of App Home, from top to bottom."""
    others: tuple[Section, ...]
    """Only ever shown as messages."""
    works: Works
    client: WebClient
    people: People
    memberships: Memberships
    clock: Clock
    style: Style

    # App Home

    def opened(self, person: Person, view: Payload | None) -> None:
        """They look at it now: who they are is read live."""
        with self.works() as work:
            row = self._row(work, person)
            work.homes.put(replace(row, user_id=person.user_id, opened_at=self.clock()))
        self._show(person, hash_in(view), live=True)

    def turned(
        self,
        person: Person,
        view: Payload | None,
        pages: Mapping[str, int],
        filters: Mapping[str, str] | None = None,
    ) -> None:
        """They turn a list's page, or narrow it: so it stays. Who they are is read live, as above."""
        with self.works() as work:
            row = self._row(work, person)
            kept = row.filters if filters is None else filters
            work.homes.put(replace(row, pages={**row.pages, **pages}, filters=kept))
        self._show(person, hash_in(view), live=True)

    def again(self, slack_id: SlackUserId) -> None:
        """Something changed: drawn as they left it, for who they are now."""
        with self.works.reading() as work:
            row = work.homes.get(slack_id)
        if row is None:
            return
        try:
            person = self._taken_for(slack_id)
        except NotAPerson as refusal:
            self.nothing(slack_id, words(refusal))
            return
        self._publish(person, row.hash, live=False)

    def nothing(self, slack_id: SlackUserId, why: str) -> None:
        """A sentence, and a button to try again."""
        self.client.views_publish(user_id=slack_id, view=home.nothing(why))

    def _show(self, person: Person, hash_: str, *, live: bool) -> None:
        try:
            self._publish(person, hash_, live=live)
        except (SlackApiError, SlackClientError, OSError):
            # Too much at once, out of reach, or drawn by somebody else meanwhile: in its turn.
            log.info("home drawn later", extra={"slack_user": person.slack_id})
            with self.works() as work:
                redraw_home(work, person.slack_id, at=self.clock())

    def _publish(self, person: Person, hash_: str, *, live: bool) -> None:
        with self.works.reading() as work:
            row = self._row(work, person)
        viewer = replace(self.viewer(person, live=live), pages=row.pages, filters=row.filters)
        with self.works.reading() as work:
            view = home.view(self._drawn(work, viewer))
        try:
            said: Any = self.client.views_publish(
                user_id=person.slack_id, view=view, hash=hash_ or None
            )
        except SlackApiError as error:
            if error.response.get("error") == "hash_conflict":
                self._forget(person, hash_)
            raise
        with self.works() as work:
            row = self._row(work, person)
            roles = tuple(sorted(viewer.roles))
            shown = replace(row, user_id=person.user_id, roles=roles)
            work.homes.put(replace(shown, hash=str(said["view"]["hash"])))

    def _forget(self, person: Person, hash_: str) -> None:
        """Somebody else drew meanwhile; where nobody wrote down what they drew, ours is no use."""
        with self.works() as work:
            row = self._row(work, person)
            if row.hash == hash_:
                work.homes.put(replace(row, hash=""))

    def _row(self, work: Work, person: Person) -> HomeRow:
        found = work.homes.get(person.slack_id)
        return found or HomeRow(person.slack_id, person.user_id, self.clock())

    def _drawn(self, work: Work, viewer: Viewer) -> Blocks:
        yield from home.placed(home.HEAD, home.head(viewer.now, self.style))
        for section in self.sections:
            if section.personas & viewer.roles:
                yield from home.placed(section.name, section.draw(work, viewer, self.style))

    # The same as messages

    def section(self, name: str) -> Section | None:
        """The section of this name."""
        every = (*self.sections, *self.others)
        return next((section for section in every if section.name == name), None)

    def message(
        self,
        section: Section,
        person: Person,
        *,
        live: bool,
        pages: Mapping[str, int] | None = None,
    ) -> Message:
        """One section, for whoever typed its word."""
        viewer = replace(self.viewer(person, live=live), pages=pages or {})
        if not section.personas & viewer.roles:
            return home.message(home.sentence(section.without))
        with self.works.reading() as work:
            drawn = section.draw(work, viewer, self.style)
            return home.message(home.placed(section.name, drawn))

    # Pressed in a list

    def pressed(self, body: Payload, action: Payload, respond: Respond) -> None:
        """Something was done by a button of a list: it is drawn again, for the row has moved.

        A courtesy, and no part of what was done: cards and messages are the outbox's.
        """
        section = self.section(ids.section_of(action.get("block_id")) or "")
        if section is None:
            return
        try:
            person = self._taken_for(user_of(body))
            if at_home(body):
                self._show(person, hash_in(body.get("view")), live=False)
            elif for_them_alone(body):
                answered(respond, self.message(section, person, live=False), replace=True)
        except Exception:
            log.exception("a list was not drawn again")

    # Who looks

    def _taken_for(self, slack_id: SlackUserId) -> Person:
        """As lately found, while their link stands; else read now."""
        known = self.people.standing(slack_id, seconds=SHOWN_FOR)
        return known or self.people.known(slack_id, seconds=NOW)

    def viewer(self, person: Person, *, live: bool) -> Viewer:
        """In which capacities they may see something, by the groups they are in."""
        with self.works.reading() as work:
            book = work.policies.current()
        groups = persona_groups(book)
        lately = self.memberships.lately(person.user_id, groups, seconds=SHOWN_FOR)
        membership = None if live else lately
        membership = membership or self.memberships.live(person.user_id, groups)
        return Viewer(person, membership, roles(book, membership), book, self.clock())


def at_home(body: Payload) -> bool:
    """Whether something was pressed in App Home: else there is a message that it stands in."""
    return not (body.get("container") or {}).get("message_ts")


def for_them_alone(body: Payload) -> bool:
    """Whether it was pressed in a message that nobody else sees: only that is ever replaced."""
    return bool((body.get("container") or {}).get("is_ephemeral"))


def hash_in(view: Payload | None) -> str:
    """Slack's, of what they have before them; empty where it does not say."""
    return str((view or {}).get("hash") or "")
