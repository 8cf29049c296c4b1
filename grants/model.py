"""The nouns of the domain: plain frozen values that know nobody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final, NewType

RequestId = NewType("RequestId", str)
"""8 random Crockford base32 letters, upper case."""
AccountId = NewType("AccountId", str)
"""12 digits."""
PermissionSetArn = NewType("PermissionSetArn", str)
OuId = NewType("OuId", str)
"""An organizational unit `ou-…`, or the root `r-…`."""
UserId = NewType("UserId", str)
"""An Identity Center user's id. Not always a plain UUID: never parse it."""
GroupId = NewType("GroupId", str)
SlackUserId = NewType("SlackUserId", str)
ChannelId = NewType("ChannelId", str)


EARLY: Final = timedelta(minutes=1)
"""So long before its time an extension is asked for: the access is held already when that ends."""


class State(StrEnum):
    """Where a request is in its life. The table is in `grants.lifecycle`."""

    PENDING = "pending"
    SCHEDULED = "scheduled"
    GRANTING = "granting"
    ACTIVE = "active"
    REVOKING = "revoking"
    ENDED = "ended"
    REVOKED = "revoked"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"


class Move(StrEnum):
    """What can happen to a request. `ASK` is its birth and stands in no row of the table."""

    ASK = "ask"
    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    LAPSE = "lapse"
    START = "start"
    CONFIRM = "confirm"
    FAIL = "fail"
    FINISH = "finish"
    END = "end"
    REVOKE = "revoke"
    GONE = "gone"


class Role(StrEnum):
    """In what capacity somebody acts. Earned in `grants.policy`, never claimed."""

    REQUESTER = "requester"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    CLOCK = "clock"
    AWS = "aws"


class Lane(IntEnum):
    """Who goes first at a quota: the smaller, the sooner."""

    REVOKE = 0
    GRANT = 1
    STATUS = 2
    PERSON = 3
    REFRESH = 4


# People


@dataclass(frozen=True, slots=True)
class Person:
    """A Slack user bound to exactly one enabled Identity Center user."""

    slack_id: SlackUserId
    user_id: UserId
    user_name: str
    """Identity Center's UserName."""
    name: str
    """What people call them: the Identity Center display name, else the user name."""
    email: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a move, and by which role."""

    role: Role
    name: str
    user_id: UserId | None = None
    slack_id: SlackUserId | None = None


CLOCK: Final = Actor(Role.CLOCK, "clock")
AWS: Final = Actor(Role.AWS, "AWS")


def acting(person: Person, role: Role) -> Actor:
    """The actor that this person is in this role."""
    return Actor(role, person.name, person.user_id, person.slack_id)


@dataclass(frozen=True, slots=True)
class User:
    """An Identity Center user, as just read."""

    id: UserId
    user_name: str
    name: str
    email: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Group:
    """An Identity Center group."""

    id: GroupId
    name: str


@dataclass(frozen=True, slots=True)
class Membership:
    """Which of the groups asked about a user is in, as read at `read_at`."""

    user_id: UserId
    groups: frozenset[GroupId]
    read_at: datetime


# The organization


@dataclass(frozen=True, slots=True)
class Account:
    """An AWS account and where it stands in the tree."""

    id: AccountId
    name: str
    email: str = ""
    state: str = "ACTIVE"
    """Organizations' `State`: ACTIVE, SUSPENDED, PENDING_CLOSURE, CLOSED, PENDING_ACTIVATION."""
    path: tuple[OuId, ...] = ()
    """From the root to the OU it stands in; the last one is its parent."""
    tags: Mapping[str, str] | None = None
    """None: not read. They are, while policies are about accounts by their tags."""


@dataclass(frozen=True, slots=True)
class Ou:
    """An organizational unit or the root, with its ancestors from the root down."""

    id: OuId
    name: str
    path: tuple[OuId, ...] = ()


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """A permission set of the instance."""

    arn: PermissionSetArn
    name: str
    description: str = ""
    session_duration: timedelta = timedelta(hours=1)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Instance:
    """The organization's Identity Center instance and who asks it."""

    arn: str
    identity_store_id: str
    management_account: AccountId
    own_account: AccountId
    """The account the bot runs in."""
    portal_url: str = ""
    region: str = ""
    """Where people sign in; empty: not known."""

    @property
    def delegated(self) -> bool:
        """Whether the bot runs outside the management account, which then is out of its reach."""
        return self.own_account != self.management_account


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Accounts and permission sets as last read: for choosing, never for deciding."""

    instance: Instance
    accounts: Mapping[AccountId, Account]
    permission_sets: Mapping[PermissionSetArn, PermissionSet]
    ous: Mapping[OuId, Ou]
    in_management: frozenset[PermissionSetArn]
    """Permission sets provisioned in the management account: not assignable by a delegate."""
    read_at: datetime
    version: int = 0
    """Grows whenever the content changes; with the policies' version it keys what is indexed."""

    @property
    def tagged(self) -> bool:
        """Whether every account's tags were read."""
        return all(account.tags is not None for account in self.accounts.values())


