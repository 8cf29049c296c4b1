"""The denial of open sessions, in and out of an inline policy: what others wrote there stays."""

import json
from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grants.denying import (
    MOST,
    NOBODY,
    Deny,
    NotUnderstoodError,
    merged,
    role_of,
    room,
    standing,
)
from grants.model import AccountId, Key, PermissionSetArn, RequestId, UserId
from tests.clock import NOON
from tests.standins.aws.inline import like

BOB, DAN = UserId("1234567890-bob"), UserId("1234567890-dan")
FIRST = Deny(RequestId("7K2M9QXB"), BOB, NOON)
SECOND = Deny(RequestId("ABCDEFGH"), DAN, NOON + timedelta(minutes=1))
FOREIGN = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "Theirs", "Effect": "Deny", "Action": "iam:*", "Resource": "*"},
        {"Effect": "Allow", "Action": ["s3:Get*"], "Resource": "arn:aws:s3:::ä/*"},
    ],
}

words = st.text(max_size=20).filter(lambda text: not text.startswith("ElevateCut"))
values = st.recursive(
    words | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": values, "Resource": values},
    optional={"Sid": words, "Condition": st.dictionaries(words, values, max_size=2)},
)
documents = st.none() | st.fixed_dictionaries(
    {
        "Version": st.sampled_from(["2012-10-17", "2008-10-17"]),
        "Statement": statements | st.lists(statements, min_size=1, max_size=4),
    },
    optional={"Id": words},
)
denials = st.lists(
    st.builds(
        Deny,
        st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=8, max_size=8).map(RequestId),
        st.uuids().map(lambda found: UserId(f"90677c608a-{found}")),
        st.datetimes(
            NOON.replace(tzinfo=None), NOON.replace(year=2100, tzinfo=None), timezones=st.just(UTC)
        ),
    ),
    max_size=8,
    unique_by=lambda deny: deny.request_id,
)


def as_text(document: object, indent: int | None = None) -> str:
    return "" if document is None else json.dumps(document, indent=indent)


def means(text: str) -> Any:
    """A statement that stands alone needs no list around it."""
    if not text:
        return None
    whole = json.loads(text)
    alone = isinstance(whole["Statement"], dict)
    return {**whole, "Statement": [whole["Statement"]] if alone else whole["Statement"]}


def sids(text: str) -> list[str]:
    return [each.get("Sid", "") for each in json.loads(text)["Statement"]] if text else []


@settings(deadline=None)
@given(documents, denials, st.sampled_from([None, 2]))
def test_what_is_put_in_and_taken_out_again_leaves_what_was_there(
    document: object, ours: list[Deny], indent: int | None
) -> None:
    before = as_text(document, indent)

    after = merged(merged(before, ours).document, []).document

    assert means(after) == means(before)


@settings(deadline=None)
@given(documents, denials, denials)
def test_whatever_was_ours_before_only_what_is_wanted_stays(
    document: object, first: list[Deny], second: list[Deny]
) -> None:
    before = merged(as_text(document), first).document

    after = merged(before, second)

    fitting = [each for each in second if each.request_id not in after.no_room]
    assert standing(after.document, second) == {each.request_id for each in fitting}
    assert not merged(after.document, fitting).changed
    assert means(merged(after.document, []).document) == means(as_text(document))


def test_it_denies_one_persons_sessions_from_before_everything() -> None:
    document = json.loads(merged("", [FIRST]).document)

    assert document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ElevateCut7K2M9QXB",
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {
                    "StringEquals": {"identitystore:UserId": BOB},
                    "DateLessThan": {"aws:TokenIssueTime": "2026-11-02T12:00:00Z"},
                },
            }
        ],
    }


def test_without_anything_of_others_none_is_left() -> None:
    assert merged(merged("", [FIRST]).document, []).document == ""


def test_what_stands_there_as_it_should_is_not_written_again() -> None:
    spaced = json.dumps(json.loads(merged(as_text(FOREIGN), [FIRST]).document), indent=4)

    again = merged(spaced, [FIRST])

    assert not again.changed
    assert again.document == spaced


def test_one_that_somebody_has_changed_is_put_right() -> None:
    written = merged(as_text(FOREIGN), [FIRST]).document.replace(BOB, DAN)

    assert standing(written, [FIRST]) == frozenset()
    assert merged(written, [FIRST]).document == merged(as_text(FOREIGN), [FIRST]).document


