"""Accounts by their tags: who may ask and who decides, how tags are read, and how they are checked."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.policies import FirstPolicies
from bot.policy_file import load_book
from bot.run import Catalogues
from grants.crew import Crew
from grants.errors import AwsFault
from grants.model import AccountId, Actor, Catalogue, Role, State
from grants.piecemeal import Piecemeal
from grants.refreshing import PATIENCE, SLICE
from tests.clock import NOON
from tests.policy_files import ROOT, a_policy_file, approves, everything_below, may
from tests.soundness import creates, sound
from tests.standins.aws.faults import Kind
from tests.world import APPROVALS, POLICIES, Inline, World

TAGGED = """
version: 1
settings:
  require_ticket: false
  require_decision_comment: false
  admins: {groups: [elevate-admins]}
eligibility:
  - name: engineers in development
    who: {groups: [engineers]}
    tags: {env: dev}
    permission_sets: [PowerUserAccess]
    approval: none
  - name: engineers in payments
    who: {groups: [engineers]}
    tags: {team: payments}
    permission_sets: [ReadOnlyAccess]
approval:
  - name: production
    tags: {env: prod}
    approvers: {groups: [production-approvers]}
    channel: C0000000003
  - name: development
    tags: {env: dev}
    approvers: {users: [dan]}
    channel: C0000000003
