"""Section 5 of the design, said once more and otherwise: by sets of names, straight from the file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

Policy = Mapping[str, Any]


@dataclass(frozen=True)
class Facts:
    """What is so in AWS: names stand for everything but accounts and OUs."""

    parent: Mapping[str, str]
    """Of each account and OU but the root."""
    tags: Mapping[str, Mapping[str, str]]
    permission_sets: frozenset[str]
    members: Mapping[str, frozenset[str]]
    users: frozenset[str]
    disabled: frozenset[str]

    def above(self, node: str) -> list[str]:
        """From the parent up to the root."""
        up = [self.parent[node]] if node in self.parent else []
        return up + self.above(up[0]) if up else []


@dataclass(frozen=True)
class Model:
    """Answers about one person, account and permission set."""

    file: Mapping[str, Any]
    facts: Facts

    def offered(self, user: str, account: str, permission_set: str) -> bool:
        return bool(self._eligibility(user, account, permission_set))

    def longest(self, user: str, account: str, permission_set: str) -> int:
        """In minutes."""
        ceiling = minutes(self._setting("max_duration", "9h"))
        theirs = self._eligibility(user, account, permission_set)
        return min(
            ceiling, max(minutes(each.get("max_duration", f"{ceiling}m")) for each in theirs)
        )

    def approval_needed(self, user: str, account: str, permission_set: str) -> bool:
        if self._setting("approval", "required") == "off":
            return False
        theirs = self._eligibility(user, account, permission_set)
        return {each.get("approval", "required") for each in theirs} != {"none"}

    def approvers(self, user: str, account: str, permission_set: str) -> set[str]:
        """Enabled people other than whoever asks."""
        named = [self._approvers(each, user) for each in self._approval(account, permission_set)]
        return set().union(*named)

    def proof_needed(self, account: str, permission_set: str) -> bool:
        """Whether any policy that covers it asks."""
        return "totp" in {each.get("proof") for each in self._approval(account, permission_set)}

    def enough(self, user: str, account: str, permission_set: str, agreeing: Iterable[str]) -> bool:
        """Whether these have agreed to what the user asks for."""
        policies = self._approval(account, permission_set)
        counting = set(agreeing) & self.approvers(user, account, permission_set)
        numbers = [each.get("approvals", 1) for each in policies]
        if not numbers or len(counting) < max(numbers):
            return False
        required = [each for each in policies if each.get("required", False)]
        return all(
            len(counting & self._approvers(each, user)) >= each.get("approvals", 1)
            for each in required
        )

    def possible(self, user: str, account: str, permission_set: str) -> bool:
        """Whether any of the people there are, agreeing together, would be enough."""
        people = self.facts.users - {user}
        several = (combinations(people, n) for n in range(len(people) + 1))
        return any(
            self.enough(user, account, permission_set, some)
            for some in chain.from_iterable(several)
        )

    def channels(self, account: str, permission_set: str) -> set[str]:
        default = self._setting("default_channel", None)
        policies = self._approval(account, permission_set)
        asked = {each.get("channel", default) for each in policies} - {None}
        return asked or {default} - {None}

    def _setting(self, name: str, otherwise: Any) -> Any:
        return self.file.get("settings", {}).get(name, otherwise)

    def _eligibility(self, user: str, account: str, permission_set: str) -> list[Policy]:
        return [
            each
            for each in self.file["eligibility"]
            if user in self._named(each["who"])
            and permission_set in each["permission_sets"]
            and self._covers(each, account)
        ]

    def _approval(self, account: str, permission_set: str) -> list[Policy]:
        return [
            each
            for each in self.file["approval"]
            if permission_set in each.get("permission_sets", self.facts.permission_sets)
            and self._covers(each, account)
        ]

    def _covers(self, policy: Policy, account: str) -> bool:
        above = self.facts.above(account)
        below = {
            ou if isinstance(ou, str) else ou["id"]: not isinstance(ou, str) and ou["nested"]
            for ou in policy.get("ous", [])
        }
        carried = self.facts.tags[account].items()
        return (
            account in policy.get("accounts", [])
            or any(below.get(ou, False) for ou in above)
            or above[0] in below
            or bool(carried & policy.get("tags", {}).items())
        )

    def _approvers(self, policy: Policy, asking: str) -> set[str]:
        return self._named(policy["approvers"]) - self.facts.disabled - {asking}

    def _named(self, who: Mapping[str, list[str]]) -> set[str]:
        groups = [self.facts.members[group] for group in who.get("groups", [])]
        return set(who.get("users", [])).union(*groups)


def minutes(duration: str) -> int:
    """`30m` or `2h`."""
    number, unit = int(duration[:-1]), duration[-1]
    return number * {"m": 1, "h": 60}[unit]
