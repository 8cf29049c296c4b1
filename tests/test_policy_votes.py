"""Whether approving votes are enough, counted as their givers stand now."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from grants.model import GroupId, Membership, UserId
from grants.policy import ApprovalPolicy, Named, Who, agreed, besides
from tests import make
from tests.make import APPROVERS, NOON


def member(name: str = "bob", *groups: GroupId) -> Membership:
    return Membership(UserId(name), frozenset(groups), NOON)


def by(group: str, *, approvals: int = 1) -> ApprovalPolicy:
    return make.approval(approvers=Who(groups=(Named(group, group),)), approvals=approvals)


def voting(*votes: Membership) -> Mapping[UserId, Membership]:
    return {vote.user_id: vote for vote in votes}


EVE = member("eve", GroupId("g1"))
DAN = member("dan", GroupId("g2"))
FAY = member("fay", GroupId("g2"))
BOTH = member("kim", GroupId("g1"), GroupId("g2"))
ONE = by("g1")
TWO = by("g2", approvals=2)


@pytest.mark.parametrize(
    ("policies", "votes", "enough"),
    [
        pytest.param([ONE], [], False, id="nobody"),
        pytest.param([ONE], [EVE], True, id="one is enough"),
        pytest.param([ONE], [DAN], False, id="not an approver"),
        pytest.param([ONE], [member("eve")], False, id="no longer an approver"),
        pytest.param([TWO], [DAN], False, id="one of two"),
        pytest.param([TWO], [DAN, FAY], True, id="two of two"),
        pytest.param([TWO], [DAN, member("fay")], False, id="one of them left the group"),
        pytest.param([ONE, TWO], [EVE], False, id="the largest number counts"),
        pytest.param([ONE, TWO], [EVE, DAN], True, id="any two of the union"),
        pytest.param([ONE, TWO], [EVE, BOTH], True, id="any two of the union, again"),
    ],
)
def test_enough_different_approvers_must_agree(
    policies: list[ApprovalPolicy], votes: list[Membership], enough: bool
) -> None:
    assert agreed(policies, voting(*votes)) is enough


@pytest.mark.parametrize(
    ("votes", "enough"),
    [
        pytest.param([EVE], False, id="others alone"),
        pytest.param([DAN], False, id="too few in all"),
        pytest.param([EVE, DAN], False, id="too few of its own"),
        pytest.param([DAN, FAY], True, id="its own alone"),
        pytest.param([BOTH, DAN], True, id="one person counts for both"),
    ],
)
def test_a_required_policy_is_met_by_its_own_approvers(
    votes: list[Membership], enough: bool
) -> None:
    policies = [ONE, replace(TWO, required=True)]

    assert agreed(policies, voting(*votes)) is enough


def test_a_required_policy_of_one_still_waits_for_the_larger_number_of_another() -> None:
    policies = [replace(ONE, required=True), TWO]

    assert not agreed(policies, voting(EVE))
    assert not agreed(policies, voting(DAN, FAY))
    assert agreed(policies, voting(EVE, DAN))


def test_without_a_policy_no_vote_is_enough() -> None:
    assert not agreed([], voting(member("eve", APPROVERS)))


# What is said of required policies


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        pytest.param([ONE, TWO], [], id="none is required"),
        pytest.param([replace(ONE, required=True)], [], id="alone, it is the number that is said"),
        pytest.param([replace(ONE, required=True), TWO], [0], id="others name other people"),
        pytest.param([replace(ONE, required=True), replace(TWO, required=True)], [0, 1], id="both"),
        pytest.param([replace(TWO, required=True), by("g2")], [], id="nobody else is named"),
    ],
)
def test_a_required_policy_is_told_apart_where_others_name_other_people(
    policies: list[ApprovalPolicy], said: list[int]
) -> None:
    assert besides(policies) == tuple(policies[n] for n in said)
