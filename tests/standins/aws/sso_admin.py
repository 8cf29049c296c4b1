"""IAM Identity Center's administration (SWBExternalService), answered from the company."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.standins.aws.access import Assignment, Instance, Operation
from tests.standins.aws.calls import Call
from tests.standins.aws.company import Company
from tests.standins.aws.ground import Answer, AwsError, Params
from tests.standins.aws.inline import Provisioning
from tests.standins.aws.pages import page_of


def _not_found(what: str, which: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"{what} {which} was not found.")


def _not_allowed(call: Call) -> AwsError:
    who = f"User: arn:aws:sts::{call.account}:assumed-role/caller"
    return AwsError(
        "AccessDeniedException", f"{who} is not authorized to perform: sso:{call.operation}"
    )


def _admitted(company: Company, call: Call) -> None:
    """Only the management account and its delegate administer; the instance must be theirs."""
    if call.account not in (company.management_account, company.delegated_account):
        raise _not_allowed(call)
    asked = call.parameters.get("InstanceArn", company.instance_arn)
    if asked != company.instance_arn:
        raise _not_found("Instance", asked)


def _set_arn(company: Company, params: Params) -> str:
    arn: str = params["PermissionSetArn"]
    if arn not in company.permission_sets:
        raise _not_found("PermissionSet", arn)
    return arn


def _account(company: Company, account: str) -> str:
    if account not in company.accounts:
        raise _not_found("Account", account)
    return account


def _wanted(company: Company, call: Call) -> Assignment:
    params, managed = call.parameters, company.management_account
    arn, account = _set_arn(company, params), _account(company, params["TargetId"])
    in_management = account == managed or arn in company.provisioned.get(managed, {})
    if in_management and call.account != managed:
        raise _not_allowed(call)
    return Assignment(params["PrincipalType"], params["PrincipalId"], account, arn)


def create_account_assignment(company: Company, call: Call) -> Answer:
    wanted = _wanted(company, call)
    known = company.users if wanted.principal_type == "USER" else company.groups
    if wanted.principal_id not in known:
        raise _not_found(wanted.principal_type, wanted.principal_id)
    failure = call.failure
    if company.accounts[wanted.account].state != "ACTIVE":
        failure = failure or "Received a 403 status error: the account is not active."
    begun = company.begin("CREATE", wanted, failure=failure)
    _recorded(company, call, wanted)
    return {"AccountAssignmentCreationStatus": _in_full(begun)}


def delete_account_assignment(company: Company, call: Call) -> Answer:
    unwanted = _wanted(company, call)
    if unwanted not in company.assignments and unwanted not in company.in_flight:
        raise _not_found("AccountAssignment", "/".join(unwanted))
    begun = company.begin("DELETE", unwanted, failure=call.failure)
    _recorded(company, call, unwanted)
    return {"AccountAssignmentDeletionStatus": _in_full(begun)}


def _recorded(company: Company, call: Call, asked: Assignment) -> None:
    company.record_assigning(
        asked,
        by={"type": "AssumedRole", "arn": call.arn(), "accountId": call.account},
        agent=call.agent,
        account=call.account,
        event=call.operation,
    )


def _in_full(operation: Operation) -> Answer:
    asked = operation.assignment
    answer: Answer = {
        "Status": operation.status,
        "RequestId": operation.request_id,
        "TargetId": asked.account,
        "TargetType": "AWS_ACCOUNT",
        "PermissionSetArn": asked.permission_set,
        "PrincipalType": asked.principal_type,
        "PrincipalId": asked.principal_id,
        "CreatedDate": operation.created.timestamp(),
    }
    if operation.status == "FAILED" and operation.failure:
        answer["FailureReason"] = operation.failure
    return answer


def _described(kind: str, asked: str, answered: str) -> Callable[[Company, Call], Answer]:
    def describe(company: Company, call: Call) -> Answer:
        found = company.operations.get(call.parameters[asked])
        if found is None or found.kind != kind:
            raise _not_found("Request", call.parameters[asked])
        return {answered: _in_full(found)}

    return describe


def _listed(kind: str, answered: str) -> Callable[[Company, Call], Answer]:
    def list_statuses(company: Company, call: Call) -> Answer:
        status = call.parameters.get("Filter", {}).get("Status")
        states = [status] if status else ["IN_PROGRESS", "FAILED", "SUCCEEDED"]
        found = [
            operation
            for state in states
            for operation in reversed(company.operations_by.get((kind, state), {}).values())
        ]
        page, more = page_of(found, call, most=100)
        return {answered: [_in_brief(o) for o in page], **more}

    return list_statuses


def _in_brief(operation: Operation) -> Answer:
    return {
        "Status": operation.status,
        "RequestId": operation.request_id,
        "CreatedDate": operation.created.timestamp(),
    }


def list_account_assignments(company: Company, call: Call) -> Answer:
    account = _account(company, call.parameters["AccountId"])
    pair = (account, _set_arn(company, call.parameters))
    page, more = page_of(company.assigned.get(pair, {}), call, most=100)
    return {"AccountAssignments": [_assignment(a) for a in page], **more}


def list_account_assignments_for_principal(company: Company, call: Call) -> Answer:
    """Those of a user's groups too. Documented as callable from the management account only."""
    if call.account != company.management_account:
        raise _not_allowed(call)
    params = call.parameters
    kind, principal = params["PrincipalType"], params["PrincipalId"]
    holders = [(kind, principal)]
    if kind == "USER":
        holders += [("GROUP", group) for group in company.groups_of.get(principal, {})]
    only = params.get("Filter", {}).get("AccountId")
    found: Iterable[Assignment] = (
        held
        for holder in holders
        for held in company.held_by.get(holder, {})
        if only in (None, held.account)
    )
    page, more = page_of(found, call, most=100)
    return {"AccountAssignments": [_assignment(a) for a in page], **more}


