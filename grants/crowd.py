"""Many people of Identity Center at once: who is in which group, and who they are."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from typing import Final

from grants.model import GroupId, Lane, Membership, User, UserId
from grants.policy import Who
from grants.ports import Directory

AT_ONCE: Final = 8
"""So many are described side by side: an answer takes longer than its turn at AWS's quota."""


def memberships(
    directory: Directory,
    named: Iterable[Who],
    *,
    at: datetime,
    lane: Lane,
    most: int | None = None,
) -> dict[UserId, Membership]:
    """Everybody who is named, themselves or by a group, with all the named groups they are in.

    `most`: of a group no more members than that are read.
    """
    named = list(named)
    inside: defaultdict[UserId, set[GroupId]] = defaultdict(set)
    for group in sorted(frozenset[GroupId]().union(*(who.group_ids for who in named))):
        for member in islice(directory.members(group, lane=lane), most):
            inside[member].add(group)
    everybody = frozenset(inside).union(*(who.user_ids for who in named))
    return {user: Membership(user, frozenset(inside[user]), at) for user in everybody}


def enabled(directory: Directory, users: Collection[UserId], *, lane: Lane) -> dict[UserId, User]:
    """Those of them who are there and enabled, described side by side."""
    with ThreadPoolExecutor(AT_ONCE, "crowd") as together:
        described = together.map(lambda user: directory.user(user, lane=lane), users)
        return {user.id: user for user in described if user and user.enabled}
