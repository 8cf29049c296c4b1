"""Looking requests up, in a browser: an auditor filters, reads one whole, and takes all away as a file."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.page import SlackPage
from tests.e2e.test_main_job import fill_in

pytestmark = pytest.mark.e2e


def test_an_auditor_finds_a_request_and_takes_all_of_them_away(slack: SlackPage) -> None:
    fill_in(slack, "web-prod", "ReadOnlyAccess", why="The certificate runs out tonight")
    slack.submit()

    slack.be("Aud Auditor")
    home = slack.home()
    expect(home).to_contain_text("All requests")
    slack.press(home, "Filter")
    slack.field("Person").fill("bob@example.com")
    slack.field("Account").fill("web-prod")
    slack.submit()
    expect(home).to_contain_text("Only those of Bob Requester; for web-prod")

    home.get_by_role("button", name="Details", exact=True).first.click()
    expect(slack.form()).to_contain_text("The certificate runs out tonight")
    slack.close()

    slack.press(home, "Export CSV")
    slack.go("Aud Auditor")
    expect(slack.page.locator(".main")).to_contain_text("1 request as CSV, as of")
    expect(slack.page.locator(".main")).to_contain_text("elevate-requests.csv")
