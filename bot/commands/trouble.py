"""What goes wrong in a command, told in one line and an exit code."""

from pathlib import Path
from typing import Any, Final

import click
from slack_sdk.errors import SlackApiError

from blocks.refusals import words
from blocks.text import inline
from bot.logs import redact
from bot.settings import SettingsError
from grants.drafts import PolicyProblems, shown
from grants.errors import AwsFault, NothingRead, Refusal, UnknownRequest
from storage.lock import AlreadyRunningError
from storage.schema import UnknownSchemaError

DATABASE: Final = "sqlalchemy"
SETTINGS: Final = frozenset({"NoRegionError", "ProfileNotFound"})
"""What boto3 raises where its own settings are wrong."""


class Trouble(click.ClickException):
    """A finding, a refusal, or a service that is out of reach."""

    exit_code = 1
    leading = "Error: "

    def show(self, file: Any = None) -> None:
        """Each problem on a line of its own."""
        for line in self.message.splitlines():
            click.echo(f"{self.leading}{inline(line)}", file=file, err=file is None)


class Misuse(Trouble):
    """The command or its settings are not what they should be."""

    exit_code = 2


class Findings(Trouble):
    """Problems of a file, each with its place first, as editors like it."""

    leading = ""


class Telling(click.Group):
    """Puts what is foreseen into words; a mistake of ours still rises whole."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except click.exceptions.Exit:
            raise
        except Exception as error:
            told = told_of(error)
            if told is None:
                raise
            raise told from error


def told_of(error: Exception) -> Trouble | None:
    """None: nobody foresaw it."""
    match error:
        case SettingsError():
            return Misuse(str(error))
        case PolicyProblems():
            return Findings(str(error))
        case AwsFault() if error.code in SETTINGS:
            return Misuse(error.reason)
        case AwsFault():
            return Trouble(error.reason)
        case UnknownRequest():
            return Trouble(f"there is no request {shown(error.request_id)}")
        case NothingRead():
            return Trouble("no catalogue was read yet: run `python -m bot catalogue refresh`")
        case Refusal():
            return Trouble(words(error))
        case AlreadyRunningError() | UnknownSchemaError():
            return Trouble(str(error))
        case SlackApiError():
            code = error.response.get("error")
            return Trouble(f"Slack refuses ({code}): `python -m bot check` says more")
        case OSError() if error.filename:
            hint = _of_the_file(Path(str(error.filename)))
            return Trouble(f"{error.filename} cannot be used: {error.strerror}{hint}")
        case _:
            return _of_the_database(error)


def _of_the_database(error: Exception) -> Trouble | None:
    # By its family's name: SQLAlchemy is storage's to speak to, and storage lets its faults rise.
    if all(kind.__module__.partition(".")[0] != DATABASE for kind in type(error).__mro__):
        return None
    said = str(getattr(error, "orig", None) or error).partition("\n")[0]
    hint = ""
    if "unable to open" in said or "readonly" in said:
        hint = "; its file is for the user whom the bot runs as, and for root"
    return Trouble(f"the database cannot be used; see to DATABASE_URL: {redact(said)}{hint}")


def _of_the_file(file: Path) -> str:
    """The setting that names it, where that is to be guessed from its name."""
    return "; see to DATABASE_URL" if {".lock", ".migrating"} & set(file.suffixes) else ""
