"""Every move is written once: its journal line and all that must be told, in its transaction."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from grants.errors import NotAPerson, Refusal
from grants.lifecycle import HOLDS
from grants.model import (
    CLOCK,
    Actor,
    Copy,
    Move,
    Moved,
    Place,
    Reminder,
    Request,
    RequestId,
    Role,
    SlackUserId,
    State,
    Told,
    UserId,
)
from grants.ports import Clock
from grants.records import Entry, Notice
from grants.stores import Work

AUDITED: Final = frozenset({Move.APPROVE, Move.REJECT, Move.CONFIRM, Move.GONE})
"""Moves that get a line in the audit channel: decisions, grants and ends."""
WATCHING: Final = timedelta(days=1)
"""Whoever opened App Home within so long may have it before them still."""
MOMENT: Final = timedelta(seconds=1)
SOON: Final = timedelta(seconds=3)
"""Moves come in flocks: App Home is drawn again after them, not after each."""
WATCHERS: Final = "*"
"""In the place of one Slack user's id: all of whom a change may concern, looked up when it is told."""
MANY: Final = 1000
TO: Final = "to"
"""A fact of what is told in somebody's own messages and nowhere else: whose."""
DECISIONS: Final = frozenset({Move.APPROVE, Move.REJECT})


def record(
    work: Work, request: Request, moved: Moved, *, facts: Mapping[str, Any] | None = None
) -> None:
    """The journal's line and the outbox's, for a move whose row this unit of work has written."""
    if shared := held_by(work, request):
        facts = {**(facts or {}), "held_by": shared.id}
    work.journal.write(
        Entry(
            at=moved.at,
            event=f"request.{moved.move}",
            actor=moved.by,
            request_id=request.id,
            before=moved.source or "",
            after=moved.target,
            reason=moved.reason,
            facts=_facts(request, moved, facts),
        )
    )
    copies = work.copies.of(request.id)
    notices = list(_notices(request, moved, copies, facts))
    if work.policies.current().settings.audit_channel and audited(moved):
        notices.append(Notice(Told.AUDIT, request.id, None, moved, facts))
    work.outbox.put(notices, at=moved.at)
    redraw_homes(work, at=moved.at, of=(request.requester.user_id, moved.by.user_id))


def held_by(work: Work, request: Request) -> Request | None:
    """The grant that goes on holding the same access, once this one is over or about to be."""
    if request.active_at is None or request.state in HOLDS:
        return None
    return longest_beside(work, request)


def longest_beside(work: Work, request: Request) -> Request | None:
    """Of the other grants that hold the same access now, the one that will end last."""
    others = [other for other in work.requests.of_key(request.key) if other.state in HOLDS]
    return max(
        (other for other in others if other.id != request.id),
        key=lambda other: other.ends_at or other.asked_at,
        default=None,
    )


def audited(moved: Moved) -> bool:
    """Whether the audit channel hears of it: a decision, a grant, an end."""
    return moved.move in AUDITED or moved.target in {State.REVOKED, State.FAILED}


def hang(work: Work, request: Request, places: Iterable[tuple[Place, str]], moved: Moved) -> None:
    """Hang the request's card in its places and tell of its birth."""
    for place, address in places:
        copy = work.copies.add(request.id, place, address)
        if place is not Place.DIRECT:
            work.outbox.put([Notice(Told.CARD, request.id, copy.id)], at=moved.at)
    record(work, request, moved)


def hang_late(
    work: Work, request: Request, places: Iterable[tuple[Place, str]], *, at: datetime
) -> None:
    """Hang more copies of a card that others have already, with all the lines so far below."""
    for place, address in places:
        copy = work.copies.add(request.id, place, address)
        work.outbox.put(_card_and_lines(work, request, copy), at=at)


def hang_anew(work: Work, request: Request, copy: Copy, *, at: datetime) -> None:
    """The card of a place where somebody deleted it, with all the lines so far below."""
    work.copies.save(replace(copy, ts="", summary_ts=""))
    work.outbox.put(_card_and_lines(work, request, copy), at=at)


def _card_and_lines(work: Work, request: Request, copy: Copy) -> list[Notice]:
    entries = [line.entry for line in work.journal.of(request.id)]
    return [Notice(Told.CARD, request.id, copy.id), *_lines(request, copy, entries)]


