"""One-time codes and cut sessions, in a browser: a code is set up, gives access, and all of it is taken away."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from bot.clock import system_clock
from grants.totp import code_at, step_at
from tests.demo.stage import Stage
from tests.e2e.page import SlackPage
from tests.e2e.test_main_job import bobs_access, fill_in

pytestmark = pytest.mark.e2e

PROVED = ("web-prod", "AdministratorAccess")


def code(secret: str, *, ahead: int = 0) -> str:
    """What an authenticator app shows now, or will so many steps later."""
    return code_at(secret, step_at(system_clock()) + ahead)


def test_a_code_is_set_up_and_approves_and_open_sessions_are_cut(
    slack: SlackPage, stage: Stage
) -> None:
    fill_in(slack, *PROVED, why="The shop is down")
    slack.field("Duration").fill("1h")
    slack.submit()

    slack.be("Eve Approver")
    slack.go("aws-approvals")
    card = slack.message(*PROVED, "Bob Requester")
    slack.press(card, "Approve")
    expect(slack.form()).to_contain_text("A code is needed")
    slack.close()
    slack.type("/elevate proof")
    slack.press(slack.message("You have set up none yet"), "Set Up Codes")
    expect(slack.form()).to_contain_text("add an account by a setup key")
    key = re.search(r"secret=([A-Z2-7]+)", slack.form().inner_text())
    assert key
    slack.field("Code").fill(code(key[1]))
    slack.form().get_by_role("button", name="Confirm").click()
    expect(slack.form()).to_contain_text("Codes are set up")
    slack.close()

    slack.press(card, "Approve")
    slack.field("Code").fill(code(key[1], ahead=1))
    slack.picture("code", slack.form())
    slack.submit()
    expect(card).to_contain_text("Active")
    assert PROVED in bobs_access(stage)

    slack.press(card, "Revoke")
    slack.field("Reason").fill("It was the wrong account")
    slack.form().get_by_text("Revoke and cut sessions").click()
    slack.submit()
    expect(card).to_contain_text("Revoked")
    assert PROVED not in bobs_access(stage)
    expect(slack.open_thread(card)).to_contain_text("Sessions cut: AWS denies everything")