# What is asked for


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One AWS account and one permission set."""

    account_id: AccountId
    permission_set_arn: PermissionSetArn


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What Identity Center knows an assignment by (principal type USER, target type AWS_ACCOUNT)."""

    user_id: UserId
    account_id: AccountId
    permission_set_arn: PermissionSetArn


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a required policy wants besides: so many of its own approvers."""

    whom: tuple[str, ...]
    """In words, as its author wrote them."""
    approvals: int
    count: int = 0
    """How many of them have agreed."""

    @property
    def missing(self) -> int:
        """How many more of them must."""
        return max(0, self.approvals - self.count)


@dataclass(frozen=True, slots=True)
class Tally:
    """How far the approving votes have come, as they were counted last."""

    names: tuple[str, ...] = ()
    """Whose votes count."""
    wanted: tuple[Wanted, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for, and, once approved, the grant itself: one row for its whole life."""

    id: RequestId
    requester: Person
    target: Target
    account_name: str
    permission_set_name: str
    session_duration: timedelta
    """The permission set's: until then credentials issued may outlive the assignment."""
    duration: timedelta
    starts_at: datetime | None
    """None: as soon as it is approved."""
    justification: str
    ticket: str
    form_id: str
    """The view id it was sent from: a form sent twice makes one request."""
    asked_at: datetime
    expires_at: datetime
    """When it lapses if nobody has decided; kept as it was when asked."""
    approval_needed: bool
    approvals: int
    """How many different people must agree: as of its asking, or of the last vote that counted."""
    may_approve: tuple[str, ...]
    """Who may approve, in words for the card: groups with their people, and people."""
    policy_version: int
    extends: RequestId | None = None
    """The request whose access this one is to prolong; it begins where that one ends."""
    ticket_url: str = ""
    state: State = State.PENDING
    version: int = 1
    decided_at: datetime | None = None
    decided_by: str = ""
    tried_since: datetime | None = None
    """Since when its start, and from `granting` on its access, is tried for; None: not yet."""
    active_at: datetime | None = None
    """When AWS had confirmed it; time runs from here."""
    ends_at: datetime | None = None
    """Fixed when it became active; nothing later moves it."""
    ended_at: datetime | None = None
    because: State | None = None
    """While `revoking`, and after: which end it leads to."""
    reason: str = ""
    """Why it was rejected, revoked or failed, in the words of whoever or whatever did it."""
    closed_by: str = ""
    """Who ended or revoked it; empty where the clock did."""
    standing: bool = False
    """The access was there before us: it runs on paper, without create or delete."""
    remind_at: datetime | None = None
    """When somebody is to be reminded next: pending, the approvers; active, the requester."""
    reminded: int = 0
    """How often the approvers were reminded so far, by the clock or by a nudge."""
    nudged_at: datetime | None = None
    """When the requester nudged the approvers last."""
    tally: Tally = field(default_factory=Tally)

    @property
    def key(self) -> Key:
        """The assignment that this request is about."""
        return Key(self.requester.user_id, self.target.account_id, self.target.permission_set_arn)

    @property
    def due_at(self) -> datetime | None:
        """When the clock has something to do with this row; None: never, or AWS has."""
        match self.state:
            case State.PENDING:
                return self.expires_at
            case State.SCHEDULED:
                decided, start = self.decided_at or self.asked_at, self.starts_at
                if start and self.extends:
                    start -= EARLY
                return max(decided, start) if start else decided
            case State.ACTIVE:
                return self.ends_at
            case _:
                return None

    @property
    def credentials_until(self) -> datetime | None:
        """Until when credentials already issued may go on working; None: not active yet."""
        last = self.ended_at or self.ends_at
        return last + self.session_duration if last else None


class Ballot(StrEnum):
    """What one approver says."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Vote:
    """One approver's approve or reject."""

    request_id: RequestId
    voter: Person
    ballot: Ballot
    comment: str
    at: datetime
    proved: bool = False
    """Whether a one-time code of theirs came with it."""


# What is held at AWS


class Holding(StrEnum):
    """What is known of an assignment, and which operation is under way."""

    ABSENT = "absent"
    CREATING = "creating"
    PRESENT = "present"
    DELETING = "deleting"
    STANDING = "standing"