def _lines(request: Request, copy: Copy, entries: Iterable[Entry]) -> Iterator[Notice]:
    """What the threads of the other copies tell: the moves, and the votes that decided nothing."""
    moves = [(entry, moved_in(entry)) for entry in entries]
    decided = {moved.at for _, moved in moves if moved and moved.move in DECISIONS}
    agreed = 0
    for entry, moved in moves:
        if moved:
            # What a request asks for stands in its row.
            facts = None if moved.move is Move.ASK else entry.facts
            yield Notice(Told.LINE, request.id, copy.id, moved, facts)
        elif entry.event == "vote" and entry.at not in decided:
            agreed += 1
            told = {"kind": "vote", "voter": entry.actor.name, "count": agreed,
                    "needed": request.approvals, "comment": entry.reason}  # fmt: skip
            yield Notice(Told.LINE, request.id, copy.id, None, told)


def unasked(work: Work, request: Request, *, at: datetime) -> None:
    """Nobody who may approve it could be asked: both sides that can act are told."""
    if request.state is not State.PENDING:
        return
    whom = list(work.policies.current().settings.admins.spelled)
    note(work, request, {"kind": "unasked", "whom": whom}, at=at)
    alarm(work, "unasked", {"request": request.id}, at=at)


def note(work: Work, request: Request, facts: Mapping[str, Any], *, at: datetime) -> None:
    """To the requester alone, what is no move."""
    notices = [
        Notice(Told.DIRECT, request.id, copy.id, None, facts)
        for copy in work.copies.of(request.id)
        if copy.place is Place.DIRECT
    ]
    work.outbox.put(notices, at=at)


def _notices(
    request: Request, moved: Moved, copies: Iterable[Copy], facts: Mapping[str, Any] | None
) -> Iterable[Notice]:
    for copy in copies:
        if copy.place is Place.DIRECT:
            yield Notice(Told.DIRECT, request.id, copy.id, moved, facts)
            continue
        if moved.move is not Move.ASK:
            yield Notice(Told.REDRAW, request.id, copy.id)
        yield Notice(Told.LINE, request.id, copy.id, moved, facts)


def remark(
    work: Work, request: Request, kind: str, facts: Mapping[str, Any], *, at: datetime
) -> None:
    """A thread line that is no move (an alarm, a notice), with the card drawn again."""
    told = {"kind": kind, **facts}
    notices = [
        Notice(told_as, request.id, copy.id, None, told if told_as is Told.LINE else None)
        for copy in work.copies.of(request.id)
        if copy.place is not Place.DIRECT
        for told_as in (Told.REDRAW, Told.LINE)
    ]
    work.outbox.put(notices, at=at)
    redraw_homes(work, at=at, of=(request.requester.user_id,))


# App Home


def redraw_homes(work: Work, *, at: datetime, of: Iterable[UserId | None] = ()) -> None:
    """Something changed that App Home shows: for these people in a moment, then for all others.

    Only who opened it within a day has it drawn again; who did not sees it all on opening it.
    """
    since = at - WATCHING
    if not work.homes.opened_since(since, limit=1):
        return
    for user_id in {user_id for user_id in of if user_id}:
        for row in work.homes.of_user(user_id):
            if row.opened_at >= since:
                redraw_home(work, row.slack_id, at=at)
    work.outbox.put([Notice(Told.HOME, None, None, None, {"slack_id": WATCHERS})], at=at + SOON)


def redraw_home(work: Work, slack_id: SlackUserId, *, at: datetime) -> None:
    """This person's, in a moment: what happens until then is drawn with it."""
    work.outbox.put([Notice(Told.HOME, None, None, None, {"slack_id": slack_id})], at=at + MOMENT)


def redraw_watchers(work: Work, *, at: datetime) -> None:
    """Everybody's who sees more there than their own requests: a change may concern any of them."""
    for row in work.homes.opened_since(at - WATCHING, limit=MANY):
        if set(row.roles) - {Role.REQUESTER}:
            redraw_home(work, row.slack_id, at=at)