def test_what_does_not_fit_in_is_named_and_the_rest_is_there() -> None:
    room = 2 * len(json.dumps(FIRST.statement()))
    long = {**FOREIGN, "Statement": [{"Effect": "Deny", "Action": "x" * (MOST - room)}]}

    found = merged(as_text(long), [FIRST, SECOND])

    assert found.no_room == {SECOND.request_id}
    assert sids(found.document)[-1] == FIRST.sid
    assert len(found.document) <= MOST


def test_what_stands_there_already_does_not_make_room_for_what_comes() -> None:
    room = 2 * len(json.dumps(FIRST.statement()))
    long = {**FOREIGN, "Statement": [{"Effect": "Deny", "Action": "x" * (MOST - room)}]}
    there = merged(as_text(long), [SECOND]).document

    found = merged(there, [FIRST, SECOND])

    assert found.no_room == {FIRST.request_id}
    assert not found.changed


def test_blanks_between_do_not_count() -> None:
    spaced = json.dumps(FOREIGN, indent=8).replace("\n", "\n" * 2000)

    assert merged(spaced, [FIRST]).no_room == frozenset()


BROKEN = [
    "no JSON",
    "[]",
    '"text"',
    "{}",
    '{"Statement": "*"}',
    '{"Statement": ["*"]}',
    '{"Statement": [], "Statement": []}',
    '{"Statement": [{"Effect": "Deny", "Effect": "Allow"}]}',
    '{"Statement": [{"Effect": NaN}]}',
    '{"Statement": [{"Effect": 1e999}]}',
    '{"Statement": ' + "[" * 100_000,
]


@pytest.mark.parametrize("document", BROKEN, ids=lambda document: document[:50])
def test_what_is_not_understood_is_not_touched(document: str) -> None:
    with pytest.raises(NotUnderstoodError):
        merged(document, [FIRST])
    with pytest.raises(NotUnderstoodError):
        merged(document, [])


def test_in_a_service_control_policy_it_is_for_one_role_in_one_account() -> None:
    arn = PermissionSetArn("arn:aws:sso:::permissionSet/ssoins-1/ps-1")
    role = role_of(Key(BOB, AccountId("333344445555"), arn), "Admin_Access")
    within = "arn:aws:iam::333344445555:role/aws-reserved/sso.amazonaws.com"

    found = Deny(FIRST.request_id, BOB, NOON, role).statement()["Condition"]

    assert found["ArnLike"] == {"aws:PrincipalArn": role}
    assert like(role, f"{within}/AWSReservedSSO_Admin_Access_0123456789abcdef")
    assert like(role, f"{within}/eu-central-1/AWSReservedSSO_Admin_Access_0123456789abcdef")
    assert not like(role, f"{within}/AWSReservedSSO_Admin_0123456789abcdef")
    assert not like(role, f"{within}/AWSReservedSSO_ReadOnly_0123456789abcdef")
    assert not like(role, f"{within.replace('3333', '4444')}/AWSReservedSSO_Admin_Access_01")


def test_some_two_dozen_fit_into_a_service_control_policy() -> None:
    arn = PermissionSetArn("arn:aws:sso:::permissionSet/ssoins-1/ps-1")
    role = role_of(Key(BOB, AccountId("333344445555"), arn), "AdministratorAccess")
    somebody = UserId("90677c608a-01234567-89ab-cdef-0123-456789abcdef")

    prepared = json.dumps({"Version": "2012-10-17", "Statement": [NOBODY]})

    assert room(prepared, Deny(FIRST.request_id, somebody, NOON, role)) == 27


def test_a_policy_that_may_not_be_empty_keeps_what_denies_nobody() -> None:
    before = merged("", [FIRST]).document

    after = merged(before, [], least=[NOBODY])

    assert json.loads(after.document)["Statement"] == [NOBODY]
    assert not merged(after.document, [], least=[NOBODY]).changed


@given(documents, st.integers(0, 60))
@settings(deadline=None)
def test_as_many_fit_in_as_it_says(document: object, number: int) -> None:
    before = as_text(document)
    ours = [Deny(RequestId(f"{each:08}"), BOB, NOON, role="r" * 150) for each in range(number)]

    most = room(before, Deny(RequestId("0" * 8), BOB, NOON, role="r" * 150))

    assert len(merged(before, ours).no_room) == max(0, number - most)
    assert len(merged(before, ours).document.encode()) <= MOST


def test_what_only_begins_like_ours_is_somebody_elses() -> None:
    theirs = {"Sid": "ElevateCutAdmins", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [theirs]})

    assert not merged(document, []).changed
