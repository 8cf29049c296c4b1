"""Who could approve right now: enabled people, by name, and where they are asked."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Final

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
from grants.ports import Directory, Work

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
READ: Final = 100
"""Of so many members of the administrators' groups it is looked up whether they are enabled."""


@dataclass(frozen=True, slots=True)
class Approvers:
    """The enabled people who could approve, the requester left out."""

    people: tuple[User, ...]
    words: tuple[str, ...]
    """For the card: each group with some of its people, each person."""
    by_policy: tuple[frozenset[UserId], ...]
    """For each policy those whom it names."""


def approvers_of(
    directory: Directory, policies: Sequence[ApprovalPolicy], *, without: UserId, enough: int
) -> Approvers:
    """Read them live. Of each group `enough` are looked for, or as many as are shown by name."""
    inside: dict[GroupId, list[User]] = {}
    words: list[str] = []
    groups = _groups(policies)
    needed = frozenset[GroupId]().union(
        *(each.approvers.group_ids for each in policies if each.required)
    )
    shown = max(1, min(SHOWN, NAMED // max(1, len(groups))))
    for number, (group, name) in enumerate(groups.items()):
        found = {user.id for some in inside.values() for user in some}
        if number >= LOOKED_INTO and len(found) >= enough and group not in needed:
            words.append(_spelled(name, []))
            continue
        members = directory.members(group, lane=Lane.PERSON)
        others = (member for member in members if member != without)
        inside[group] = _enabled(directory, others, enough=max(shown, enough))
        words.append(_spelled(_name(directory, group, name), inside[group]))
    users = _users(policies, without)
    named = _enabled(directory, iter(users), enough=len(users))
    words += [user.name or user.user_name for user in named]
    people = {user.id: user for some in (*inside.values(), named) for user in some}
    return Approvers(
        tuple(people.values()),
        tuple(dict.fromkeys(words)),
        tuple(_of(policy.approvers, inside, named) for policy in policies),
    )


def _of(
    who: Who, inside: Mapping[GroupId, Iterable[User]], named: Iterable[User]
) -> frozenset[UserId]:
    in_groups = (user.id for group in who.group_ids for user in inside.get(group, ()))
    return frozenset(in_groups) | ({user.id for user in named} & who.user_ids)


def people_of(directory: Directory, who: Who, *, most: int) -> list[User]:
    """The first enabled people that somebody named, read live."""
    members = (m for group in who.group_ids for m in directory.members(group, lane=Lane.PERSON))
    ids = dict.fromkeys((*sorted(who.user_ids), *islice(members, READ)))
    return _enabled(directory, iter(ids), enough=most)


def _enabled(directory: Directory, ids: Iterator[UserId], *, enough: int) -> list[User]:
    """The first enabled ones, described side by side: somebody waits."""
    found: list[User] = []
    with ThreadPoolExecutor(AT_ONCE, "approvers") as together:
        while len(found) < enough and (batch := list(islice(ids, enough - len(found)))):
            described = together.map(lambda one: directory.user(one, lane=Lane.PERSON), batch)
            found += [user for user in described if user and user.enabled]
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
