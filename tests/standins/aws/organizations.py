"""AWS Organizations (AWSOrganizationsV20161128), answered from the company."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from tests.standins.aws.calls import Call
from tests.standins.aws.company import Company
from tests.standins.aws.ground import Answer, AwsError
from tests.standins.aws.organization import Account, Unit
from tests.standins.aws.pages import page_of
from tests.standins.aws.scps import Scp

T = TypeVar("T")
_OLD_STATUS = ("ACTIVE", "SUSPENDED", "PENDING_CLOSURE")


def _page(company: Company, call: Call, items: Iterable[T]) -> tuple[list[T], dict[str, str]]:
    return page_of(
        items,
        call,
        most=20,
        refusal="InvalidInputException",
        empty_first=company.empty_pages,
    )


def _arn(company: Company, kind: str, rest: str) -> str:
    managed = company.management_account
    return f"arn:aws:organizations::{managed}:{kind}/{company.organization_id}{rest}"


def _account(company: Company, account: Account) -> Answer:
    described: Answer = {
        "Id": account.id,
        "Arn": _arn(company, "account", f"/{account.id}"),
        "Email": account.email,
        "Name": account.name,
        "State": account.state,
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": account.joined.timestamp(),
    }
    if company.paths:
        described["Paths"] = [company.path_of(account.id)]
    if company.old_status and account.state in _OLD_STATUS:
        described["Status"] = account.state
    return described


def _unit(company: Company, unit: Unit) -> Answer:
    described = {
        "Id": unit.id,
        "Arn": _arn(company, "ou", f"/{unit.id}"),
        "Name": unit.name,
    }
    return {**described, "Path": company.path_of(unit.id)} if company.paths else described


def describe_organization(company: Company, call: Call) -> Answer:
    managed = company.management_account
    return {
        "Organization": {
            "Id": company.organization_id,
            "Arn": _arn(company, "organization", ""),
            "FeatureSet": "ALL",
            "MasterAccountArn": _arn(company, "account", f"/{managed}"),
            "MasterAccountId": managed,
            "MasterAccountEmail": company.accounts[managed].email,
        }
    }


def list_accounts(company: Company, call: Call) -> Answer:
    page, more = _page(company, call, company.accounts.values())
    return {"Accounts": [_account(company, a) for a in page], **more}


def describe_account(company: Company, call: Call) -> Answer:
    found = company.accounts.get(call.parameters["AccountId"])
    if found is None:
        raise AwsError("AccountNotFoundException", "You specified an account that doesn't exist.")
    return {"Account": _account(company, found)}


def list_roots(company: Company, call: Call) -> Answer:
    root = {
        "Id": company.root_id,
        "Arn": _arn(company, "root", f"/{company.root_id}"),
        "Name": "Root",
        "PolicyTypes": [],
    }
    page, more = _page(company, call, [root])
    return {"Roots": page, **more}


def _parent(company: Company, call: Call) -> str:
    parent: str = call.parameters["ParentId"]
    if parent not in company.accounts_in:
        raise AwsError("ParentNotFoundException", "You specified parent that doesn't exist.")
    return parent


def list_organizational_units_for_parent(company: Company, call: Call) -> Answer:
    page, more = _page(company, call, company.units_in[_parent(company, call)])
    return {"OrganizationalUnits": [_unit(company, company.units[u]) for u in page], **more}


def describe_organizational_unit(company: Company, call: Call) -> Answer:
    found = company.units.get(call.parameters["OrganizationalUnitId"])
    if found is None:
        raise AwsError(
            "OrganizationalUnitNotFoundException",
            "You specified an organizational unit that doesn't exist.",
        )
    return {"OrganizationalUnit": _unit(company, found)}


def list_accounts_for_parent(company: Company, call: Call) -> Answer:
    page, more = _page(company, call, company.accounts_in[_parent(company, call)])
    return {"Accounts": [_account(company, company.accounts[a]) for a in page], **more}


def list_parents(company: Company, call: Call) -> Answer:
    found = company.parent_of.get(call.parameters["ChildId"])
    if found is None:
        raise AwsError("ChildNotFoundException", "You specified a child that doesn't exist.")
    kind = "ROOT" if found == company.root_id else "ORGANIZATIONAL_UNIT"
    page, more = _page(company, call, [{"Id": found, "Type": kind}])
    return {"Parents": page, **more}


def list_tags_for_resource(company: Company, call: Call) -> Answer:
    asked = call.parameters["ResourceId"]
    if asked not in company.accounts and asked not in company.accounts_in:
        raise AwsError("TargetNotFoundException", "You specified a target that doesn't exist.")
    tags = [{"Key": k, "Value": v} for k, v in company.tags.get(asked, {}).items()]
    page, more = page_of(tags, call, most=50, refusal="InvalidInputException")
    return {"Tags": page, **more}


def list_delegated_administrators(company: Company, call: Call) -> Answer:
    served = call.parameters.get("ServicePrincipal", "sso.amazonaws.com")
    found = company.accounts.get(company.delegated_account or "")
    known = [found] if found and served == "sso.amazonaws.com" else []
    page, more = _page(company, call, known)
    administrators = [
        {
            **{k: v for k, v in _account(company, a).items() if k != "Paths"},
            "DelegationEnabledDate": a.joined.timestamp(),
        }
        for a in page
    ]
    return {"DelegatedAdministrators": administrators, **more}


def _scp(company: Company, call: Call) -> Scp:
    """Whoever may not write policies may not read them either."""
    if call.account not in company.may_write_scps:
        raise AwsError(
            "AccessDeniedException", "You don't have permissions to access this resource."
        )
    return company.scp(call.parameters["PolicyId"])


def _policy(company: Company, scp: Scp) -> Answer:
    arn = _arn(company, "policy", f"/{scp.kind.lower()}/{scp.id}")
    if scp.aws_managed:
        arn = f"arn:aws:organizations::aws:policy/{scp.kind.lower()}/{scp.id}"
    summary = {
        "Id": scp.id,
        "Arn": arn,
        "Name": scp.name,
        "Description": "",
        "Type": scp.kind,
        "AwsManaged": scp.aws_managed,
    }
    return {"Policy": {"PolicySummary": summary, "Content": scp.content}}


def describe_policy(company: Company, call: Call) -> Answer:
    return _policy(company, _scp(company, call))


def update_policy(company: Company, call: Call) -> Answer:
    found = _scp(company, call)
    if "Content" in call.parameters:
        company.put_scp(found.id, call.parameters["Content"])
    return _policy(company, found)


def list_targets_for_policy(company: Company, call: Call) -> Answer:
    page, more = _page(company, call, _scp(company, call).targets)
    return {"Targets": [_target(company, each) for each in page], **more}


def _target(company: Company, target: str) -> Answer:
    if target == company.root_id:
        kind, name, arn = "ROOT", "Root", _arn(company, "root", f"/{target}")
    elif target in company.units:
        kind, name = "ORGANIZATIONAL_UNIT", company.units[target].name
        arn = _arn(company, "ou", f"/{target}")
    else:
        kind, name = "ACCOUNT", company.accounts[target].name
        arn = _arn(company, "account", f"/{target}")
    return {"TargetId": target, "Arn": arn, "Name": name, "Type": kind}


_ANSWERS: dict[str, Callable[[Company, Call], Answer]] = {
    "DescribeOrganization": describe_organization,
    "ListAccounts": list_accounts,
    "DescribeAccount": describe_account,
    "ListRoots": list_roots,
    "ListOrganizationalUnitsForParent": list_organizational_units_for_parent,
    "DescribeOrganizationalUnit": describe_organizational_unit,
    "ListAccountsForParent": list_accounts_for_parent,
    "ListParents": list_parents,
    "ListTagsForResource": list_tags_for_resource,
    "ListDelegatedAdministrators": list_delegated_administrators,
    "DescribePolicy": describe_policy,
    "UpdatePolicy": update_policy,
    "ListTargetsForPolicy": list_targets_for_policy,
}
OPERATIONS = frozenset(_ANSWERS)


def answer(company: Company, call: Call) -> Answer:
    """Any account may describe the organisation; the rest is for management and its delegate."""
    managers = (company.management_account, company.delegated_account)
    if call.account not in managers and call.operation != "DescribeOrganization":
        raise AwsError(
            "AccessDeniedException", "You don't have permissions to access this resource."
        )
    return _ANSWERS[call.operation](company, call)
