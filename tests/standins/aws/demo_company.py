"""A small company to try things in: six accounts beside management, six people, four sets."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.standins.aws.access import Assignment
from tests.standins.aws.company import Company
from tests.standins.aws.ground import Clock

ACTIVITY_ROLE = "ElevateActivityReader"
_UNITS = (
    ("Workloads", None, "ou-ab12-11111111"),
    ("Development", "Workloads", "ou-ab12-22222222"),
    ("Production", "Workloads", "ou-ab12-33333333"),
    ("Sandbox", None, "ou-ab12-44444444"),
    ("Security", None, "ou-ab12-55555555"),
)
_ACCOUNTS = (
    ("payments-dev", "Development", "222233334444", {"env": "dev", "team": "payments"}),
    ("payments-prod", "Production", "333344445555", {"env": "prod", "team": "payments"}),
    ("web-dev", "Development", "444455556666", {"env": "dev", "team": "web"}),
    ("web-prod", "Production", "555566667777", {"env": "prod", "team": "web"}),
    ("data-sandbox", "Sandbox", "666677778888", {"env": "sandbox", "team": "data"}),
    ("security-audit", "Security", "777788889999", {"env": "security"}),
)
_SETS = (
    ("ReadOnlyAccess", "Look at everything, change nothing"),
    ("PowerUserAccess", "Everything but identities"),
    ("AdministratorAccess", "Everything"),
    ("BillingAccess", "Invoices and cost reports"),
)
_PEOPLE = (
    ("bob", "Bob Requester", ("engineers",)),
    ("eve", "Eve Approver", ("production-approvers",)),
    ("dan", "Dan Approver", ("production-approvers",)),
    ("ada", "Ada Administrator", ("elevate-admins",)),
    ("aud", "Aud Auditor", ("elevate-auditors",)),
    ("mallory", "Mallory Stranger", ()),
)


def small_company(
    clock: Clock,
    *,
    delegated: bool = True,
    operation_seconds: float = 0.0,
    region: str = "us-east-1",
) -> Company:
    """Callers are in security-audit, the delegated administrator, unless `delegated` is false."""
    company = Company(
        clock,
        management_account="111122223333",
        operation_seconds=operation_seconds,
        region=region,
    )
    for unit, parent, unit_id in _UNITS:
        company.add_unit(unit, parent=parent, unit_id=unit_id)
    for account, unit, account_id, tags in _ACCOUNTS:
        company.add_account(account, unit=unit, account_id=account_id, tags=tags)
    for name, description in _SETS:
        company.add_permission_set(name, description=description, tags={"elevate": "true"})
    for name, display_name, groups in _PEOPLE:
        company.add_user(name, f"{name}@example.com", display_name=display_name)
        for group in groups:
            if group not in company.group_by_name:
                company.add_group(group)
            company.add_member(group, name)
    company.prepare_role(ACTIVITY_ROLE)
    if delegated:
        company.delegate_to("security-audit")
    return company


def use_what_is_given(company: Company) -> None:
    """From now on a user who is given access uses it, so that CloudTrail has something to tell."""

    def work(given: Assignment, at: datetime) -> None:
        if given.principal_type == "USER":
            company.session_activity(
                given.principal_id,
                given.account,
                given.permission_set,
                at + timedelta(seconds=1),
            )

    company.on_active.append(work)
    company.on_gone.append(company.silence)
