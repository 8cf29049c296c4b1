"""Asking: everybody is offered what the policies let them have, and nothing else is taken."""

from collections.abc import Callable

import pytest

from grants.model import State
from tests.policy_files import (
    DEV,
    DEVELOPMENT,
    MANAGEMENT,
    PROD,
    ROOT,
    WORKLOADS,
    Policy,
    a_policy_file,
    approves,
    everything_below,
    may,
)
from tests.standins.aws.company import Company
from tests.world import World

ADMIN = "payments-prod · AdministratorAccess"


def offered(world: World, who: str = "bob") -> list[str]:
    """What the form lets them choose."""
    view = world.opens(who).view()
    assert view is not None
    return view.options("Access") if view.labels() else []


def accounts_offered(world: World) -> list[str]:
    return [option.split(" · ")[0] for option in offered(world)]


def a_minute_later(world: World) -> None:
    """What was read of somebody's groups is not good enough any more."""
    world.clock.passes(seconds=61)


# What is offered


def test_who_may_ask_for_nothing_hears_whom_to_turn_to_and_nothing_is_stored(world: World) -> None:
    view = world.opens("mallory").view()

    assert view is not None
    assert "nothing that you may ask for" in view.words()
    assert "turn to group elevate-admins" in view.words()
    assert (view.labels(), world.requests()) == ([], [])


def test_without_administrators_in_the_policies_there_is_still_somebody_to_turn_to(
    world: World,
) -> None:
    world.policies(a_policy_file(may("AdministratorAccess"), admins={}))

    view = world.opens("mallory").view()

    assert view is not None
    assert "turn to an administrator of Elevate" in view.words()


def test_a_policy_for_bob_offers_exactly_its_pairs_to_him_alone(world: World) -> None:
    bobs = may("AdministratorAccess", "ReadOnlyAccess", who={"users": ["bob@example.com"]})
    world.policies(a_policy_file(bobs))

    assert offered(world) == [ADMIN, "payments-prod · ReadOnlyAccess"]
    assert offered(world, "eve") == []


def test_each_option_shows_the_accounts_id(world: World) -> None:
    view = world.opens("bob").view()

    assert view is not None
    _, select = view.field("Access")
    shown = {option["text"]["text"]: option["description"]["text"] for option in select["options"]}
    assert shown[ADMIN] == PROD


def test_bob_is_offered_what_his_group_may_ask_for_until_he_leaves_it(world: World) -> None:
    world.policies(a_policy_file(may("AdministratorAccess")))
    assert offered(world) == [ADMIN]

    world.company.remove_member("engineers", "bob")
    a_minute_later(world)

    assert offered(world) == []


def test_a_form_from_before_bob_left_his_group_is_refused(world: World) -> None:
    bob = world.opens("bob")
    bob.fill(Access=ADMIN, Justification="the disk is full")
    world.company.remove_member("engineers", "bob")

    outcome = bob.submit()

    assert "You may not ask for this any more" in outcome.errors["Access"]
    assert world.requests() == []


def test_bob_is_offered_more_from_the_moment_he_joins_a_group(world: World) -> None:
    world.policies(a_policy_file(may("AdministratorAccess", who={"groups": ["elevate-auditors"]})))
    assert offered(world) == []

    world.company.add_member("elevate-auditors", "bob")
    a_minute_later(world)

    assert offered(world) == [ADMIN]


def test_an_ou_is_its_own_accounts_and_not_those_of_the_ous_below(world: World) -> None:
    world.company.add_account("shared", unit="Workloads")

    world.policies(a_policy_file(may("ReadOnlyAccess", ous=[WORKLOADS])))

    assert accounts_offered(world) == ["shared"]


def test_a_nested_ou_is_those_below_it_too(world: World) -> None:
    world.company.add_account("shared", unit="Workloads")

    world.policies(a_policy_file(may("ReadOnlyAccess", **everything_below(WORKLOADS))))

    everywhere = ["payments-dev", "payments-prod", "shared", "web-dev", "web-prod"]
    assert accounts_offered(world) == everywhere


def test_a_moved_account_follows_at_the_next_check(world: World) -> None:
    world.policies(a_policy_file(may("ReadOnlyAccess", ous=[DEVELOPMENT])))
    world.company.move_account("web-dev", "Production")
    world.company.move_account("data-sandbox", "Development")

    world.refresher.refresh()

    assert accounts_offered(world) == ["data-sandbox", "payments-dev"]


def test_a_form_from_before_the_account_moved_is_refused(world: World) -> None:
    world.policies(a_policy_file(may("ReadOnlyAccess", ous=[DEVELOPMENT])))
    bob = world.opens("bob")
    bob.fill(Access="web-dev · ReadOnlyAccess", Justification="the disk is full")
    world.company.move_account("web-dev", "Production")
    world.refresher.refresh()

    assert "any more" in bob.submit().errors["Access"]
    assert world.requests() == []


