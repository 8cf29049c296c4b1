"""The options that narrow down which requests a command is about."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from blocks.problems import sentence
from bot.commands.trouble import Misuse
from grants.errors import Unfit
from grants.model import State
from grants.records import Search
from grants.searching import OPEN, Sought, read
from grants.stores import Work

F = TypeVar("F", bound=Callable[..., Any])
STATES: Final = [*map(str, State), OPEN]

_OPTIONS: Final = (
    click.option("--person", default="", help="Only of this person: a user name, an address, a"
                 " whole name or an id."),
    click.option("--account", default="", help="Only of this account: 12 digits, or its name."),
    click.option("--state", "states", multiple=True, type=click.Choice(STATES),
                 help="Only these; may be repeated. open: all that are not at an end."),
    click.option("--since", default="", help="Only asked for since then: a day, 2026-11-30, or an"
                 " instant in ISO 8601. UTC, unless it says otherwise."),
    click.option("--until", default="", help="Only asked for until then; a day is included."),
)  # fmt: skip


def filters(command: F) -> F:
    """Give a command these options, which `search` reads."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def search(work: Work, **typed: Any) -> Search:
    """What was typed into them. Misuse: with everything that cannot be read or found."""
    try:
        return read(Sought(**typed), work.requests.requesters, work.catalogue.load())
    except Unfit as unfit:
        wrong = [f"--{problem.field}: {sentence(problem)}" for problem in unfit.problems]
        raise Misuse("\n".join(wrong)) from unfit