def _assignment(held: Assignment) -> Answer:
    return {
        "AccountId": held.account,
        "PermissionSetArn": held.permission_set,
        "PrincipalType": held.principal_type,
        "PrincipalId": held.principal_id,
    }


def get_inline_policy(company: Company, call: Call) -> Answer:
    return {"InlinePolicy": company.inline_policy(_set_arn(company, call.parameters))}


def put_inline_policy(company: Company, call: Call) -> Answer:
    params = call.parameters
    company.put_inline_policy(_changeable(company, call), params["InlinePolicy"])
    return {}


def delete_inline_policy(company: Company, call: Call) -> Answer:
    company.put_inline_policy(_changeable(company, call), "")
    return {}


def _changeable(company: Company, call: Call) -> str:
    """A delegate does not change what is provisioned in the management account."""
    arn, managed = _set_arn(company, call.parameters), company.management_account
    if arn in company.provisioned.get(managed, {}) and call.account != managed:
        raise _not_allowed(call)
    return arn


def provision_permission_set(company: Company, call: Call) -> Answer:
    params = call.parameters
    if params["TargetType"] != "AWS_ACCOUNT":
        raise AwsError("ValidationException", "The stand-in provisions to one account alone.")
    account = _account(company, params["TargetId"])
    begun = company.provision(account, _changeable(company, call), failure=call.failure)
    return {"PermissionSetProvisioningStatus": _provisioning(begun)}


def describe_provisioning(company: Company, call: Call) -> Answer:
    asked = call.parameters["ProvisionPermissionSetRequestId"]
    if asked not in company.provisionings:
        raise _not_found("Request", asked)
    return {"PermissionSetProvisioningStatus": _provisioning(company.provisionings[asked])}


def _provisioning(found: Provisioning) -> Answer:
    answer: Answer = {
        "Status": found.status,
        "RequestId": found.request_id,
        "AccountId": found.account,
        "PermissionSetArn": found.permission_set,
        "CreatedDate": found.created.timestamp(),
    }
    if found.status == "FAILED" and found.failure:
        answer["FailureReason"] = found.failure
    return answer


def list_permission_sets(company: Company, call: Call) -> Answer:
    page, more = page_of(company.permission_sets, call, most=100)
    return {"PermissionSets": page, **more}


def describe_permission_set(company: Company, call: Call) -> Answer:
    found = company.permission_sets[_set_arn(company, call.parameters)]
    described = {
        "Name": found.name,
        "PermissionSetArn": found.arn,
        "CreatedDate": found.created.timestamp(),
        "SessionDuration": found.session_duration,
    }
    if found.description:
        described["Description"] = found.description
    return {"PermissionSet": described}


