"""What can go wrong, as types that carry facts. Their words live in `blocks/refusals.py`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from grants.model import Move, Request, RequestId, Role


class Refusal(Exception):
    """Something a person asked for that we will not do."""

    journalled = False
    """Whether it is one of authority, identity or tampering, and so a line of the journal."""


# About the form


class Field(StrEnum):
    """The fields of the forms, by what they are about."""

    TARGET = "target"
    """Access; or Account and Permission set."""
    PERMISSION_SET = "permission_set"
    DURATION = "duration"
    JUSTIFICATION = "justification"
    TICKET = "ticket"
    START = "start"
    COMMENT = "comment"
    CODE = "code"
    """The one-time code of whoever approves."""
    REASON = "reason"
    PERSON = "person"
    """Of whom requests are looked for; and so with the next three."""
    ACCOUNT = "account"
    SINCE = "since"
    UNTIL = "until"


class Flaw(StrEnum):
    """What is wrong with a field."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NO_MATCH = "no_match"
    PAST = "past"
    TOO_FAR = "too_far"
    NOT_OFFERED = "not_offered"
    TAGS_UNREAD = "tags_unread"
    """Policies are about accounts by their tags, and this one's are not known yet."""
    NO_APPROVER = "no_approver"
    TOO_MANY_OPEN = "too_many_open"
    TOO_MANY_LATELY = "too_many_lately"
    """Whatever became of them: each is told in channels in which others wait to be told."""
    NOT_FOUND = "not_found"
    SEVERAL = "several"
    BACKWARDS = "backwards"
    NO_ROOM = "no_room"
    """What is left of it is as long as it may last already."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One field's trouble, with the bound that was broken where there is one."""

    field: Field
    flaw: Flaw
    limit: timedelta | int | str | None = None
    whom: tuple[str, ...] = ()
    """Whom to turn to, where somebody else has to act."""


@dataclass(eq=False)
class Unfit(Refusal):
    """The form cannot be taken as it is. All its problems at once."""

    problems: tuple[Problem, ...]


@dataclass(eq=False)
class AlreadyHeld(Refusal):
    """The person holds this very access already; asked again knowingly, it is taken."""

    account_name: str
    permission_set_name: str
    through_group: bool = False


@dataclass(eq=False)
class AskedAlready(Refusal):
    """This form has made a request already, and came again with something else in it."""

    journalled = True

    request: Request


@dataclass(eq=False)
class AlreadyExtended(Refusal):
    """Somebody asked for more time already, and may have it."""

    extension: Request


@dataclass(eq=False)
class NothingToAskFor(Refusal):
    """No eligibility policy names this person."""

    whom: tuple[str, ...] = ()


# About requests and authority


@dataclass(eq=False)
class UnknownRequest(Refusal):
    """There is no request of this id, or none that this person may see."""

    request_id: str


@dataclass(eq=False)
class Unseen(UnknownRequest):
    """There is one, and this person may not see it: told as if there were none, and recorded."""

    journalled = True


@dataclass(eq=False)
class AlreadyMoved(Refusal):
    """The request is not in a state from which this move exists."""

    request: Request
    yours: bool = False
    """Whoever is told has decided on it already."""


@dataclass(eq=False)
class WrongRole(Refusal):
    """The move exists, and not for this role."""

    move: Move
    role: Role
    journalled = True


class Denied(Refusal):
    """A refusal of authority: recorded, and told to the person alone."""

    journalled = True


@dataclass(eq=False)
class OwnRequest(Denied):
    """Nobody decides on their own request."""


@dataclass(eq=False)
class NotAnApprover(Denied):
    """The policies that match this request do not name this person, as of now."""

    may_approve: tuple[str, ...] = ()


@dataclass(eq=False)
class NotTheRequester(Denied):
    """Only whoever made the request may do this."""


@dataclass(eq=False)
class NotAllowed(Denied):
    """This takes a role that the person does not have."""

    needed: tuple[Role, ...]


class NothingToApprove(Denied):
    """No approval policy names this person, as of now."""


