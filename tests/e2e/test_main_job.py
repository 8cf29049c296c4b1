"""The main job, in a browser: ask in Slack, get approved, get access, lose it on time."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.demo.stage import Stage
from tests.e2e.page import SlackPage

pytestmark = pytest.mark.e2e

A_MINUTE = 120_000
PRODUCTION = ("payments-prod", "AdministratorAccess")
DEVELOPMENT = ("web-dev", "PowerUserAccess")
ACCOUNTS = {"333344445555": "payments-prod", "444455556666": "web-dev", "555566667777": "web-prod"}


def fill_in(slack: SlackPage, account: str, permission_set: str, *, why: str) -> None:
    slack.be("Bob Requester")
    slack.go("engineering")
    slack.type("/elevate")
    slack.field("Access").select_option(label=f"{account} · {permission_set}")
    slack.field("Duration").fill("1m")
    slack.field("Justification").fill(why)


def request_on(card: str) -> str:
    """Its id, as the card has it."""
    found = re.search(r"Request:?\s+([0-9A-Z]{8})", card)
    assert found, card
    return found[1]


def bobs_access(stage: Stage) -> list[tuple[str, str]]:
    return [
        (ACCOUNTS[row["account"]], row["permission_set_name"])
        for row in stage.assignments()
        if row["principal"] == "bob"
    ]


def test_access_is_asked_for_approved_given_and_lost_on_time(
    slack: SlackPage, stage: Stage
) -> None:
    fill_in(slack, *PRODUCTION, why="The payments webhook answers 500")
    slack.picture("form", slack.form())
    slack.submit()

    slack.be("Eve Approver")
    slack.go("aws-approvals")
    card = slack.message(*PRODUCTION, "Bob Requester")
    expect(card).to_contain_text("Pending")
    slack.picture("card", card)
    assert PRODUCTION not in bobs_access(stage)

    slack.press(card, "Approve")
    expect(card).to_contain_text("Active")
    expect(card).to_contain_text("Approved by Eve Approver")
    assert PRODUCTION in bobs_access(stage)
    slack.picture("card-active", card)

    slack.be("Bob Requester")
    slack.go("Bob Requester")
    expect(slack.message("Active", *PRODUCTION)).to_be_visible()
    slack.picture("direct-message")

    slack.be("Eve Approver")
    slack.go("aws-approvals")
    expect(card).to_contain_text("Ended", timeout=A_MINUTE)
    assert PRODUCTION not in bobs_access(stage)
    card_words = card.inner_text()
    thread = slack.open_thread(card)
    for word in ("Requested", "Approved", "Active", "Ended", "Activity:"):
        expect(thread).to_contain_text(word)
    slack.picture("thread")

    slack.press(card, "Show Activity")
    expect(slack.form()).to_contain_text("Export Events")
    expect(slack.form()).to_contain_text("Writes:")
    slack.picture("activity", slack.form())
    slack.close()

    slack.be("Aud Auditor")
    slack.go("engineering")
    slack.type(f"/elevate verify {request_on(card_words)}")
    verdict = slack.message("The thread says what the journal says")
    expect(verdict).to_be_visible()


def test_access_that_needs_no_approval_is_given_at_once_and_handed_back(
    slack: SlackPage, stage: Stage
) -> None:
    fill_in(slack, *DEVELOPMENT, why="Trying the new cache")
    slack.submit()

    slack.go("Bob Requester")
    told = slack.message("Active", *DEVELOPMENT)
    expect(told).to_be_visible()
    assert DEVELOPMENT in bobs_access(stage)

    slack.press(told, "End Access")
    expect(slack.message("Revoked", *DEVELOPMENT)).to_be_visible()
    assert DEVELOPMENT not in bobs_access(stage)
