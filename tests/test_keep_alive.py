"""Calls of Slack share connections, and nothing else about them changes."""

import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from time import monotonic

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.clock import system_clock
from bot.keep_alive import keep_alive
from tests.beside import outside
from tests.clock import FakeClock
from tests.standins.slack import SlackStandIn


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn(FakeClock()) as slack:
        slack.workspace.add_channel("approvals", id="CAPPROVE")
        yield slack


@contextmanager
def kept_alive(url: str, clock: Callable[[], float] = monotonic) -> Iterator[None]:
    """As in a process whose connections stay open."""
    before = urllib.request._opener  # type: ignore[attr-defined]
    keep_alive(url, clock)
    try:
        yield
    finally:
        urllib.request.install_opener(before)


@pytest.fixture
def web(slack: SlackStandIn) -> Iterator[WebClient]:
    with kept_alive(slack.url):
        yield client(slack)


def client(slack: SlackStandIn, *, patience: int = 10) -> WebClient:
    return WebClient(slack.token, base_url=slack.url, timeout=patience, retry_handlers=[])


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
        client(slack, patience=1).chat_postMessage(channel="CAPPROVE", text="two")

    assert slack.calls.count() == 2
    web.chat_postMessage(channel="CAPPROVE", text="three")
    assert slack.connections == 2


@pytest.mark.parametrize(("pause", "opened"), [(29, 1), (31, 2)])
def test_one_that_is_old_is_not_used_again(slack: SlackStandIn, pause: int, opened: int) -> None:
    times = iter([0, 1, 2, pause])
    with kept_alive(slack.url, lambda: float(next(times))):
        for _ in range(3):
            client(slack).auth_test()

    assert slack.connections == opened


def test_however_often_it_is_used_none_is_used_for_ever(slack: SlackStandIn) -> None:
    times = count(step=10)
    with kept_alive(slack.url, lambda: float(next(times))):
        for _ in range(8):
            client(slack).auth_test()

    assert slack.connections == 3


# Over TLS, as Slack is


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[SlackStandIn, Path]]:
    """Known by the name of localhost alone; and whoever trusts this file trusts it."""
    certificate, both = tmp_path / "certificate.pem", tmp_path / "both.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = system_clock()
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    certificate.write_bytes(signed)
    both.write_bytes(signed + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    slack = SlackStandIn(FakeClock())
    slack.secure(both)
    with slack:
        yield slack, certificate


def over_tls(slack: SlackStandIn, host: str) -> WebClient:
    url = slack.url.replace("http://127.0.0.1", f"https://{host}")
    return WebClient(slack.token, base_url=url, timeout=10, retry_handlers=[])


def test_over_tls_too_calls_share_a_connection(
    secured: tuple[SlackStandIn, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    slack, certificate = secured
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    web = over_tls(slack, "localhost")

    with kept_alive(web.base_url):
        for _ in range(3):
            assert web.auth_test()["ok"]

    assert slack.connections == 1


@pytest.mark.parametrize(("host", "trusted"), [("localhost", False), ("127.0.0.1", True)])
def test_who_cannot_prove_to_be_slack_is_told_nothing(
    secured: tuple[SlackStandIn, Path], monkeypatch: pytest.MonkeyPatch, host: str, *, trusted: bool
) -> None:
    slack, certificate = secured
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    web = over_tls(slack, host)

    with kept_alive(web.base_url), pytest.raises(OSError, match="certificate verify failed"):
        web.auth_test()

    assert slack.calls.count() == 0


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


# The process


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_bot_keeps_its_own_open(database_url: str, tmp_path: Path) -> None:
    with outside(database_url, tmp_path) as company, company.bot() as bot:
        bot.ready()
        company.active(bot)

        assert company.slack.connections < company.slack.calls.count() / 2
