"""A service control policy that was prepared to deny sessions."""

from typing import TYPE_CHECKING, Final

from grants.aws.asking import Asking
from grants.aws.clients import Clients
from grants.aws.limiter import Family, Limiter
from grants.errors import AwsRefused
from grants.model import Lane
from grants.ports import Still

if TYPE_CHECKING:
    from mypy_boto3_organizations.type_defs import PolicySummaryTypeDef

SCP: Final = "SERVICE_CONTROL_POLICY"


class ScpsAtAws:
    """`grants.ports.Denials`. What is asked for goes behind what takes access away."""

    def __init__(self, clients: Clients, limiter: Limiter) -> None:
        """Only the management account, and whom its delegation policy names, may ask."""
        self._clients = clients
        self._ask = Asking(limiter, Family.ORG_POLICIES)
        self._write = Asking(limiter, Family.ORG_UPDATE_POLICY)

    def read(self, carrier: str, *, lane: Lane) -> str:
        """Never empty: AWS takes none that is."""
        client = self._clients.organizations.at(lane)
        found = self._ask(lane, lambda: client.describe_policy(PolicyId=carrier))["Policy"]
        _must_be_ours(carrier, found.get("PolicySummary", {}))
        return found.get("Content", "")

    def write(self, carrier: str, document: str, *, still: Still) -> None:
        """Asked once; AwsUnsure means read before asking again. Name and description stay."""
        client = self._clients.organizations_writing
        self._write.write(
            Lane.GRANT,
            lambda: client.update_policy(PolicyId=carrier, Content=document),
            still=still,
        )

    def targets(self, carrier: str, *, lane: Lane) -> frozenset[str]:
        """The root, OUs and accounts that it is attached to."""
        client = self._clients.organizations.at(lane)
        pages = self._ask.pages(
            lane, lambda token: client.list_targets_for_policy(PolicyId=carrier, **token)
        )
        found = [each.get("TargetId", "") for page in pages for each in page.get("Targets", [])]
        return frozenset(found) - {""}


def _must_be_ours(carrier: str, about: "PolicySummaryTypeDef") -> None:
    """Another kind of policy has statements of another kind."""
    if about.get("Type") != SCP or about.get("AwsManaged"):
        raise AwsRefused(
            f"{carrier} is no service control policy of the organization's own: name one in"
            " ELEVATE_CUT_POLICY_ID that was made for this."
        )
