"""Many people of Identity Center at once: who is in which group, and who they are."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

from grants.model import GroupId, Lane, Membership, User, UserId
from grants.policy import Who
from grants.ports import Directory

AT_ONCE: Final = 8
"""So many are described side by side: an answer takes longer than its turn at AWS's quota."""
READ: Final = 100
"""So many people are looked at, in all, while somebody waits for an answer."""
READ_AT_ONCE: Final = 40
"""So many where the answer is due within two seconds: AWS describes hardly twenty a second."""


@dataclass(slots=True)
class Look:
    """Who is enabled, as far as is looked: nobody is described twice, and so many people at most.

    Nobody is too few, and nobody is refused, because of people who were not looked at.
    """

    directory: Directory
    lane: Lane
    left: int
    """So many people more."""
    users: dict[UserId, User | None] = field(default_factory=dict)

    def user(self, user_id: UserId) -> User | None:
        """As described, once."""
        if user_id not in self.users:
            self.users[user_id] = self.directory.user(user_id, lane=self.lane)
        return self.users[user_id]

    def enabled(
        self, people: Iterable[UserId], *, enough: int, among: int = 1
    ) -> tuple[list[User], bool]:
        """The first enabled ones; and whether there can be no more that matter.

        `among`: so many still have a share in those who may be looked at.
        """
        ids = iter(people)
        share = max(1, self.left // among) if self.left > 0 else 0
        found: list[User] = []
        with ThreadPoolExecutor(AT_ONCE, "look") as together:
            while share and len(found) < enough:
                batch = list(islice(ids, min(share, enough - len(found))))
                if not batch:
                    return found, True
                new = sum(person not in self.users for person in batch)
                share, self.left = share - new, self.left - new
                found += [user for user in together.map(self.user, batch) if user and user.enabled]
        return found, len(found) >= enough or _over(ids)


def _over(ids: Iterator[UserId]) -> bool:
    return next(ids, None) is None


def memberships(
    directory: Directory,
    named: Iterable[Who],
    *,
    at: datetime,
    lane: Lane,
) -> dict[UserId, Membership]:
    """Everybody who is named, themselves or by a group, with all the named groups they are in."""
    named = list(named)
    inside: defaultdict[UserId, set[GroupId]] = defaultdict(set)
    for group in sorted(frozenset[GroupId]().union(*(who.group_ids for who in named))):
        for member in directory.members(group, lane=lane):
            inside[member].add(group)
    everybody = frozenset(inside).union(*(who.user_ids for who in named))
    return {user: Membership(user, frozenset(inside[user]), at) for user in everybody}


def enabled(directory: Directory, users: Collection[UserId], *, lane: Lane) -> dict[UserId, User]:
    """Those of them who are there and enabled, described side by side."""
    with ThreadPoolExecutor(AT_ONCE, "crowd") as together:
        described = together.map(lambda user: directory.user(user, lane=lane), users)
        return {user.id: user for user in described if user and user.enabled}
