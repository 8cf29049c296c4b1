"""The identity store (AWSIdentityStore), answered from the company."""

from __future__ import annotations

from collections.abc import Callable

from tests.standins.aws.calls import Call
from tests.standins.aws.company import Company
from tests.standins.aws.directory import Group, User
from tests.standins.aws.ground import Answer, AwsError, Params, uuid_of
from tests.standins.aws.pages import page_of


def _not_found(kind: str, which: object) -> AwsError:
    return AwsError("ResourceNotFoundException", f"{kind} not found.", ResourceType=kind)


def _looked_up(params: Params) -> tuple[str, str]:
    """Attribute path and value; an external id is looked for nowhere, for nobody has one here."""
    alternate = params["AlternateIdentifier"]
    if len(alternate) != 1:
        raise AwsError("ValidationException", "Exactly one AlternateIdentifier is needed.")
    if "ExternalId" in alternate:
        return "externalid", alternate["ExternalId"]["Id"]
    unique = alternate["UniqueAttribute"]
    return str(unique["AttributePath"]).lower(), str(unique["AttributeValue"])


def get_user_id(company: Company, call: Call) -> Answer:
    path, value = _looked_up(call.parameters)
    match path:
        case "username":
            found = company.user_by_name.get(value)
        case "emails.value":
            found = company.user_with(value)
        case "externalid":
            found = None
        case _:
            raise AwsError("ValidationException", f"{path} is not a unique attribute of a user.")
    if found is None:
        raise _not_found("USER", call.parameters)
    return {"IdentityStoreId": company.store_id, "UserId": found, "UserArn": _arn("user", found)}


def get_group_id(company: Company, call: Call) -> Answer:
    path, value = _looked_up(call.parameters)
    match path:
        case "displayname":
            found = company.group_by_name.get(value)
        case "externalid":
            found = None
        case _:
            raise AwsError("ValidationException", f"{path} is not a unique attribute of a group.")
    if found is None:
        raise _not_found("GROUP", call.parameters)
    return {"IdentityStoreId": company.store_id, "GroupId": found, "GroupArn": _arn("group", found)}


def _arn(kind: str, which: str) -> str:
    return f"arn:aws:identitystore:::{kind}/{which}"


def _user_id(company: Company, ref: str) -> str:
    plain = ref.removeprefix("arn:aws:identitystore:::user/")
    if plain not in company.users:
        raise _not_found("USER", ref)
    return plain


def _group_id(company: Company, ref: str) -> str:
    plain = ref.removeprefix("arn:aws:identitystore:::group/")
    if plain not in company.groups:
        raise _not_found("GROUP", ref)
    return plain


def describe_user(company: Company, call: Call) -> Answer:
    return _user(company, company.users[_user_id(company, call.parameters["UserId"])])


def _user(company: Company, user: User) -> Answer:
    given, _, family = user.display_name.partition(" ")
    described: Answer = {
        "IdentityStoreId": company.store_id,
        "UserId": user.id,
        "UserArn": _arn("user", user.id),
        "Revision": "1",
        "UserName": user.name,
        "Name": {"GivenName": given, "FamilyName": family or given},
        "DisplayName": user.display_name,
        "UserStatus": "ENABLED" if user.enabled else "DISABLED",
    }
    if user.email:
        described["Emails"] = [{"Value": user.email, "Type": "work", "Primary": True}]
    return described


def describe_group(company: Company, call: Call) -> Answer:
    return _group(company, company.groups[_group_id(company, call.parameters["GroupId"])])


def _group(company: Company, group: Group) -> Answer:
    described: Answer = {
        "IdentityStoreId": company.store_id,
        "GroupId": group.id,
        "GroupArn": _arn("group", group.id),
        "Revision": "1",
        "DisplayName": group.name,
    }
    if group.description:
        described["Description"] = group.description
    return described


def is_member_in_groups(company: Company, call: Call) -> Answer:
    user = _user_id(company, call.parameters["MemberId"]["UserId"])
    groups = [_group_id(company, group) for group in call.parameters["GroupIds"]]
    return {
        "Results": [
            {
                "GroupId": group,
                "MemberId": {"UserId": user},
                "MembershipExists": group in company.groups_of[user],
            }
            for group in groups
        ]
    }


def list_group_memberships_for_member(company: Company, call: Call) -> Answer:
    user = _user_id(company, call.parameters["MemberId"]["UserId"])
    page, more = page_of(company.groups_of[user], call, most=100)
    return {"GroupMemberships": [_membership(company, g, user) for g in page], **more}


def list_group_memberships(company: Company, call: Call) -> Answer:
    group = _group_id(company, call.parameters["GroupId"])
    page, more = page_of(company.members_of[group], call, most=100)
    return {"GroupMemberships": [_membership(company, group, u) for u in page], **more}


def _membership(company: Company, group: str, user: str) -> Answer:
    which = f"{company.store_id.removeprefix('d-')}-{uuid_of('membership', group, user)}"
    return {
        "IdentityStoreId": company.store_id,
        "MembershipId": which,
        "MembershipArn": _arn("membership", which),
        "GroupId": group,
        "MemberId": {"UserId": user},
    }


def list_groups(company: Company, call: Call) -> Answer:
    found = company.groups.values()
    wanted = _filtered(call.parameters, "displayName")
    if wanted is not None:
        found_id = company.group_by_name.get(wanted)
        found = {g: company.groups[g] for g in [found_id] if g}.values()
    page, more = page_of(found, call, most=100)
    return {"Groups": [_group(company, g) for g in page], **more}


def list_users(company: Company, call: Call) -> Answer:
    found = company.users.values()
    wanted = _filtered(call.parameters, "userName")
    if wanted is not None:
        found_id = company.user_by_name.get(wanted)
        found = {u: company.users[u] for u in [found_id] if u}.values()
    page, more = page_of(found, call, most=100)
    return {"Users": [_user(company, u) for u in page], **more}


def _filtered(params: Params, path: str) -> str | None:
    for only in params.get("Filters", ()):
        if only["AttributePath"].lower() != path.lower():
            raise AwsError("ValidationException", f"Filtering by {only['AttributePath']}.")
        return str(only["AttributeValue"])
    return None


_ANSWERS: dict[str, Callable[[Company, Call], Answer]] = {
    "GetUserId": get_user_id,
    "GetGroupId": get_group_id,
    "DescribeUser": describe_user,
    "DescribeGroup": describe_group,
    "IsMemberInGroups": is_member_in_groups,
    "ListGroupMembershipsForMember": list_group_memberships_for_member,
    "ListGroupMemberships": list_group_memberships,
    "ListGroups": list_groups,
    "ListUsers": list_users,
}
OPERATIONS = frozenset(_ANSWERS)


def answer(company: Company, call: Call) -> Answer:
    """Every account of the organisation may read: the default of the store's resource policy."""
    store: str = call.parameters["IdentityStoreId"]
    if store not in (company.store_id, company.store_arn):
        raise _not_found("IDENTITY_STORE", store)
    return _ANSWERS[call.operation](company, call)
