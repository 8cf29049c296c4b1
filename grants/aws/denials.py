"""A permission set's inline policy, and its provisioning to one account."""

from typing import TYPE_CHECKING

from grants.aws.asking import Asking
from grants.aws.faults import readable
from grants.aws.identity_center import must_be_of
from grants.aws.instance import Finder
from grants.aws.limiter import Family, Limiter
from grants.model import AccountId, Lane, PermissionSetArn
from grants.ports import Operation, Progress, Still

if TYPE_CHECKING:
    from mypy_boto3_sso_admin.type_defs import PermissionSetProvisioningStatusTypeDef


class DenialsAtAws:
    """`grants.ports.Denials`, `grants.ports.Provisioning`: behind what takes access away."""

    def __init__(self, finder: Finder, limiter: Limiter) -> None:
        """The finder is shared with whoever needs the instance."""
        self._finder = finder
        self._ask = Asking(limiter, Family.SSO_ADMIN)

    def read(self, carrier: str, *, lane: Lane) -> str:
        """Empty: there is none."""
        home = self._finder.home(lane)
        must_be_of(home.instance.arn, PermissionSetArn(carrier))
        answer = self._ask(
            lane,
            lambda: home.sso_admin.reading.at(lane).get_inline_policy_for_permission_set(
                InstanceArn=home.instance.arn, PermissionSetArn=carrier
            ),
        )
        return answer.get("InlinePolicy") or ""

    def write(self, carrier: str, document: str, *, still: Still) -> None:
        """Asked once; AwsUnsure means read before asking again."""
        home = self._finder.home(Lane.GRANT)
        client, arn = home.sso_admin.writing, home.instance.arn
        must_be_of(arn, PermissionSetArn(carrier))
        if document:
            self._ask.write(
                Lane.GRANT,
                lambda: client.put_inline_policy_to_permission_set(
                    InstanceArn=arn, PermissionSetArn=carrier, InlinePolicy=document
                ),
                still=still,
            )
        else:
            self._ask.write(
                Lane.GRANT,
                lambda: client.delete_inline_policy_from_permission_set(
                    InstanceArn=arn, PermissionSetArn=carrier
                ),
                still=still,
            )

    def targets(self, _carrier: str, *, lane: Lane) -> None:
        """It reaches the accounts that it is provisioned to."""

    def push(
        self, permission_set: PermissionSetArn, account: AccountId, *, still: Still
    ) -> Operation:
        """To this one account, whatever others the set is in."""
        home = self._finder.home(Lane.GRANT)
        must_be_of(home.instance.arn, permission_set)
        answer = self._ask.write(
            Lane.GRANT,
            lambda: home.sso_admin.writing.provision_permission_set(
                InstanceArn=home.instance.arn,
                PermissionSetArn=permission_set,
                TargetType="AWS_ACCOUNT",
                TargetId=account,
            ),
            still=still,
        )
        return _operation(answer["PermissionSetProvisioningStatus"])

    def pushed(self, operation: str) -> Operation:
        """How a provisioning stands; AwsMissing: AWS no longer knows it."""
        home = self._finder.home(Lane.STATUS)
        client = home.sso_admin.reading.at(Lane.STATUS)
        answer = self._ask(
            Lane.STATUS,
            lambda: client.describe_permission_set_provisioning_status(
                InstanceArn=home.instance.arn, ProvisionPermissionSetRequestId=operation
            ),
        )
        return _operation(answer["PermissionSetProvisioningStatus"])


def _operation(status: "PermissionSetProvisioningStatusTypeDef") -> Operation:
    said = status.get("Status", "")
    return Operation(
        id=status.get("RequestId", ""),
        progress=Progress(said) if said in set(Progress) else Progress.IN_PROGRESS,
        reason=readable(status.get("FailureReason", "")),
        created_at=status.get("CreatedDate"),
    )
