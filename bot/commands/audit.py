"""`audit`: whether the journal is whole, and every request as a file."""

from typing import IO, Any

import click

from bot.commands import ground
from bot.commands.checkpoints import kept
from bot.commands.exports import write_lines, write_requests
from bot.commands.filters import filters
from grants.exporting import Format
from grants.records import KINDS, Checkpoint, Finding


@click.group()
def audit() -> None:
    """The journal: every request, vote, decision, grant, end and refusal."""


@audit.command()
@click.option("--what", type=click.Choice(["requests", "journal"]), default="requests",
              show_default=True, help="Requests, or the journal's own lines.")  # fmt: skip
@click.option("--format", "kind", required=True, type=click.Choice([*map(str, Format)]),
              help="csv: a table for people; jsonl: a line of JSON for each.")  # fmt: skip
@filters
@click.option("--request", default="", help="Of the journal: only about the request of this id.")
@click.option("--event", "kinds", multiple=True, type=click.Choice(KINDS),
              help="Of the journal: only events of this kind; may be repeated.")  # fmt: skip
@click.option("--output", "-o", type=click.File("w", encoding="utf-8", lazy=True), default="-",
              help="A file; else standard output.")  # fmt: skip
def export(what: str, kind: str, output: IO[str], **typed: Any) -> None:
    """Write every request with its votes, comments, times and activity, or every line of the journal.

    The oldest first. It is read and written piece by piece, however many there are; that it was
    taken is a line of the journal. Of the journal, --person is whoever acted, --since and --until
    are about when it happened.
    """
    write = write_lines if what == "journal" else write_requests
    with ground.opened(ground.settings()) as storage:
        write(output, Format(kind), storage, **typed)


@audit.command()
@click.option("--checkpoint", "kept_outside", multiple=True, metavar="SEQ:HASH",
              help="What verify printed once, and somebody kept outside; @FILE for a file of them, one a"
                   " line, - for standard input. May be repeated.")  # fmt: skip
@ground.json_option
@click.pass_context
def verify(ctx: click.Context, *, kept_outside: tuple[str, ...], as_json: bool) -> None:
    """Read the whole journal and say whether anything was changed, taken away or added.

    A rewritten journal agrees with itself, and so does one whose tail was cut off with care. A
    checkpoint that was kept where nobody can rewrite it finds either.
    """
    checkpoints = [each for said in kept_outside for each in kept(said)]
    with ground.opened(ground.settings()) as storage, storage.works.reading() as work:
        lines, wrong = work.journal.verify(checkpoints)
        head = work.journal.head()
    if as_json:
        ground.print_json(_found(lines, wrong, head))
    elif wrong is None:
        click.echo(f"{lines} lines read: ok{_agreeing(len(checkpoints))}; checkpoint {head}")
    else:
        where = f"line {wrong.seq}: " if wrong.seq else ""
        click.echo(f"{lines} lines read; {where}{wrong.what}", err=True)
    if wrong is not None:
        ctx.exit(1)


def _agreeing(checkpoints: int) -> str:
    match checkpoints:
        case 0:
            return ""
        case 1:
            return "; 1 checkpoint agrees"
        case _:
            return f"; {checkpoints} checkpoints agree"


def _found(lines: int, wrong: Finding | None, head: Checkpoint | None) -> dict[str, Any]:
    """For other programs. Of a journal that is not whole there is no checkpoint to be kept."""
    return {
        "lines": lines,
        "ok": wrong is None,
        "wrong": {"line": wrong.seq, "what": wrong.what} if wrong else None,
        "head": {"line": head.seq, "hash": head.hash} if head else None,
        "checkpoint": str(head) if wrong is None else None,
    }
