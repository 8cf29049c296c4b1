"""People are linked, and their links forgotten."""

from dataclasses import replace

import pytest

from grants.model import SlackUserId
from grants.records import Binding
from tests import make
from tests.command_line.kept import lines_of
from tests.standins.aws import AwsStandIn, Company
from tests.terminal import Terminal


@pytest.mark.parametrize("called", ["bob", "bob@example.com", "BOB@example.com"])
def test_a_slack_user_is_linked_to_who_is_called_so(
    type_: Terminal, company: Company, called: str
) -> None:
    type_("migrate")

    result = type_("people", "link", "U0BOB00001", called)

    (binding,) = type_.json("people", "list")
    assert result.exit_code == 0
    assert "Bob Requester" in result.stdout
    assert binding["user_id"] == company.user_by_name["bob"]
    assert binding["made_by"].startswith("operator:")


def test_a_slack_user_is_linked_by_the_users_id(type_: Terminal, company: Company) -> None:
    type_("migrate")

    result = type_("people", "link", "u0bob00001", company.user_by_name["bob"])

    assert result.exit_code == 0


def test_whoever_is_linked_by_an_arn_has_the_id_that_aws_gives_them(
    type_: Terminal, company: Company
) -> None:
    type_("migrate")
    bob = company.user_by_name["bob"]

    type_("people", "link", "U0BOB00001", f"arn:aws:identitystore:::user/{bob}")

    (binding,) = type_.json("people", "list")
    assert binding["user_id"] == bob


def test_what_identity_center_calls_somebody_does_not_steer_the_terminal(
    type_: Terminal, company: Company
) -> None:
    type_("migrate")
    company.change_user("bob", name="bob\x1b[2J\x07")

    result = type_("people", "link", "U0BOB00001", "bob@example.com")

    assert not {"\x1b", "\x07"} & set(result.stdout)
    assert "Bob Requester" in result.stdout


def test_nobody_is_linked_to_a_user_that_is_not_there(type_: Terminal, aws: AwsStandIn) -> None:
    type_("migrate")

    result = type_("people", "link", "U0BOB00001", "bobby")

    assert result.exit_code == 1
    assert 'no Identity Center user "bobby"' in result.stderr
    assert type_.json("people", "list") == []


def test_nobody_is_linked_to_a_disabled_user(type_: Terminal, company: Company) -> None:
    type_("migrate")
    company.disable_user("bob")

    result = type_("people", "link", "U0BOB00001", "bob")

    assert result.exit_code == 1
    assert "disabled" in result.stderr


def test_a_name_is_no_slack_id(type_: Terminal, aws: AwsStandIn) -> None:
    type_("migrate")

    result = type_("people", "link", "bob", "bob")

    assert result.exit_code == 2


def test_a_link_is_forgotten_once(type_: Terminal, aws: AwsStandIn) -> None:
    type_("migrate")
    type_("people", "link", "U0BOB00001", "bob")

    codes = [type_("people", "unlink", "U0BOB00001").exit_code for _ in range(2)]

    assert codes == [0, 1]
    assert [line.entry.event for line in lines_of(type_)] == ["people.link", "people.unlink"]


def test_a_broken_link_is_mended(type_: Terminal, company: Company) -> None:
    bob = SlackUserId("U0BOB00001")
    binding = Binding(bob, "T1", make.a_person().user_id, "old@example.com", make.NOON, "address")
    with type_.works() as works, works() as work:
        work.people.put(replace(binding, broken="the Slack address changed"))

    type_("people", "link", bob, "bob")

    (mended,) = type_.json("people", "list")
    assert mended["broken"] == ""
    assert mended["team_id"] == "T1"
