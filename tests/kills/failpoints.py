"""Where a process may be killed: around every commit that writes, and every call to AWS and to Slack.

They are hung into the libraries' own hooks by whoever starts a process to kill it. The bot knows
nothing of them, and whatever it asks or writes one day has its failpoints from the first.
"""

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, Final

from botocore import handlers
from slack_sdk.web.base_client import BaseClient
from slack_sdk.webhook import WebhookClient
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import ConnectionPoolEntry, Pool

VARIABLE: Final = "ELEVATE_FAILPOINT"
NEW: Final = "new"
RECORD: Final = "record"
LAST_WORDS: Final = "killed at "
"""In its log, before the name and the number that have it die there again."""

Passed = Callable[[str], None]
Parameters = dict[str, Any]


def install(spec: str) -> None:
    """`NAME:3` dies at the third passing of one boundary; `new:FOLDER` at the first one of which
    that folder does not know that somebody died there; `record:FILE` writes all passings down.
    """
    passed = _one_by_one(_what_happens(spec))
    _around_commits(passed)
    _around_aws(passed)
    _around_slack(passed)


def _what_happens(spec: str) -> Passed:
    how, _, rest = spec.partition(":")
    if how == NEW:
        return _dies_at_each_once(Path(rest))
    if how == RECORD:
        return _recorded(Path(rest))
    return _dies_at(how, int(rest))


def _one_by_one(happens: Passed) -> Passed:
    """Whoever dies holds the lock for ever: nothing is passed by a process that is as good as dead."""
    lock = Lock()

    def passed(name: str) -> None:
        with lock:
            happens(name)

    return passed


def _recorded(file: Path) -> Passed:
    def passed(name: str) -> None:
        with file.open("a") as out:
            out.write(f"{name}\n")

    return passed


def _dies_at(wanted: str, number: int) -> Passed:
    seen: Counter[str] = Counter()

    def passed(name: str) -> None:
        seen[name] += 1
        if name == wanted and seen[name] == number:
            _die(name, number)

    return passed


def _dies_at_each_once(folder: Path) -> Passed:
    seen: Counter[str] = Counter()

    def passed(name: str) -> None:
        seen[name] += 1
        try:
            (folder / name).touch(exist_ok=False)
        except FileExistsError:
            return
        _die(name, seen[name])

    return passed


def _die(name: str, number: int) -> None:
    os.write(2, f"{LAST_WORDS}{name}:{number}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)


# Commits, named by what they write


def _around_commits(passed: Passed) -> None:
    def begun(connection: Connection) -> None:
        connection.info["written"] = set()

    def executed(
        connection: Connection, _: Any, __: str, ___: Any, context: Any, ____: bool
    ) -> None:
        if context is not None and context.compiled is not None and context.is_crud:
            connection.info["written"] |= _written(context)

    def committing(connection: Connection) -> None:
        if written := connection.info.pop("written", None):
            connection.info["committed"] = f"commit({','.join(sorted(written))})"
            passed(f"{connection.info['committed']}.before")

    def rolled_back(connection: Connection) -> None:
        connection.info.pop("written", None)

    def returned(_: Any, entry: ConnectionPoolEntry) -> None:
        if committed := entry.info.pop("committed", None):
            passed(f"{committed}.after")

    event.listen(Engine, "begin", begun)
    event.listen(Engine, "before_cursor_execute", executed)
    event.listen(Engine, "commit", committing)
    event.listen(Engine, "rollback", rolled_back)
    event.listen(Pool, "checkin", returned)


def _written(context: Any) -> set[str]:
    table = context.compiled.statement.table.name
    return {_said(table, parameters) for parameters in context.compiled_parameters}


def _said(table: str, parameters: Parameters) -> str:
    match table:
        case "journal" if "event" in parameters:
            return str(parameters["event"])
        case "assignments" if "holding" in parameters:
            asked = "-asked" if parameters.get("operation") else ""
            claimed = "-in-hand" if parameters.get("lease_until") else ""
            return f"{parameters['holding']}{asked}{claimed}"
        case _:
            return str(table)


# Calls


def _around_aws(passed: Passed) -> None:
    def asked(event_name: str, **_: Any) -> None:
        passed(f"aws.{event_name.rpartition('.')[2]}.before")

    def answered(event_name: str, **_: Any) -> None:
        passed(f"aws.{event_name.rpartition('.')[2]}.after")

    handlers.BUILTIN_HANDLERS.extend([("before-send", asked), ("after-call", answered)])


def _around_slack(passed: Passed) -> None:
    call, send = BaseClient.api_call, WebhookClient.send

    def calling(client: BaseClient, api_method: str, **arguments: Any) -> Any:
        passed(f"slack.{api_method}.before")
        answer = call(client, api_method, **arguments)
        passed(f"slack.{api_method}.after")
        return answer

    def sending(client: WebhookClient, **arguments: Any) -> Any:
        passed("slack.response_url.before")
        answer = send(client, **arguments)
        passed("slack.response_url.after")
        return answer

    setattr(BaseClient, "api_call", calling)  # noqa: B010 - mypy knows that it is not meant to be
    setattr(WebhookClient, "send", sending)  # noqa: B010
