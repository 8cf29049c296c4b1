"""Who could approve right now: enabled people, by name, and where they are asked."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

from grants.crowd import READ, READ_AT_ONCE, Look
from grants.model import GroupId, Lane, Membership, Person, Place, Tally, User, UserId, Wanted
from grants.policy import (
    ApprovalPolicy,
    PolicyBook,
    Who,
    besides,
    channels,
    may_approve,
    named_by,
)
from grants.ports import Directory
from grants.stores import Work

SHOWN: Final = 5
"""So many people of a group are named on the card."""
NAMED: Final = 12
"""So many people of all groups together: somebody waits, and each is a call to AWS."""
LOOKED_INTO: Final = 6
"""Of so many groups people are named at all, if those are enough to decide."""
ASKED_DIRECTLY: Final = 20
"""At most so many approvers are asked by direct message, where no channel is to be had."""
AT_ONCE: Final = 8
"""So many users are described side by side."""


@dataclass(frozen=True, slots=True)
class Approvers:
    """The enabled people who could approve, the requester left out."""

    people: tuple[User, ...]
    words: tuple[str, ...]
    """For the card: each group with some of its people, each person."""
    by_policy: tuple[frozenset[UserId], ...]
    """For each policy those whom it names."""
    seen: tuple[bool, ...]
    """For each policy whether there can be no more of these that matter."""


def approvers_of(
    directory: Directory,
    policies: Sequence[ApprovalPolicy],
    *,
    without: UserId,
    enough: int,
    most: int = READ_AT_ONCE,
    lane: Lane = Lane.PERSON,
) -> Approvers:
    """Read them live. Of each group `enough` are looked for, or as many as are shown by name.

    `most`: so many people are looked at in all, and each group has its share in them.
    """
    look = Look(directory, lane, most)
    inside: dict[GroupId, list[User]] = {}
    unseen: set[GroupId] = set()
    words: list[str] = []
    groups, users = _groups(policies), _users(policies, without)
    needed = frozenset[GroupId]().union(
        *(each.approvers.group_ids for each in policies if each.required)
    )
    shown = max(1, min(SHOWN, NAMED // max(1, len(groups))))
    for number, (group, name) in enumerate(groups.items()):
        found = {user.id for some in inside.values() for user in some}
        if number >= LOOKED_INTO and len(found) >= enough and group not in needed:
            words.append(_spelled(name, []))
            continue
        if not look.left:
            unseen.add(group)
            words.append(_spelled(name, []))
            continue
        members = directory.members(group, lane=lane)
        others = (member for member in members if member != without)
        among = len(groups) - number + bool(users)
        inside[group], whole = look.enabled(others, enough=max(shown, enough), among=among)
        if not whole:
            unseen.add(group)
        words.append(_spelled(_name(directory, group, name), inside[group]))
    named, all_named = look.enabled(users, enough=max(1, len(users)))
    words += [user.name or user.user_name for user in named]
    people = {user.id: user for some in (*inside.values(), named) for user in some}
    return Approvers(
        tuple(people.values()),
        tuple(dict.fromkeys(words)),
        tuple(_of(policy.approvers, inside, named) for policy in policies),
        tuple(
            not policy.approvers.group_ids & unseen and (all_named or not policy.approvers.users)
            for policy in policies
        ),
    )


def _of(
    who: Who, inside: Mapping[GroupId, Iterable[User]], named: Iterable[User]
) -> frozenset[UserId]:
    in_groups = (user.id for group in who.group_ids for user in inside.get(group, ()))
    return frozenset(in_groups) | ({user.id for user in named} & who.user_ids)


def people_of(directory: Directory, who: Who, *, most: int) -> list[User]:
    """The first enabled people that somebody named, read live."""
    members = (m for group in who.group_ids for m in directory.members(group, lane=Lane.PERSON))
    ids = dict.fromkeys(chain(sorted(who.user_ids), islice(members, READ)))
    found, _ = Look(directory, Lane.PERSON, READ).enabled(ids, enough=most)
    return found


def places(
    work: Work,
    book: PolicyBook,
    policies: Collection[ApprovalPolicy],
    people: Iterable[User],
) -> list[tuple[Place, str]]:
    """Where the card goes: every channel once, and `people`, whom no channel reaches, directly."""
    found = [(Place.CHANNEL, str(channel)) for channel in channels(book, policies)]
    return [*found, *direct_places(work, people)]


def direct_places(work: Work, people: Iterable[User]) -> list[tuple[Place, str]]:
    """Each approver's direct messages: by binding, else by the address that Slack may know."""
    people = list(people)
    slack_ids = [
        binding.slack_id
        for user in people
        for binding in work.people.of_user(user.id)
        if not binding.broken
    ]
    unbound = [user.email for user in people if user.email and not work.people.of_user(user.id)]
    addresses = [*slack_ids, *unbound][:ASKED_DIRECTLY]
    return [(Place.APPROVER, address) for address in dict.fromkeys(addresses)]


def tally_of(
    policies: Sequence[ApprovalPolicy],
    voters: Collection[Membership] = (),
    people: Mapping[UserId, Person] | None = None,
) -> Tally:
    """How far these votes come, as their givers stand now, for whoever reads the card."""
    counting = [each for each in voters if may_approve(policies, each)]
    wanted = besides(policies)
    return Tally(
        tuple((people or {})[each.user_id].name for each in counting),
        tuple(
            Wanted(policy.approvers.spelled, policy.approvals, len(own))
            for policy, own in zip(wanted, named_by(wanted, counting), strict=True)
        ),
    )


def _groups(policies: Iterable[ApprovalPolicy]) -> dict[GroupId, str]:
    named = (group for policy in policies for group in policy.approvers.groups)
    return {GroupId(group.id): group.name for group in named}


def _users(policies: Iterable[ApprovalPolicy], without: UserId) -> list[UserId]:
    named = [UserId(user.id) for policy in policies for user in policy.approvers.users]
    return [user for user in dict.fromkeys(named) if user != without]


def _name(directory: Directory, group_id: GroupId, written: str) -> str:
    """As people call it, where the policies' author wrote its id."""
    if written != group_id:
        return written
    found = directory.group(group_id, lane=Lane.PERSON)
    return found.name if found else written


def _spelled(group: str, people: list[User]) -> str:
    names = ", ".join(user.name or user.user_name for user in people[:SHOWN])
    return f"group {group} ({names})" if names else f"group {group}"
