"""The catalogue: read and shown."""

import json
from datetime import UTC, datetime

import pytest

from grants.so_far import Piece, Refresh
from tests.standins.aws import AwsStandIn, Kind
from tests.terminal import Terminal


def test_the_catalogue_is_read_and_shown(type_: Terminal, aws: AwsStandIn) -> None:
    type_("migrate")

    refreshed = type_("catalogue", "refresh")
    shown = type_("catalogue", "show")

    assert refreshed.exit_code == 0
    assert "7 accounts, 6 OUs and 4 permission sets" in refreshed.stdout
    assert "Root / Workloads / Production" in shown.stdout
    assert "AdministratorAccess" in shown.stdout


@pytest.mark.usefixtures("aws")
def test_what_of_the_catalogue_cannot_be_read_is_said_with_its_age(type_: Terminal) -> None:
    type_("migrate")
    type_("catalogue", "refresh")
    at = datetime(2026, 11, 2, 12, tzinfo=UTC)
    failing = Refresh(Piece.ACCOUNTS, due_at=at, failing_since=at, error="Not authorized.")
    with type_.works() as works, works() as work:
        work.refreshes.add(failing)

    shown = type_("catalogue", "show")

    assert shown.stdout.splitlines()[0].endswith(" ago")
    assert "accounts: not read since 2026-11-02 12:00 UTC: Not authorized." in shown.stdout
    (piece,) = type_.json("catalogue", "show")["pieces"]
    assert (piece["piece"], piece["error"]) == ("accounts", "Not authorized.")


def test_a_catalogue_that_was_never_read_says_how_to_read_it(type_: Terminal) -> None:
    type_("migrate")

    result = type_("catalogue", "show")

    assert result.exit_code == 1
    assert "catalogue refresh" in result.stderr


def test_what_aws_refuses_is_said_in_its_own_words(type_: Terminal, aws: AwsStandIn) -> None:
    type_("migrate")
    aws.faults.add("DescribeOrganization", Kind.ACCESS_DENIED, times=None)

    result = type_("catalogue", "refresh")

    assert result.exit_code == 1
    assert "DescribeOrganization: AccessDeniedException" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_what_is_printed_for_programs_is_json(type_: Terminal, aws: AwsStandIn) -> None:
    type_("migrate")

    printed = [type_(*words, "--json") for words in (
        ("catalogue", "refresh"), ("catalogue", "show"), ("people", "list"), ("requests", "list"),
        ("audit", "verify"),
    )]  # fmt: skip

    assert [result.exit_code for result in printed] == [0] * 5
    assert all(json.loads(result.stdout) is not None for result in printed)
