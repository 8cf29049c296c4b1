"""How the log is written: an event and its facts, one line each, with secrets taken out."""

import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from types import TracebackType
from typing import Any, Final, TextIO

from bot.settings import LogFormat

log = logging.getLogger(__name__)

LONGEST: Final = 500
"""Of a fact. Whatever is longer is a payload, or as good as one."""
CHATTY: Final = (
    "alembic",
    "apscheduler",
    "boto3",
    "botocore",
    "slack_bolt",
    "slack_sdk",
    "urllib3",
    "waitress",
    "websocket",
)
"""Below WARNING they tell of their own doings, payloads among them."""

UNUSED: Final = "`token` will be unused"
"""Bolt finds SLACK_BOT_TOKEN by itself, beside the client that has it already: nobody's trouble."""

_SECRETS: Final = re.compile(
    r"\bx(?:ox[a-z]|app)(?:[.-][A-Za-z0-9]+)+"  # Slack's tokens
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{12,}"  # AWS's access keys
    r"|\bv0=[0-9a-f]{64}\b"  # Slack's signatures
    r"|(?<=://)[^\s/:@]*:[^\s/@]+(?=@)"  # a URL's user and password
)
_ROWS: Final = re.compile(
    r"\[parameters: .*?\](?=\s*(?:\(Background|$))"
    r"|DETAIL:  .*?(?=\n\[SQL: |\n\n(?:The above|During handling)|$)",  # people write several lines
    re.DOTALL,
)
"""What databases quote of the rows that they complain about: people's words."""
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up(log_format: LogFormat, *, level: int = logging.INFO, to: TextIO | None = None) -> None:
    """All of the process's log goes to one place (standard error), in one manner."""
    handler = logging.StreamHandler(to or sys.stderr)
    handler.setFormatter(AsJson() if log_format is LogFormat.JSON else AsText())
    handler.addFilter(_worth_it)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)


def heard(tell: Callable[[logging.LogRecord], object]) -> None:
    """Also tell of each record that is written."""

    def let(record: logging.LogRecord) -> bool:
        tell(record)
        return True

    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, AsText | AsJson):
            handler.addFilter(let)


def catch() -> None:
    """What nobody caught goes where everything goes, instead of on standard error as it is."""

    def died(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("not caught", exc_info=(kind, error, trace))

    def thread_died(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            died(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = died
    threading.excepthook = thread_died
    logging.raiseExceptions = False


def redact(text: str) -> str:
    """The last net: nothing that looks like a secret, or quotes a row, gets through it."""
    return _SECRETS.sub("[secret]", _ROWS.sub("[row]", text))


class AsText(logging.Formatter):
    """For a terminal: time, level, where, what, facts; what went wrong follows, indented."""

    def format(self, record: logging.LogRecord) -> str:
        """The record on one line; each line of a traceback on its own."""
        words = [_at(record), record.levelname, f"{record.name}:", _line(_event(record))]
        words += [f"{name}={value}" for name, value in _facts(record)]
        lines = [" ".join(words), *(f"  | {_line(line)}" for line in _trouble(self, record))]
        return redact("\n".join(lines))


class AsJson(logging.Formatter):
    """For machines: an object to a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Facts stand beside the rest; none can take the place of another field."""
        told: dict[str, Any] = {
            "at": _at(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": redact(_event(record)),
        }
        told |= {
            (f"{name}_" if name in told else name): _redacted(value)
            for name, value in _facts(record)
        }
        if trouble := _trouble(self, record):
            told["trouble"] = redact("\n".join(trouble))
        return json.dumps(told)


def _worth_it(record: logging.LogRecord) -> bool:
    if record.name == "slack_bolt.App" and UNUSED in _event(record):
        return False
    # By the handler: Bolt sets its own loggers' level, so that their parents' is not asked.
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] not in CHATTY


def _event(record: logging.LogRecord) -> str:
    """Whoever logs what does not fit its own words is heard all the same, without it."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return str(record.msg)


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _facts(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    for name, value in vars(record).items():
        if name not in _STANDARD and not name.startswith("_"):
            yield name, _fact(value)


def _fact(value: object) -> Any:
    """Plain values as they are; of anything else, only what it is."""
    match value:
        case float() if not isfinite(value):
            return str(value)  # else it would be no JSON
        case None | bool() | int() | float():
            return value
        case str():
            return _line(value if len(value) <= LONGEST else f"{value[:LONGEST]}…")
        case date() | timedelta():
            return str(value)
        case _:
            return f"<{type(value).__name__}>"


def _redacted(value: Any) -> Any:
    return redact(value) if isinstance(value, str) else value


def _trouble(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    text = formatter.formatException(record.exc_info) if record.exc_info else record.exc_text or ""
    return redact("\n".join(filter(None, (text, record.stack_info)))).splitlines()


def _line(text: str) -> str:
    """What cannot be seen is written out: nobody's words begin a line or colour a terminal."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
