"""The log: an event and its facts, a line each; no secret, no payload, no forged line."""

import io
import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import logs
from bot.logs import AsJson, AsText, set_up
from bot.meters import LOUD, Meters
from bot.settings import LogFormat
from tests.scraping import asked, samples
from tests.terminal import a_terminal

Told = Callable[[], str]
log = logging.getLogger("grants.test")


@pytest.fixture(autouse=True)
def _as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with a_terminal(tmp_path, monkeypatch):
        yield


@pytest.fixture(params=list(LogFormat))
def told(request: pytest.FixtureRequest) -> Told:
    """What was logged so far, in each format."""
    to = io.StringIO()
    set_up(request.param, to=to)
    return to.getvalue


@pytest.fixture
def objects() -> Callable[[], list[dict[str, Any]]]:
    to = io.StringIO()
    set_up(LogFormat.JSON, to=to)
    return lambda: [json.loads(line) for line in to.getvalue().splitlines()]


@pytest.mark.parametrize(
    "secret",
    [
        "xoxb-123-456-abcDEF",
        "xapp-1-A0-99-abcdef",
        "xoxe.xoxp-1-Mi0yLTEy",
        "AKIAIOSFODNN7EXAMPLE",
        "ASIAIOSFODNN7EXAMPLE",
        f"v0={'ab' * 32}",
    ],
)
def test_what_looks_like_a_secret_is_taken_out(told: Told, secret: str) -> None:
    log.warning("said %s by mistake", secret, extra={"fact": secret})

    assert secret not in told()
    assert "[secret]" in told()


def test_a_databases_password_is_taken_out_of_a_traceback(told: Told) -> None:
    log.error(
        "not connected", exc_info=ValueError("postgresql+psycopg://elevate:hunter2@db/elevate")
    )

    assert "hunter2" not in told()
    assert "@db/elevate" in told()


def test_what_a_database_quotes_of_a_row_is_taken_out(told: Told) -> None:
    words = (
        "null value\nDETAIL:  Failing row contains (because\n\nof Jane,\nof Jane).\n\n"
        "[SQL: INSERT …]\n[parameters: {'justification': 'because of ] Jane'}]\n(Background on …)"
    )
    log.error("not written", exc_info=ValueError(words))

    assert "Jane" not in told()
    assert "null value" in told()


def test_nobodys_words_begin_a_line_or_colour_a_terminal(told: Told) -> None:
    log.warning("asked\r\n2026 forged", extra={"fact": "\x1b[31mred\nline"})

    assert len(told().splitlines()) == 1
    assert "\x1b" not in told()


def test_of_a_payload_only_its_kind_is_told(told: Told) -> None:
    log.warning("pressed", extra={"body": {"user": "U1", "text": "because of Jane"}})

    assert "Jane" not in told()
    assert "<dict>" in told()


def test_a_fact_as_long_as_a_payload_is_cut(told: Told) -> None:
    log.warning("said", extra={"fact": "x" * 10_000})

    assert len(told()) < 1000


def test_the_libraries_are_heard_when_something_is_wrong(told: Told) -> None:
    logger = logging.getLogger("slack_bolt.App")
    logger.level = logging.DEBUG

    logger.info("a payload")
    logger.warning("a warning")

    assert "a payload" not in told()
    assert "a warning" in told()


@pytest.mark.parametrize(
    "name",
    [
        "alembic.env",
        "apscheduler.scheduler",
        "botocore.hooks",
        "slack_bolt.App",
        "slack_sdk.web",
        "waitress",
        "websocket",
        "py.warnings",
    ],
)
def test_every_library_speaks_through_it(
    objects: Callable[[], list[dict[str, Any]]], name: str
) -> None:
    logging.getLogger(name).warning("odd\nthings")

    (line,) = objects()
    assert (line["logger"], line["level"], line["event"]) == (name, "warning", "odd\nthings")


def test_a_warning_of_pythons_is_a_line(objects: Callable[[], list[dict[str, Any]]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old\nway", stacklevel=1)

    (line,) = objects()
    assert line["logger"] == "py.warnings"
    assert "old" in line["event"]


def test_times_are_utc_to_the_millisecond(objects: Callable[[], list[dict[str, Any]]]) -> None:
    log.info("ended")

    at = datetime.fromisoformat(objects()[0]["at"])
    assert at.utcoffset() == timedelta(0)
    assert re.fullmatch(r"\S+T\d\d:\d\d:\d\d\.\d{3}\+00:00", objects()[0]["at"])


def test_what_nobody_caught_is_one_record(
    objects: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for where in (sys, threading):
        monkeypatch.setattr(where, "excepthook", where.excepthook)
    monkeypatch.setattr(logging, "raiseExceptions", True)
    logs.catch()

    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    sys.excepthook(ValueError, ValueError("wrong"), None)

    in_thread, in_main = objects()
    assert in_thread["level"] == in_main["level"] == "critical"
    assert "ZeroDivisionError" in in_thread["trouble"]
    assert "ValueError: wrong" in in_main["trouble"]


@pytest.mark.parametrize("written", [AsJson(), AsText()])
def test_what_does_not_fit_its_words_is_heard_all_the_same(written: logging.Formatter) -> None:
    record = logging.makeLogRecord({"msg": "%d tries", "args": ("several",)})

    assert "%d tries" in written.format(record)


def test_a_number_that_json_has_not_is_a_word(told: Told) -> None:
    log.warning("measured", extra={"seconds": float("nan")})

    assert "NaN" not in told()


def test_whoever_counts_hears_what_is_written_and_nothing_else(told: Told) -> None:
    meters = Meters()
    logs.heard(meters.logged)

    logging.getLogger("botocore").info("a payload")
    log.info("ended")
    log.warning("odd")
    log.error("left")

    found = samples(asked(meters)[2])
    assert [found[f'elevate_log_records_total{{level="{level}"}}'] for level in LOUD] == [1, 1, 0]


def test_facts_stand_beside_the_event(objects: Callable[[], list[dict[str, Any]]]) -> None:
    log.info("ended", extra={"request": "7K2M9QXB", "late": timedelta(seconds=2), "tries": 3})

    (line,) = objects()
    assert line["event"] == "ended"
    assert line["level"] == "info"
    assert line["logger"] == "grants.test"
    assert (line["request"], line["late"], line["tries"]) == ("7K2M9QXB", "0:00:02", 3)


def test_a_fact_takes_no_other_fields_place(objects: Callable[[], list[dict[str, Any]]]) -> None:
    log.info("ended", extra={"level": "critical", "at": "never"})

    (line,) = objects()
    assert line["level"] == "info"
    assert line["at"] != "never"


def test_a_traceback_is_one_field(objects: Callable[[], list[dict[str, Any]]]) -> None:
    log.error("left", exc_info=ValueError("wrong"))

    (line,) = objects()
    assert "ValueError: wrong" in line["trouble"]