class Slot(StrEnum):
    """Whether an assignment has one of the few operations that AWS takes at once."""

    NONE = "none"
    WAITING = "waiting"
    """All were taken: it is let in when one is free, and costs nothing until then."""
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Assignment:
    """One account assignment, however many grants hold it."""

    key: Key
    holding: Holding
    due_at: datetime | None
    """When it is to be looked at next; None only while absent (a CHECK says so).

    Where it waits for a slot, since when it could have been.
    """
    slot: Slot = Slot.NONE
    operation: str = ""
    """AWS's RequestId of the operation under way; empty while creating or deleting: not known yet."""
    intent_at: datetime | None = None
    """When we wrote that we were about to ask AWS; None: nothing is asked of it."""
    polls: int = 0
    """How many times we looked since something was last written: how long to wait before the next."""
    attempts: int = 0
    """How many times this creation or removal has failed so far."""
    deadline: datetime | None = None
    """For what had to wait for a slot: not given up, and not called late, before then."""
    checked_at: datetime | None = None
    """When those who wait for it passed the last check once more; None: only before their start."""
    missed_at: datetime | None = None
    """When a list first did not show it; a second look later decides. None: it was there."""
    may_appear_until: datetime | None = None
    """What appears is ours: a create without an answer may be carried out, a list may catch up.

    None once a look after that time showed nothing; until then it is due (a CHECK says so).
    """
    may_vanish_until: datetime | None = None
    """What vanishes until then we took away: a removal without an answer may be carried out."""
    absent_seen_at: datetime | None = None
    """The last time a list showed that it was not there."""
    wanted_gone_at: datetime | None = None
    """Since when it should be gone: lateness and the alarm count from here."""
    alarmed_at: datetime | None = None
    last_error: str = ""
    lease_until: datetime | None = None
    version: int = 0

    @property
    def is_taken_away(self) -> bool:
        """AWS has said that its removal succeeded, and so it needs no slot; the list says the rest."""
        return self.holding is Holding.DELETING and self.slot is Slot.NONE

    def may_appear(self, now: datetime) -> bool:
        """Whether it may still come."""
        return self.may_appear_until is not None and now < self.may_appear_until

    def may_vanish(self, now: datetime) -> bool:
        """Whether it may still go."""
        return self.may_vanish_until is not None and now < self.may_vanish_until


# Telling


class Told(StrEnum):
    """The kinds of things the outbox carries."""

    CARD = "card"
    """Post the request's card in a place."""
    REDRAW = "redraw"
    """Draw a card again from its row; unsent ones of one card are coalesced."""
    LINE = "line"
    """A line in a card's thread."""
    DIRECT = "direct"
    """A message to the requester alone, with the buttons that are theirs; without a move, a note."""
    STRIP = "strip"
    """Take the buttons off an older direct message."""
    SUMMARY = "summary"
    """The activity summary in a card's thread: posted once, then edited."""
    AUDIT = "audit"
    """A line in the audit channel."""
    HOME = "home"
    """App Home of whoever has it open, drawn again; `facts` hold the `slack_id`."""


class Reminder(StrEnum):
    """The kinds of reminders. They tell no move, and are not told once nobody needs them any more."""

    DECISION = "decision"
    """The approvers, that a request waits for them."""
    NUDGE = "nudge"
    """The requester, that their nudge reached those who decide."""
    END = "end"
    """The requester, that the time of their access will soon be over."""


class Place(StrEnum):
    """What kind of place a copy of the card hangs in."""

    CHANNEL = "channel"
    APPROVER = "approver"
    """An approver's direct messages: there was no channel to be had."""
    REQUESTER = "requester"
    """The requester's own: neither a channel nor an approver is concerned."""
    DIRECT = "direct"
    """The requester's newest direct message, which carries their buttons. Not a card."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of a request's card (or the requester's direct message) and where Slack put it."""

    id: int
    request_id: RequestId
    place: Place
    address: str
    """The channel id, or the Slack user id for direct messages."""
    channel: str = ""
    ts: str = ""
    """Empty until posted."""
    summary_ts: str = ""
    dead: str = ""
    """Why Slack will not take it (archived, not in channel …); empty: alive."""
    note: str = ""
    """What the requester's newest message is where it tells no move (a `Reminder`); empty: it does."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The one domain event: the journal's line, the thread's line and the direct message."""

    request_id: RequestId
    move: Move
    source: State | None
    target: State
    by: Actor
    at: datetime
    reason: str = ""
    because: State | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What came back from the request form, as typed; nothing in it is believed."""

    form_id: str
    target: Target | None
    duration: str
    justification: str
    ticket: str
    starts_at: datetime | None
    """None: now, unless `later`."""
    later: bool = False
    """The form asked for a start: an empty one is not now."""
    knowing: bool = False
    """Sent again after the notice that the person holds this very access already."""
    extends: RequestId | None = None
    """Whose access is to last longer; the target and the start are that request's business."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One pair that the form offers, by its names."""

    target: Target
    account_name: str
    permission_set_name: str