def test_policies_offer_their_own_pairs_and_no_mixture(world: World) -> None:
    world.policies(
        a_policy_file(
            may("AdministratorAccess", accounts=[PROD]), may("ReadOnlyAccess", accounts=[DEV])
        )
    )

    assert offered(world) == ["payments-dev · ReadOnlyAccess", ADMIN]


def test_each_pair_obeys_its_own_policys_approval(world: World) -> None:
    world.policies(
        a_policy_file(
            may("AdministratorAccess", accounts=[PROD]),
            may("ReadOnlyAccess", accounts=[DEV], approval="none"),
        )
    )

    waits = world.asks("bob", ADMIN)
    goes_on = world.asks("bob", "payments-dev · ReadOnlyAccess")

    assert world.state(waits) is State.PENDING
    assert world.state(goes_on) is not State.PENDING


def test_approval_is_needed_if_any_policy_that_matches_the_pair_says_so(world: World) -> None:
    world.policies(
        a_policy_file(may("AdministratorAccess", approval="none"), may("AdministratorAccess"))
    )

    assert world.state(world.asks("bob", ADMIN)) is State.PENDING


# What is out of reach


def test_the_management_account_is_not_offered_also_where_its_ou_is(world: World) -> None:
    everywhere = may("ReadOnlyAccess", **everything_below(ROOT))

    world.policies(a_policy_file(everywhere, may("ReadOnlyAccess", accounts=[MANAGEMENT])))

    assert "payments-prod" in accounts_offered(world)
    assert "acme-management" not in accounts_offered(world)


def test_a_set_that_is_provisioned_in_management_is_not_offered_anywhere(world: World) -> None:
    world.company.assign("ada", MANAGEMENT, "AdministratorAccess")

    world.policies(a_policy_file(may("AdministratorAccess", "ReadOnlyAccess")))

    assert offered(world) == ["payments-prod · ReadOnlyAccess"]


@pytest.mark.parametrize("state", ["SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION"])
def test_an_account_that_is_not_active_is_not_offered(world: World, state: str) -> None:
    world.company.set_account_state("payments-prod", state)

    world.policies(a_policy_file(may("AdministratorAccess", accounts=[DEV, PROD])))

    assert accounts_offered(world) == ["payments-dev"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda company: company.set_account_state("payments-prod", "SUSPENDED"),
            id="the account was suspended",
        ),
        pytest.param(
            lambda company: company.assign("ada", MANAGEMENT, "AdministratorAccess"),
            id="the set was provisioned in management",
        ),
    ],
)
def test_a_form_from_before_the_access_came_out_of_reach_is_refused(
    world: World, change: Callable[[Company], object]
) -> None:
    bob = world.opens("bob")
    bob.fill(Access=ADMIN, Justification="the disk is full")

    change(world.company)
    world.refresher.refresh()

    assert "any more" in bob.submit().errors["Access"]
    assert world.requests() == []


# Nobody to approve


NOBODY: dict[str, list[Policy]] = {
    "no approval policy at all": [],
    "an approval policy for another account": [
        approves("production-approvers", accounts=[DEV]),
    ],
    "an empty group": [approves("nobody")],
    "bob alone in the group": [approves("engineers")],
    "bob by name": [approves(approvers={"users": ["bob@example.com"]})],
    "a disabled approver": [approves("elevate-auditors")],
    "a group that was deleted": [approves("gone")],
}


@pytest.mark.parametrize("approval", NOBODY.values(), ids=NOBODY.keys())
def test_without_an_approver_but_bob_he_is_told_whom_to_turn_to_and_nothing_is_stored(
    world: World, approval: list[Policy]
) -> None:
    world.company.add_group("nobody")
    world.company.add_group("gone")
    world.company.disable_user("aud")
    world.policies(a_policy_file(may("AdministratorAccess"), approval=approval))
    world.company.remove_group("gone")

    assert offered(world) == [ADMIN]
    outcome = world.sends("bob", ADMIN)

    assert "not enough approvers" in outcome.errors["Access"]
    assert "Turn to group elevate-admins" in outcome.errors["Access"]
    assert world.requests() == []
    assert "request.ask" not in world.journal()


def test_one_approver_beside_bob_is_enough(world: World) -> None:
    world.company.add_member("engineers", "dan")
    world.policies(a_policy_file(may("AdministratorAccess"), approval=[approves("engineers")]))

    assert world.sends("bob", ADMIN).closed


def test_where_no_approval_is_needed_no_approver_is_either(world: World) -> None:
    world.policies(a_policy_file(may("AdministratorAccess", approval="none"), approval=[]))

    assert world.sends("bob", ADMIN).closed


# So many at once


def test_bob_may_have_so_many_open_requests_and_no_more(world: World) -> None:
    world.policies(a_policy_file(may("AdministratorAccess"), max_open_requests=2))
    first = world.asks("bob", ADMIN)
    world.asks("bob", ADMIN)

    assert "too many open requests (2 at most)" in world.sends("bob", ADMIN).errors["Access"]
    assert len(world.requests()) == 2

    world.decides("eve", first, "Reject")
    assert world.sends("bob", ADMIN).closed
