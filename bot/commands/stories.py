"""A request as the command line tells it: for people, and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from blocks.text import utc
from grants.durations import spell
from grants.exporting import activity_as_json, facts, plain, vote_as_json
from grants.model import Assignment, Copy, Request, RequestId, State, Vote
from grants.records import ActivityRow, Line
from grants.stores import Work


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that is known of a request."""

    request: Request
    votes: Sequence[Vote]
    lines: Sequence[Line]
    copies: Sequence[Copy]
    assignment: Assignment | None
    activity: ActivityRow | None

    @classmethod
    def of(cls, work: Work, request_id: RequestId) -> "Story":
        """UnknownRequest where there is none."""
        request = work.requests.get(request_id)
        return cls(
            request,
            work.votes.on(request.id),
            work.journal.of(request.id),
            work.copies.of(request.id),
            work.assignments.get(request.key),
            work.activities.get(request.id),
        )

    def as_json(self) -> dict[str, Any]:
        """The request's facts, and beside them the rest."""
        told = self.activity.summary if self.activity else None
        return {
            **facts(self.request),
            "votes": [vote_as_json(vote) for vote in self.votes],
            "journal": [_line(line) for line in self.lines],
            "cards": [plain(copy) for copy in self.copies],
            "assignment": plain(self.assignment) if self.assignment else None,
            "activity": activity_as_json(told) if told else None,
        }

    def chapters(self) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
        """What stands below the facts, each with its heading; nothing is empty."""
        if self.votes:
            yield (
                "Votes",
                [
                    (utc(vote.at), vote.ballot.value, vote.voter.name, vote.comment)
                    for vote in self.votes
                ],
            )
        if self.assignment:
            held = self.assignment
            yield "Assignment", [(held.holding.value, held.operation, held.last_error)]
        if self.copies:
            yield (
                "Cards",
                [
                    (copy.place.value, copy.address, copy.ts or "not posted", copy.dead)
                    for copy in self.copies
                ],
            )
        if self.lines:
            yield (
                "Journal",
                [
                    (
                        str(line.seq),
                        utc(line.entry.at),
                        line.entry.event,
                        f"{line.entry.actor.name} ({line.entry.actor.role})",
                        " → ".join(filter(None, (line.entry.before, line.entry.after))),
                        line.entry.reason,
                    )
                    for line in self.lines
                ],
            )


def told(request: Request) -> Iterator[tuple[str, object]]:
    """A request for people: a name and a value, which may be empty."""
    who = request.requester
    yield "request", request.id
    then = f", then {request.because}" if request.state is State.REVOKING else ""
    yield "state", f"{request.state}{then}"
    yield "requester", f"{who.name} <{who.email}>, {who.user_name}, Slack {who.slack_id}"
    yield "account", f"{request.account_name} ({request.target.account_id})"
    yield "permission set", request.permission_set_name
    yield "duration", spell(request.duration)
    yield "extends", request.extends or ""
    yield "justification", request.justification
    yield "ticket", request.ticket
    yield "asked", utc(request.asked_at)
    yield "start", _at(request.starts_at) or "as soon as it may"
    yield "may approve", "; ".join(request.may_approve)
    yield "decide until", utc(request.expires_at) if request.approval_needed else ""
    yield "decided", _by(request.decided_at, request.decided_by)
    yield "active", _at(request.active_at)
    yield "ends", _at(request.ends_at)
    yield "ended", _by(request.ended_at, request.closed_by)
    yield "reason", request.reason
    yield "credentials until", _at(request.credentials_until)
    yield "standing", "yes: the access was there before, and stays" if request.standing else ""
    yield "policies", f"version {request.policy_version}"


def _line(line: Line) -> dict[str, Any]:
    entry = line.entry
    return {
        "seq": line.seq,
        "at": entry.at.isoformat(),
        "event": entry.event,
        "actor": plain(entry.actor),
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
        "facts": entry.facts,
        "hash": line.hash,
    }


def _at(at: datetime | None) -> str:
    return utc(at) if at else ""


def _by(at: datetime | None, who: str) -> str:
    return " by ".join(filter(None, (_at(at), who)))