@dataclass(eq=False)
class Tampered(Denied):
    """What came back from a form or button is not what was offered there."""

    what: str


@dataclass(eq=False)
class StillExporting(Refusal):
    """A file is being made already: this person's, or as many as may be made at once."""

    theirs: bool


@dataclass(eq=False)
class StillLookingUp(Refusal):
    """Activity is being looked up already: for this person, or for as many as may at once."""

    theirs: bool


@dataclass(eq=False)
class StillReading(Refusal):
    """A thread is being compared already: for this person, or as many as may be at once."""

    theirs: bool


@dataclass(eq=False)
class StillExplaining(Refusal):
    """Somebody's access is being explained already: for this person, or for as many as may at once."""

    theirs: bool


@dataclass(eq=False)
class TooMuchAtOnce(Refusal):
    """So much of this person's is in hand that no more is taken before some of it is done."""


class Uncut(StrEnum):
    """Why sessions cannot be cut."""

    STANDING = "standing"
    """The access was there before, and stays."""
    OFF = "off"
    """It is not switched on."""
    UNNAMED = "unnamed"
    """By a service control policy, and none is named."""
    BEYOND = "beyond"
    """In the management account, which no service control policy reaches."""


@dataclass(eq=False)
class NoCut(Refusal):
    """Sessions that are open already cannot be cut with this revocation."""

    why: Uncut


@dataclass(eq=False)
class NudgedLately(Refusal):
    """The approvers were nudged a moment ago."""

    nudged_at: datetime
    again_at: datetime | None
    """When they may be nudged again; None: not before the request expires."""


# About policies


@dataclass(eq=False)
class PoliciesMoved(Refusal):
    """Somebody else changed the policies since this change was begun; nothing is overwritten."""

    version: int
    by: str
    at: datetime
    since: int
    """The version that this change was made from."""


@dataclass(eq=False)
class UnknownPolicy(Refusal):
    """There is no policy of this name any more."""

    section: str
    name: str


@dataclass(eq=False)
class TooLongHere(Refusal):
    """What does not fit into a form as it stands is changed in the policy file alone."""

    section: str
    name: str = ""
    """Empty: the settings."""


@dataclass(eq=False)
class AboutOneself(Denied):
    """Nobody says who they themselves are."""


# About one-time codes


class CodeRefusal(Refusal):
    """No code proves, as things stand, that it is this person who approves."""


@dataclass(eq=False)
class NoCodesHere(CodeRefusal):
    """Codes can be neither kept nor looked at: there is no key, or another than there was."""

    whom: tuple[str, ...] = ()


class CodesNotSetUp(CodeRefusal):
    """This person has set up no codes yet."""


@dataclass(eq=False)
class WrongCode(CodeRefusal):
    """It is not, or no longer, one of theirs."""

    left: int
    """So many more may be wrong before none is taken for a while."""


class CodeUsed(CodeRefusal):
    """It is theirs, and has been taken already: each counts once."""


@dataclass(eq=False)
class CodesLocked(CodeRefusal):
    """Too many were wrong: none is taken until then."""

    journalled = True

    until: datetime


class SetUpOver(CodeRefusal):
    """What was to be confirmed is not there any more: it is begun anew."""


class NotOpenedError(Exception):
    """What was sealed does not open: by none of the keys there are, or it is about somebody else."""


# About names


class Thing(StrEnum):
    """What can be named in a command."""

    ACCOUNT = "account"
    PERMISSION_SET = "permission set"
    USER = "user"
    SLACK_USER = "slack user"


@dataclass(eq=False)
class UnknownName(Refusal):
    """Nothing is called so, or several things are."""

    thing: Thing
    name: str
    several: tuple[str, ...] = ()
    """The ids of those that are called so; empty: nothing is."""
    near: str = ""
    """The name that was meant perhaps."""


@dataclass(eq=False)
class NothingRead(Refusal):
    """The organization's accounts were never read yet."""


# About who somebody is


