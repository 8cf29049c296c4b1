"""Accounts, OUs, permission sets and people are listed as AWS lists them."""

from __future__ import annotations

from tests.standin_aws.hands import Clients, GivenClock
from tests.standins.aws import AwsStandIn, Company

# The organisation


def test_an_empty_page_can_carry_a_token(company: Company, clients: Clients) -> None:
    company.empty_pages = True
    organizations = clients("organizations")

    first = organizations.list_accounts()
    pages = list(organizations.get_paginator("list_accounts").paginate())

    assert (first["Accounts"], bool(first["NextToken"])) == ([], True)
    assert sum(len(page["Accounts"]) for page in pages) == 7


def test_paths_can_be_switched_off(company: Company, clients: Clients) -> None:
    company.paths = False

    described = clients("organizations").describe_account(AccountId="222233334444")["Account"]

    assert "Paths" not in described


def test_a_moved_account_is_somewhere_else(company: Company, clients: Clients) -> None:
    company.move_account("payments-dev", "Sandbox")

    described = clients("organizations").describe_account(AccountId="222233334444")["Account"]

    assert described["Paths"] == ["o-a1b2c3d4e5/r-ab12/ou-ab12-44444444/222233334444/"]


def test_the_delegated_administrator_is_listed(clients: Clients) -> None:
    answer = clients("organizations").list_delegated_administrators(
        ServicePrincipal="sso.amazonaws.com"
    )

    assert [a["Name"] for a in answer["DelegatedAdministrators"]] == ["security-audit"]


def test_five_thousand_accounts_come_in_pages_of_twenty(clock: GivenClock) -> None:
    company = Company(clock)
    for n in range(4_999):
        company.add_account(f"account{n}")
    with AwsStandIn(company) as aws:
        clients = Clients(aws)

        pages = list(clients("organizations").get_paginator("list_accounts").paginate())
        clients.close()

    assert len(pages) == 250
    assert len({a["Id"] for page in pages for a in page["Accounts"]}) == 5_000


# People


def test_a_disabled_user_is_described_as_such(company: Company, clients: Clients) -> None:
    company.disable_user("bob")

    described = clients("identitystore").describe_user(
        IdentityStoreId=company.store_id, UserId=company.user("bob").id
    )

    assert described["UserStatus"] == "DISABLED"


def test_an_address_is_found_in_any_case_where_that_is_switched_on(
    company: Company, clients: Clients
) -> None:
    company.any_case_email = True
    wanted = {"AttributePath": "emails.value", "AttributeValue": "BOB@Example.com"}

    answer = clients("identitystore").get_user_id(
        IdentityStoreId=company.store_id, AlternateIdentifier={"UniqueAttribute": wanted}
    )

    assert answer["UserId"] == company.user("bob").id


def test_who_left_the_group_is_no_member_at_once(company: Company, clients: Clients) -> None:
    company.remove_member("engineers", "bob")

    [answer] = clients("identitystore").is_member_in_groups(
        IdentityStoreId=company.store_id,
        MemberId={"UserId": company.user("bob").id},
        GroupIds=[company.group("engineers").id],
    )["Results"]

    assert answer["MembershipExists"] is False
