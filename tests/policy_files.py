"""Makes policy files: a test says only what it is about."""

import json
from typing import Any, Final

from tests.world import APPROVALS, DEFAULT

ROOT: Final = "r-ab12"
WORKLOADS: Final = "ou-ab12-11111111"
DEVELOPMENT: Final = "ou-ab12-22222222"
PRODUCTION: Final = "ou-ab12-33333333"
MANAGEMENT: Final = "111122223333"
DEV, PROD = "222233334444", "333344445555"

POLICIES: Final = """
version: 1
settings:
  admins: {groups: [elevate-admins]}
  default_channel: C0000000001
eligibility:
  - name: engineers in production
    who: {groups: [engineers]}
    ous: [ou-ab12-33333333]
    permission_sets: [ReadOnlyAccess]
approval:
  - name: production
    ous: [ou-ab12-33333333]
    approvers: {groups: [production-approvers]}
"""
"""As an administrator begins: one policy of each kind, and no settings but those there have to be."""

Policy = dict[str, Any]


def everything_below(ou: str) -> Policy:
    """A scope: the OU and all below it."""
    return {"ous": [{"id": ou, "nested": True}]}


def may(*permission_sets: str, **policy: Any) -> Policy:
    """The engineers may ask for these, in production's payments account."""
    if not policy.keys() & {"accounts", "ous", "tags"}:
        policy["accounts"] = [PROD]
    who = {"groups": ["engineers"]}
    return {"who": who, "permission_sets": list(permission_sets), **policy}


def approves(*groups: str, **policy: Any) -> Policy:
    """These groups decide on everything, in the approvals channel."""
    scope = {} if policy.keys() & {"accounts", "ous", "tags"} else everything_below(ROOT)
    return {"approvers": {"groups": list(groups)}, "channel": APPROVALS, **scope, **policy}


def a_policy_file(
    *eligibility: Policy, approval: list[Policy] | None = None, **settings: Any
) -> str:
    """The production approvers decide, unless `approval` says who."""
    approval = [approves("production-approvers")] if approval is None else approval
    return json.dumps(
        {
            "version": 1,
            "settings": {
                "require_ticket": False,
                "require_decision_comment": False,
                "admins": {"groups": ["elevate-admins"]},
                "default_channel": DEFAULT,
                **settings,
            },
            "eligibility": _named("may", eligibility),
            "approval": _named("approves", approval),
        }
    )


def _named(word: str, policies: list[Policy] | tuple[Policy, ...]) -> list[Policy]:
    return [{"name": f"{word} {n}", **policy} for n, policy in enumerate(policies, 1)]
