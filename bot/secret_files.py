"""Secrets that stand in files: `SLACK_BOT_TOKEN_FILE` names the one that holds `SLACK_BOT_TOKEN`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

IN_FILES: Final = (
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "DATABASE_URL",
    "ELEVATE_JOURNAL_TOKEN",
    "ELEVATE_ENCRYPTION_KEY",
)
"""What may be read from a file. pydantic-settings reads a folder of files instead, and asks no questions."""
LONGEST: Final = 64 * 1024
"""Bytes. Whatever is longer is not a secret, but another file."""


def is_set(name: str, environment: Mapping[str, str]) -> bool:
    """Whether somebody gave this setting, be it as it is or by the name of a file."""
    return any(environment.get(each, "").strip() for each in (name, *_pointers(name)))


def secrets_in(environment: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """What the named files hold, by the settings' own names; and what is wrong, a line each.

    No line quotes a path: somebody has put the secret itself there.
    """
    found, wrong = dict[str, str](), list[str]()
    for name in IN_FILES:
        path = environment.get(f"{name}_FILE", "").strip()
        if not path:
            continue
        try:
            found[name] = _held(name, path, environment)
        except ValueError as problem:
            wrong.append(str(problem))
    return found, wrong


def _held(name: str, path: str, environment: Mapping[str, str]) -> str:
    if environment.get(name, "").strip():
        raise ValueError(f"{name} and {name}_FILE are both set: unset one of them, or set it empty")
    try:
        with Path(path).open("rb") as file:
            held = file.read(LONGEST + 1)
    except OSError as error:
        advice = "write the path of a file that the bot's user can read"
        raise ValueError(f"{name}_FILE: cannot be read ({error.strerror}); {advice}") from None
    if len(held) > LONGEST:
        raise ValueError(
            f"{name}_FILE: the file is longer than 64 KB; name one that holds the secret alone"
        )
    try:
        secret = held.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise ValueError(
            f"{name}_FILE: the file is no text; name one that holds the secret alone"
        ) from None
    if not secret:
        raise ValueError(f"{name}_FILE: the file is empty; write the secret into it")
    return secret


def _pointers(name: str) -> tuple[str, ...]:
    return (f"{name}_FILE",) if name in IN_FILES else ()
