"""`requests`: what was asked for, what became of it, and taking it away."""

from datetime import datetime
from typing import Any

import click

from blocks.refusals import words
from blocks.text import utc
from bot.assemble import closing, open_aws
from bot.commands import ground
from bot.commands.filters import filters, search
from bot.commands.stories import Story, told
from bot.progress import ends_wait
from grants.asking import fit_reason
from grants.authority import Action
from grants.durations import spell
from grants.errors import Unfit
from grants.exporting import facts
from grants.lifecycle import FINAL
from grants.model import Request, RequestId
from grants.people import Memberships


@click.group()
def requests() -> None:
    """Requests and grants."""


@requests.command("list")
@filters
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@ground.json_option
def list_(*, limit: int, as_json: bool, **typed: Any) -> None:
    """Print requests, the newest first."""
    with ground.opened(ground.settings()) as storage, storage.works.reading() as work:
        found = work.requests.found(search(work, **typed), limit=limit)
        behind = ends_wait(work.assignments.ends())
    if behind:
        click.echo(f"{behind}.", err=True)
    if as_json:
        ground.print_json([facts(request) for request in found])
        return
    headings = ("request", "state", "requester", "account", "permission set", "for", "asked",
                "ends")  # fmt: skip
    ground.print_table(headings, map(_row, found))


@requests.command()
@click.argument("request_id", metavar="ID")
@ground.json_option
def show(request_id: str, *, as_json: bool) -> None:
    """Print the whole story of a request: its facts, votes and lines of the journal."""
    with ground.opened(ground.settings()) as storage, storage.works.reading() as work:
        story = Story.of(work, _id(request_id))
    if as_json:
        ground.print_json(story.as_json())
        return
    ground.print_facts(told(story.request))
    for heading, lines in story.chapters():
        click.echo(f"\n{heading}")
        ground.print_table(("",) * len(lines[0]), lines)


@requests.command()
@click.argument("request_id", metavar="ID")
@click.option("--reason", required=True, help="Why; the requester and the approvers read it.")
@click.option("--cut-sessions", is_flag=True, help="And have AWS deny the sessions already open.")
def revoke(request_id: str, reason: str, *, cut_sessions: bool) -> None:
    """Take access away, or keep it from starting."""
    settings = ground.settings()
    try:
        fit_reason(reason)
    except Unfit as unfit:
        raise click.BadParameter(words(unfit), param_hint="--reason") from None
    with ground.opened(settings) as storage:
        memberships = Memberships(open_aws(settings).directory, storage.clock)
        after = closing(settings, storage, memberships).revoke_as(
            ground.whoever_types(Action.REVOKE), _id(request_id), reason, cut=cut_sessions
        )
        now = storage.clock()
    if after.state in FINAL:
        click.echo(f"{after.id} is {after.state}: nothing had been given yet.")
        return
    click.echo(
        f"{after.id} is {after.state}: the running bot takes the access away within a second"
        " or so, and tells everybody. Is none running, start it."
    )
    if not after.standing:
        click.echo(_alive(after, now, cut=cut_sessions))


def _alive(request: Request, now: datetime, *, cut: bool) -> str:
    last = utc(now + request.session_duration)
    if cut:
        return (
            "The sessions already open are cut after that; until the thread says so, credentials"
            f" already issued may go on working, about until {last}."
        )
    return f"Credentials already issued may go on working, about until {last}."


def _id(text: str) -> RequestId:
    return RequestId(text.strip().upper())


def _row(request: Request) -> tuple[Any, ...]:
    ends = request.ended_at or request.ends_at
    return (
        request.id,
        request.state,
        request.requester.user_name,
        f"{request.account_name} ({request.target.account_id})",
        request.permission_set_name,
        spell(request.duration),
        utc(request.asked_at),
        utc(ends) if ends else "",
    )
