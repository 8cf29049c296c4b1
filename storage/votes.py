"""The votes on requests: one each, and the first one stands."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, bindparam, select, update

from grants.model import RequestId, SlackUserId, State, UserId, Vote
from storage.requests import person_in, person_row
from storage.rows import add
from storage.tables import requests, votes

OF: Final = (
    select(votes)
    .where(votes.c.request_id.in_(bindparam("requests", expanding=True)))
    .order_by(votes.c.id)
)


@dataclass(frozen=True, slots=True)
class SqlVotes:
    """`grants.stores.Votes`."""

    db: Connection

    def add(self, vote: Vote) -> bool:
        return add(self.db, votes, _row(vote))

    def recast(self, vote: Vote) -> None:
        self.db.execute(update(votes).where(_theirs(vote)).values(_row(vote)))

    def prove(self, vote: Vote) -> None:
        self.db.execute(update(votes).where(_theirs(vote)).values(proved=True))

    def on(self, request_id: RequestId) -> list[Vote]:
        return self.of([request_id]).get(request_id, [])

    def of(self, requests: Collection[RequestId]) -> dict[RequestId, list[Vote]]:
        found: dict[RequestId, list[Vote]] = {}
        for row in self.db.execute(OF, {"requests": list(requests)}).mappings():
            found.setdefault(row["request_id"], []).append(_vote(row))
        return found

    def undecided(self, user_id: UserId, by: Collection[SlackUserId]) -> dict[RequestId, bool]:
        pending = requests.c.state == State.PENDING
        cast = self.db.execute(
            select(votes.c.request_id, votes.c.proved)
            .join(requests, votes.c.request_id == requests.c.id)
            .where(pending, votes.c.voter_user_id == user_id, votes.c.voter_slack_id.in_(by))
        )
        return {vote.request_id: vote.proved for vote in cast}


def _row(vote: Vote) -> dict[str, Any]:
    return {
        "request_id": vote.request_id,
        **person_row(vote.voter, "voter"),
        "ballot": vote.ballot,
        "comment": vote.comment,
        "at": vote.at,
        "proved": vote.proved,
    }


def _theirs(vote: Vote) -> ColumnElement[bool]:
    return and_(votes.c.request_id == vote.request_id, votes.c.voter_user_id == vote.voter.user_id)


def _vote(row: Mapping[Any, Any]) -> Vote:
    voter = person_in(row, "voter")
    said = row["ballot"], row["comment"], row["at"]
    return Vote(row["request_id"], voter, *said, proved=row["proved"])
