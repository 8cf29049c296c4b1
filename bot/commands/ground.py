"""What commands stand on: their settings and storage, who types, and how a report is printed."""

import json
import logging
import os
import pwd
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from blocks.text import inline
from bot import logs
from bot.assemble import Storage, open_storage
from bot.commands.trouble import Trouble
from bot.settings import Settings, load
from grants.authority import OPERATORS, Action, admit
from grants.model import Actor
from grants.people import operator
from storage.schema import at_head

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def settings() -> Settings:
    """What a command needs that neither listens nor speaks to Slack; its log is kept short."""
    found = load()
    logs.set_up(found.log_format, level=logging.WARNING)
    return found


@contextmanager
def opened(found: Settings) -> Iterator[Storage]:
    """The database, at the schema that this version is written for."""
    if not at_head(found.database_url):
        raise Trouble(
            "the database is not at this version's schema: run `python -m bot migrate` first"
        )
    storage = open_storage(found)
    try:
        yield storage
    finally:
        storage.database.close()


def whoever_types(action: Action) -> Actor:
    """The operator, who may do this or is refused; by the system's own word, for the environment lies."""
    admit(action, OPERATORS)
    user = os.getuid()
    try:
        name = pwd.getpwuid(user).pw_name
    except KeyError:
        name = f"uid{user}"  # a container's user may have no name
    return operator(f"{name}@{socket.gethostname()}")


def print_json(value: Any) -> None:
    """For other programs."""
    click.echo(json.dumps(value, indent=2))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """For people: columns as wide as they need; what somebody typed cannot steer the terminal."""
    lines = [headings, *([inline(str(cell)) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    """A name and a value to a line; what is empty is left out."""
    told = [(name, str(value)) for name, value in facts if value not in {None, ""}]
    width = max((len(name) for name, _ in told), default=0)
    for name, value in told:
        click.echo(f"{name.ljust(width)}  {inline(value)}")
