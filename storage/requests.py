"""The requests, each one row for its whole life."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from grants.errors import FormTakenError, StaleRequest, UnknownRequest
from grants.lifecycle import OPEN
from grants.model import (
    AccountId,
    Key,
    Person,
    Request,
    RequestId,
    State,
    Tally,
    Target,
    UserId,
    Wanted,
)
from grants.records import Glimpse, Search
from storage.engine import Held, held
from storage.tables import PERSON, journal_head, requests

PLAIN: Final = tuple(
    column.name
    for column in requests.c
    if column.name in Request.__dataclass_fields__
    and column.name not in {"may_approve", "tally", "due_at"}
)
"""Columns that are fields of a request as they are."""
REMINDED: Final = ("remind_at", "reminded", "nudged_at")
AT_AWS: Final = (State.GRANTING, State.ACTIVE, State.REVOKING)
OLDEST: Final = (requests.c.asked_at, requests.c.id)
NEWEST: Final = tuple(column.desc() for column in OLDEST)
AT_ONCE: Final = 500
"""So many rows of a long walk are in memory at a time."""

# Made once: what the loops ask without end takes longer to put together than to answer.
ONE: Final = Held(select(requests).where(requests.c.id == bindparam("id")))
ADD: Final = insert(requests)
SAVE: Final = update(requests).where(
    requests.c.id == bindparam("this"), requests.c.version == bindparam("read_version")
)
HEAD: Final = Held(select(journal_head.c.seq))
DUE: Final = (
    select(requests)
    .where(requests.c.state == bindparam("state"), requests.c.due_at <= bindparam("now"))
    .order_by(requests.c.due_at)
    .limit(bindparam("limit"))
)
REMINDING: Final = (
    select(requests)
    .where(requests.c.remind_at <= bindparam("now"))
    .order_by(requests.c.remind_at)
    .limit(bindparam("limit"))
)
FIRSTS: Final = tuple(
    select(func.min(column)).where(column.is_not(None))
    for column in (requests.c.due_at, requests.c.remind_at)
)
OF_KEY: Final = select(requests).where(
    requests.c.requester_user_id == bindparam("user_id"),
    requests.c.account_id == bindparam("account_id"),
    requests.c.permission_set_arn == bindparam("permission_set_arn"),
    requests.c.state.in_(AT_AWS),
)
LAST_OF: Final = (
    select(requests)
    .where(requests.c.requester_user_id == bindparam("user_id"))
    .order_by(requests.c.asked_at.desc(), requests.c.id)
    .limit(1)
)


def person_row(person: Person, prefix: str) -> dict[str, str]:
    return {f"{prefix}_{part}": getattr(person, part) for part in PERSON}


def person_in(row: Mapping[Any, Any], prefix: str) -> Person:
    return Person(**{part: row[f"{prefix}_{part}"] for part in PERSON})


def to_row(request: Request) -> dict[str, Any]:
    return {
        **{name: getattr(request, name) for name in PLAIN},
        **person_row(request.requester, "requester"),
        "account_id": request.target.account_id,
        "permission_set_arn": request.target.permission_set_arn,
        "may_approve": list(request.may_approve),
        "tally": asdict(request.tally),
        "due_at": request.due_at,
    }


def from_row(row: Mapping[Any, Any]) -> Request:
    return Request(
        **{name: row[name] for name in PLAIN},
        requester=person_in(row, "requester"),
        target=Target(row["account_id"], row["permission_set_arn"]),
        may_approve=tuple(row["may_approve"]),
        tally=_tally(row["tally"]),
    )


def _tally(values: Mapping[str, Any]) -> Tally:
    wanted = (
        Wanted(tuple(each["whom"]), each["approvals"], each["count"])
        for each in values.get("wanted", ())
    )
    return Tally(tuple(values.get("names", ())), tuple(wanted))


@dataclass(frozen=True, slots=True)
class SqlRequests:
    """`grants.stores.Requests`."""

    db: Connection
    saved: dict[RequestId, Request] = field(default_factory=dict)
    """As this unit of work left them."""

    def add(self, request: Request) -> None:
        """FormTakenError where this form has made one already; the unit of work stays usable."""
        try:
            with self.db.begin_nested():
                self.db.execute(ADD, to_row(request))
        except IntegrityError as error:
            if earlier := self.by_form(request.form_id):
                raise FormTakenError(earlier) from error
            raise

    def by_form(self, form_id: str) -> Request | None:
        found = self._all(select(requests).where(requests.c.form_id == form_id))
        return found[0] if found else None

    def get(self, request_id: RequestId) -> Request:
        found = self._all(ONE.by(self.db), id=request_id)
        if not found:
            raise UnknownRequest(request_id)
        return found[0]

    def save(self, request: Request) -> Request:
        after = replace(request, version=request.version + 1)
        # Without its id: SQLite would look through all that refers to it, at each save.
        row = {name: value for name, value in to_row(after).items() if name != "id"}
        this = {"this": request.id, "read_version": request.version}
        if self.db.execute(SAVE, this | row).rowcount != 1:
            raise StaleRequest(request.id)
        self.saved[after.id] = after
        return after

    def save_reminder(self, request: Request) -> None:
        self.db.execute(
            update(requests)
            .where(requests.c.id == request.id)
            .values({name: getattr(request, name) for name in REMINDED})
        )

    def put_off(self, request: Request, *, until: datetime, now: datetime) -> bool:
        # No move, so no new version: only when the row is looked at next.
        wrote = self.db.execute(
            update(requests)
            .where(
                requests.c.id == request.id,
                requests.c.version == request.version,
                requests.c.state == State.SCHEDULED,
            )
            .values(due_at=until, tried_since=request.tried_since or now)
        )
        return wrote.rowcount == 1

    def lapsing(self, now: datetime, *, limit: int) -> list[Request]:
        return self._due(State.PENDING, now, limit)

    def starting(self, now: datetime, *, limit: int) -> list[Request]:
        return self._due(State.SCHEDULED, now, limit)

    def finishing(self, now: datetime, *, limit: int) -> list[Request]:
        return self._due(State.ACTIVE, now, limit)

    def reminding(self, now: datetime, *, limit: int) -> list[Request]:
        return self._all(REMINDING, now=now, limit=limit)

    def next_due(self) -> datetime | None:
        instants = [self.db.scalar(first) for first in FIRSTS]
        return min((instant for instant in instants if instant), default=None)

    def of_key(self, key: Key) -> list[Request]:
        # Sorted here: SQLite would walk through all that they ever asked for, to have them in order.
        found = self._all(OF_KEY, **asdict(key))
        return sorted(found, key=lambda request: (request.asked_at, request.id))

    def extensions_of(self, request_id: RequestId) -> list[Request]:
        extending = select(requests).where(
            requests.c.extends == request_id, requests.c.state.in_(sorted(OPEN))
        )
        return self._all(held(self.db, extending.order_by(*OLDEST)))

    def open_of(self, user_id: UserId, *, alone: bool = False) -> int:
        if alone:  # Every writer comes to the journal's head in the end: there the others wait.
            self.db.execute(HEAD.by(self.db)).first()
        counted: int = self.db.execute(
            select(func.count())
            .select_from(requests)
            .where(requests.c.requester_user_id == user_id, requests.c.state.in_(sorted(OPEN)))
        ).scalar_one()
        return counted

    def asked_since(self, user_id: UserId, since: datetime) -> int:
        counted: int = self.db.execute(
            select(func.count())
            .select_from(requests)
            .where(requests.c.requester_user_id == user_id, requests.c.asked_at >= since)
        ).scalar_one()
        return counted

    def glimpses(self, states: Collection[State]) -> list[Glimpse]:
        about = requests.c
        found = self.db.execute(
            select(about.id, about.requester_user_id, about.account_id, about.permission_set_arn)
            .where(about.state.in_(sorted(states)))
            .order_by(about.asked_at, about.id)
        )
        return [Glimpse(one, user, Target(account, arn)) for one, user, account, arn in found]

    def several(self, request_ids: Sequence[RequestId]) -> list[Request]:
        found = self._all(select(requests).where(requests.c.id.in_(request_ids)))
        return sorted(found, key=lambda request: request_ids.index(request.id))

    def last_of(self, user_id: UserId) -> Request | None:
        found = self._all(LAST_OF, user_id=user_id)
        return found[0] if found else None

    def listed(
        self,
        *,
        states: Collection[State] = (),
        user_id: UserId | None = None,
        account_id: AccountId | None = None,
        limit: int = 100,
        before: datetime | None = None,
    ) -> list[Request]:
        search = Search(user_id, account_id, frozenset(states), until=before)
        return self.found(search, limit=limit)

    def found(
        self, search: Search, *, limit: int, older_than: Request | None = None
    ) -> list[Request]:
        wanted = [*_conditions(search), *([_behind(older_than)] if older_than else [])]
        # State by state, each in an index's order: a million others are never looked at.
        newest = [
            select(requests.c.asked_at, requests.c.id)
            .where(requests.c.state == state, *wanted)
            .order_by(*NEWEST)
            .limit(limit)
            .subquery()
            for state in sorted(search.states or State)
        ]
        several = union_all(*(select(each) for each in newest)).subquery()
        first = several.c.asked_at.desc(), several.c.id.desc()
        ids = select(several.c.id).order_by(*first).limit(limit)
        return self._all(select(requests).where(requests.c.id.in_(ids)).order_by(*NEWEST))

    def walk(self, search: Search) -> Iterator[Request]:
        wanted = [requests.c.state.in_(sorted(search.states))] if search.states else []
        every = select(requests).where(*wanted, *_conditions(search)).order_by(*OLDEST)
        # A cursor of the database's: what is not read yet is not in our memory.
        rows = self.db.execute(every, execution_options={"yield_per": AT_ONCE})
        return (from_row(row) for row in rows.mappings())

    def requesters(self) -> list[Person]:
        # From one person to the next along an index, so that their requests are not looked at.
        someone = requests.c.requester_user_id
        first = select(func.min(someone).label("id")).cte("askers", recursive=True)
        after = select(func.min(someone)).where(someone > first.c.id).scalar_subquery()
        asker = first.union_all(select(after).where(first.c.id.is_not(None)))
        theirs = requests.alias("theirs")
        one = (
            select(theirs.c.id)
            .where(theirs.c.requester_user_id == asker.c.id)
            .order_by(theirs.c.state.desc(), theirs.c.asked_at.desc())
            .limit(1)
            .scalar_subquery()
        )
        columns = [requests.c[f"requester_{part}"] for part in PERSON]
        found = self.db.execute(select(*columns).join_from(asker, requests, requests.c.id == one))
        return [person_in(row, "requester") for row in found.mappings()]

    def _due(self, state: State, now: datetime, limit: int) -> list[Request]:
        return self._all(DUE, state=state, now=now, limit=limit)

    def _all(self, statement: Select[Any], **values: Any) -> list[Request]:
        return [from_row(row) for row in self.db.execute(statement, values).mappings()]


def _conditions(search: Search) -> list[ColumnElement[bool]]:
    """All but the states."""
    about = requests.c
    return [
        *([about.requester_user_id == search.user_id] if search.user_id is not None else []),
        *([about.account_id == search.account_id] if search.account_id is not None else []),
        *([about.asked_at >= search.since] if search.since is not None else []),
        *([about.asked_at < search.until] if search.until is not None else []),
    ]


def _behind(newer: Request) -> ColumnElement[bool]:
    """Older than this one; of those asked at the same instant, what comes after it in a list."""
    at, asked = newer.asked_at, requests.c.asked_at
    return and_(asked <= at, or_(asked < at, requests.c.id < newer.id))