"""
DEV = "payments-dev · PowerUserAccess"
PROD = "payments-prod · ReadOnlyAccess"
LATER = NOON + timedelta(hours=2)


@pytest.fixture(autouse=True)
def _sound(world: World) -> Iterator[None]:
    yield
    sound(world)


def offered(world: World) -> list[str]:
    view = world.opens("bob").view()
    assert view is not None
    return view.options("Access")


def catalogue(world: World) -> Catalogue:
    with world.works.reading() as work:
        found = work.catalogue.load()
    assert found is not None
    return found


def tags_of(world: World, account: str) -> object:
    return catalogue(world).accounts[AccountId(world.company.account(account).id)].tags


# What they decide


def test_a_tag_offers_the_accounts_that_carry_it(world: World) -> None:
    world.policies(TAGGED)

    assert offered(world) == [
        "payments-dev · PowerUserAccess",
        "payments-dev · ReadOnlyAccess",
        "payments-prod · ReadOnlyAccess",
        "web-dev · PowerUserAccess",
    ]


def test_a_policy_that_names_several_tags_is_about_accounts_with_any_of_them(world: World) -> None:
    world.policies(TAGGED.replace("tags: {team: payments}", "tags: {team: payments, env: prod}"))

    assert "web-prod · ReadOnlyAccess" in offered(world)


def test_a_tag_says_who_decides(world: World) -> None:
    world.policies(TAGGED)
    prod, dev = world.asks("bob", PROD), world.asks("bob", "payments-dev · ReadOnlyAccess")

    world["eve"].click(world.card(prod), "Approve")
    world["eve"].click(world.card(dev), "Approve")

    assert (world.state(prod), world.state(dev)) == (State.SCHEDULED, State.PENDING)
    world.decides("dan", dev, "Approve")
    assert world.state(dev) is not State.PENDING


def test_names_and_values_of_tags_count_letter_by_letter(world: World) -> None:
    world.company.tag("web-prod", {"Env": "dev", "env": "Dev"})

    world.policies(TAGGED)

    assert "web-prod · PowerUserAccess" not in offered(world)


def test_a_changed_tag_follows_at_the_next_reading(world: World) -> None:
    world.policies(TAGGED)
    world.company.tag("web-dev", {"env": "prod"})
    world.company.tag("data-sandbox", {"env": "dev"})

    world.refresher.refresh()
    world.refresher.read_tags()

    assert "web-dev · PowerUserAccess" not in offered(world)
    assert "data-sandbox · PowerUserAccess" in offered(world)


# Not read yet

OPEN = a_policy_file(
    may("ReadOnlyAccess", **everything_below(ROOT), approval="none"),
    may("ReadOnlyAccess", tags={"env": "prod"}),
    may("PowerUserAccess", **everything_below(ROOT), approval="none"),
)
"""Where the account carries the tag, somebody has to agree."""


def forget_tags(world: World, *accounts: str) -> None:
    """As of accounts that are new."""
    found = catalogue(world)
    unread = {
        id_: replace(each, tags=None) if each.name in accounts else each
        for id_, each in found.accounts.items()
    }
    with world.works() as work:
        work.catalogue.replace(replace(found, accounts=unread))


def explained(world: World, words: str) -> str:
    world["bob"].command(f"explain {words}", APPROVALS)
    return world.whispers("bob")[-1]


def test_while_tags_that_matter_are_unread_nothing_is_taken_as_if_there_were_none(
    world: World,
) -> None:
    world.policies(OPEN)
    forget_tags(world, "payments-prod")

    outcome = world.sends("bob", PROD)

    assert "are not read yet. Please try again in a minute" in outcome.errors["Access"]
    assert world.requests() == []
    world.refresher.read_tags()
    assert world.state(world.asks("bob", PROD)) is State.PENDING


def test_tags_that_say_nothing_of_a_permission_set_are_not_waited_for(world: World) -> None:
    world.policies(OPEN)
    forget_tags(world, "payments-prod")

    request = world.asks("bob", "payments-prod · PowerUserAccess")

    assert world.state(request) is not State.PENDING


def test_who_decides_by_unread_tags_is_waited_for_too(world: World) -> None:
    everywhere = approves("production-approvers")
    besides = approves("elevate-admins", tags={"env": "prod"}, required=True)
    world.policies(a_policy_file(may("ReadOnlyAccess"), approval=[everywhere, besides]))
    forget_tags(world, "payments-prod")

    assert "not read yet" in world.sends("bob", PROD).errors["Access"]


def test_a_choice_that_only_its_unread_tags_could_offer_is_not_said_to_be_gone(
    world: World,
) -> None:
    world.policies(TAGGED)
    bob = world.opens("bob")
    bob.fill({"Access": PROD, "Justification": "the disk is full"})
    forget_tags(world, "payments-prod")

    assert "not read yet" in bob.submit().errors["Access"]


def test_explaining_says_that_tags_are_unread_before_anything_that_hangs_on_them(
    world: World,
) -> None:
    world.policies(OPEN)
    forget_tags(world, "payments-prod")

    assert explained(world, "payments-prod ReadOnlyAccess") == (
        "You may not ask for ReadOnlyAccess on payments-prod (333344445555) yet. The tags of the"
        " account payments-prod are not read yet, and policies may cover it by them: try again in a"
        " minute."
    )
    assert "Nobody has to agree" in explained(world, "payments-prod PowerUserAccess")


# Looked at once more before access is given


def test_tags_that_say_nothing_of_what_is_given_are_not_read_for_it(world: World) -> None:
    world.policies(OPEN)
    before = asked(world)

    world.active("bob", "payments-prod · PowerUserAccess")

    assert asked(world) == before


def test_tags_that_say_who_must_agree_are_read_before_access_is_given(world: World) -> None:
    world.policies(OPEN)
    request = world.asks("bob", "payments-dev · ReadOnlyAccess", Start=LATER)

    world.company.tag("payments-dev", {"env": "prod"})
    world.passes(hours=2)

    assert world.state(request) is State.FAILED
    assert creates(world) == []


def test_a_tag_that_was_taken_off_since_is_seen_before_access_is_given(world: World) -> None:
    world.policies(TAGGED)
    request = world.asks("bob", DEV, Start=LATER)

    world.company.tag("payments-dev", {"env": "prod"})
    world.passes(hours=2)

    assert world.state(request) is State.FAILED
    assert creates(world) == []
    assert "no eligibility policy names the requester" in world.told("bob")[-1]


def test_other_approvers_by_the_tag_of_today_have_not_agreed(world: World) -> None:
    world.policies(TAGGED)
    request = world.asks("bob", PROD, Start=LATER)
    world.decides("eve", request, "Approve")

    world.company.tag("payments-prod", {"env": "dev"})
    world.passes(hours=2)

    assert world.state(request) is State.FAILED
    assert "not enough of those who agreed" in world.thread(request)[-1]


def test_an_account_that_left_is_not_given(world: World) -> None:
    world.policies(TAGGED)
    request = world.asks("bob", DEV, Start=LATER)

    world.company.remove_account("payments-dev")
    world.passes(hours=2)

    assert world.state(request) is State.FAILED
    assert "not in the organization any more" in world.told("bob")[-1]


def test_with_its_tags_as_they_were_access_is_given(world: World) -> None:
    world.policies(TAGGED)

    request = world.asks("bob", DEV, Start=LATER)
    world.passes(hours=2, seconds=3)

    assert world.state(request) is State.ACTIVE


# How they are read


def asked(world: World) -> int:
    return world.aws.calls.count("ListTagsForResource")


def test_where_no_policy_asks_for_tags_none_are_read(world: World) -> None:
    world.refresher.refresh()
    world.refresher.read_tags()
    request = world.active("bob", "data-sandbox · PowerUserAccess")

    assert world.state(request) is State.ACTIVE
    assert asked(world) == 0
    assert tags_of(world, "payments-dev") is None
    assert not world.refresher.behind


def test_what_is_read_of_tags_outlasts_a_new_catalogue(world: World) -> None:
    world.policies(TAGGED)
    before = asked(world)

    world.refresher.refresh()

    assert asked(world) == before
    assert tags_of(world, "payments-dev") == {"env": "dev", "team": "payments"}


def test_tags_that_no_policy_asks_for_any_more_are_forgotten_and_never_grow_stale(
    world: World,
) -> None:
    world.policies(TAGGED)

    world.policies(POLICIES)
    world.refresher.refresh()

    assert tags_of(world, "payments-dev") is None


def test_a_large_organization_is_read_a_slice_at_a_time_the_unread_first(world: World) -> None:
    for n in range(SLICE):
        world.company.add_account(f"more-{n}", unit="Sandbox", tags={"env": "dev"})
    world.policies(TAGGED)
    assert asked(world) == SLICE
    assert world.refresher.behind

    world.refresher.read_tags()

    assert asked(world) == len(catalogue(world).accounts)
    assert not world.refresher.behind
    assert catalogue(world).tagged


def test_once_all_were_read_those_that_were_read_longest_ago_come_next(world: World) -> None:
    world.policies(TAGGED)
    everybody = len(catalogue(world).accounts)

    seen = []
    for _ in range(3):
        before = asked(world)
        world.clock.passes(minutes=5)
        world.refresher.read_tags(most=everybody // 2)
        calls = world.aws.calls.of("ListTagsForResource")[before:]
        seen.append({call.parameters["ResourceId"] for call in calls})

    assert seen[0].isdisjoint(seen[1])
    assert len(seen[0] | seen[1] | seen[2]) == everybody


def test_tags_that_may_not_be_read_leave_the_catalogue_as_it_is(world: World) -> None:
    world.policies(TAGGED)
    world.aws.faults.add("ListTagsForResource", Kind.ACCESS_DENIED, times=None)
    world.company.add_account("web-new", unit="Development", tags={"env": "dev"})

    world.refresher.refresh()
    with pytest.raises(AwsFault, match="ListTagsForResource"):
        world.refresher.read_tags()

    assert tags_of(world, "web-new") is None
    assert tags_of(world, "payments-dev") == {"env": "dev", "team": "payments"}
    assert "web-dev · PowerUserAccess" in offered(world)


def unreadable(world: World, account: str) -> None:
    id_ = world.company.account(account).id
    where = {"ResourceId": id_}
    world.aws.faults.add("ListTagsForResource", Kind.ACCESS_DENIED, times=None, where=where)


def test_one_account_that_cannot_be_read_keeps_no_other_from_being_read(world: World) -> None:
    world.policies(TAGGED)
    everybody = [account.name for account in catalogue(world).accounts.values()]
    forget_tags(world, *everybody)
    unreadable(world, "payments-dev")

    with pytest.raises(AwsFault, match=r"payments-dev.*could not be read.*ListTagsForResource"):
        world.refresher.read_tags()

    unread = {each.name for each in catalogue(world).accounts.values() if each.tags is None}
    assert unread == {"payments-dev"}


def test_beside_an_account_that_cannot_be_read_the_others_are_read_again_in_time(
    world: World,
) -> None:
    world.policies(TAGGED)
    forget_tags(world, "payments-dev")
    unreadable(world, "payments-dev")
    world.company.tag("web-dev", {"env": "prod"})

    world.clock.passes(minutes=5)
    with pytest.raises(AwsFault, match="payments-dev"):
        world.refresher.read_tags()

    assert tags_of(world, "web-dev") == {"env": "prod", "team": "web"}
    before = asked(world)
    world.clock.passes(seconds=10)
    with pytest.raises(AwsFault, match="payments-dev"):
        world.refresher.read_tags()
    assert asked(world) == before + 1


def test_an_account_that_is_new_is_read_first(world: World) -> None:
    world.policies(TAGGED)
    world.company.add_account("web-new", unit="Development", tags={"env": "dev"})
    world.refresher.refresh()
    assert world.refresher.behind

    world.refresher.read_tags(most=1)

    assert "web-new · PowerUserAccess" in offered(world)


def test_an_account_without_tags_is_read_and_carries_none(world: World) -> None:
    world.company.add_account("bare", unit="Development")

    world.policies(TAGGED)

    assert tags_of(world, "bare") == {}


# While the bot runs


@pytest.fixture
def loop(world: World) -> Catalogues:
    """What comes round every second."""
    first = FirstPolicies(world.settings, world.storage, world.ports)
    crew = Crew(Inline(), lambda: None)
    now = world.clock()
    reading = Piecemeal(world.works, world.refresher, world.clock, crew)
    return Catalogues(reading, first, world.storage, crew, policies_at=now, tidy_at=now)


def apply_elsewhere(world: World) -> None:
    """Another process applies policies, as an administrator does in Slack: it reads no tags."""
    text, catalogue_ = TAGGED, catalogue(world)
    book = load_book(text, source="", catalogue=catalogue_, directory=world.ports.directory)
    world.administration.apply(book, by=Actor(Role.ADMINISTRATOR, "operator:test"))


def test_a_running_bot_reads_tags_as_soon_as_policies_ask_for_them(
    world: World, loop: Catalogues
) -> None:
    loop.round()
    apply_elsewhere(world)
    world.clock.passes(seconds=1)

    loop.round()

    assert "payments-dev · PowerUserAccess" in offered(world)


def test_all_of_a_large_organization_is_read_slice_by_slice_beat_by_beat(
    world: World, loop: Catalogues
) -> None:
    for n in range(SLICE):
        world.company.add_account(f"more-{n}", unit="Sandbox")
    loop.round()
    apply_elsewhere(world)

    for _ in range(3):
        world.clock.passes(seconds=1)
        loop.round()

    assert catalogue(world).tagged
    assert asked(world) == len(catalogue(world).accounts)


def test_tags_are_read_anew_with_every_new_catalogue(world: World, loop: Catalogues) -> None:
    world.policies(TAGGED)
    world.company.tag("web-dev", {"env": "prod"})

    loop.round()

    assert "web-dev · PowerUserAccess" not in offered(world)


def test_where_tags_may_not_be_read_the_catalogue_is_kept_and_aws_is_asked_now_and_then(
    world: World, loop: Catalogues
) -> None:
    world.aws.faults.add("ListTagsForResource", Kind.ACCESS_DENIED, times=None)
    apply_elsewhere(world)
    world.company.add_account("web-new", unit="Development")

    for _ in range(10):
        loop.round()
        world.clock.passes(seconds=1)

    assert (asked(world), world.aws.calls.count("ListRoots")) == (PATIENCE, 1)
    assert tags_of(world, "web-new") is None
