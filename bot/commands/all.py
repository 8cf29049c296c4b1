"""Every command, under one name."""

import click

from bot.commands.audit import audit
from bot.commands.catalogue import catalogue
from bot.commands.check import check
from bot.commands.explain import explain
from bot.commands.iam_policy import iam_policy
from bot.commands.migrate import migrate
from bot.commands.people import people
from bot.commands.plan import plan
from bot.commands.policies import policies
from bot.commands.requests import requests
from bot.commands.run import run
from bot.commands.trouble import Telling


@click.group(cls=Telling)
def cli() -> None:
    """Elevate: temporary AWS access, asked for and approved in Slack."""


policies.add_command(plan)
policies.add_command(explain)

for command in (
    run, migrate, check, policies, requests, audit, people, catalogue, iam_policy
):  # fmt: skip
    cli.add_command(command)
