"""Makes values of the domain: a test says only what it is about."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from grants.model import (
    Account,
    AccountId,
    Assignment,
    Ballot,
    Catalogue,
    ChannelId,
    GroupId,
    Holding,
    Instance,
    Key,
    Membership,
    Ou,
    OuId,
    PermissionSet,
    PermissionSetArn,
    Person,
    Request,
    RequestId,
    SlackUserId,
    State,
    Target,
    UserId,
    Vote,
)
from grants.policy import (
    ApprovalPolicy,
    EligibilityPolicy,
    Named,
    OuScope,
    PolicyBook,
    PolicySettings,
    Scope,
    Who,
)
from grants.records import Binding

NOON: Final = datetime(2026, 11, 2, 12, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
ROOT: Final = OuId("r-ab12")
PRODUCTION: Final = OuId("ou-ab12-33333333")
ENGINEERS: Final = GroupId("90670000-0000-4000-8000-00000000000e")
APPROVERS: Final = GroupId("90670000-0000-4000-8000-00000000000a")
ADMINS: Final = GroupId("90670000-0000-4000-8000-00000000000d")
AUDITORS: Final = GroupId("90670000-0000-4000-8000-00000000000b")
INSTANCE: Final = Instance(
    arn="arn:aws:sso:::instance/ssoins-0123456789abcdef",
    identity_store_id="d-9067012345",
    management_account=AccountId("100000000001"),
    own_account=AccountId("100000000002"),
    portal_url="https://d-9067012345.awsapps.com/start",
)


def a_person(name: str = "Eve Engineer", **changes: Any) -> Person:
    """Everything about them follows from their name."""
    user_name = name.split()[0].lower()
    person = Person(
        slack_id=SlackUserId(f"U{user_name.upper():0<10}"),
        user_id=UserId(f"90670000-{user_name}"),
        user_name=user_name,
        name=name,
        email=f"{user_name}@example.com",
    )
    return replace(person, **changes)


def a_binding(person: Person, **changes: Any) -> Binding:
    """Of this person's Slack user, by their address."""
    binding = Binding(person.slack_id, "T1", person.user_id, person.email, NOON, "verified address")
    return replace(binding, **changes)


def a_membership(person: Person, *groups: GroupId) -> Membership:
    return Membership(person.user_id, frozenset(groups), NOON)


def an_account(account_id: str = "111122223333", **changes: Any) -> Account:
    """In production, unless the test says otherwise."""
    account = Account(
        id=AccountId(account_id),
        name=f"account-{account_id[:4]}",
        email=f"aws+{account_id}@example.com",
        path=(ROOT, PRODUCTION),
    )
    return replace(account, **changes)


def a_permission_set(name: str = "AdministratorAccess", **changes: Any) -> PermissionSet:
    letters = "".join(f"{ord(letter):02x}" for letter in name)[:16]
    arn = f"arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-{letters:0<16}"
    return replace(PermissionSet(PermissionSetArn(arn), name), **changes)


def a_target(account: Account | None = None, permission_set: PermissionSet | None = None) -> Target:
    return Target((account or an_account()).id, (permission_set or a_permission_set()).arn)


def a_request(request_id: str = "7K2M9QXB", **changes: Any) -> Request:
    """Asked at noon for an hour; a later state brings the times and names that it implies."""
    request = Request(
        id=RequestId(request_id),
        requester=a_person(),
        target=a_target(),
        account_name=an_account().name,
        permission_set_name=a_permission_set().name,
        session_duration=HOUR,
        duration=HOUR,
        starts_at=None,
        justification="The checkout fails since the deployment.",
        ticket="OPS-42",
        form_id=f"V{request_id}",
        asked_at=NOON,
        expires_at=NOON + 3 * HOUR,
        approval_needed=True,
        approvals=1,
        may_approve=("production-approvers (Ada Approver)",),
        policy_version=1,
    )
    implied = _implied(State(changes.get("state", State.PENDING)), request.duration)
    return replace(request, **{**implied, **changes})


def _implied(state: State, duration: timedelta) -> dict[str, Any]:
    decided = {"decided_at": NOON, "decided_by": "Ada Approver"}
    active = {**decided, "active_at": NOON, "ends_at": NOON + duration}
    match state:
        case State.PENDING | State.CANCELLED | State.EXPIRED:
            return {}
        case State.SCHEDULED | State.GRANTING | State.REJECTED:
            return decided
        case State.ACTIVE:
            return active
        case State.REVOKING:
            return {**active, "because": State.ENDED}
        case State.ENDED | State.REVOKED | State.FAILED:
            return {**active, "because": state, "ended_at": NOON + duration}


def a_vote(request_id: str = "7K2M9QXB", **changes: Any) -> Vote:
    vote = Vote(RequestId(request_id), a_person("Ada Approver"), Ballot.APPROVE, "Go ahead.", NOON)
    return replace(vote, **changes)


def a_key(person: Person | None = None, target: Target | None = None) -> Key:
    where = target or a_target()
    return Key((person or a_person()).user_id, where.account_id, where.permission_set_arn)


def an_assignment(**changes: Any) -> Assignment:
    """Present, and looked at again at noon."""
    return replace(Assignment(a_key(), Holding.PRESENT, NOON), **changes)


def a_catalogue(
    *,
    accounts: Mapping[AccountId, Account] | None = None,
    permission_sets: Mapping[PermissionSetArn, PermissionSet] | None = None,
    **changes: Any,
) -> Catalogue:
    """The default account and permission set, in production below the root."""
    account, permission_set = an_account(), a_permission_set()
    catalogue = Catalogue(
        instance=INSTANCE,
        accounts={account.id: account} if accounts is None else accounts,
        permission_sets=(
            {permission_set.arn: permission_set} if permission_sets is None else permission_sets
        ),
        ous={
            ROOT: Ou(ROOT, "Root", (ROOT,)),
            PRODUCTION: Ou(PRODUCTION, "production", (ROOT, PRODUCTION)),
        },
        in_management=frozenset(),
        read_at=NOON,
    )
    return replace(catalogue, **changes)


def a_named(thing: Account | PermissionSet) -> Named:
    return Named(thing.arn if isinstance(thing, PermissionSet) else thing.id, thing.name)


def eligibility(**changes: Any) -> EligibilityPolicy:
    """Engineers may ask for the default pair."""
    policy = EligibilityPolicy(
        name="engineers in production",
        who=Who(groups=(Named(ENGINEERS, "engineers"),)),
        scope=Scope(accounts=(a_named(an_account()),)),
        permission_sets=(a_named(a_permission_set()),),
    )
    return replace(policy, **changes)


def approval(**changes: Any) -> ApprovalPolicy:
    """Production's approvers decide on all of production."""
    policy = ApprovalPolicy(
        name="production",
        scope=Scope(ous=(OuScope(PRODUCTION, "production", nested=True),)),
        approvers=Who(groups=(Named(APPROVERS, "production-approvers"),)),
        channel=ChannelId("C0000000003"),
    )
    return replace(policy, **changes)


def a_book(**changes: Any) -> PolicyBook:
    """Version 1: engineers may ask, production's approvers decide."""
    book = PolicyBook(
        version=1,
        settings=PolicySettings(
            admins=Who(groups=(Named(ADMINS, "elevate-admins"),)),
            auditors=Who(groups=(Named(AUDITORS, "elevate-auditors"),)),
            default_channel=ChannelId("C0000000001"),
        ),
        eligibility=(eligibility(),),
        approval=(approval(),),
    )
    return replace(book, **changes)
