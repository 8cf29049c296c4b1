"""Turns away who does not belong to this workspace, before any listener hears of it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.middleware import Middleware

from grants.errors import Doubt, NotAPerson, Tampered
from grants.model import Actor, RequestId, Role, SlackUserId
from grants.ports import Clock
from grants.stores import Works
from grants.telling import refused
from handlers.reading import about

log = logging.getLogger(__name__)
Payload = dict[str, Any]

EVENTS: Final = "event_callback"


@dataclass(frozen=True, slots=True)
class Home:
    """The workspace that the token belongs to, as `auth.test` says."""

    team_id: str
    enterprise_id: str = ""

    def holds(self, team: str) -> bool:
        """Whether somebody of this team or Enterprise organization belongs here."""
        return bool(team) and team in {self.team_id, self.enterprise_id}

    def may_hold(self, team: str) -> bool:
        """In an Enterprise organization there are other workspaces, whose people belong here too.

        Which those are is not in a payload: who it is says Slack's `users.info`, asked before anything
        is done (`handlers.people`).
        """
        return bool(team) and bool(self.enterprise_id)


@dataclass(frozen=True, slots=True)
class Guard(Middleware):
    """Bolt itself does not look at who clicks (FACTS-slack 1.1)."""

    home: Callable[[], Home]
    works: Works
    clock: Clock
    counts: Callable[[NotAPerson], object] = lambda _: None

    def process(
        self,
        *,
        req: BoltRequest,
        resp: BoltResponse,
        next: Callable[[], BoltResponse],  # noqa: A002 - Bolt's name
    ) -> BoltResponse:
        """Acked and recorded, and nothing else happens, for who does not belong."""
        body: Payload = dict(req.body)
        home = self.home()
        if all(home.holds(team) or home.may_hold(team) for team in _teams(body)):
            return next()
        slack_id = user_of(body)
        log.warning("turned away", extra={"slack_user": slack_id})
        actor = Actor(Role.REQUESTER, "somebody of another workspace", slack_id=slack_id)
        stranger = NotAPerson(Doubt.OTHER_TEAM)
        self.counts(stranger)
        with self.works() as work:
            refused(work, stranger, actor, _about(body), clock=self.clock)
        return BoltResponse(status=200, body="")


def _about(body: Payload) -> RequestId | None:
    try:
        return about(body)
    except Tampered:
        return None


def _teams(body: Payload) -> list[str]:
    """The teams that the payload says it and its user are of; none at all is a foreign one."""
    if body.get("type") == EVENTS:
        return [str(body.get("team_id") or "")]
    user = body.get("user")
    if isinstance(user, dict):
        team = body.get("team") or body.get("enterprise") or {}
        whole = str(team.get("id") or "") if isinstance(team, dict) else ""
        return [whole, str(user.get("team_id") or whole)]
    return [str(body.get("team_id") or "")]


def user_of(body: Payload) -> SlackUserId:
    """The user id that Slack signed: the one thing in a payload that is trusted."""
    user, event = body.get("user"), body.get("event")
    if isinstance(event, dict):
        return SlackUserId(str(event.get("user") or ""))
    found = user.get("id") if isinstance(user, dict) else body.get("user_id")
    return SlackUserId(str(found or ""))
