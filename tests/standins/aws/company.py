"""The company behind the stand-in: all of its state, changed only by its maker methods."""

from __future__ import annotations

from typing import Any

from tests.standins.aws.ground import Clock, locked
from tests.standins.aws.searching import Searchable


class Company(Searchable):
    """Makers take a name or an id wherever something is named, and give back the id."""

    def __init__(
        self,
        clock: Clock,
        *,
        management_account: str = "100000000001",
        management_name: str = "acme-management",
        operation_seconds: float = 0.0,
        region: str = "us-east-1",
    ) -> None:
        super().__init__(
            clock,
            management_account=management_account,
            management_name=management_name,
            operation_seconds=operation_seconds,
            region=region,
        )

    @locked
    def snapshot(self) -> dict[str, Any]:
        """All of it in words, for the control endpoint and for looking at."""
        self.settle()
        return {
            "management_account": self.management_account,
            "delegated_account": self.delegated_account,
            "instance_arn": self.instance_arn,
            "identity_store_id": self.store_id,
            "accounts": [
                {
                    "id": a.id,
                    "name": a.name,
                    "state": a.state,
                    "path": self.path_of(a.id),
                    "tags": self.tags.get(a.id, {}),
                }
                for a in self.accounts.values()
            ],
            "units": [
                {"id": u.id, "name": u.name, "path": self.path_of(u.id)}
                for u in self.units.values()
            ],
            "users": [
                {
                    "id": u.id,
                    "name": u.name,
                    "email": u.email,
                    "enabled": u.enabled,
                    "groups": [self.groups[g].name for g in self.groups_of[u.id]],
                }
                for u in self.users.values()
            ],
            "groups": [{"id": g.id, "name": g.name} for g in self.groups.values()],
            "permission_sets": [
                {"arn": p.arn, "name": p.name, "tags": self.tags.get(p.arn, {})}
                for p in self.permission_sets.values()
            ],
            "assignments": self.assignments_in_words(),
            "outstanding": len(self.in_flight),
        }

    @locked
    def assignments_in_words(self) -> list[dict[str, str]]:
        self.settle()
        return [
            {
                "principal_type": a.principal_type,
                "principal_id": a.principal_id,
                "principal": self._principal_name(a.principal_id),
                "account": a.account,
                "permission_set": a.permission_set,
                "permission_set_name": self._set_name(a.permission_set),
            }
            for a in self.assignments
        ]

    def _principal_name(self, principal_id: str) -> str:
        found = self.users.get(principal_id) or self.groups.get(principal_id)
        return found.name if found else ""

    def _set_name(self, arn: str) -> str:
        found = self.permission_sets.get(arn)
        return found.name if found else ""
