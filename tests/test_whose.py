"""Whose an assignment is that the ledger knows nothing of."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from grants.aws.cloudtrail.assigning import call_of, caller
from grants.model import Assignment, Holding
from grants.whose import Call, Calls, Verdict, Whose, whose
from tests import make
from tests.clock import NOON

KEY = make.a_request().key
OURS = Call(KEY, NOON, creates=True, by="i-0abc (role Elevate)", by_elevate=True, signed=True)
THEIRS = replace(OURS, by="ada (role Admin)", by_elevate=False, signed=False)
MINUTE = timedelta(minutes=1)
LONG_AGO = NOON - timedelta(days=90)
OWN_ARN = "arn:aws:sts::777788889999:assumed-role/Elevate/i-0abc"


def row(absent_seen_at: Any = NOON) -> Assignment:
    return Assignment(KEY, Holding.ABSENT, due_at=None, absent_seen_at=absent_seen_at)


def judged(
    *calls: Call,
    row: Assignment | None,
    delivered: bool = True,
    since: Any = LONG_AGO,
    blind: str = "",
) -> Verdict:
    newest_first = tuple(sorted(calls, key=lambda call: call.at, reverse=True))
    found = Calls({KEY: newest_first}, since=since, blind=blind)
    return whose(KEY, row, found, asked_since=LONG_AGO, delivered=delivered)


def test_what_we_called_for_since_it_was_gone_is_ours_when_others_would_have_been_told_of() -> None:
    assert judged(OURS, row=row(), delivered=False) == Verdict(Whose.SOON)
    assert judged(OURS, row=row()) == Verdict(Whose.OURS, OURS)
    assert judged(OURS, row=row(), blind="there").whose is Whose.OURS


def test_a_clock_that_is_a_little_ahead_of_awss_changes_nothing() -> None:
    late = row(NOON + timedelta(seconds=30))

    assert judged(OURS, row=late).whose is Whose.OURS
    assert judged(OURS, row=late, blind="there").whose is Whose.NOT_TOLD


def test_what_we_called_for_before_it_was_gone_is_not_ours() -> None:
    assert judged(OURS, row=row(NOON + 5 * MINUTE)) == Verdict(Whose.NOT_TOLD, OURS)


def test_what_was_deleted_since_is_not_there_by_that_creation() -> None:
    deleted = replace(OURS, at=NOON + MINUTE, creates=False)

    assert judged(OURS, deleted, row=row(None)).whose is Whose.NOT_TOLD
    assert judged(OURS, deleted, replace(OURS, at=NOON + 2 * MINUTE), row=row()).whose is Whose.OURS


@pytest.mark.parametrize("at", [NOON - MINUTE / 2, NOON + MINUTE])
def test_where_somebody_else_called_for_it_too_it_is_theirs(at: Any) -> None:
    theirs = replace(THEIRS, at=at)

    assert judged(OURS, theirs, row=row()) == Verdict(Whose.THEIRS, theirs)


def test_what_others_called_for_before_it_was_gone_makes_it_nobodys() -> None:
    assert judged(THEIRS, row=row(NOON + 5 * MINUTE)) == Verdict(Whose.NOT_TOLD)


def test_of_a_key_that_the_ledger_never_saw_absent_it_is_as_if_it_did_not_know_it() -> None:
    unseen = row(None)

    assert judged(OURS, row=unseen).whose is Whose.OURS
    assert judged(OURS, row=unseen, blind="there").whose is Whose.NOT_TOLD
    assert judged(replace(OURS, signed=False), row=unseen).whose is Whose.NOT_TOLD


def test_of_a_key_that_the_ledger_does_not_know_it_is_ours_by_our_name_when_all_can_be_read() -> (
    None
):
    assert judged(OURS, row=None).whose is Whose.OURS
    assert judged(OURS, row=None, delivered=False).whose is Whose.SOON
    assert judged(OURS, row=None, blind="there").whose is Whose.NOT_TOLD
    assert judged(replace(OURS, signed=False), row=None).whose is Whose.NOT_TOLD


def test_what_lies_further_back_than_could_be_read_may_be_somebody_elses() -> None:
    assert judged(OURS, row=row(NOON - 10 * MINUTE), since=NOON - MINUTE).whose is Whose.NOT_TOLD
    assert judged(OURS, row=row(NOON - 10 * MINUTE), since=NOON - 20 * MINUTE).whose is Whose.OURS


def test_while_cloudtrail_may_still_tell_it_is_waited_for() -> None:
    assert judged(row=row(), delivered=False).whose is Whose.SOON
    assert judged(row=row(), delivered=True).whose is Whose.NOT_TOLD


def test_one_that_was_gone_longer_ago_than_cloudtrail_goes_back_can_be_ours() -> None:
    assert judged(OURS, row=row(NOON - timedelta(days=200))).whose is Whose.OURS


# What CloudTrail writes


def record(**changes: Any) -> str:
    whole = {
        "eventName": "CreateAccountAssignment",
        "eventTime": "2026-11-02T12:00:00Z",
        "userAgent": "Boto3/1.44.5 md/Botocore#1.44.5 lang/python#3.11.7 app/elevate",
        "userIdentity": {"type": "AssumedRole", "arn": OWN_ARN, "accountId": "777788889999"},
        "requestParameters": {
            "principalType": "USER",
            "principalId": KEY.user_id,
            "targetId": KEY.account_id,
            "permissionSetArn": KEY.permission_set_arn,
        },
        **changes,
    }
    return json.dumps(whole)


def test_a_record_is_read_as_it_stands() -> None:
    assert call_of(record(), OWN_ARN) == OURS


@pytest.mark.parametrize(
    "changes",
    [
        {"errorCode": "ConflictException"},
        {"requestParameters": None},
        {"requestParameters": {"principalType": "GROUP", "principalId": "g"}},
        {"eventTime": "0001-01-01T00:00:00+14:00"},
        {"userIdentity": None},
    ],
)
def test_what_made_nothing_or_cannot_be_read_is_left_out(changes: dict[str, Any]) -> None:
    assert call_of(record(**changes), OWN_ARN) is None


@pytest.mark.parametrize(
    ("agent", "by_elevate", "signed"),
    [
        ("[Boto3/1.44.5 md/Botocore app/elevate]", True, True),
        ("Boto3/1.44.5 md/Botocore", True, False),
        ("Boto3/1.44.5 app/elevate-staging", True, False),
        ("aws-cli/2.31.0 lang/python", False, False),
        ("AWS Internal", False, False),
        ("", False, False),
    ],
)
def test_ours_is_what_our_own_sdk_called_for(agent: str, *, by_elevate: bool, signed: bool) -> None:
    call = call_of(record(userAgent=agent), OWN_ARN)

    assert call is not None
    assert (call.by_elevate, call.signed) == (by_elevate, signed)


def test_another_role_or_account_is_somebody_else() -> None:
    for arn in (OWN_ARN.replace("/Elevate/", "/Elevator/"), OWN_ARN.replace("7777", "6666")):
        call = call_of(record(userIdentity={"type": "AssumedRole", "arn": arn}), OWN_ARN)
        assert call is not None
        assert not call.by_elevate


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        (
            {"type": "AssumedRole", "arn": OWN_ARN, "accountId": "777788889999"},
            "i-0abc (role Elevate)",
        ),
        ({"type": "Root", "arn": "arn:aws:iam::1:root", "accountId": "1"}, "root of 1"),
        ({"type": "IAMUser", "userName": "sam", "arn": "arn:aws:iam::1:user/sam"}, "sam"),
        ({"type": "AWSService", "invokedBy": "sso.amazonaws.com"}, "sso.amazonaws.com"),
        ({"type": "Unknown"}, "somebody unnamed"),
    ],
)
def test_callers_are_named_as_people_know_them(identity: dict[str, Any], name: str) -> None:
    assert caller(identity) == name
