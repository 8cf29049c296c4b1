"""Who is pressing: the Slack user as Slack has them now, as the person they are bound to."""

import logging
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Any, Final

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from grants.errors import Doubt, NotAPerson, Refusal, UnknownRequest
from grants.model import Actor, Person, Role, SlackUserId
from grants.people import Ahead, Bindings, Profile, bound
from grants.ports import Clock
from grants.stores import Works
from grants.telling import refused
from handlers.guard import Home, user_of
from handlers.looking import Looks
from handlers.reading import about

log = logging.getLogger(__name__)
Payload = dict[str, Any]
LATELY: Final = 60.0
"""Seconds."""
KEPT: Final = 5_000
"""So many who are somebody are known, those who came last."""


class People:
    """Answers live for deciding; for showing, what was found within a minute is good enough."""

    def __init__(
        self,
        client: WebClient,
        bindings: Bindings,
        works: Works,
        clock: Clock,
        home: Callable[[], Home],
        told_no: Callable[[Refusal], object] = lambda _: None,
    ) -> None:
        """Nobody is known yet."""
        self._looks = Looks(client, clock)
        self._bindings = bindings
        self._works = works
        self._clock = clock
        self._home = home
        self._told_no = told_no
        self._known: dict[SlackUserId, tuple[datetime, Person]] = {}
        self._lock = Lock()

    def whose(
        self, body: Payload, *, giving_back: bool = False, ahead: Ahead | None = None
    ) -> Person:
        """The person who sent this, read now. NotAPerson where there is any doubt.

        `giving_back`: what they do only takes away what is theirs, and works while AWS is away.
        `ahead`: what was begun to be read of them since they sent it.
        """
        slack_id = user_of(body)
        try:
            if giving_back:
                return self._bindings.returning(self.profile(slack_id))
            return self._settled(slack_id, ahead)
        except NotAPerson as refusal:
            self._write_down(refusal, body)
            raise

    def lately(self, body: Payload, *, seconds: float = LATELY) -> Person | None:
        """The person, if that was settled within so many seconds."""
        with self._lock:
            found = self._known.get(user_of(body))
        if found is None or (self._clock() - found[0]).total_seconds() > seconds:
            return None
        return found[1]

    def standing(self, slack_id: SlackUserId, *, seconds: float) -> Person | None:
        """The person, if that was settled within so many seconds and their link stands still."""
        with self._lock:
            at, person = self._known.get(slack_id, (None, None))
        if not at or not person or (self._clock() - at).total_seconds() > seconds:
            return None
        with self._works.reading() as work:
            return person if bound(work, person) else None

    def known(self, slack_id: SlackUserId, *, seconds: float) -> Person:
        """Who this is, of whom nobody heard just now; NotAPerson where there is any doubt."""
        with self._lock:
            at, person = self._known.get(slack_id, (None, None))
        if at and person and (self._clock() - at).total_seconds() <= seconds:
            return person
        return self._settled(slack_id)

    def record(self, refusal: Refusal, body: Payload) -> None:
        """Write down a refusal of authority, identity or tampering; of others, count them."""
        self.count(refusal)
        self._write_down(refusal, body)

    def count(self, refusal: Refusal) -> None:
        """Somebody is told no, and the journal has no line for it, or has it already."""
        self._told_no(refusal)

    def _write_down(self, refusal: Refusal, body: Payload) -> None:
        """A request that is not there may be typed by mistake; no button of ours ever named it."""
        forged = isinstance(refusal, UnknownRequest) and about(body) is not None
        if not refusal.journalled and not forged:
            return
        slack_id = user_of(body)
        person = self.lately(body)
        actor = (
            Actor(Role.REQUESTER, person.name, person.user_id, slack_id)
            if person
            else Actor(Role.REQUESTER, f"Slack user {slack_id}", slack_id=slack_id)
        )
        with self._works() as work:
            refused(work, refusal, actor, about(body), clock=self._clock)

    def profile(self, slack_id: SlackUserId) -> Profile:
        """This Slack user as Slack has them just now."""
        try:
            user = self._looks.user(slack_id)
        except SlackApiError as error:
            if error.response.get("error") in {"user_not_found", "user_not_visible"}:
                raise NotAPerson(Doubt.UNKNOWN) from error
            raise
        return profile_of(user, self._home())

    def seen(self, slack_id: SlackUserId) -> Profile | None:
        """The same, where nobody waits for it. None: Slack does not say just now, or knows none."""
        try:
            return self.profile(slack_id)
        except (NotAPerson, SlackClientError, OSError) as error:
            log.info("not seen", extra={"slack_user": slack_id, "error": type(error).__name__})
            return None

    def _settled(self, slack_id: SlackUserId, ahead: Ahead | None = None) -> Person:
        try:
            person = self._bindings.identify(self.profile(slack_id), ahead)
        except NotAPerson:
            with self._lock:
                self._known.pop(slack_id, None)
            raise
        with self._lock:
            self._known.pop(slack_id, None)
            while len(self._known) >= KEPT:
                self._known.pop(next(iter(self._known)))
            self._known[slack_id] = (self._clock(), person)
        return person


def profile_of(user: Payload, home: Home) -> Profile:
    """What `users.info` says, with what it did not supply left out."""
    said = user.get("profile") or {}
    enterprise = (user.get("enterprise_user") or {}).get("enterprise_id", "")
    teams = [str(user.get("team_id") or ""), str(said.get("team") or user.get("team_id") or "")]
    guest = [user.get("is_restricted"), user.get("is_ultra_restricted")]
    return Profile(
        slack_id=SlackUserId(str(user.get("id") or "")),
        team_id=teams[0],
        email=str(said.get("email") or ""),
        email_confirmed=user.get("is_email_confirmed"),
        at_home=all(home.holds(team) for team in teams) or home.holds(enterprise),
        is_bot=user.get("is_bot"),
        is_guest=None if None in guest else any(guest),
        is_stranger=user.get("is_stranger"),
        is_invited=user.get("is_invited_user"),
        deleted=user.get("deleted"),
    )
