"""`audit`: whether the journal is whole."""

import click

from bot.commands import ground


@click.group()
def audit() -> None:
    """The journal: every request, vote, decision, grant, end and refusal."""


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