def list_tags_for_resource(company: Company, call: Call) -> Answer:
    arn = call.parameters["ResourceArn"]
    if arn not in company.permission_sets and arn not in company.instances:
        raise _not_found("Resource", arn)
    tags = [{"Key": k, "Value": v} for k, v in company.tags.get(arn, {}).items()]
    page, more = page_of(tags, call, most=75)
    return {"Tags": page, **more}


def list_permission_sets_provisioned_to_account(company: Company, call: Call) -> Answer:
    account = _account(company, call.parameters["AccountId"])
    found = company.provisioned.get(account, {})
    if call.parameters.get("ProvisioningStatus") == "LATEST_PERMISSION_SET_NOT_PROVISIONED":
        found = {}
    page, more = page_of(found, call, most=100)
    return {"PermissionSets": page, **more}


def list_instances(company: Company, call: Call) -> Answer:
    """Empty in a Region where the instance is not, unless all Regions were asked for."""
    everywhere = call.parameters.get("RegionScope") == "ALL_REGIONS"
    visible = everywhere or call.region == company.region
    found = company.instances.values() if visible else ()
    page, more = page_of(found, call, most=10)
    return {"Instances": [_instance(company, i) for i in page], **more}


def describe_instance(company: Company, call: Call) -> Answer:
    arn = call.parameters["InstanceArn"]
    if arn not in company.instances:
        raise _not_found("Instance", arn)
    described = _instance(company, company.instances[arn])
    return {**described, "PermissionSetsEnabled": arn == company.instance_arn}


def _instance(company: Company, instance: Instance) -> Answer:
    return {
        "InstanceArn": instance.arn,
        "IdentityStoreId": instance.store_id,
        "IdentityStoreArn": f"arn:aws:identitystore::{instance.owner}:identitystore/"
        f"{instance.store_id}",
        "OwnerAccountId": instance.owner,
        "CreatedDate": instance.created.timestamp(),
        "Status": "ACTIVE",
        "PrimaryRegion": company.region,
        "Regions": [
            {
                "RegionName": company.region,
                "Status": "ACTIVE",
                "AddedDate": instance.created.timestamp(),
                "IsPrimaryRegion": True,
            }
        ],
    }


_ADMINISTERING: dict[str, Callable[[Company, Call], Answer]] = {
    "CreateAccountAssignment": create_account_assignment,
    "DeleteAccountAssignment": delete_account_assignment,
    "DescribeAccountAssignmentCreationStatus": _described(
        "CREATE", "AccountAssignmentCreationRequestId", "AccountAssignmentCreationStatus"
    ),
    "DescribeAccountAssignmentDeletionStatus": _described(
        "DELETE", "AccountAssignmentDeletionRequestId", "AccountAssignmentDeletionStatus"
    ),
    "ListAccountAssignmentCreationStatus": _listed("CREATE", "AccountAssignmentsCreationStatus"),
    "ListAccountAssignmentDeletionStatus": _listed("DELETE", "AccountAssignmentsDeletionStatus"),
    "ListAccountAssignments": list_account_assignments,
    "ListAccountAssignmentsForPrincipal": list_account_assignments_for_principal,
    "ListPermissionSets": list_permission_sets,
    "DescribePermissionSet": describe_permission_set,
    "ListTagsForResource": list_tags_for_resource,
    "GetInlinePolicyForPermissionSet": get_inline_policy,
    "PutInlinePolicyToPermissionSet": put_inline_policy,
    "DeleteInlinePolicyFromPermissionSet": delete_inline_policy,
    "ProvisionPermissionSet": provision_permission_set,
    "DescribePermissionSetProvisioningStatus": describe_provisioning,
    "ListPermissionSetsProvisionedToAccount": list_permission_sets_provisioned_to_account,
}
_SEEING = {"ListInstances": list_instances, "DescribeInstance": describe_instance}
OPERATIONS = frozenset(_ADMINISTERING) | frozenset(_SEEING)


def answer(company: Company, call: Call) -> Answer:
    company.settle()
    if call.operation in _SEEING:
        return _SEEING[call.operation](company, call)
    _admitted(company, call)
    return _ADMINISTERING[call.operation](company, call)
