"""Policies as text: what is exported says the same again, to the byte."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.policy_file import export, load_book
from grants.differences import differences, is_new
from grants.model import Account, ChannelId, Ou, OuId, PermissionSet
from grants.policy import (
    ApprovalPolicy,
    EligibilityPolicy,
    Named,
    OuScope,
    PolicyBook,
    PolicySettings,
    Scope,
    Who,
)
from tests import make
from tests.make import PRODUCTION, ROOT
from tests.memory_directory import MemoryDirectory, a_group, a_user

EXAMPLE = Path(__file__).parent.parent / "policies.example.yml"
ODD = [
    "off",
    "Yes",
    "y",
    "null",
    "~",
    "012",
    "1e3",
    "1.5",
    "0x1F",
    "2026-11-02",
    "12:30:45",
    "=",
    "<<",
]
ODD += [
    "a: b",
    "a #b",
    "- a",
    "&a",
    "*a",
    "!a",
    "%a",
    "@a",
    "`a`",
    '"',
    "'",
    "{a}",
    "[a]",
    "a,b",
    "|",
]
ODD += [
    "é",
    "🚒",
    "\x7f",
    "a\x85b",
    "a\u2028b",
    "\u202e",
    "\ufeff",
    "\ufffe",
    "tab\there",
    "two\nlines",
    " a ",
]
NAMES = [*ODD, "engineers", "on call", "a-b", "arn:aws:x", "x" * 120]

ACCOUNTS = [make.an_account(f"{n:012d}", name=name) for n, name in enumerate(NAMES, 111)]
SETS = [PermissionSet(make.a_permission_set(f"{n:08d}").arn, name) for n, name in enumerate(NAMES)]
USERS = [a_user(name, number=n) for n, name in enumerate(NAMES)]
GROUPS = [a_group(name, number=n) for n, name in enumerate(NAMES)]
TEAMS = Ou(OuId("ou-ab12-44444444"), "off", (ROOT, OuId("ou-ab12-44444444")))
OUS = [Ou(ROOT, "Root", (ROOT,)), Ou(PRODUCTION, "production", (ROOT, PRODUCTION)), TEAMS]
CATALOGUE = make.a_catalogue(
    accounts={each.id: each for each in ACCOUNTS},
    permission_sets={each.arn: each for each in SETS},
    ous={each.id: each for each in OUS},
)

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[T]], T]


def loaded(text: str) -> PolicyBook:
    directory = MemoryDirectory(users=USERS, groups={group: [] for group in GROUPS})
    return load_book(text, source="", catalogue=CATALOGUE, directory=directory)


# Random books


def some(things: list[Named], *, least: int = 0) -> st.SearchStrategy[tuple[Named, ...]]:
    return st.lists(st.sampled_from(things), min_size=least, max_size=12).map(tuple)


def by_either(pairs: list[tuple[str, str]]) -> list[Named]:
    return [Named(each, name) for each, name in pairs] + [Named(each, each) for each, _ in pairs]


def named_account(each: Account) -> tuple[str, str]:
    return each.id, each.name


ACCOUNT_NAMES = by_either([named_account(each) for each in ACCOUNTS])
SET_NAMES = by_either([(each.arn, each.name) for each in SETS])
whos = st.builds(
    Who,
    groups=some(by_either([(each.id, each.name) for each in GROUPS])),
    users=some(by_either([(each.id, each.user_name) for each in USERS])),
)
somebody = whos.filter(bool)
spans = st.integers(1, 480_000).map(lambda minutes: timedelta(minutes=minutes))
channels = st.sampled_from([ChannelId("C0000000001"), ChannelId("G0000000002")])
ou_scopes = st.builds(
    lambda ou, nested: OuScope(ou.id, ou.name, nested), st.sampled_from(OUS), st.booleans()
)
tags = st.dictionaries(
    st.sampled_from([name for name in NAMES if name.strip()]), st.sampled_from([*NAMES, ""])
)
scopes = st.builds(
    Scope,
    accounts=some(ACCOUNT_NAMES),
    ous=st.lists(ou_scopes, max_size=5).map(tuple),
    tags=tags.map(lambda found: tuple(found.items())),
).filter(lambda scope: scope != Scope())
names = st.one_of(
    st.sampled_from([name for name in NAMES if name.isprintable() and name.strip() == name][:-1]),
    st.text(min_size=1, max_size=100).filter(lambda t: t.isprintable() and t.strip() == t),
)
eligibilities = st.builds(
    EligibilityPolicy,
    name=names,
    who=somebody,
    scope=scopes,
    permission_sets=some(SET_NAMES, least=1),
    max_duration=st.none() | spans,
    approval_required=st.booleans(),
)
approvals = st.builds(
    ApprovalPolicy,
    name=names,
    scope=scopes,
    approvers=somebody,
    permission_sets=some(SET_NAMES),
    channel=st.none() | channels,
    approvals=st.integers(1, 20),
    required=st.booleans(),
    proof=st.sampled_from(["none", "totp"]),
)
settings = st.builds(
    PolicySettings,
    approval_required=st.booleans(),
    max_duration=spans,
    pending_expiry=spans,
    max_start_ahead=spans,
    max_open_requests=st.integers(1, 1000),
    reminder=spans,
    nudge_interval=spans,
    require_ticket=st.booleans(),
    ticket_pattern=st.sampled_from(["", "[A-Z]+-[0-9]+", r'\d"+', "off", "#1", "é|🚒"]),
    ticket_url=st.sampled_from(["", "https://tracker.example.com/{ticket}#x"]),
    require_decision_comment=st.booleans(),
    revoke_sessions=st.just("off"),
    admins=whos,
    auditors=whos,
    default_channel=st.none() | channels,
    audit_channel=st.none() | channels,
)
books = st.builds(
    PolicyBook,
    version=st.just(0),
    settings=settings,
    eligibility=st.lists(eligibilities, max_size=3, unique_by=lambda p: p.name).map(tuple),
    approval=st.lists(approvals, max_size=3, unique_by=lambda p: p.name).map(tuple),
)


@given(books)
def test_an_exported_book_is_loaded_as_the_same_and_exported_to_the_byte(book: PolicyBook) -> None:
    text = export(book)

    again = loaded(text)

    assert again == book
    assert export(again) == text


def elsewhere(names: tuple[Named, ...]) -> tuple[Named, ...]:
    return tuple(replace(each, id=f"{each.id}x") for each in names)


@given(books, st.integers(min_value=0))
def test_whatever_makes_a_version_is_told_also_where_only_an_id_changes(
    book: PolicyBook, pick: int
) -> None:
    before = replace(book, version=1)
    settings, admins = book.settings, book.settings.admins
    moved = [
        replace(book, settings=replace(settings, admins=Who(elsewhere(admins.groups), admins.users))),
        *(
            replace(book, eligibility=(*book.eligibility[:n], each, *book.eligibility[n + 1 :]))
            for n, one in enumerate(book.eligibility)
            for each in (
                replace(one, permission_sets=elsewhere(one.permission_sets)),
                replace(one, who=Who(one.who.groups, elsewhere(one.who.users))),
                replace(one, scope=replace(one.scope, accounts=elsewhere(one.scope.accounts))),
            )
        ),
    ]  # fmt: skip

    for after in (book, moved[pick % len(moved)]):
        assert bool(differences(before, after)) == is_new(before, after)


def test_policies_in_another_order_are_told_as_such() -> None:
    first, second = make.eligibility(name="first"), make.eligibility(name="second")
    one, other = make.approval(name="one"), make.approval(name="other")
    before = make.a_book(eligibility=(first, second), approval=(one, other))

    told = [
        *differences(before, replace(before, eligibility=(second, first))),
        *differences(before, replace(before, approval=(other, one))),
    ]

    assert told == ["changed the order of eligibility", "changed the order of approval"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays_text_for_every_reader(name: str) -> None:
    who = Who(groups=(Named(GROUPS[0].id, name),))

    text = export(PolicyBook(settings=PolicySettings(admins=who)))

    assert yaml.safe_load(text)["settings"]["admins"]["groups"] == [name]


def test_the_export_reads_as_the_grammar_does() -> None:
    assert (
        export(make.a_book())
        == """\
