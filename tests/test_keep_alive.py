"""Calls of Slack share connections, and nothing else about them changes."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.keep_alive import keep_alive
from tests.beside import outside
from tests.clock import FakeClock
from tests.standins.slack import SlackStandIn


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn(FakeClock()) as slack:
        slack.workspace.add_channel("approvals", id="CAPPROVE")
        yield slack


@contextmanager
def kept_alive(url: str) -> Iterator[None]:
    """As in a process whose connections stay open."""
    before = urllib.request._opener  # type: ignore[attr-defined]
    keep_alive(url)
    yield
    urllib.request.install_opener(before)


@pytest.fixture
def web(slack: SlackStandIn) -> Iterator[WebClient]:
    with kept_alive(slack.url):
        yield client(slack)


def client(slack: SlackStandIn) -> WebClient:
    return WebClient(slack.token, base_url=slack.url, timeout=1, retry_handlers=[])


def test_one_call_after_the_other_goes_over_the_same_connection(
    slack: SlackStandIn, web: WebClient
) -> None:
    for text in ("one", "two", "drei ä"):
        web.chat_postMessage(channel="CAPPROVE", text=text)

    assert [each.text for each in slack.channel("approvals").messages] == ["one", "two", "drei ä"]
    assert slack.connections == 1


def test_what_slack_refuses_costs_no_connection_and_says_why(
    slack: SlackStandIn, web: WebClient
) -> None:
    slack.faults.add("chat.postMessage", "429", retry_after=7)
    slack.faults.add("chat.postMessage", "http500")

    for status, wait in ((429, "7"), (500, None)):
        with pytest.raises(SlackApiError) as refused:
            web.chat_postMessage(channel="CAPPROVE", text="x")
        assert refused.value.response.status_code == status
        assert refused.value.response.headers.get("Retry-After") == wait
    with pytest.raises(SlackApiError, match="channel_not_found"):
        web.chat_postMessage(channel="CNOWHERE", text="x")

    assert slack.connections == 1


def test_one_that_slack_has_closed_meanwhile_is_not_used_again(
    slack: SlackStandIn, web: WebClient
) -> None:
    web.chat_postMessage(channel="CAPPROVE", text="one")
    slack.hang_up()

    web.chat_postMessage(channel="CAPPROVE", text="two")

    assert slack.connections == 2
    assert slack.calls.count() == 2


@pytest.mark.parametrize(
    ("fault", "raised"), [("execute_then_drop", ConnectionError), ("timeout", TimeoutError)]
)
def test_what_was_not_answered_is_not_sent_again(
    slack: SlackStandIn, web: WebClient, fault: str, raised: type[OSError]
) -> None:
    web.chat_postMessage(channel="CAPPROVE", text="one")
    slack.faults.add("chat.postMessage", fault)

    with pytest.raises(raised):
        web.chat_postMessage(channel="CAPPROVE", text="two")

    assert slack.calls.count() == 2
    web.chat_postMessage(channel="CAPPROVE", text="three")
    assert slack.connections == 2


def test_where_nobody_listens_it_is_told_as_ever() -> None:
    with SlackStandIn(FakeClock()) as gone:
        web = client(gone)
    with kept_alive(gone.url), pytest.raises(ConnectionError, match="refused"):
        web.auth_test()


def test_what_goes_elsewhere_is_left_alone(slack: SlackStandIn, web: WebClient) -> None:
    with SlackStandIn(FakeClock()) as other:
        for _ in range(2):
            client(other).auth_test()

        assert other.connections == 2
    assert slack.connections == 0


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_bot_keeps_its_own_open(database_url: str, tmp_path: Path) -> None:
    with outside(database_url, tmp_path) as company, company.bot() as bot:
        bot.ready()
        company.active(bot)

        assert company.slack.connections < company.slack.calls.count() / 2
