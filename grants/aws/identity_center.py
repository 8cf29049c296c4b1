"""sso-admin as the domain sees it: permission sets, and who is assigned to what."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypedDict

from grants.aws.asking import Asking
from grants.aws.faults import readable
from grants.aws.instance import Finder
from grants.aws.limiter import Family, Limiter
from grants.errors import AwsMissing, AwsRefused
from grants.model import (
    AccountId,
    GroupId,
    Instance,
    Key,
    Lane,
    PermissionSet,
    PermissionSetArn,
    UserId,
)
from grants.ports import Assigned, Operation, Progress, Still

if TYPE_CHECKING:
    from mypy_boto3_sso_admin import SSOAdminClient
    from mypy_boto3_sso_admin.type_defs import (
        AccountAssignmentOperationStatusMetadataTypeDef,
        AccountAssignmentOperationStatusTypeDef,
        OperationStatusFilterTypeDef,
    )

_INSTANCE: Final = re.compile(r":(?:instance|permissionSet)/(?:sso)?ins-([a-zA-Z0-9.-]{16})(?:/|$)")
"""As AWS writes it in the ARNs of an instance and of its permission sets (botocore's model)."""
_DURATION: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


class IdentityCenterAtAws:
    """`grants.ports.IdentityCenter`. Writes are sent once, whatever happens to them."""

    def __init__(self, finder: Finder, limiter: Limiter) -> None:
        """The finder is shared with whoever needs the identity store's id."""
        self._finder = finder
        self._ask = Asking(limiter, Family.SSO_ADMIN)

    def instance(self) -> Instance:
        """The organization's, as found on first use."""
        return self._finder.instance()

    def permission_set_arns(self, *, lane: Lane) -> list[PermissionSetArn]:
        """Of all permission sets, in AWS's order."""
        client, arn = self._reading(lane)
        pages = self._ask.pages(
            lane,
            lambda token: client.list_permission_sets(InstanceArn=arn, MaxResults=100, **token),
        )
        return [
            PermissionSetArn(found) for page in pages for found in page.get("PermissionSets", [])
        ]

    def permission_set(self, arn: PermissionSetArn, *, lane: Lane) -> PermissionSet | None:
        """None: there is no such permission set, or no longer."""
        client, instance = self._reading(lane)
        try:
            found = self._ask(
                lane,
                lambda: client.describe_permission_set(InstanceArn=instance, PermissionSetArn=arn),
            )["PermissionSet"]
        except AwsMissing:
            return None
        return PermissionSet(
            arn=arn,
            name=found["Name"],
            description=found.get("Description", ""),
            session_duration=session_duration(found.get("SessionDuration")),
        )

    def permission_set_tags(self, arn: PermissionSetArn, *, lane: Lane) -> Mapping[str, str]:
        """What IAM's own guard goes by (FACTS-aws 6)."""
        client, instance = self._reading(lane)
        pages = self._ask.pages(
            lane,
            lambda token: client.list_tags_for_resource(
                InstanceArn=instance, ResourceArn=arn, **token
            ),
        )
        return {tag["Key"]: tag["Value"] for page in pages for tag in page.get("Tags", [])}

    def provisioned_in(
        self, account: AccountId, *, lane: Lane
    ) -> frozenset[PermissionSetArn] | None:
        """None: AWS does not let us read it, as it may treat a delegate."""
        client, arn = self._reading(lane)
        try:
            pages = self._ask.pages(
                lane,
                lambda token: client.list_permission_sets_provisioned_to_account(
                    InstanceArn=arn, AccountId=account, MaxResults=100, **token
                ),
            )
            return frozenset(
                PermissionSetArn(found)
                for page in pages
                for found in page.get("PermissionSets", [])
            )
        except AwsRefused:
            return None

    def assigned(
        self, account: AccountId, permission_set: PermissionSetArn, *, lane: Lane
    ) -> Assigned:
        """Everybody who is assigned to the pair, by itself or through a group."""
        client, arn = self._reading(lane)
        must_be_of(arn, permission_set)
        pages = self._ask.pages(
            lane,
            lambda token: client.list_account_assignments(
                InstanceArn=arn,
                AccountId=account,
                PermissionSetArn=permission_set,
                MaxResults=100,
                **token,
            ),
        )
        held = [one for page in pages for one in page.get("AccountAssignments", [])]
        return Assigned(
            users=frozenset(
                UserId(one["PrincipalId"]) for one in held if one["PrincipalType"] == "USER"
            ),
            groups=frozenset(
                GroupId(one["PrincipalId"]) for one in held if one["PrincipalType"] == "GROUP"
            ),
        )

    def create(self, key: Key, *, still: Still) -> Operation:
        """Asked once; AwsUnsure means look before asking again."""
        home = self._finder.home(Lane.GRANT)
        must_be_of(home.instance.arn, key.permission_set_arn)
        answer = self._ask.write(
            Lane.GRANT,
            lambda: home.sso_admin.writing.create_account_assignment(
                InstanceArn=home.instance.arn,
                TargetId=key.account_id,
                TargetType="AWS_ACCOUNT",
                PermissionSetArn=key.permission_set_arn,
                PrincipalType="USER",
                PrincipalId=key.user_id,
            ),
            still=still,
        )
        return _operation(answer["AccountAssignmentCreationStatus"])

    def delete(self, key: Key, *, still: Still) -> Operation:
        """Asked once; AwsMissing means that it was not there."""
        home = self._finder.home(Lane.REVOKE)
        must_be_of(home.instance.arn, key.permission_set_arn)
        answer = self._ask.write(
            Lane.REVOKE,
            lambda: home.sso_admin.writing.delete_account_assignment(
                InstanceArn=home.instance.arn,
                TargetId=key.account_id,
                TargetType="AWS_ACCOUNT",
                PermissionSetArn=key.permission_set_arn,
                PrincipalType="USER",
                PrincipalId=key.user_id,
            ),
            still=still,
        )
        return _operation(answer["AccountAssignmentDeletionStatus"])

    def creation(self, operation: str) -> Operation:
        """How a creation stands; AwsMissing: AWS no longer knows it."""
        client, arn = self._reading(Lane.STATUS)
        answer = self._ask(
            Lane.STATUS,
            lambda: client.describe_account_assignment_creation_status(
                InstanceArn=arn, AccountAssignmentCreationRequestId=operation
            ),
        )
        return _operation(answer["AccountAssignmentCreationStatus"])

    def deletion(self, operation: str) -> Operation:
        """How a removal stands; AwsMissing: AWS no longer knows it."""
        client, arn = self._reading(Lane.STATUS)
        answer = self._ask(
            Lane.STATUS,
            lambda: client.describe_account_assignment_deletion_status(
                InstanceArn=arn, AccountAssignmentDeletionRequestId=operation
            ),
        )
        return _operation(answer["AccountAssignmentDeletionStatus"])

    def creations(self, *, progress: Progress | None = None) -> Iterator[Operation]:
        """Page by page, so that whoever has found enough asks no further."""
        client, arn = self._reading(Lane.STATUS)
        for page in self._ask.pages(
            Lane.STATUS,
            lambda token: client.list_account_assignment_creation_status(
                InstanceArn=arn, MaxResults=100, **_only(progress), **token
            ),
        ):
            yield from map(_listed, page.get("AccountAssignmentsCreationStatus", []))

    def deletions(
        self, *, progress: Progress | None = None, lane: Lane = Lane.STATUS
    ) -> Iterator[Operation]:
        """Page by page, like `creations`."""
        client, arn = self._reading(lane)
        for page in self._ask.pages(
            lane,
            lambda token: client.list_account_assignment_deletion_status(
                InstanceArn=arn, MaxResults=100, **_only(progress), **token
            ),
        ):
            yield from map(_listed, page.get("AccountAssignmentsDeletionStatus", []))

    def _reading(self, lane: Lane) -> tuple["SSOAdminClient", str]:
        home = self._finder.home(lane)
        return home.sso_admin.reading.at(lane), home.instance.arn


def must_be_of(instance: str, permission_set: PermissionSetArn) -> None:
    """With another organization's credentials nothing here would be found, and all taken for gone."""
    ours, theirs = _INSTANCE.search(instance), _INSTANCE.search(permission_set)
    if ours and theirs and ours[1] != theirs[1]:
        raise AwsRefused(
            f"The permission set {permission_set} is not of the instance {instance}: see to"
            " ELEVATE_INSTANCE_ARN, AWS_REGION and the credentials."
        )


def session_duration(said: object) -> timedelta:
    """ISO 8601 as AWS writes it, or moto's seconds; unset means AWS's default of one hour."""
    match str(said or ""):
        case "":
            return timedelta(hours=1)
        case seconds if seconds.isdigit():
            return timedelta(seconds=int(seconds))
        case text:
            return _iso_duration(text)


def _iso_duration(text: str) -> timedelta:
    parts = _DURATION.fullmatch(text)
    if parts is None or not any(parts.groups()):
        raise AwsRefused(f"AWS gave a session duration that is none: {text[:20]!r}.")
    days, hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


class _Filter(TypedDict, total=False):
    Filter: "OperationStatusFilterTypeDef"


def _only(progress: Progress | None) -> _Filter:
    return {"Filter": {"Status": progress.value}} if progress else {}


def _operation(status: "AccountAssignmentOperationStatusTypeDef") -> Operation:
    return Operation(
        id=status.get("RequestId", ""),
        progress=_progress(status.get("Status", "")),
        reason=readable(status.get("FailureReason", "")),
        key=_key(status),
        created_at=status.get("CreatedDate"),
    )


def _listed(status: "AccountAssignmentOperationStatusMetadataTypeDef") -> Operation:
    return Operation(
        id=status.get("RequestId", ""),
        progress=_progress(status.get("Status", "")),
        created_at=status.get("CreatedDate"),
    )


def _progress(word: str) -> Progress:
    """A word that AWS did not have yet is not an end: the list of assignments will decide."""
    known = set(Progress)
    return Progress(word) if word in known else Progress.IN_PROGRESS


def _key(status: "AccountAssignmentOperationStatusTypeDef") -> Key | None:
    user, account = status.get("PrincipalId"), status.get("TargetId")
    permission_set = status.get("PermissionSetArn")
    if not (user and account and permission_set):
        return None
    return Key(UserId(user), AccountId(account), PermissionSetArn(permission_set))
