"""For any organization and any policies, the rules say what an independent reading of the design says."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.policy_file import export, load_book
from grants.approvers import approvers_of
from grants.model import (
    Account,
    AccountId,
    Ballot,
    Catalogue,
    GroupId,
    Lane,
    Membership,
    Ou,
    OuId,
    PermissionSet,
)
from grants.offering import Offers
from grants.policy import (
    PolicyBook,
    agreed,
    approval_needed,
    approval_policies,
    approvals,
    approver_groups,
    channels,
    counts,
    eligibility_groups,
    eligible,
    enough,
    longest,
    proof_needed,
)
from tests import make
from tests.make import NOON
from tests.memory_directory import MemoryDirectory, a_group, a_user
from tests.policy_model import Facts, Model

ROOT = "r-ab12"
OUS = [ROOT, *(f"ou-ab12-0000000{n}" for n in range(1, 5))]
ACCOUNTS = [f"{n}" * 12 for n in range(1, 5)]
SETS = ["AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess"]
USERS = ["ann", "bob", "cai", "dan", "eve"]
GROUPS = ["engineers", "owners", "ops"]


def some(names: list[str], *, least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=least, max_size=3, unique=True)


def given_or_not(**optional: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=optional)


VALUE = st.sampled_from(["dev", "prod", ""])
TAGS = given_or_not(env=VALUE, team=VALUE)


@st.composite
def organizations(draw: st.DrawFn) -> Facts:
    above = {ou: draw(st.sampled_from(OUS[: OUS.index(ou)])) for ou in OUS[1:]}
    above |= {account: draw(st.sampled_from(OUS)) for account in ACCOUNTS}
    return Facts(
        parent=above,
        tags={account: draw(TAGS) for account in ACCOUNTS},
        permission_sets=frozenset(SETS),
        members={group: frozenset(draw(st.sets(st.sampled_from(USERS)))) for group in GROUPS},
        users=frozenset(USERS),
        disabled=frozenset(draw(st.sets(st.sampled_from(USERS), max_size=2))),
    )


WHO = st.one_of(
    st.fixed_dictionaries({"groups": some(GROUPS, least=1)}, optional={"users": some(USERS)}),
    st.fixed_dictionaries({"users": some(USERS, least=1)}),
)
AN_OU = st.one_of(
    st.sampled_from(OUS),
    st.fixed_dictionaries({"id": st.sampled_from(OUS), "nested": st.booleans()}),
)
SCOPE = given_or_not(
    accounts=some(ACCOUNTS, least=1),
    ous=st.lists(
        AN_OU, min_size=1, max_size=2, unique_by=lambda ou: ou if isinstance(ou, str) else ou["id"]
    ),
    tags=TAGS.filter(bool),
).filter(bool)
DURATION = st.sampled_from(["30m", "2h", "12h"])
CHANNEL = st.sampled_from(["C0000000001", "C0000000002"])
ELIGIBILITY = st.builds(
    lambda scope, rest: {**scope, **rest},
    SCOPE,
    st.fixed_dictionaries(
        {"who": WHO, "permission_sets": some(SETS, least=1)},
        optional={"max_duration": DURATION, "approval": st.sampled_from(["required", "none"])},
    ),
)
APPROVAL = st.builds(
    lambda scope, rest: {**scope, **rest},
    SCOPE,
    st.fixed_dictionaries(
        {"approvers": WHO},
        optional={
            "permission_sets": some(SETS, least=1),
            "channel": CHANNEL,
            "approvals": st.integers(1, 3),
            "required": st.booleans(),
            "proof": st.sampled_from(["none", "none", "totp"]),
        },
    ),
)
SETTINGS = given_or_not(
    approval=st.sampled_from(["required", "required", "off"]),
    max_duration=st.sampled_from(["1h", "9h", "24h"]),
    default_channel=st.just("C0000000009"),
)


def named(policies: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": f"policy {n}", **policy} for n, policy in enumerate(policies)]


FILES = st.builds(
    lambda settings, eligibility, approval: {
        "version": 1,
        "settings": settings,
        "eligibility": named(eligibility),
        "approval": named(approval),
    },
    SETTINGS,
    st.lists(ELIGIBILITY, min_size=1, max_size=4),
    st.lists(APPROVAL, max_size=4),
)


@dataclass(frozen=True)
class Elevate:
    """The same questions, answered by the product: from the file to the rules."""

    file: Mapping[str, Any]
    facts: Facts

    @cached_property
    def directory(self) -> MemoryDirectory:
        users = {
            name: a_user(name, number=n, enabled=name not in self.facts.disabled)
            for n, name in enumerate(USERS, 1)
        }
        return MemoryDirectory(
            users=list(users.values()),
            groups={
                a_group(name, number=n): [users[each] for each in sorted(self.facts.members[name])]
                for n, name in enumerate(GROUPS, 1)
            },
        )

    @cached_property
    def catalogue(self) -> Catalogue:
        def path(node: str) -> tuple[OuId, ...]:
            return tuple(OuId(ou) for ou in reversed(self.facts.above(node)))

        accounts = [
            Account(
                AccountId(each), f"account-{each[0]}", path=path(each), tags=self.facts.tags[each]
            )
            for each in ACCOUNTS
        ]
        return make.a_catalogue(
            accounts={account.id: account for account in accounts},
            permission_sets={each.arn: each for each in map(make.a_permission_set, SETS)},
            ous={OuId(ou): Ou(OuId(ou), ou, path(ou)) for ou in OUS},
        )

    @cached_property
    def book(self) -> PolicyBook:
        return load_book(
            json.dumps(self.file), source="", catalogue=self.catalogue, directory=self.directory
        )

    def membership(self, name: str, groups: Iterable[GroupId]) -> Membership:
        (user,) = [user for user in self.directory.users if user.user_name == name]
        inside = self.directory.member_of(user.id, frozenset(groups), lane=Lane.PERSON)
        return Membership(user.id, inside, NOON)

    def name_of(self, user_id: str) -> str:
        return next(user.user_name for user in self.directory.users if user.id == user_id)


ANYTHING = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
PAIRS = [
    (AccountId(account), make.a_permission_set(name)) for account, name in product(ACCOUNTS, SETS)
]


@ANYTHING
@given(organizations(), FILES)
def test_what_is_offered_for_how_long_and_whether_anybody_must_agree(
    facts: Facts, file: Mapping[str, Any]
) -> None:
    model, elevate = Model(file, facts), Elevate(file, facts)
    book, offers = elevate.book, Offers()
    for name in USERS:
        membership = elevate.membership(name, eligibility_groups(book))
        offer = offers.of(book, elevate.catalogue, membership)

        for account_id, permission_set in PAIRS:
            pair = (name, account_id, permission_set.name)
            offered = permission_set.arn in offer.pairs.get(account_id, frozenset())
            account = elevate.catalogue.accounts[account_id]
            matching = eligible(book, membership, account, permission_set.arn)
            assert offered == bool(matching) == model.offered(*pair)
            if offered:
                assert longest(book, matching).total_seconds() / 60 == model.longest(*pair)
                assert approval_needed(book, matching) == model.approval_needed(*pair)


@ANYTHING
@given(organizations(), FILES, st.sampled_from(PAIRS), st.sets(st.sampled_from(USERS)))
def test_who_may_approve_how_many_must_and_where_they_are_asked(
    facts: Facts,
    file: Mapping[str, Any],
    pair: tuple[AccountId, PermissionSet],
    voting: set[str],
) -> None:
    model, elevate = Model(file, facts), Elevate(file, facts)
    account, permission_set = elevate.catalogue.accounts[pair[0]], pair[1]
    asked = approval_policies(elevate.book, account, permission_set.arn)
    assert set(channels(elevate.book, asked)) == model.channels(account.id, permission_set.name)
    for name in USERS:
        about = (name, account.id, permission_set.name)
        me = elevate.membership(name, ())
        found = approvers_of(elevate.directory, asked, without=me.user_id, enough=approvals(asked))
        voters = {
            voter.user_id: voter
            for each in sorted(voting - facts.disabled - {name})
            for voter in [elevate.membership(each, approver_groups(asked))]
        }

        people = {elevate.name_of(each) for own in found.by_policy for each in own}
        assert people == {user.user_name for user in found.people} == model.approvers(*about)
        assert enough(asked, found.by_policy) == model.possible(*about)
        assert agreed(asked, voters) == model.enough(*about, voting)


@ANYTHING
@given(organizations(), FILES, st.sampled_from(PAIRS), st.sampled_from(Ballot), st.booleans())
def test_which_votes_count_where_a_proof_is_asked_for(
    facts: Facts,
    file: Mapping[str, Any],
    pair: tuple[AccountId, PermissionSet],
    ballot: Ballot,
    proved: bool,
) -> None:
    model, elevate = Model(file, facts), Elevate(file, facts)
    account, permission_set = elevate.catalogue.accounts[pair[0]], pair[1]
    asked = approval_policies(elevate.book, account, permission_set.arn)
    needed = model.proof_needed(account.id, permission_set.name)

    assert proof_needed(asked) == needed
    approves = ballot is Ballot.APPROVE
    vote = make.a_vote(ballot=ballot, proved=proved)
    assert counts(asked, vote) == (approves and (proved or not needed))


@ANYTHING
@given(organizations(), FILES)
def test_what_is_exported_decides_the_same_and_is_the_same_to_the_byte(
    facts: Facts, file: Mapping[str, Any]
) -> None:
    elevate = Elevate(file, facts)
    text = export(elevate.book)

    again = load_book(text, source="", catalogue=elevate.catalogue, directory=elevate.directory)

    assert again == elevate.book
    assert export(again) == text