class Doubt(StrEnum):
    """Why a Slack user is not taken for a person."""

    BOT = "bot"
    GUEST = "guest"
    STRANGER = "stranger"
    OTHER_TEAM = "other_team"
    DEACTIVATED = "deactivated"
    INVITED = "invited"
    UNCONFIRMED = "unconfirmed"
    NO_ADDRESS = "no_address"
    FOREIGN_DOMAIN = "foreign_domain"
    NO_USER = "no_user"
    SEVERAL_USERS = "several_users"
    DISABLED = "disabled"
    ADDRESS_CHANGED = "address_changed"
    BROKEN = "broken"
    """Their link was broken, some time ago, and nobody has mended it."""
    UNKNOWN = "unknown"


@dataclass(eq=False)
class NotAPerson(Denied):
    """This Slack user is not, or no longer, one enabled Identity Center user."""

    doubt: Doubt
    detail: str = ""


@dataclass(eq=False)
class CannotBeLinked(Refusal):
    """This Slack user, or this Identity Center user, would be nobody all the same."""

    doubt: Doubt


# About timing


class TooSlow(Refusal):
    """Not recorded yet; pressing again is safe."""


class NotOpened(Refusal):
    """Something could not be shown in time; nothing was there to be recorded."""


class OutOfDate(Refusal):
    """A button or a form of an older version: nobody listens to it any more."""


@dataclass(eq=False)
class AwsDenies(Refusal):
    """AWS will not let the bot look up what it needs: trying again does not help."""

    reason: str


class StaleRequest(Exception):
    """Somebody else moved the row between our reading and our writing."""

    def __init__(self, request_id: RequestId) -> None:
        """Name the row."""
        super().__init__(request_id)
        self.request_id = request_id


class FormTakenError(Exception):
    """This form has made a request already, perhaps a moment ago in another process."""

    def __init__(self, request: Request) -> None:
        """Name the request that it made."""
        super().__init__(request.id)
        self.request = request


# About AWS


class AwsFault(Exception):
    """AWS did not do what it was asked; `reason` is AWS's, made fit to be read."""

    def __init__(self, reason: str, *, code: str = "") -> None:
        """`code` is AWS's error code where it gave one."""
        super().__init__(reason)
        self.reason = reason
        self.code = code


class AwsBusy(AwsFault):
    """Definitely not done, and worth trying again: Conflict, throttling."""


class AwsTooLate(AwsBusy):
    """Definitely not done: so much time had passed before its turn that it is to be decided again."""


class AwsUnsure(AwsFault):
    """Perhaps done: a timeout, a dropped connection, a 5xx. Look before asking again."""


class AwsRefused(AwsFault):
    """Definitely not done, and not by trying again either: AccessDenied, Validation, quota."""


class AwsMissing(AwsRefused):
    """What was named does not exist (ResourceNotFound)."""


class NotTakenError(Exception):
    """Lines of the journal were not taken where they were sent, as far as is known."""

    def __init__(self, reason: str) -> None:
        """Why, in words that hold no secret."""
        super().__init__(reason)
        self.reason = reason


@dataclass(eq=False)
class NoLongerGiven(Exception):
    """What fails the last check before access is given; told to both sides."""

    why: "Why"
    detail: str = ""
    """The name of who or what it is about."""


class Why(StrEnum):
    """Why access that was approved is not given after all."""

    NOT_ELIGIBLE = "not_eligible"
    USER_DISABLED = "user_disabled"
    USER_MISSING = "user_missing"
    REQUESTER_NOT_BOUND = "requester_not_bound"
    """The Slack user who asked is not, or no longer, this Identity Center user."""
    ACCOUNT_INACTIVE = "account_inactive"
    ACCOUNT_MISSING = "account_missing"
    PERMISSION_SET_MISSING = "permission_set_missing"
    OUT_OF_REACH = "out_of_reach"
    VOTES_NO_LONGER_COUNT = "votes_no_longer_count"
    TOO_LONG = "too_long"
    NOT_HELD = "not_held"
    """What was to last longer was taken away before its time."""


@dataclass(eq=False)
class RequesterNoLongerEligible(Refusal):
    """Whoever asked may no longer ask for this: an approval would give nothing."""

    request: Request
