"""A stage for each file, a browser, and a page for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.demo.child import ROOT
from tests.demo.stage import Stage
from tests.demo.stage import stage as set_up
from tests.e2e.page import SlackPage

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZE = ViewportSize(width=1280, height=900)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """local-slack, the AWS stand-in and the bot, up and connected."""
    with set_up(tmp_path_factory.mktemp("logs")) as standing:
        yield standing


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's, or the one that CHROMIUM names; none is downloaded."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(program).exists():
        pytest.fail(f"No Chromium at {program}: apt-get install chromium, or set CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures go: into the docs when ELEVATE_PICTURES=1."""
    return ROOT / "docs" / "pictures" if os.environ.get("ELEVATE_PICTURES") == "1" else tmp_path


@pytest.fixture
def slack(stage: Stage, chromium: Browser, pictures: Path, tmp_path: Path) -> Iterator[SlackPage]:
    """local-slack's page with the bot connected; its last picture stays in the test's folder."""
    page = chromium.new_page(viewport=SIZE)
    page.goto(stage.page)
    page.locator(".app-status .status.ok").wait_for()
    yield SlackPage(page, pictures)
    page.screenshot(path=tmp_path / "last.png")
    page.close()
    stage.check()
