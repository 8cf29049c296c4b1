"""Requests looked up in Slack: each person within what they may see, by filters, whole, and as a file."""

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from grants.auditing import TOGETHER, Auditing
from grants.exporting import Format
from grants.model import Actor, Request, RequestId, Role, SlackUserId, State
from grants.policy import Named
from grants.records import Search
from grants.sight import ALL
from grants.stores import Works
from handlers.exports import Exports
from tests import make
from tests.standins.slack import Message
from tests.standins.slack.workspace import View
from tests.world import DEFAULT, World

ADMIN = "payments-prod · AdministratorAccess"
SANDBOX = "data-sandbox · PowerUserAccess"
LISTED = "Details"
OPERATOR = Actor(Role.ADMINISTRATOR, "operator:test")


def ids_in(shown: Message | View) -> list[str]:
    """The requests of the list, from top to bottom."""
    return re.findall(r"^Request ([0-9A-HJKMNP-TV-Z]{8})$", shown.words(), re.MULTILINE)


def audits(world: World, who: str, words: str = "audit") -> Message:
    """`/elevate audit`: what it is answered with."""
    world[who].command(words, DEFAULT)
    world.listeners.settle()
    return world.slack.ephemerals(who)[-1]


def at_home(world: World, who: str) -> View:
    world[who].open_home()
    world.rounds()
    home = world[who].home()
    assert home is not None
    return home


def narrows(world: World, who: str, **fields: str) -> None:
    """The filter form, filled in and sent."""
    world[who].fill(fields)
    outcome = world[who].submit()
    assert outcome.kind == "closed", outcome
    world.rounds()


def presses(world: World, who: str, message: Message, label: str, nth: int = 0) -> Message:
    """A button below a list; the list as it is then."""
    world[who].click(message, label, nth=nth)
    world.listeners.settle()
    return world.slack.ephemerals(who)[-1]


@pytest.fixture
def two(world: World) -> tuple[RequestId, RequestId]:
    """bob's request for production, and a minute later mallory's for the sandbox."""
    world.company.add_member("engineers", "mallory")
    first = world.asks("bob", ADMIN)
    world.passes(minutes=1)
    return first, world.asks("mallory", SANDBOX)


# Who sees what


@pytest.mark.parametrize(
    ("who", "sees"),
    [("aud", [1, 0]), ("ada", [1, 0]), ("eve", [0]), ("bob", [0]), ("mallory", [1])],
)
def test_each_sees_what_is_theirs_to_see(
    world: World, two: tuple[RequestId, RequestId], who: str, sees: list[int]
) -> None:
    assert ids_in(audits(world, who)) == [two[one] for one in sees]


