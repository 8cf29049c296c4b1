"""Reading the catalogue: accounts, the tree and permission sets, in the lowest lane."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from grants.model import Catalogue, Instance, Lane, PermissionSet, PermissionSetArn
from grants.ports import Clock, IdentityCenter, Organization, Works

EVERY: Final = timedelta(minutes=5)
"""Accounts and the list of permission sets; new sets are described at once."""
ALL_EVERY: Final = timedelta(hours=1)
"""Every permission set is described anew this often."""


@dataclass(slots=True)
class Refresher:
    """Reads what there is to choose from, and remembers it."""

    works: Works
    identity_center: IdentityCenter
    organization: Organization
    clock: Clock
    described_at: datetime | None = None

    def refresh(self) -> Catalogue:
        """Read everything that may have changed, and store it. Raises AwsFault, storing nothing."""
        with self.works.reading() as work:
            known = work.catalogue.load()
        catalogue = self.read(known)
        with self.works() as work:
            return work.catalogue.replace(catalogue)

    def read(self, known: Catalogue | None = None) -> Catalogue:
        """The catalogue as it is now. What `known` has described lately is not described again."""
        lane = Lane.REFRESH if known else Lane.STATUS  # The first one: everybody waits for it.
        instance = self.identity_center.instance()
        with ThreadPoolExecutor(1, "catalogue") as beside:  # They have quotas of their own.
            sets = beside.submit(lambda: self._permission_sets(known, lane))
            ous = self.organization.ous(lane=lane)
            accounts = self.organization.accounts(lane=lane, ous=ous)
        return Catalogue(
            instance=instance,
            accounts={account.id: account for account in accounts},
            permission_sets=sets.result(),
            ous={ou.id: ou for ou in ous},
            in_management=self._in_management(instance, known, lane),
            read_at=self.clock(),
        )

    def _permission_sets(
        self, known: Catalogue | None, lane: Lane
    ) -> dict[PermissionSetArn, PermissionSet]:
        now = self.clock()
        remembered = dict(known.permission_sets) if known else {}
        if self.described_at is None or now - self.described_at >= ALL_EVERY:
            remembered = {}
        found = {}
        for arn in self.identity_center.permission_set_arns(lane=lane):
            described = remembered.get(arn) or self.identity_center.permission_set(arn, lane=lane)
            if described is not None:
                found[arn] = described
        if not remembered:
            self.described_at = now
        return found

    def _in_management(
        self, instance: Instance, known: Catalogue | None, lane: Lane
    ) -> frozenset[PermissionSetArn]:
        if not instance.delegated:
            return frozenset()
        found = self.identity_center.provisioned_in(instance.management_account, lane=lane)
        if found is None:
            return known.in_management if known else frozenset()
        return found