version: 1

settings:
  approval: required
  max_duration: 9h
  pending_expiry: 3h
  max_start_ahead: 720h
  max_open_requests: 20
  reminder: 10m
  nudge_interval: 15m
  require_ticket: true
  require_decision_comment: true
  revoke_sessions: off
  admins: {groups: [elevate-admins]}
  auditors: {groups: [elevate-auditors]}
  default_channel: C0000000001

eligibility:
  - name: engineers in production
    who: {groups: [engineers]}
    accounts: [account-1111]
    permission_sets: [AdministratorAccess]
    approval: required

approval:
  - name: production
    ous: [{id: ou-ab12-33333333, nested: true}]
    approvers: {groups: [production-approvers]}
    channel: C0000000003
    approvals: 1
    required: false
    proof: none
"""
    )


def test_an_empty_book_is_exported_too() -> None:
    assert loaded(export(PolicyBook())) == PolicyBook()


def test_what_does_not_fit_a_line_stands_one_below_the_other() -> None:
    many = tuple(Named(each.id, str(each.id)) for each in ACCOUNTS[:9])
    policy = make.eligibility(scope=Scope(accounts=many))

    lines = export(PolicyBook(eligibility=(policy,))).splitlines()

    assert lines[lines.index("    accounts:") + 1] == '      - "000000000111"'


def test_tags_are_exported_as_text() -> None:
    policy = make.eligibility(scope=Scope(tags=(("on", "1"), ("env", "dev"))))

    text = export(PolicyBook(eligibility=(policy,)))

    assert '    tags: {"on": "1", env: dev}\n' in text
