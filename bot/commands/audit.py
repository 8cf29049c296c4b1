"""`audit`: whether the journal is whole, and every request as a file."""

from typing import IO, Any

import click

from bot.commands import ground
from bot.commands.filters import filters, search
from grants.auditing import note, records
from grants.exporting import Format, heading, line
from grants.sight import ALL


@click.group()
def audit() -> None:
    """The journal: every request, vote, decision, grant, end and refusal."""


@audit.command()
@click.option("--format", "kind", required=True, type=click.Choice([*map(str, Format)]),
              help="csv: a table for people; jsonl: a line of JSON for each request.")  # fmt: skip
@filters
@click.option("--output", "-o", type=click.File("w", encoding="utf-8", lazy=True), default="-",
              help="A file; else standard output.")  # fmt: skip
def export(kind: str, output: IO[str], **typed: Any) -> None:
    """Write every request with its votes, comments, times and activity, the oldest first.

    It is read and written piece by piece, however many there are; that it was taken is a line of
    the journal.
    """
    with ground.opened(ground.settings()) as storage:
        with storage.works.reading() as work:
            wanted = search(work, **typed)
        output.write(heading(Format(kind)))
        with storage.works() as work:
            note(work, ground.whoever_types(), wanted, Format(kind), at=storage.clock())
        with storage.works.reading() as work:
            for record in records(work, ALL, wanted):
                output.write(line(record, Format(kind)))


@audit.command()
@ground.json_option
@click.pass_context
def verify(ctx: click.Context, *, as_json: bool) -> None:
    """Read the whole journal and say whether anything was changed, taken away or added."""
    with ground.opened(ground.settings()) as storage, storage.works.reading() as work:
        lines, wrong = work.journal.verify()
        seq, digest = work.journal.head()
    if as_json:
        found = {"line": wrong.seq, "what": wrong.what} if wrong else None
        head = {"line": seq, "hash": digest}
        ground.print_json({"lines": lines, "ok": wrong is None, "wrong": found, "head": head})
    elif wrong is None:
        click.echo(f"{lines} lines read: ok; line {seq} has hash {digest}")
    else:
        where = f"line {wrong.seq}: " if wrong.seq else ""
        click.echo(f"{lines} lines read; {where}{wrong.what}", err=True)
    if wrong is not None:
        ctx.exit(1)
