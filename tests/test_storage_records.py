"""Policies, people, the catalogue and activity come back as they were, read once."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from grants.errors import PoliciesMoved
from grants.model import AccountId, ChannelId, PermissionSetArn, Role, SlackUserId, UserId
from grants.policy import Named, OuScope, PolicyBook, PolicySettings, Scope, Who
from grants.records import ActivityRow, Binding, HomeRow
from storage.engine import Database
from storage.work import SqlWorks
from tests import make
from tests.make import HOUR, NOON

MINUTE = timedelta(minutes=1)
FULL_BOOK = make.a_book(
    settings=PolicySettings(
        approval_required=False,
        max_duration=2 * HOUR,
        pending_expiry=HOUR,
        ticket_pattern="[A-Z]+-[0-9]+",
        ticket_url="https://tracker.example.com/{ticket}",
        admins=Who((Named("g1", "admins"),), (Named("u1", "ada"),)),
        default_channel=ChannelId("C1"),
    ),
    eligibility=(
        make.eligibility(max_duration=4 * HOUR, approval_required=False),
        make.eligibility(
            name="tagged",
            scope=Scope((), (OuScope(make.ROOT, "Root"),), (("env", "dev"), ("team", "ä"))),
        ),
    ),
    approval=(make.approval(approvals=2, required=True, proof="totp", channel=None),),
)
BINDING = Binding(SlackUserId("U1"), "T1", UserId("u1"), "eve@example.com", NOON, "eve@example.com")


@pytest.fixture
def documents_read(database: Database) -> list[str]:
    """The statements that read a whole document."""
    seen: list[str] = []

    @event.listens_for(database.readers, "before_cursor_execute")
    def note(_c: object, _cursor: object, statement: str, *_: Any) -> None:
        seen.extend([statement] if "document" in statement.partition("FROM")[0] else [])

    return seen


# Policies


def test_before_any_policies_there_is_the_empty_book(works: SqlWorks) -> None:
    with works.reading() as work:
        assert work.policies.version() == 0
        assert work.policies.current() == PolicyBook()


@pytest.mark.parametrize("book", [PolicyBook(), make.a_book(), FULL_BOOK])
def test_a_book_comes_back_as_it_was(works: SqlWorks, book: PolicyBook) -> None:
    with works() as work:
        applied = work.policies.apply(book, by="ada", at=NOON)

    assert applied == replace(book, version=1)
    with works.reading() as work:
        assert work.policies.current() == applied


def test_every_version_is_kept_with_who_applied_it(works: SqlWorks) -> None:
    with works() as work:
        work.policies.apply(make.a_book(), by="ada", at=NOON)
    with works() as work:
        work.policies.apply(FULL_BOOK, by="bob", at=NOON + HOUR)

    with works.reading() as work:
        newest, oldest = work.policies.history()
    assert (newest.version, newest.by, newest.at) == (2, "bob", NOON + HOUR)
    assert newest.book == replace(FULL_BOOK, version=2)
    assert (oldest.version, oldest.by, oldest.book) == (1, "ada", make.a_book())


def test_an_older_version_is_read_as_it_was(works: SqlWorks) -> None:
    for book in (make.a_book(), FULL_BOOK):
        with works() as work:
            work.policies.apply(book, by="ada", at=NOON)

    with works.reading() as work:
        found = [work.policies.at(version) for version in (0, 1, 2, 3)]

    assert found == [PolicyBook(), make.a_book(), replace(FULL_BOOK, version=2), PolicyBook()]


def test_a_version_is_stored_once(works: SqlWorks) -> None:
    with works() as work:
        work.policies.apply(make.a_book(), by="ada", at=NOON, since=0)

    with pytest.raises(PoliciesMoved) as told, works() as work:
        work.policies.apply(FULL_BOOK, by="bob", at=NOON, since=0)

    assert (told.value.version, told.value.by, told.value.since) == (1, "ada", 0)
    with works.reading() as work:
        assert work.policies.current() == make.a_book()


def test_a_book_is_parsed_once(works: SqlWorks, documents_read: list[str]) -> None:
    with works() as work:
        work.policies.apply(FULL_BOOK, by="ada", at=NOON)

    for _ in range(3):
        with works.reading() as work:
            work.policies.current()

    assert len(documents_read) == 1


def test_a_version_that_was_rolled_back_is_not_remembered(works: SqlWorks) -> None:
    with suppress(ZeroDivisionError), works() as work:
        work.policies.apply(FULL_BOOK, by="ada", at=NOON)
        assert work.policies.current() == replace(FULL_BOOK, version=1)
        raise ZeroDivisionError

    with works() as work:
        work.policies.apply(make.a_book(), by="bob", at=NOON)

    with works.reading() as work:
        assert work.policies.current() == make.a_book()


# People


def test_a_binding_comes_back_and_is_put_in_place_of_another(works: SqlWorks) -> None:
    moved = replace(BINDING, user_id=UserId("u2"), broken="the address has changed")
    with works() as work:
        work.people.put(BINDING)
        work.people.put(replace(BINDING, slack_id=SlackUserId("U2")))
        assert work.people.get(BINDING.slack_id) == BINDING
        assert len(work.people.of_user(BINDING.user_id)) == 2

        work.people.put(moved)

        assert work.people.get(BINDING.slack_id) == moved
        assert [binding.slack_id for binding in work.people.all()] == ["U1", "U2"]
        assert [binding.slack_id for binding in work.people.of_user(BINDING.user_id)] == ["U2"]


def test_a_binding_is_removed_once(works: SqlWorks) -> None:
    with works() as work:
        work.people.put(BINDING)

        assert work.people.remove(BINDING.slack_id)
        assert not work.people.remove(BINDING.slack_id)
        assert work.people.get(BINDING.slack_id) is None


# What was acted on


def test_what_was_acted_on_is_acted_on_once_until_it_is_forgotten(works: SqlWorks) -> None:
    with works() as work:
        assert work.acted.first("a form", at=NOON)
        assert work.acted.first("another", at=NOON + HOUR)
    with works() as work:
        assert not work.acted.first("a form", at=NOON + HOUR)
        assert work.acted.forget(NOON + MINUTE, limit=10) == 1
        assert not work.acted.first("another", at=NOON + HOUR)
        assert work.acted.first("a form", at=NOON + HOUR)


def test_what_came_to_nothing_was_not_acted_on(works: SqlWorks) -> None:
    with suppress(LookupError), works() as work:
        work.acted.first("a form", at=NOON)
        raise LookupError

    with works() as work:
        assert work.acted.first("a form", at=NOON)


# The catalogue


def test_before_it_was_read_there_is_no_catalogue(works: SqlWorks) -> None:
    with works.reading() as work:
        assert work.catalogue.version() == 0
        assert work.catalogue.load() is None


def test_the_catalogue_comes_back_as_it_was(works: SqlWorks) -> None:
    account = make.an_account(tags={"env": "dev"}, state="SUSPENDED")
    found = make.a_catalogue(
        accounts={account.id: account},
        in_management=frozenset({make.a_permission_set().arn}),
    )

    with works() as work:
        stored = work.catalogue.replace(found)

    assert stored == replace(found, version=1)
    with works.reading() as work:
        assert work.catalogue.load() == stored


def test_only_other_content_is_another_version(works: SqlWorks, documents_read: list[str]) -> None:
    found = make.a_catalogue()
    with works() as work:
        work.catalogue.replace(found)
    with works.reading() as work:
        work.catalogue.load()

    with works() as work:
        again = work.catalogue.replace(replace(found, read_at=NOON + HOUR, version=7))

    assert again.version == 1
    with works.reading() as work:
        assert work.catalogue.load() == replace(found, version=1, read_at=NOON + HOUR)
    assert len(documents_read) == 1

    with works() as work:
        assert work.catalogue.replace(make.a_catalogue(accounts={})).version == 2
    with works.reading() as work:
        assert work.catalogue.load() == replace(make.a_catalogue(accounts={}), version=2)


def test_what_a_unit_of_work_has_changed_it_reads_as_it_left_it(works: SqlWorks) -> None:
    with works() as work:
        assert (work.policies.current().version, work.catalogue.load()) == (0, None)

        applied = work.policies.apply(FULL_BOOK, by="ada", at=NOON)
        assert work.policies.current() == applied
        stored = work.catalogue.replace(make.a_catalogue())
        assert work.catalogue.load() == stored


@pytest.mark.parametrize("database_kind", ["postgresql"])  # SQLite has one writer at a time
def test_what_others_have_changed_meanwhile_is_seen_by_whoever_looks_for_it(
    works: SqlWorks,
) -> None:
    with works() as work:
        assert (work.policies.current().version, work.catalogue.load()) == (0, None)
        with works() as other:
            other.policies.apply(FULL_BOOK, by="ada", at=NOON)
            other.catalogue.replace(make.a_catalogue())

        assert work.policies.version() == 1
        assert work.policies.current().version == 1

        with works() as other:
            newer = other.catalogue.replace(make.a_catalogue(accounts={}))
        assert work.catalogue.hold() == newer


def test_a_large_catalogue_comes_back_whole(works: SqlWorks) -> None:
    accounts = [make.an_account(f"{n:012}", tags={"env": "dev", "n": f"{n}"}) for n in range(5000)]
    sets = [
        make.a_permission_set(arn=PermissionSetArn(f"arn:aws:sso:::permissionSet/i/ps-{n}"))
        for n in range(300)
    ]
    found = make.a_catalogue(
        accounts={AccountId(account.id): account for account in accounts},
        permission_sets={each.arn: each for each in sets},
    )

    with works() as work:
        work.catalogue.replace(found)

    with works.reading() as work:
        assert work.catalogue.load() == replace(found, version=1)


# Activity


def test_activity_is_due_until_it_is_final(works: SqlWorks) -> None:
    ids = [make.a_request(name).id for name in ("A", "B", "C")]
    with works() as work:
        for request_id in ids:
            work.requests.add(make.a_request(request_id))
        work.activities.put(ActivityRow(ids[0], NOON + MINUTE))
        work.activities.put(ActivityRow(ids[1], NOON, tries=2, summary={"calls": 3}))
        work.activities.put(ActivityRow(ids[2], None))

        assert work.activities.next_due() == NOON
        assert [row.request_id for row in work.activities.due(NOON + MINUTE, limit=9)] == ["B", "A"]
        assert work.activities.get(ids[1]) == ActivityRow(ids[1], NOON, 2, {"calls": 3})
        assert work.activities.get(make.a_request("D").id) is None


def test_of_two_who_save_activity_one_has_it(works: SqlWorks) -> None:
    row = ActivityRow(make.a_request().id, NOON)
    with works() as work:
        work.requests.add(make.a_request())
        work.activities.put(row)

        first = work.activities.save(replace(row, tries=1))
        second = work.activities.save(replace(row, tries=2))
        assert (first, second) == (True, False)

        work.activities.put(replace(row, due_at=NOON + HOUR))
        assert not work.activities.save(replace(row, tries=3, version=1))
        assert work.activities.get(row.request_id) == replace(row, due_at=NOON + HOUR, version=2)


HOME = HomeRow(
    SlackUserId("U1"), UserId("u1"), NOON, "h1", (Role.APPROVER, Role.REQUESTER),
    {"recent": 2}, {"state": "ended"},
)  # fmt: skip


def test_a_home_comes_back_as_it_was_and_the_newest_stands(works: SqlWorks) -> None:
    with works() as work:
        work.homes.put(HOME)
        work.homes.put(replace(HOME, hash="h2", pages={}))

    with works.reading() as work:
        assert work.homes.get(HOME.slack_id) == replace(HOME, hash="h2", pages={})
        assert work.homes.get(SlackUserId("U2")) is None


def test_homes_are_found_by_whose_they_are_and_when_they_were_opened(works: SqlWorks) -> None:
    second = replace(HOME, slack_id=SlackUserId("U2"), opened_at=NOON + MINUTE)
    others = replace(HOME, slack_id=SlackUserId("U3"), user_id=UserId("u3"), opened_at=NOON - HOUR)
    with works() as work:
        for row in (HOME, second, others):
            work.homes.put(row)

    with works.reading() as work:
        assert {row.slack_id for row in work.homes.of_user(HOME.user_id)} == {"U1", "U2"}
        assert [row.slack_id for row in work.homes.opened_since(NOON, limit=9)] == ["U2", "U1"]
        assert [row.slack_id for row in work.homes.opened_since(NOON, limit=1)] == ["U2"]
