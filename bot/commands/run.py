"""`run`: the bot itself."""

from errno import EACCES, EADDRINUSE, EADDRNOTAVAIL
from socket import gaierror
from typing import Final

import click

from bot import logs
from bot.settings import EVERYTHING, Need, load

UNHEARD: Final = frozenset({EACCES, EADDRINUSE, EADDRNOTAVAIL})
"""Why an address cannot be listened on."""


@click.command()
@click.option(
    "--role",
    type=click.Choice(["all", "slack", "jobs"]),
    default="all",
    show_default=True,
    help="slack listens, jobs gives and takes access and tells Slack; several processes need"
    " PostgreSQL.",
)
def run(role: str) -> None:
    """Run the bot until SIGTERM or Ctrl-C."""
    found = load(needs=EVERYTHING - ({Need.LISTENING} if role == "jobs" else set()))
    logs.set_up(found.log_format)
    logs.catch()
    from bot.commands.trouble import Trouble
    from bot.run import NotAtHeadError, Part
    from bot.run import run as serve

    try:
        raise SystemExit(serve(found, Part(role)))
    except NotAtHeadError as error:
        raise Trouble(str(error)) from error
    except OSError as error:
        if error.filename or not (error.errno in UNHEARD or isinstance(error, gaierror)):
            raise
        where = f"{found.host}:{found.port}"
        cure = "set HOST and PORT to where the bot may listen"
        raise Trouble(f"{where} cannot be listened on ({error.strerror}): {cure}") from error
