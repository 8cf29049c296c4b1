"""`people`: which Slack user is which Identity Center user."""

import re
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import click

from blocks.text import inline
from bot.assemble import Storage, bindings, open_aws, proving
from bot.commands import ground
from bot.commands.trouble import Misuse, Trouble
from grants.authority import Action
from grants.drafts import shown
from grants.model import Lane, SlackUserId, User, UserId
from grants.naming import user_called
from grants.people import Memberships
from grants.ports import Directory
from grants.records import NEVER, Binding

_SLACK_ID: Final = re.compile(r"[UW][A-Z0-9]{2,}", re.ASCII)


@click.group()
def people() -> None:
    """Which Slack user is which Identity Center user."""


@people.command("list")
@ground.json_option
def list_(*, as_json: bool) -> None:
    """Print every binding."""
    with ground.opened(ground.settings()) as storage, storage.works.reading() as work:
        found = work.people.all()
    if as_json:
        ground.print_json([_facts(binding) for binding in found])
        return
    ground.print_table(
        (
            "Slack user", "Identity Center user", "called", "address", "since", "by", "looked at",
            "broken",
        ),
        [
            (each.slack_id, each.user_id, each.user_name, each.email, _day(each.made_at),
             each.made_by, _day(each.checked_at), each.broken)
            for each in found
        ],
    )  # fmt: skip


@people.command()
@click.argument("slack_id")
@click.argument("identity_center_user")
def link(slack_id: str, identity_center_user: str) -> None:
    """Say that a Slack user (U…) is an Identity Center user: an id, user name or address."""
    settings = ground.settings()
    who = _slack(slack_id)
    with ground.opened(settings) as storage:
        aws = open_aws(settings)
        user = _the_one(aws.directory, identity_center_user)
        with storage.works.reading() as work:
            teams = {binding.slack_id: binding.team_id for binding in work.people.all()}
        team = teams.get(who) or next(iter(teams.values()), "")
        by = ground.whoever_types(Action.LINK_PEOPLE)
        bindings(settings, storage, aws).link(who, user, team_id=team, by=by)
    click.echo(f"{who} is now {inline(user.user_name)} ({inline(user.name)}, {user.id}).")


@people.command()
@click.argument("slack_id")
def unlink(slack_id: str) -> None:
    """Forget who a Slack user is; the next time they are matched by their address again."""
    settings = ground.settings()
    who = _slack(slack_id)
    with ground.opened(settings) as storage:
        by = ground.whoever_types(Action.LINK_PEOPLE)
        if not bindings(settings, storage, open_aws(settings)).unlink(who, by=by):
            raise Trouble(f"{who} is not linked to anybody")
    click.echo(f"{who} is forgotten.")


@people.command("reset-proof")
@click.argument("identity_center_user")
def reset_proof(identity_center_user: str) -> None:
    """Take somebody's one-time codes away: an id, user name or address. They set up new ones."""
    settings = ground.settings()
    with ground.opened(settings) as storage:
        aws = open_aws(settings)
        user = _with_codes(storage, aws.directory, identity_center_user)
        codes = proving(settings, storage, Memberships(aws.directory, storage.clock))
        if not codes.reset(user, by=ground.whoever_types(Action.RESET_CODES)):
            raise Trouble(f"{user.user_name} has set up no codes")
    click.echo(
        f"The codes of {inline(user.user_name)} are reset; they set up new ones with /elevate proof."
    )


def _with_codes(storage: Storage, directory: Directory, name: str) -> User:
    """Somebody whom Identity Center has no more is named by the id that they had."""
    with storage.works.reading() as work:
        known = {str(proof.user_id) for proof in work.proofs.all()}
    if name in known and directory.user(UserId(name), lane=Lane.STATUS) is None:
        return User(UserId(name), name, "", "", enabled=False)
    return user_called(directory, name, lane=Lane.STATUS)


def _slack(text: str) -> SlackUserId:
    if _SLACK_ID.fullmatch(text.strip().upper()):
        return SlackUserId(text.strip().upper())
    raise Misuse(f'{shown(text)} is no Slack user id; copy it (U…) from "Copy member ID"')


def _the_one(directory: Directory, name: str) -> User:
    user = user_called(directory, name, lane=Lane.STATUS)
    if not user.enabled:
        raise Trouble(f"the user {shown(name)} is disabled in Identity Center")
    return user


def _facts(binding: Binding) -> dict[str, Any]:
    checked_at = None if binding.checked_at == NEVER else binding.checked_at.isoformat()
    return {**asdict(binding), "made_at": binding.made_at.isoformat(), "checked_at": checked_at}


def _day(at: datetime) -> str:
    return "" if at == NEVER else f"{at:%Y-%m-%d}"