def test_a_role_that_was_lost_shows_nothing_more(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    world.company.remove_member("elevate-auditors", "aud")

    assert "There is none." in audits(world, "aud").words()


@pytest.mark.parametrize("label", ["Filter", "Show All"])
def test_a_role_that_was_lost_shows_nothing_more_in_a_list_that_stands_there(
    world: World, two: tuple[RequestId, RequestId], label: str
) -> None:
    world["aud"].click(audits(world, "aud"), "Filter")
    narrows(world, "aud", State="Open: not at an end")
    shown = world.slack.ephemerals("aud")[-1]
    assert ids_in(shown) == [two[1], two[0]]
    world.company.remove_member("elevate-auditors", "aud")

    world["aud"].click(shown, label)
    if label == "Filter":
        narrows(world, "aud", Account="333344445555")
    world.listeners.settle()

    assert ids_in(world.slack.ephemerals("aud")[-1]) == []


def test_a_role_that_was_lost_shows_nothing_more_where_app_home_is_filtered(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    at_home(world, "aud")
    world.company.remove_member("elevate-auditors", "aud")

    world["aud"].press("Filter")
    narrows(world, "aud", Account="333344445555")

    home = world["aud"].home()
    assert home is not None
    assert ids_in(home) == []


def test_an_approver_sees_what_todays_policies_let_them_approve(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    world.company.move_account("payments-prod", "Sandbox")
    world.policies()

    assert ids_in(audits(world, "eve")) == []


def test_an_approver_of_some_permission_sets_sees_the_requests_for_these(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    with world.works.reading() as work:
        book = work.policies.current()
        catalogue = work.catalogue.load()
    assert catalogue is not None
    read_only = next(s for s in catalogue.permission_sets.values() if s.name == "ReadOnlyAccess")
    limited = replace(book.approval[0], permission_sets=(Named(read_only.arn, read_only.name),))
    world.administration.apply(replace(book, approval=(limited,)), by=OPERATOR)

    assert ids_in(audits(world, "eve")) == []


def test_whoever_has_asked_for_nothing_is_told_so(world: World) -> None:
    assert "There is none." in audits(world, "mallory").words()


def test_app_home_has_the_list_for_auditors_and_administrators_alone(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    shown = {who: "All requests" in at_home(world, who).words() for who in ("aud", "ada", "eve")}

    assert shown == {"aud": True, "ada": True, "eve": False}


def test_a_guest_sees_nothing(world: World, two: tuple[RequestId, RequestId]) -> None:
    world.slack.user("aud").is_restricted = True

    world["aud"].command("audit", DEFAULT)
    world.listeners.settle()

    assert [words for words in world.whispers("aud") if two[0] in words] == []
    assert world.journal().count("refusal") == 1


# Pages


@pytest.fixture
def many(world: World) -> list[str]:
    """So many requests of bob's, an hour apart, the newest first."""
    bob = world.request(world.asks("bob", ADMIN)).requester
    with world.works() as work:
        for number in range(1, 25):
            asked = world.clock() + timedelta(hours=number)
            work.requests.add(
                make.a_request(f"{number:08}", requester=bob, asked_at=asked, state=State.CANCELLED)
            )
    return [request.id for request in world.requests()]


def test_a_long_list_is_turned_page_by_page(world: World, many: list[str]) -> None:
    first = audits(world, "aud")
    assert ids_in(first) == many[:9]
    assert first.buttons()[-4:-3] == ["Older"]

    second = presses(world, "aud", first, "Older")
    assert ids_in(second) == many[9:18]

    third = presses(world, "aud", second, "Older")
    assert ids_in(third) == many[18:]
    assert "Older" not in third.buttons()

    assert ids_in(presses(world, "aud", third, "Newer")) == many[9:18]


def test_app_home_turns_its_pages_too(world: World, many: list[str]) -> None:
    at_home(world, "aud")
    world["aud"].press("Older")
    world.rounds()

    home = world["aud"].home()
    assert home is not None
    assert ids_in(home) == many[9:18]


def test_a_role_that_was_lost_turns_no_page_in_app_home(world: World, many: list[str]) -> None:
    at_home(world, "aud")
    world.company.remove_member("elevate-auditors", "aud")

    world["aud"].press("Older")
    world.rounds()

    home = world["aud"].home()
    assert home is not None
    assert ids_in(home) == []


# Filters


def test_a_list_is_filtered_where_it_stands(world: World, two: tuple[RequestId, RequestId]) -> None:
    shown = audits(world, "aud")
    world["aud"].click(shown, "Filter")
    narrows(world, "aud", Person="bob@example.com")

    after = world.slack.ephemerals("aud")[-1]
    assert after.ts == shown.ts
    assert ids_in(after) == [two[0]]
    assert "Only those of Bob Requester." in after.words()


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"Person": "mallory"}, [1]),
        ({"Person": "Bob Requester", "State": "Pending: waiting for a decision"}, [0]),
        ({"Person": "bob", "State": "Ended: its time was over"}, []),
        ({"Account": "333344445555"}, [0]),
        ({"Account": "Data-Sandbox"}, [1]),
        ({"State": "Open: not at an end"}, [1, 0]),
        ({"Since": "2001-01-01", "Until": "2001-01-31"}, []),
        ({"Since": "2001-01-01"}, [1, 0]),
    ],
    ids=str,
)
def test_app_home_is_filtered_and_remembers_it(
    world: World, two: tuple[RequestId, RequestId], fields: dict[str, str], found: list[int]
) -> None:
    at_home(world, "aud")
    world["aud"].press("Filter")
    narrows(world, "aud", **fields)

    assert ids_in(at_home(world, "aud")) == [two[one] for one in found]
    assert "Only those" in at_home(world, "aud").words()


def test_the_filters_are_there_when_the_form_is_opened_again_and_go_by_show_all(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    shown = audits(world, "aud")
    world["aud"].click(shown, "Filter")
    narrows(world, "aud", Person="mallory", Account="data-sandbox")
    shown = world.slack.ephemerals("aud")[-1]

    world["aud"].click(shown, "Filter")
    view = world["aud"].view()
    assert view is not None
    filled = [view.field(name)[1].get("initial_value") for name in ("Person", "Account")]
    assert filled == ["mallory", "666677778888"]
    world["aud"].close()

    assert ids_in(presses(world, "aud", shown, "Show All")) == [two[1], two[0]]


def test_what_cannot_be_found_is_said_beside_its_field_and_all_at_once(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    world["aud"].click(audits(world, "aud"), "Filter")
    world["aud"].fill(Person="nobody", Account="nowhere", Since="2026-11-03", Until="2026-11-01")
    outcome = world["aud"].submit()

    assert outcome.kind == "errors"
    assert list(outcome.errors) == ["Person", "Account", "Until"]


def test_a_list_that_slack_no_longer_lets_us_change_says_so(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    shown = audits(world, "aud")
    world["aud"].click(shown, "Filter")
    world.passes(minutes=31)
    narrows(world, "aud", Person="bob")

    assert "too old" in world.told("aud")[-1]
    assert ids_in(audits(world, "aud")) == [two[0]]


@pytest.mark.parametrize("label", ["Filter", "Show All"])
def test_what_is_for_one_alone_never_takes_the_place_of_what_others_see(
    world: World, two: tuple[RequestId, RequestId], label: str
) -> None:
    shown = audits(world, "aud")
    world["aud"].click(shown, "Filter")
    narrows(world, "aud", Person="bob")
    shown = world.slack.ephemerals("aud")[-1]
    card = world.card(two[0])
    before, shown.shown_to, shown.channel, shown.ts = card.text, None, card.channel, card.ts

    world["aud"].click(shown, label)
    world.rounds()

    assert world.card(two[0]).text == before
    assert world.journal().count("refusal") == 1


def test_a_filter_never_shows_more_than_is_theirs(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    shown = audits(world, "eve")
    world["eve"].click(shown, "Filter")
    narrows(world, "eve", Account="data-sandbox")

    assert "There is none." in world.slack.ephemerals("eve")[-1].words()


@pytest.mark.parametrize("typed", ["mallory", "UMALLORY", "Mallory Stranger", "nobody"])
def test_of_whom_an_approver_sees_nothing_they_do_not_learn_that_they_ask(
    world: World, two: tuple[RequestId, RequestId], typed: str
) -> None:
    world["eve"].click(audits(world, "eve"), "Filter")
    world["eve"].fill(Person=typed)
    outcome = world["eve"].submit()

    assert outcome.kind == "errors"
    assert list(outcome.errors) == ["Person"]
    assert "Nobody of this name" in outcome.errors["Person"]


def test_an_approver_finds_whose_requests_they_may_see(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    world["eve"].click(audits(world, "eve"), "Filter")
    narrows(world, "eve", Person="bob@example.com")

    shown = world.slack.ephemerals("eve")[-1]
    assert ids_in(shown) == [two[0]]
    assert "Only those of Bob Requester." in shown.words()


def test_a_filter_that_an_auditor_left_names_nobody_once_they_are_none(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    world["aud"].click(audits(world, "aud"), "Filter")
    narrows(world, "aud", Person="mallory")
    world.company.remove_member("elevate-auditors", "aud")

    assert "Mallory" not in audits(world, "aud").words()


def test_whoever_sees_only_their_own_is_not_asked_of_whom(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    world["bob"].click(audits(world, "bob"), "Filter")
    view = world["bob"].view()

    assert view is not None
    assert view.labels() == ["Account", "State", "Since", "Until"]


# One request whole


def test_one_request_is_shown_whole(world: World) -> None:
    request = world.active(Justification="The disk is full.", Ticket="OPS-7")
    world.passes(hours=5)

    world["aud"].click(audits(world, "aud"), LISTED)
    view = world["aud"].view()

    assert view is not None
    assert view.title == f"Request {request}"
    for words in (
        "Bob Requester requests AdministratorAccess on payments-prod for 1 h.",
        "Ended: its time was over",
        "bob@example.com",
        "Account: payments-prod (333344445555)",
        "The disk is full.",
        "Ticket: OPS-7",
        "Eve Approver (eve) approved",
        "Activity: no calls",
        "Requested",
        "Approved by Eve Approver.",
        "Active: AWS lists the access.",
        "Ended: its time was over. What it gave is gone.",
    ):
        assert words in view.words()


def test_a_request_is_found_by_its_id_in_any_case(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    world["bob"].command(f"audit {two[0].lower()}", DEFAULT)
    world.listeners.settle()

    view = world["bob"].view()
    assert view is not None
    assert view.title == f"Request {two[0]}"


@pytest.mark.parametrize("asked", ["theirs", "ZZZZZZZZ", "bob <!channel>"])
def test_of_a_request_that_is_not_theirs_to_see_nobody_hears_whether_there_is_one(
    world: World, two: tuple[RequestId, RequestId], asked: str
) -> None:
    request = two[0] if asked == "theirs" else asked.upper()
    world["mallory"].command(f"audit {request}", DEFAULT)
    world.listeners.settle()

    view = world["mallory"].view()
    assert view is not None
    assert f"There is no request {request} that you may see." in view.words()


def test_looking_at_what_is_not_theirs_by_an_old_button_is_recorded(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    shown = audits(world, "aud")
    world.company.remove_member("elevate-auditors", "aud")

    world["aud"].click(shown, LISTED, nth=0)
    world.listeners.settle()

    view = world["aud"].view()
    assert view is not None
    assert "that you may see" in view.words()
    assert world.journal(two[1]).count("refusal") == 1


def test_who_was_refused_is_told_to_auditors_and_not_to_the_requester(world: World) -> None:
    request = world.asks("bob", ADMIN)
    world["mallory"].click(world.card(request), "Approve")

    told = {}
    for who in ("aud", "bob"):
        world[who].command(f"audit {request}", DEFAULT)
        world.listeners.settle()
        view = world[who].view()
        assert view is not None
        told[who] = "Refused: Mallory Stranger" in view.words()

    assert told == {"aud": True, "bob": False}


# As a file


def file_of(world: World) -> str:
    (file,) = world.slack.workspace.files.values()
    assert file.body is not None
    return file.body.decode()


def test_an_export_comes_into_ones_own_direct_messages(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    world["aud"].click(audits(world, "aud"), "Export CSV")
    world.listeners.settle()

    rows = list(csv.DictReader(io.StringIO(file_of(world), newline="")))
    assert [row["id"] for row in rows] == [*two]
    (above,) = world.slack.dms("aud")
    assert "2 requests as CSV" in above.text
    assert "Not filtered." in above.text


def test_an_export_holds_what_the_list_is_filtered_to(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    at_home(world, "ada")
    world["ada"].press("Filter")
    narrows(world, "ada", Person="bob")
    world["ada"].press("Export JSON Lines")
    world.listeners.settle()

    found = [json.loads(line) for line in file_of(world).splitlines()]
    assert [one["id"] for one in found] == [two[0]]
    assert "1 request as JSON Lines" in world.slack.dms("ada")[-1].text


@pytest.mark.parametrize(("who", "holds"), [("aud", [0, 1]), ("eve", [0]), ("mallory", [1])])
def test_an_export_holds_what_its_owner_may_see(
    world: World, two: tuple[RequestId, RequestId], who: str, holds: list[int]
) -> None:
    world[who].click(audits(world, who), "Export JSON Lines")
    world.listeners.settle()

    found = [json.loads(line)["id"] for line in file_of(world).splitlines()]
    assert found == [two[one] for one in holds]


def test_a_role_that_was_lost_since_the_list_was_drawn_exports_nothing(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    shown = audits(world, "aud")
    world.company.remove_member("elevate-auditors", "aud")

    world["aud"].click(shown, "Export JSON Lines")
    world.listeners.settle()

    assert world.slack.workspace.files == {}


@pytest.mark.parametrize("kind", ["CSV", "JSON Lines"])
def test_an_export_of_nothing_says_so_and_brings_no_file(world: World, kind: str) -> None:
    world["mallory"].click(audits(world, "mallory"), f"Export {kind}")
    world.listeners.settle()

    assert "There is none." in world.whispers("mallory")[-1]
    assert world.slack.workspace.files == {}
    assert world.slack.dms("mallory") == []


def test_that_somebody_exports_is_in_the_journal(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    world["aud"].click(audits(world, "aud"), "Export CSV")
    world.listeners.settle()

    with world.works.reading() as work:
        (entry,) = [
            line.entry for line in work.journal.walk() if line.entry.event == "audit.export"
        ]
    assert (entry.actor.name, entry.actor.role) == ("Aud Auditor", Role.AUDITOR)
    assert entry.facts == {"format": "csv"}
    world.verify()


def test_an_export_that_slack_does_not_take_is_told(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    world.slack.scopes.remove("files:write")

    world["aud"].click(audits(world, "aud"), "Export CSV")
    world.listeners.settle()

    assert "could not be sent" in world.whispers("aud")[-1]
    assert "manifest.yml" in world.whispers("aud")[-1]


@pytest.mark.parametrize(
    ("busy", "said"), [("aud", "Your last export is still being made."), ("ada eve", "Others are")]
)
def test_one_export_at_a_time_is_made_for_each_and_few_in_all(
    world: World, two: tuple[RequestId, RequestId], busy: str, said: str
) -> None:
    shown = audits(world, "aud")
    with ExitStack() as others:
        for name in busy.split():
            others.enter_context(world.bot.front.exports._turns.of(SlackUserId(f"U{name.upper()}")))
        world["aud"].click(shown, "Export CSV")
        world.listeners.settle()

    assert said in world.whispers("aud")[-1]
    assert world.slack.workspace.files == {}
    assert "audit.export" not in world.journal()


def test_after_an_export_there_may_be_another(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    shown = audits(world, "aud")
    for _ in range(3):
        world["aud"].click(shown, "Export CSV")
        world.listeners.settle()

    assert len(world.slack.dms("aud")) == 3


def test_an_upload_that_breaks_off_is_told(world: World, two: tuple[RequestId, RequestId]) -> None:
    world.slack.faults.add("files.completeUploadExternal", "drop")

    world["aud"].click(audits(world, "aud"), "Export CSV")
    world.listeners.settle()

    assert "Please try again" in world.whispers("aud")[-1]


def test_what_an_export_reads_is_written_before_the_rest_is_read(world: World) -> None:
    exports = world.bot.front.exports
    auditing = Auditing(cast("Works", BreaksOff()), world.bot.front.memberships, world.clock)
    file = io.BytesIO()

    with pytest.raises(ConnectionError):
        Exports(exports._client, auditing, exports._net)._write(file, ALL, Search(), Format.JSONL)

    assert len(file.getvalue().splitlines()) == TOGETHER


@pytest.mark.parametrize(
    "elsewhere", ["http://files.example.com/", "ftp://127.0.0.1/", "file:///tmp/", "data:,", "//x/"]
)
def test_an_export_goes_nowhere_but_over_tls(
    world: World, two: tuple[RequestId, RequestId], elsewhere: str
) -> None:
    world.slack.workspace.uploads = elsewhere

    world["aud"].click(audits(world, "aud"), "Export CSV")
    world.listeners.settle()

    assert "Please try again" in world.whispers("aud")[-1]
    (file,) = world.slack.workspace.files.values()
    assert file.body is None


def test_an_export_goes_to_slack_piece_by_piece(world: World) -> None:
    file = Pieces()
    file.write(b"x" * 1_000_000)

    world.bot.front.exports._upload(SlackUserId("UAUD"), file, "requests.csv", "All of them.")

    assert len(file_of(world)) == 1_000_000
    assert max(file.sizes) < 100_000


def test_looking_and_exporting_change_nothing_else(
    world: World, two: tuple[RequestId, RequestId]
) -> None:
    shown = audits(world, "aud")
    before = world.requests(), [*world.journal(), "audit.export"]

    world["aud"].click(shown, LISTED, nth=0)
    world["aud"].click(shown, "Export CSV")
    world.rounds()

    assert (world.requests(), world.journal()) == before


class BreaksOff:
    """A memory whose requests are there as far as the first part of them."""

    requests = votes = activities = property(lambda self: self)

    def reading(self) -> AbstractContextManager["BreaksOff"]:
        return nullcontext(self)

    def walk(self, search: Search) -> Iterator[Request]:
        yield from (make.a_request(f"{number:08}") for number in range(TOGETHER))
        raise ConnectionError

    def of(self, ids: list[RequestId]) -> dict[RequestId, Any]:
        return {}


class Pieces(io.BytesIO):
    """A file that notes how much of it was read at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self.sizes.append(len(piece))
        return piece
