"""What memory keeps beside requests and assignments, as the domain reads and writes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from grants.model import (
    AccountId,
    Actor,
    Key,
    Moved,
    RequestId,
    Role,
    SlackUserId,
    State,
    Target,
    Told,
    UserId,
)
from grants.policy import CutWay, PolicyBook

NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Longer ago than anything that is looked at again from time to time."""


@dataclass(frozen=True, slots=True)
class Newest:
    """By number what somebody's request form is drawn from: it stays as it is while these do."""

    policies: int
    catalogue: int
    last: RequestId | None
    """What they asked for last."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that must still be told: what to draw, where, and the event that it tells.

    `copy_id` names the card's copy it belongs to; the copy is also the stream whose order is kept.
    `facts` are JSON values; a card and a summary are drawn from rows instead.
    """

    kind: Told
    request_id: RequestId | None
    copy_id: int | None
    moved: Moved | None = None
    facts: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """An outbox row that is due, claimed by whoever got it."""

    id: int
    notice: Notice
    attempts: int
    created_at: datetime
    attempted_at: datetime | None
    """When an earlier attempt began, or its answer was lost, whose outcome nobody knows; None: there was none."""
    version: int
    leased_until: datetime
    """Then somebody else may claim it."""


@dataclass(frozen=True, slots=True)
class ToldLine:
    """A line that was told in a card's thread: where Slack put it, and the hash of what it said."""

    copy_id: int
    ts: str
    thread_ts: str
    """The card's, as it hung then."""
    request_id: RequestId
    kind: str
    """The journal's event, where it tells a move (`request.approve`); else the notice's own kind."""
    at: datetime
    """When it was moved; of a notice, when it was written."""
    sent: str
    """SHA-256, as it was drawn."""
    answered: str
    """The same as Slack gave it back; empty: its answer did not hold it."""


@dataclass(frozen=True, slots=True)
class Untold:
    """A line, a card or a summary that the outbox has not told."""

    copy_id: int
    kind: str
    """As `ToldLine` has it; `card` and `summary` of these."""
    at: datetime
    dropped: str
    """Why it never will be; empty: it waits."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a line of the journal says. Sequence and hashes are storage's."""

    at: datetime
    event: str
    """`request.ask`, `request.approve` …, `vote`, `refusal`, `policies.apply`, `people.link`."""
    actor: Actor
    request_id: RequestId | None = None
    before: str = ""
    after: str = ""
    reason: str = ""
    facts: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the journal as it stands there."""

    seq: int
    entry: Entry
    prev_hash: str
    hash: str


KINDS: Final = (
    "request",
    "vote",
    "nudge",
    "refusal",
    "policies",
    "people",
    "proof",
    "alarm",
    "sweep",
    "cut",
    "audit",
)
"""Of events, by what stands before the dot."""

Row = Mapping[str, Any]
"""A line of the journal under its columns' names, as it stands there: what was hashed, and the hashes."""


@dataclass(frozen=True, slots=True)
class LineSearch:
    """Which lines of the journal are looked for; what is left empty lets everything through."""

    by: frozenset[str] = frozenset()
    """Names or ids of whoever acted: any of them."""
    request_id: RequestId | None = None
    kinds: frozenset[str] = frozenset()
    """Of `KINDS`."""
    since: datetime | None = None
    until: datetime | None = None
    """Before then."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The number and the hash that a line had once: kept outside, it witnesses all up to there."""

    seq: int
    """0, with 64 zeros for a hash: the journal was empty."""
    hash: str

    def __str__(self) -> str:
        """As it is printed, kept and taken back."""
        return f"{self.seq}:{self.hash}"


BEGINNING: Final = Checkpoint(0, "0" * 64)


@dataclass(frozen=True, slots=True)
class Forward:
    """How far the journal has gone to one of its destinations."""

    name: str
    due_at: datetime
    """Not before then is anything sent there."""
    seq: int = BEGINNING.seq
    """The last line that was taken there."""
    hash: str = BEGINNING.hash
    """That line's: what is sent next has to follow from it."""
    until: int = 0
    """The last line of what was sent and may not have been taken: the same is sent again. 0: nothing."""
    attempts: int = 0
    """How often in a row it was sent, and not taken as far as is known."""
    error: str = ""
    """Why it was not taken; empty: it was."""
    failing_since: datetime | None = None
    alarmed_at: datetime | None = None
    """When administrators were called for; once, until something is taken again."""
    lease_until: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the journal, and at which line (0: none in particular)."""

    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Binding:
    """Which Identity Center user a Slack user is, and how we know."""

    slack_id: SlackUserId
    team_id: str
    user_id: UserId
    email: str
    """The address in Slack that it holds for; empty until it is used, where it was made by hand."""
    made_at: datetime
    made_by: str
    broken: str = ""
    """Why it no longer holds, until an administrator mends it; empty: it holds."""
    by_hand: bool = False
    """Whether somebody has said so; else it follows from an address, and holds in its domain only."""
    user_name: str = ""
    """Identity Center's UserName, as it was when last looked at."""
    checked_at: datetime = NEVER
    """When it was last held against Slack and Identity Center."""


@dataclass(frozen=True, slots=True)
class Proof:
    """By which one-time codes an Identity Center user proves that it is they who approve."""

    user_id: UserId
    sealed: str = ""
    """The key of their codes; empty: they have confirmed none yet."""
    pending: str = ""
    """One that was shown to them, until a code of it confirms it; it is sealed, too."""
    begun_at: datetime | None = None
    """When that one was shown."""
    confirmed_at: datetime | None = None
    last_step: int = 0
    """Whose code was taken last: no code of it or of those before counts any more."""
    failures: int = 0
    """How many codes in a row were wrong."""
    locked_until: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Applied:
    """A version of the policies: who applied it, when, and how it was written."""

    version: int
    at: datetime
    by: str
    book: PolicyBook


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """What is still to be looked up of a grant's activity, and what was found last."""

    request_id: RequestId
    due_at: datetime | None
    """None: the summary is final."""
    tries: int = 0
    summary: Mapping[str, Any] | None = None
    """`grants.activity.Summary` as JSON values."""
    version: int = 0


