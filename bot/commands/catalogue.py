"""`catalogue`: the accounts and permission sets that there are to choose from."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from bot.assemble import open_aws, refresher
from bot.commands import ground
from bot.commands.trouble import Trouble
from grants.durations import spell
from grants.model import Account, Catalogue
from grants.so_far import Refresh


@click.group()
def catalogue() -> None:
    """Accounts and permission sets, as last read from AWS."""


@catalogue.command()
@ground.json_option
def refresh(*, as_json: bool) -> None:
    """Read them again now."""
    settings = ground.settings()
    with ground.opened(settings) as storage:
        reading = refresher(storage, open_aws(settings))
        found = reading.refresh()
        while reading.behind:
            found = reading.read_tags() or found
    if as_json:
        ground.print_json(_in_numbers(found))
        return
    numbers = _in_numbers(found)
    click.echo(
        f"{numbers['accounts']} accounts, {numbers['ous']} OUs and {numbers['permission_sets']}"
        f" permission sets (version {numbers['version']})"
    )


@catalogue.command()
@ground.json_option
def show(*, as_json: bool) -> None:
    """Print them as they were last read."""
    with ground.opened(ground.settings()) as storage:
        with storage.works.reading() as work:
            found, pieces = work.catalogue.load(), work.refreshes.all()
        now = storage.clock()
    if found is None:
        raise Trouble("no catalogue was read yet: run `python -m bot catalogue refresh`")
    if as_json:
        ground.print_json({**_whole(found), "pieces": [_piece(each) for each in pieces]})
        return
    click.echo(f"Read {found.read_at:%Y-%m-%d %H:%M} UTC, {_age(found, now)} ago")
    for each in pieces:
        if each.failing_since:
            click.echo(
                f"{each.piece}: not read since {each.failing_since:%Y-%m-%d %H:%M} UTC: {each.error}"
            )
    click.echo()
    accounts = sorted(found.accounts.values(), key=lambda account: account.name.casefold())
    ground.print_table(
        ("account", "name", "state", "OU"),
        [(each.id, each.name, each.state, _place(each, found)) for each in accounts],
    )
    click.echo()
    sets = sorted(found.permission_sets.values(), key=lambda each: each.name.casefold())
    ground.print_table(
        ("permission set", "session", "ARN"),
        [(each.name, spell(each.session_duration), each.arn) for each in sets],
    )


def _in_numbers(found: Catalogue) -> dict[str, Any]:
    return {
        "version": found.version,
        "read_at": found.read_at.isoformat(),
        "accounts": len(found.accounts),
        "ous": len(found.ous),
        "permission_sets": len(found.permission_sets),
    }


def _whole(found: Catalogue) -> dict[str, Any]:
    instance = found.instance
    return {
        "version": found.version,
        "read_at": found.read_at.isoformat(),
        "instance": {**asdict(instance), "delegated": instance.delegated},
        "accounts": [asdict(account) for account in found.accounts.values()],
        "ous": [asdict(ou) for ou in found.ous.values()],
        "permission_sets": [
            {
                "arn": each.arn,
                "name": each.name,
                "description": each.description,
                "session_seconds": int(each.session_duration.total_seconds()),
                "in_management_account": each.arn in found.in_management,
            }
            for each in found.permission_sets.values()
        ],
    }


def _piece(row: Refresh) -> dict[str, Any]:
    return {
        "piece": row.piece.value,
        "read_at": row.ended_at.isoformat() if row.ended_at else None,
        "due_at": row.due_at.isoformat(),
        "failing_since": row.failing_since.isoformat() if row.failing_since else None,
        "error": row.error,
    }


def _place(account: Account, found: Catalogue) -> str:
    known = (found.ous.get(ou) for ou in account.path)
    return " / ".join(
        ou.name if ou else ou_id for ou, ou_id in zip(known, account.path, strict=True)
    )


def _age(found: Catalogue, now: datetime) -> str:
    return spell(max(now - found.read_at, now - now))
