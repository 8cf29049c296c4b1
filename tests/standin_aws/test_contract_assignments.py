"""True of the stand-in and of moto, except where marked: assignments."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.standin_aws.platforms import (
    NOBODY,
    PHONY_SET,
    Key,
    Platform,
    but_moto,
    code_of,
    on_both,
)


@on_both
def test_what_was_created_is_listed(platform: Platform) -> None:
    key = Key(platform)

    key.create()

    assert key.listed() == [
        {
            "AccountId": key.account,
            "PermissionSetArn": key.permission_set,
            "PrincipalType": "USER",
            "PrincipalId": key.user,
        }
    ]


@on_both
def test_a_group_can_hold_an_assignment(platform: Platform) -> None:
    key = Key(platform, principal=platform.group("engineers"))
    key.kind = "GROUP"

    key.create()

    assert [a["PrincipalType"] for a in key.listed()] == ["GROUP"]


@on_both
def test_a_creation_is_described_by_its_request_id_as_succeeded(platform: Platform) -> None:
    key = Key(platform)

    begun = key.create()

    assert key.creation(begun["RequestId"])["Status"] == "SUCCEEDED"


@on_both
def test_what_was_deleted_is_listed_no_more(platform: Platform) -> None:
    key = Key(platform)
    key.create()

    key.delete()

    assert key.listed() == []


@on_both
def test_to_delete_what_is_not_there_is_refused_as_not_found(platform: Platform) -> None:
    key = Key(platform)

    with pytest.raises(ClientError) as refused:
        key.delete()

    assert code_of(refused) == "ResourceNotFoundException"


@on_both
def test_an_unknown_request_id_is_refused_as_not_found(platform: Platform) -> None:
    key = Key(platform)

    with pytest.raises(ClientError) as refused:
        key.creation("00000000-0000-4000-8000-000000000000")

    assert code_of(refused) == "ResourceNotFoundException"


@but_moto("SUCCEEDED at once")
def test_a_creation_is_in_progress_at_first(platform: Platform) -> None:
    key = Key(platform)

    begun = key.create()

    assert begun["Status"] == "IN_PROGRESS"


@but_moto("duplicates are stored twice")
def test_the_same_assignment_created_twice_is_one(platform: Platform) -> None:
    key = Key(platform)

    key.create()
    key.create()

    assert len(key.listed()) == 1


@but_moto("delete removes one copy, so a standing assignment seems to survive an expiry")
def test_one_delete_takes_away_what_two_creates_made(platform: Platform) -> None:
    key = Key(platform)
    key.create()
    key.create()

    key.delete()

    assert key.listed() == []


@but_moto("a bogus permission set, account or principal is accepted")
@pytest.mark.parametrize(
    "other",
    [
        {"PermissionSetArn": PHONY_SET},
        {"TargetId": "999999999999"},
        {"PrincipalId": NOBODY},
    ],
    ids=["permission set", "account", "principal"],
)
def test_an_unknown_part_of_an_assignment_is_refused(
    platform: Platform, other: dict[str, str]
) -> None:
    key = Key(platform)

    with pytest.raises(ClientError) as refused:
        key.create(**other)

    assert code_of(refused) == "ResourceNotFoundException"


@but_moto("the creation's status is gone with the assignment")
def test_a_creation_is_still_described_after_the_deletion(platform: Platform) -> None:
    key = Key(platform)
    begun = key.create()

    key.delete()

    assert key.creation(begun["RequestId"])["Status"] == "SUCCEEDED"


@but_moto("a delete reuses the creation's RequestId")
def test_a_deletion_has_a_request_id_of_its_own(platform: Platform) -> None:
    key = Key(platform)

    assert key.create()["RequestId"] != key.delete()["RequestId"]


@but_moto("not implemented")
def test_creations_are_listed_by_status_without_target_and_principal(platform: Platform) -> None:
    key = Key(platform)
    begun = key.create()

    listed = key.sso.list_account_assignment_creation_status(
        InstanceArn=key.instance, Filter={"Status": "SUCCEEDED"}
    )["AccountAssignmentsCreationStatus"]

    assert [one["RequestId"] for one in listed] == [begun["RequestId"]]
    assert set(listed[0]) == {"Status", "RequestId", "CreatedDate"}


@but_moto("not implemented")
def test_deletions_are_listed_by_status(platform: Platform) -> None:
    key = Key(platform)
    key.create()
    begun = key.delete()

    listed = key.sso.list_account_assignment_deletion_status(InstanceArn=key.instance)

    assert [one["RequestId"] for one in listed["AccountAssignmentsDeletionStatus"]] == [
        begun["RequestId"]
    ]


@on_both
def test_a_principals_own_assignments_are_listed_for_the_management_account(
    platform: Platform,
) -> None:
    key = Key(platform)
    key.create()

    held = key.sso.list_account_assignments_for_principal(
        InstanceArn=key.instance, PrincipalId=key.user, PrincipalType="USER"
    )["AccountAssignments"]

    assert [a["AccountId"] for a in held] == [key.account]


@but_moto("direct assignments only")
def test_a_principal_holds_what_its_groups_hold(platform: Platform) -> None:
    group, user = platform.group("engineers"), platform.user("ann")
    platform.member(group, user)
    key = Key(platform, principal=group)
    key.kind = "GROUP"
    key.create()

    held = key.sso.list_account_assignments_for_principal(
        InstanceArn=key.instance, PrincipalId=user, PrincipalType="USER"
    )["AccountAssignments"]

    assert [a["PrincipalId"] for a in held] == [group]