@dataclass(frozen=True, slots=True)
class HomeRow:
    """Somebody's App Home: what it showed last, so that it can be drawn again as they left it."""

    slack_id: SlackUserId
    user_id: UserId
    opened_at: datetime
    hash: str = ""
    """Slack's, of the view that was published last; empty: none was."""
    roles: tuple[Role, ...] = ()
    """In which capacities it was drawn: whom a change may concern."""
    pages: Mapping[str, int] = field(default_factory=dict)
    """By section, how many pages they have turned."""
    filters: Mapping[str, str] = field(default_factory=dict)
    """How they have narrowed the list of all requests."""


@dataclass(frozen=True, slots=True)
class Search:
    """Which requests are looked for; what is left empty lets everything through."""

    user_id: UserId | None = None
    """Whose."""
    account_id: AccountId | None = None
    states: frozenset[State] = frozenset()
    since: datetime | None = None
    """Asked then or later."""
    until: datetime | None = None
    """Asked before then."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Of a request only whose it is and what for: many of them are looked through at once."""

    id: RequestId
    user_id: UserId
    """The requester's."""
    target: Target


class SweepName(StrEnum):
    """Which assignments a sweep looks at."""

    LATELY = "lately"
    """Those that Elevate had to do with in the last weeks, and what is found and not judged yet."""
    ALL = "all"
    """Of every account and every permission set that the policies name."""


@dataclass(frozen=True, slots=True)
class SweepRow:
    """How far a sweep has come, and when it goes on."""

    name: SweepName
    due_at: datetime
    began_at: datetime | None = None
    """None: it is over, and the next begins when it is due."""
    after: str = ""
    """What comes behind this, in the order of the names, is still to be looked at."""
    ended_at: datetime | None = None
    """When it last came to its end."""
    tries: int = 0
    """How often in a row AWS did not answer."""
    trouble: str = ""
    """What could not be looked at, this time or the last, and why; empty: everything was."""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Stranger:
    """An assignment of a managed permission set that nobody here made, as far as is known."""

    key: Key
    found_at: datetime
    told_at: datetime | None = None
    """When it was reported; None: who made it is not known yet."""
    made_by: str = ""
    """As CloudTrail has it; empty: it does not tell."""
    made_at: datetime | None = None
    missed_at: datetime | None = None
    """When a list first did not show it: lists lag, and only the second one is believed."""


class CutPhase(StrEnum):
    """How far cutting the open sessions of a grant that was revoked has come, and undoing it."""

    WAITING = "waiting"
    """The access itself is taken away first: until then new sessions can be opened."""
    WANTED = "wanted"
    """The denial is to stand in the policy that carries it."""
    WRITTEN = "written"
    """It stands in the inline policy, and is to be provisioned to the account."""
    PUSHED = "pushed"
    """AWS is asked to provision it, or was asked already."""
    IN_FORCE = "in_force"
    LIFTING = "lifting"
    """No session that it denies lives any more: it is to be out of the policy."""
    TAKEN_OUT = "taken_out"
    """It is, and the policy without it is to be provisioned."""
    PUSHED_BACK = "pushed_back"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True)
class Carrier:
    """The policy that denials stand in. AWS compares nothing when it is put, so it has one writer."""

    way: CutWay
    id: str
    """The ARN of the permission set whose inline policy it is; or the service control policy's id."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The denial of the sessions that somebody had open through one grant: a row until it is undone."""

    key: Key
    request_id: RequestId
    phase: CutPhase
    due_at: datetime | None
    """When there is something to do next; None only once it is lifted (a CHECK says so)."""
    since: datetime
    """When what it is about now, forcing or lifting, began: lateness counts from here."""
    before: datetime | None = None
    """Sessions opened before then are denied everything; None: nothing is denied yet."""
    until: datetime | None = None
    """Then none of those sessions lives any more, and the denial is taken away."""
    operation: str = ""
    """AWS's id of the provisioning under way; empty while pushed: not known."""
    attempts: int = 0
    """How often in a row it failed."""
    last_error: str = ""
    alarmed_at: datetime | None = None
    forced_at: datetime | None = None
    """When it was in force first."""
    unsure_until: datetime | None = None
    """So long a write whose answer was lost may still change the policy."""
    scp: str = ""
    """The service control policy that carries it; empty: the permission set's inline policy does."""
    version: int = 0

    @property
    def carrier(self) -> Carrier:
        """Where its denial stands, or is to stand."""
        if self.scp:
            return Carrier(CutWay.SCP, self.scp)
        return Carrier(CutWay.INLINE_POLICY, self.key.permission_set_arn)

    @property
    def denies(self) -> bool:
        """Whether its denial belongs into the policy."""
        return self.before is not None and self.phase in DENYING


DENYING: Final = frozenset(
    {CutPhase.WAITING, CutPhase.WANTED, CutPhase.WRITTEN, CutPhase.PUSHED, CutPhase.IN_FORCE}
)
PUSHING: Final = frozenset({CutPhase.PUSHED, CutPhase.PUSHED_BACK})


@dataclass(frozen=True, slots=True)
class CutLease:
    """One writer for each carrier."""

    carrier: Carrier
    lease_until: datetime
    version: int
