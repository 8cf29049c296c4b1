"""Access that is held, as many as are wanted: in the company, in the ledger and as requests with their cards."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from sqlalchemy import insert

from bot.clock import system_clock
from grants.model import (
    AccountId,
    Assignment,
    Holding,
    Key,
    PermissionSetArn,
    Person,
    Place,
    Request,
    RequestId,
    State,
    Target,
    UserId,
)
from grants.records import SweepName, SweepRow
from storage import assignments as ledger
from storage import requests as asked
from storage.tables import assignments, copies, requests
from tests import make
from tests.bench.company import channels_of
from tests.bench.stage import SLACK_USERS, Stage, slack_id

HELD_SINCE: Final = timedelta(hours=2)
FIRST: Final = 20_000_000
"""Digits are letters of a request's id, too."""


def people_of(stage: Stage) -> list[Person]:
    """Those of the company who are in the workspace."""
    users = islice(stage.aws.company.users.values(), SLACK_USERS)
    return [
        Person(slack_id(user.name), UserId(user.id), user.name, user.name, user.email or "")
        for user in users
    ]


def targets_of(stage: Stage) -> Iterator[Target]:
    """Every account with every permission set, the accounts one after the other."""
    company = stage.aws.company
    for arn in company.permission_sets:
        for account in company.accounts:
            if account != company.management_account:
                yield Target(AccountId(account), PermissionSetArn(arn))


def hold(stage: Stage, ends: Sequence[datetime]) -> list[Request]:
    """A grant for each of these instants at which one ends, each of an assignment of its own."""
    people, now = people_of(stage), system_clock()
    targets = list(islice(targets_of(stage), len(ends)))
    held = [
        make.a_request(
            str(FIRST + number), requester=people[number % len(people)], state=State.ACTIVE,
            target=targets[number % len(targets)], asked_at=now - HELD_SINCE,
            expires_at=now, decided_at=now - HELD_SINCE, active_at=now - HELD_SINCE, ends_at=at,
            tried_since=now - HELD_SINCE,
        )
        for number, at in enumerate(ends)
    ]  # fmt: skip
    _assign(stage, [request.key for request in held])
    with stage.database.writing() as db:
        db.execute(insert(requests), [asked.to_row(each) for each in held])
        rows = [_present(each.key, now + timedelta(minutes=15)) for each in held]
        db.execute(insert(assignments), [ledger.to_row(each) for each in rows])
        db.execute(insert(copies), list(_cards(stage, held)))
    with stage.works() as work:
        for name in (
            SweepName
        ):  # Everything was looked at lately; nothing is in the way of what is measured.
            work.sweeps.add(SweepRow(name, due_at=now + timedelta(days=1), ended_at=now))
    return held


def _assign(stage: Stage, keys: Sequence[Key]) -> None:
    company = stage.aws.company
    names = {user.id: user.name for user in company.users.values()}
    accounts = {account.id: account.name for account in company.accounts.values()}
    sets = {one.arn: one.name for one in company.permission_sets.values()}
    for key in keys:
        company.assign(names[key.user_id], accounts[key.account_id], sets[key.permission_set_arn])


def _present(key: Key, due_at: datetime) -> Assignment:
    return Assignment(key, Holding.PRESENT, due_at)


def _cards(stage: Stage, held: Sequence[Request]) -> Iterator[dict[str, object]]:
    """In the requester's messages and in an approver channel; not hung yet, as when Slack was away."""
    channels = list(channels_of(stage.aws.company).values())
    for number, request in enumerate(held):
        blank = {"channel": "", "ts": "", "summary_ts": "", "dead": "", "note": ""}
        yield {
            "request_id": RequestId(request.id), "place": Place.DIRECT,
            "address": request.requester.slack_id, **blank,
        }  # fmt: skip
        yield {
            "request_id": RequestId(request.id), "place": Place.CHANNEL,
            "address": channels[number % len(channels)], **blank,
        }  # fmt: skip