def remind(work: Work, request: Request, facts: Mapping[str, Any], *, at: datetime) -> None:
    """Wherever the card hangs: in its thread, or, among an approver's own messages, below it.

    Who was asked directly and has agreed already is left in peace.
    """
    told = {"kind": Reminder.DECISION, **facts}
    agreed = {
        address
        for vote in work.votes.on(request.id)
        for address in (vote.voter.slack_id, vote.voter.email)
    }
    notices = [
        Notice(Told.LINE, request.id, copy.id, None, told)
        for copy in work.copies.of(request.id)
        if copy.place is not Place.DIRECT
        and not (copy.place is Place.APPROVER and copy.address in agreed)
    ]
    work.outbox.put(notices, at=at)


def alarm(
    work: Work,
    kind: str,
    facts: Mapping[str, Any],
    *,
    at: datetime,
    by: Actor = CLOCK,
    reason: str = "",
) -> None:
    """What somebody has to act on: told aloud, and a line of the journal. `by`: who noticed."""
    about = RequestId(facts["request"]) if "request" in facts else None
    known = {name: fact for name, fact in facts.items() if name != "request"}
    work.journal.write(Entry(at, f"alarm.{kind}", by, about, reason=reason, facts=known))
    aloud(work, kind, facts, at=at)


def aloud(work: Work, kind: str, facts: Mapping[str, Any], *, at: datetime) -> None:
    """Of what the journal has a line already: in the audit channel, else the default, else directly."""
    about = RequestId(facts["request"]) if "request" in facts else None
    work.outbox.put([Notice(Told.AUDIT, about, None, None, {"kind": kind, **facts})], at=at)


def privately(
    work: Work, user_id: UserId, kind: str, facts: Mapping[str, Any], *, at: datetime
) -> None:
    """In the direct messages of every Slack user who is this person; what is no move either."""
    work.outbox.put(
        [
            Notice(Told.AUDIT, None, None, None, {"kind": kind, **facts, TO: binding.slack_id})
            for binding in work.people.of_user(user_id)
            if not binding.broken
        ],
        at=at,
    )


def refused(
    work: Work, refusal: Refusal, actor: Actor, request_id: RequestId | None, *, clock: Clock
) -> None:
    """A line of the journal for a refusal of authority, identity or tampering.

    Once per person, request and reason a minute, so that hammering a button makes no noise.
    """
    now, reason = clock(), type(refusal).__name__
    if not work.journal.refused_lately(actor, request_id, reason, now - timedelta(minutes=1)):
        facts = {"doubt": refusal.doubt} if isinstance(refusal, NotAPerson) else None
        work.journal.write(Entry(now, "refusal", actor, request_id, reason=reason, facts=facts))


def _facts(
    request: Request, moved: Moved, facts: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """With what the move fixes for good: the row must not be the only one to say so."""
    if moved.move is Move.CONFIRM:
        return {
            **(facts or {}),
            "active_at": request.active_at.isoformat() if request.active_at else None,
            "ends_at": request.ends_at.isoformat() if request.ends_at else None,
            "standing": request.standing,
        }
    if moved.move is not Move.ASK:
        return dict(facts) if facts else None
    return {
        "requester": request.requester.user_id,
        "account": request.target.account_id,
        "account_name": request.account_name,
        "permission_set": request.target.permission_set_arn,
        "permission_set_name": request.permission_set_name,
        "seconds": int(request.duration.total_seconds()),
        "session_seconds": int(request.session_duration.total_seconds()),
        "expires_at": request.expires_at.isoformat(),
        "starts_at": request.starts_at.isoformat() if request.starts_at else None,
        **({"extends": request.extends} if request.extends else {}),
        "justification": request.justification,
        "ticket": request.ticket,
        "policy_version": request.policy_version,
    }


def line_of(notice: Notice, written_at: datetime) -> tuple[str, datetime]:
    """What a thread's line tells, and of when: a move, as the journal calls it; else a notice."""
    if notice.moved:
        return f"request.{notice.moved.move}", notice.moved.at
    return str((notice.facts or {}).get("kind") or ""), written_at


def moved_in(entry: Entry) -> Moved | None:
    """The move that a line of the journal tells; None: it tells something else."""
    kind, _, move = entry.event.partition(".")
    if kind != "request" or entry.request_id is None:
        return None
    return Moved(
        entry.request_id,
        Move(move),
        State(entry.before) if entry.before else None,
        State(entry.after),
        entry.actor,
        entry.at,
        entry.reason,
    )
