"""A directory that knows for a minute what it found: a form that is sent again is read faster."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import Final, TypeVar

from grants.model import Group, GroupId, Lane, User, UserId
from grants.ports import Clock, Directory

KEPT: Final = timedelta(minutes=1)

T = TypeVar("T", User, Group)


class Remembering:
    """`grants.ports.Directory`, for names alone: what is not there, and who is inside, is asked anew.

    A policy may name more groups than can be looked up while Slack waits. Sent again, its form goes
    on where it was.
    """

    def __init__(self, directory: Directory, clock: Clock) -> None:
        """Nothing is known yet."""
        self._directory = directory
        self._clock = clock
        self._users: dict[tuple[str, str], tuple[datetime, User]] = {}
        self._groups: dict[tuple[str, str], tuple[datetime, Group]] = {}

    def user(self, user_id: UserId, *, lane: Lane) -> User | None:
        return self._known(
            self._users, ("id", user_id), lambda: self._directory.user(user_id, lane=lane)
        )

    def user_by_email(self, email: str, *, lane: Lane) -> User | None:
        return self._known(
            self._users, ("email", email), lambda: self._directory.user_by_email(email, lane=lane)
        )

    def user_by_name(self, user_name: str, *, lane: Lane) -> User | None:
        return self._known(
            self._users,
            ("name", user_name),
            lambda: self._directory.user_by_name(user_name, lane=lane),
        )

    def group(self, group_id: GroupId, *, lane: Lane) -> Group | None:
        return self._known(
            self._groups, ("id", group_id), lambda: self._directory.group(group_id, lane=lane)
        )

    def group_by_name(self, name: str, *, lane: Lane) -> Group | None:
        return self._known(
            self._groups, ("name", name), lambda: self._directory.group_by_name(name, lane=lane)
        )

    def member_of(
        self, user_id: UserId, groups: Collection[GroupId], *, lane: Lane
    ) -> frozenset[GroupId]:
        return self._directory.member_of(user_id, groups, lane=lane)

    def members(self, group_id: GroupId, *, lane: Lane) -> Iterator[UserId]:
        return self._directory.members(group_id, lane=lane)

    def _known(
        self,
        found: dict[tuple[str, str], tuple[datetime, T]],
        key: tuple[str, str],
        ask: Callable[[], T | None],
    ) -> T | None:
        now = self._clock()
        at, thing = found.get(key, (None, None))
        if at and now - at <= KEPT:
            return thing
        if (thing := ask()) is not None:
            for old in [each for each, (at, _) in list(found.items()) if now - at > KEPT]:
                found.pop(old, None)
            found[key] = now, thing
        return thing
