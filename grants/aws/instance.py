"""Finds the organization's Identity Center instance, and from where it is to be asked."""

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from grants.aws.asking import Asking
from grants.aws.clients import Clients, SsoAdmin
from grants.aws.faults import in_our_words
from grants.aws.limiter import PERSON_WAITS, Family, Limiter
from grants.errors import AwsBusy, AwsFault, AwsRefused
from grants.model import AccountId, Instance, Lane

if TYPE_CHECKING:
    from mypy_boto3_sso_admin.type_defs import InstanceMetadataTypeDef

_DISCOVERY_WAITS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Home:
    """The instance, and the clients of the Region in which it takes assignments."""

    instance: Instance
    sso_admin: SsoAdmin


class Finder:
    """Looks once, on first use, so that the bot starts while AWS is away."""

    def __init__(self, clients: Clients, limiter: Limiter, *, instance_arn: str = "") -> None:
        """`instance_arn` is taken at its word where there are several (ELEVATE_INSTANCE_ARN)."""
        self._clients = clients
        self._wanted = instance_arn
        self._sso_admin = Asking(limiter, Family.SSO_ADMIN)
        self._organizations = Asking(limiter, Family.ORGANIZATION)
        self._looking = threading.Lock()
        self._home: Home | None = None

    def home(self, lane: Lane) -> Home:
        """The instance as found; a fault is not kept, the next caller looks again."""
        return self._home or self._found(lane)

    def instance(self) -> Instance:
        """The instance; whose credentials we have is asked again where STS did not say."""
        home = self.home(Lane.STATUS)
        if not home.instance.own_account:
            instance = replace(home.instance, own_account=self._own_account(Lane.STATUS))
            self._home = home = replace(home, instance=instance)
        return home.instance

    def _found(self, lane: Lane) -> Home:
        longest = PERSON_WAITS if lane is Lane.PERSON else _DISCOVERY_WAITS
        if not self._looking.acquire(timeout=longest):
            raise AwsBusy("Identity Center's instance is still being looked for.")
        try:
            self._home = home = self._home or self._look(lane)
            return home
        finally:
            self._looking.release()

    def _look(self, lane: Lane) -> Home:
        organization = self._organizations(
            lane, lambda: self._clients.organizations.at(lane).describe_organization()
        )["Organization"]
        management = AccountId(organization.get("MasterAccountId", ""))
        here = self._clients.sso_admin
        found = self._chosen(self._listed(here, lane), management)
        instance = Instance(
            arn=found["InstanceArn"],
            identity_store_id=found.get("IdentityStoreId", ""),
            management_account=management,
            own_account=self._own_account(lane),
        )
        there = self._where_written(found, lane)
        return Home(replace(instance, region=there.region), there)

    def _listed(self, there: SsoAdmin, lane: Lane) -> list["InstanceMetadataTypeDef"]:
        client = there.reading.at(lane)
        pages = self._sso_admin.pages(lane, lambda token: client.list_instances(**token))
        return [instance for page in pages for instance in page.get("Instances", [])]

    def _chosen(
        self, instances: list["InstanceMetadataTypeDef"], management: AccountId
    ) -> "InstanceMetadataTypeDef":
        if self._wanted:
            found = [one for one in instances if one.get("InstanceArn") == self._wanted]
        else:
            found = [one for one in instances if one.get("OwnerAccountId") == management]
        if not found:
            # Not AwsMissing: an instance that is not found says nothing about what it holds.
            raise AwsRefused(self._advice())
        return found[0]

    def _advice(self) -> str:
        if self._wanted:
            return (
                f"Identity Center shows no instance {self._wanted} in {self._clients.region}:"
                " correct ELEVATE_INSTANCE_ARN or AWS_REGION."
            )
        return (
            f"The organization has no Identity Center instance in {self._clients.region}:"
            " set AWS_REGION to Identity Center's Region."
        )

    def _where_written(self, found: "InstanceMetadataTypeDef", lane: Lane) -> SsoAdmin:
        """Assignments are written in the primary Region alone, where we may go there."""
        here = self._clients.sso_admin
        primary = found.get("PrimaryRegion") or self._primary_region(found["InstanceArn"], lane)
        if not primary or primary == here.region:
            return here
        there = self._clients.sso_admin_in(primary)
        try:
            self._listed(there, lane)
        except AwsRefused:
            return here
        return there

    def _primary_region(self, arn: str, lane: Lane) -> str:
        client = self._clients.sso_admin.reading.at(lane)
        try:
            said = self._sso_admin(lane, lambda: client.describe_instance(InstanceArn=arn))
        except AwsFault:
            return ""
        return said.get("PrimaryRegion", "")

    def _own_account(self, lane: Lane) -> AccountId:
        """Empty where STS does not say: then taken for a delegate, which is the cautious reading."""
        try:
            with in_our_words():
                return AccountId(self._clients.sts.at(lane).get_caller_identity()["Account"])
        except AwsFault:
            return AccountId("")
