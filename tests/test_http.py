"""Over HTTP only Slack is heard: what is unsigned, old, replayed or oversize changes nothing."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest
from slack_sdk.signature import Clock

from bot.clock import system_clock
from grants.model import Assignment, Holding, RequestId, Slot
from tests import make
from tests.beside import Bot, Outside, outside
from tests.databases import Databases
from tests.scraping import samples
from tests.standins.slack.deliver import sign

EVENTS = "/slack/events"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def company(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """One for all: nothing that is refused leaves a trace."""
    folder = tmp_path_factory.mktemp("http")
    with databases.fresh("sqlite", folder) as url, outside(url, folder) as around:
        yield around


@pytest.fixture(scope="module")
def bot(company: Outside) -> Iterator[Bot]:
    with company.bot() as bot:
        bot.ready()
        yield bot


@pytest.fixture
def quiet(company: Outside) -> Iterator[None]:
    """Nothing was stored, nothing written in the journal, and Slack was asked nothing."""
    company.until(lambda: everything_told(company), "quiet")
    before = traces(company)
    yield
    assert traces(company) == before


COMMAND = urlencode({"command": "/elevate", "user_id": "UBOB", "team_id": "T0ELEVATE1"}).encode()


def signed(
    company: Outside, body: bytes, *, age: float = 0, secret: str = "", content: str = FORM
) -> dict[str, str]:
    timestamp = str(int(Clock().now() - age))
    return {
        "Content-Type": content,
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": sign(secret or company.slack.signing_secret, timestamp, body),
    }


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    "left_out", [["X-Slack-Signature"], ["X-Slack-Request-Timestamp"], ["X-Slack-Signature", "X-Slack-Request-Timestamp"]],
    ids=["signature", "timestamp", "both"],
)  # fmt: skip
def test_what_is_not_signed_is_refused(company: Outside, bot: Bot, left_out: list[str]) -> None:
    headers = signed(company, COMMAND)
    for name in left_out:
        del headers[name]

    assert post(bot, COMMAND, headers) == 401


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("age", [301, 3600, 86400 * 365, -360, -3600])
def test_what_is_older_or_newer_than_five_minutes_is_refused(
    company: Outside, bot: Bot, age: float
) -> None:
    assert post(bot, COMMAND, signed(company, COMMAND, age=age)) == 401


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Slack-Signature", "v0=" + "0" * 64),
        ("X-Slack-Signature", "v0="),
        ("X-Slack-Signature", "v1=x"),
        ("X-Slack-Signature", "v0=\xe9\xff"),
        ("X-Slack-Request-Timestamp", "now"),
        ("X-Slack-Request-Timestamp", "1e10"),
        ("X-Slack-Request-Timestamp", "0"),
        ("X-Slack-Request-Timestamp", "9" * 400),
    ],
)
def test_a_signature_or_time_that_is_none_is_refused(
    company: Outside, bot: Bot, name: str, value: str
) -> None:
    assert post(bot, COMMAND, signed(company, COMMAND) | {name: value}) == 401


@pytest.mark.usefixtures("quiet")
def test_another_secret_or_another_body_is_refused(company: Outside, bot: Bot) -> None:
    assert post(bot, COMMAND, signed(company, COMMAND, secret="another")) == 401
    assert post(bot, COMMAND + b"&text=help", signed(company, COMMAND)) == 401


def test_a_forged_decision_decides_nothing(company: Outside, bot: Bot) -> None:
    request = company.asks(bot)
    company.until(lambda: everything_told(company), "quiet")
    before = traces(company)
    card = company.cards(request)[0]

    forged = company.hand(bot, "eve").tampering(signature="bad").click(card, "Approve")
    stale = company.hand(bot, "eve").tampering(age=timedelta(minutes=6)).click(card, "Approve")

    assert (forged.status, stale.status) == (401, 401)
    assert traces(company) == before


def test_a_form_sent_twice_is_one_request(company: Outside, bot: Bot) -> None:
    bob = company.filled(bot, "web-prod · ReadOnlyAccess")
    assert bob.submit().closed
    taken = company.requests()

    again = bob.replay()

    assert again.ok
    assert company.requests() == taken


def test_a_decision_sent_twice_is_one_decision(company: Outside, bot: Bot) -> None:
    request = company.asks(bot, "web-prod · AdministratorAccess")
    eve = company.hand(bot, "eve")
    eve.click(company.cards(request)[0], "Approve")
    company.until(lambda: company.request(request).decided_at, "decision")

    for _ in range(3):
        assert eve.replay().ok

    assert events(company, request).count("vote") == 1
    assert events(company, request).count("request.approve") == 1


# Bodies


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("signed_as", ["", "another"])
def test_a_body_that_is_too_large_is_refused_unread(
    company: Outside, bot: Bot, signed_as: str
) -> None:
    body = b"text=" + b"x" * 1_100_000

    # Of the body nothing is sent: an answer that comes before its end may cut whoever still sends.
    headers = signed(company, body, secret=signed_as) | {"Content-Length": str(len(body))}
    assert begins(bot, headers) == 413


@pytest.mark.usefixtures("quiet")
def test_a_length_that_is_a_lie_keeps_nobody_waiting(company: Outside, bot: Bot) -> None:
    assert begins(bot, {"Content-Length": "900000000"}) == 413
    assert bot.asked("/healthz")[0] == 200


GARBAGE = [
    (b"", FORM),
    (b"payload=", FORM),
    (b"payload=%7B", FORM),
    (b"payload=%5B%5D", FORM),
    (b"payload=null", FORM),
    (b"payload=%7B%7D", FORM),
    (b"payload=%7B%22type%22%3A%22block_actions%22%2C%22actions%22%3A%5B%5D%7D", FORM),
    (b"ssl_check=1", FORM),
    (b"\xff\xfe\x00", FORM),
    (b"{", "application/json"),
    (b"null", "application/json"),
    (b"[" * 100_000, "application/json"),
    (b'{"type": "url_verification", "challenge": "x"}', "application/json"),
    (b"\xff\xfe\x00", "application/json"),
    (b"x", "multipart/form-data; boundary=x"),
]


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(("body", "content"), GARBAGE)
def test_whatever_it_is_unsigned_it_is_refused_unread(
    company: Outside, bot: Bot, body: bytes, content: str
) -> None:
    written = bot.log()

    assert post(bot, body, signed(company, body, content=content, secret="another")) == 401
    assert bot.log() == written


@pytest.mark.parametrize(("body", "content"), GARBAGE)
def test_garbage_is_survived_though_it_is_signed(
    company: Outside, bot: Bot, body: bytes, content: str
) -> None:
    before = company.requests()

    status = post(bot, body, signed(company, body, content=content))

    assert status < 500
    assert bot.asked("/healthz")[0] == 200
    assert company.requests() == before


def test_slack_may_verify_the_address(company: Outside, bot: Bot) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB"}).encode()
    headers = signed(company, body, content="application/json")

    status, said = bot.asked(EVENTS, method="POST", body=body, headers=headers)

    assert (status, json.loads(said)["challenge"]) == (200, "3eZbrw1aB")


# Addresses


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"), ("GET", EVENTS), ("PUT", EVENTS), ("DELETE", EVENTS), ("POST", "/healthz"),
        ("POST", "/metrics"), ("GET", "/metrics/"),
        ("POST", "/"), ("POST", "/slack"), ("POST", f"{EVENTS}/"), ("POST", f"/.{EVENTS}"),
        ("GET", "/slack/install"), ("GET", "/../etc/passwd"), ("GET", "/%00"),
    ],
)  # fmt: skip
def test_there_is_nothing_at_any_other_address(
    company: Outside, bot: Bot, method: str, path: str
) -> None:
    headers = signed(company, b"")

    status, said = bot.asked(path, method=method, headers=headers)

    assert (status, said) == (404, "not found\n")


def test_it_says_that_it_is_well_and_nothing_about_anybody(bot: Bot) -> None:
    assert bot.asked("/healthz") == (200, "ok\n")
    assert bot.asked("/readyz") == (200, "ready\n")


def test_while_ends_wait_for_aws_it_says_how_many(company: Outside, bot: Bot) -> None:
    since, later = system_clock(), system_clock() + timedelta(minutes=2)
    row = Assignment(
        make.a_key(make.a_person("Bob")),
        Holding.PRESENT,
        since,
        Slot.WAITING,
        wanted_gone_at=since,
        lease_until=later,
    )
    with company.works() as work:
        work.assignments.add(row)

    said = bot.asked("/readyz")[1]
    with company.works() as work:
        work.assignments.save(replace(row, holding=Holding.ABSENT, due_at=None, slot=Slot.NONE))

    assert said.startswith("ready\n1 end waits for AWS")
    assert bot.asked("/readyz")[1] == "ready\n"


def test_prometheus_reads_the_page_over_http(bot: Bot) -> None:
    status, page = bot.asked("/metrics")

    assert status == 200
    assert samples(page)["elevate_database_up"] == 1
    assert samples(page)["elevate_policies_version"] == 1


# Reading


def begins(bot: Bot, headers: dict[str, str]) -> int:
    """What is answered when no more than this was sent."""
    connection = HTTPConnection("127.0.0.1", bot.port, timeout=30)
    connection.putrequest("POST", EVENTS)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def post(bot: Bot, body: bytes, headers: dict[str, str]) -> int:
    return bot.asked(EVENTS, method="POST", body=body, headers=headers)[0]


def everything_told(company: Outside) -> bool:
    with company.reading() as work:
        return work.outbox.next_due() is None


def traces(company: Outside) -> tuple[int, int, int]:
    """What there would be more of, had anything happened."""
    with company.reading() as work:
        lines = len(list(work.journal.walk()))
    asked = [call for call in company.slack.calls if call.method != "auth.test"]
    return lines, len(company.requests()), len(asked)


def events(company: Outside, request: RequestId) -> list[str]:
    with company.reading() as work:
        return [line.entry.event for line in work.journal.of(request)]
