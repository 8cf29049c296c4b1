"""App Home, in a browser: what waits is approved there, and what is held is given back there."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.demo.stage import Stage
from tests.e2e.page import SlackPage
from tests.e2e.test_main_job import bobs_access, fill_in

pytestmark = pytest.mark.e2e

PRODUCTION = ("payments-prod", "ReadOnlyAccess")


def test_a_request_is_approved_and_its_access_given_back_in_app_home(
    slack: SlackPage, stage: Stage
) -> None:
    fill_in(slack, *PRODUCTION, why="The payments webhook answers 500")
    slack.field("Duration").fill("1h")
    slack.submit()

    slack.be("Eve Approver")
    home = slack.home()
    expect(home).to_contain_text("Bob Requester requests ReadOnlyAccess")
    slack.picture("home", home)
    slack.press(home, "Approve")
    expect(home).to_contain_text("No request waits for your decision")
    expect(home).to_contain_text("What you may revoke (1)")

    slack.be("Bob Requester")
    home = slack.home()
    expect(home).to_contain_text(" left")
    assert PRODUCTION in bobs_access(stage)
    slack.press(home, "End Access")
    expect(home).to_contain_text("You hold no access")
    assert PRODUCTION not in bobs_access(stage)

    slack.press(home, "Request Again")
    expect(slack.field("Justification")).to_have_value("The payments webhook answers 500")
