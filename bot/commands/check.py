"""`check`: whether everything is reachable, permitted and consistent."""

import logging

import click

from bot import logs
from bot.check import checks
from bot.commands import ground
from bot.findings import Verdict
from bot.settings import LogFormat


@click.command()
@ground.json_option
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> None:
    """Say line by line whether the bot can work: ok, note, warn or fail, and what to do."""
    logs.set_up(LogFormat.TEXT, level=logging.CRITICAL)
    found = []
    for finding in checks():
        found.append(finding)
        if not as_json:
            click.echo(finding)
    if as_json:
        ground.print_json([finding.as_json() for finding in found])
    if any(finding.verdict is Verdict.FAIL for finding in found):
        ctx.exit(1)
