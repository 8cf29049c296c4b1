"""local-slack's page, as the people who sit before it use it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

PATIENCE = 60_000.0
"""Milliseconds: Slack is told at most one thing a second for each channel."""


class SlackPage:
    """What a person can do in it, one person at a time."""

    def __init__(self, page: Page, pictures: Path) -> None:
        """The page is open already."""
        self.page = page
        self.pictures = pictures
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)

    def be(self, real_name: str) -> None:
        """From now on everything is done by this person."""
        self.page.get_by_label("Act as").select_option(label=real_name)

    def go(self, name: str) -> None:
        """To a channel, or to somebody's direct message with the bot."""
        self.page.locator(".sidebar-item", has_text=name).first.click()
        expect(self.page.locator(".channel-title")).to_contain_text(name)

    def home(self) -> Locator:
        """To the app's Home tab, which is drawn as it is opened."""
        self.page.locator(".sidebar-item", has_text="Elevate").first.click()
        expect(self.page.get_by_role("button", name="Request Access", exact=True)).to_be_visible()
        return self.page.locator(".main")

    def type(self, words: str) -> None:
        """Into the channel, and send it."""
        self.page.locator(".main .composer-input").fill(words)
        self.page.locator(".main .composer-send").click()

    def form(self) -> Locator:
        """The topmost form."""
        return self.page.locator(".modal")

    def field(self, label: str) -> Locator:
        """A field of the form."""
        named = self.page.locator(".bk-label", has_text=label)
        return self.form().locator(".bk-input").filter(has=named).locator("input, select")

    def submit(self) -> None:
        """Send the form, and see it close."""
        self.form().locator(".modal-btn.primary").click()
        expect(self.form()).to_have_count(0)

    def close(self) -> None:
        """The form without sending it: local-slack keeps an open one for the page that comes next."""
        self.form().get_by_role("button", name="Close", exact=True).last.click()
        expect(self.form()).to_have_count(0)

    def message(self, *words: str) -> Locator:
        """The newest message here, outside threads, that holds all of these words."""
        found = self.page.locator(".main .msg")
        for word in words:
            found = found.filter(has_text=word)
        return found.last

    def press(self, message: Locator, button: str) -> None:
        """A button of a message."""
        message.get_by_role("button", name=button, exact=True).click()

    def open_thread(self, message: Locator) -> Locator:
        """A message's thread, in the pane beside the channel."""
        message.locator(".thread-summary").click()
        return self.page.locator(".thread-pane")

    def picture(self, name: str, of: Locator | None = None) -> None:
        """What is to be seen now, or a part of it."""
        path = self.pictures / f"{name}.png"
        self.page.mouse.move(0, 0)
        if of is None:
            self.page.screenshot(path=path, animations="disabled")
            return
        of.screenshot(path=path, animations="disabled")
