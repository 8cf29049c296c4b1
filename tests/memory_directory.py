"""A Directory in memory that behaves: what the policies' tests look people and groups up in."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from grants.model import Group, GroupId, Lane, User, UserId


def a_user(name: str, *, number: int = 0, enabled: bool = True, email: str = "") -> User:
    user_id = UserId(f"90670000aa-{number:08x}-0000-4000-8000-000000000000")
    return User(user_id, name, name.title(), email or f"{name}@example.com", enabled)


def a_group(name: str, *, number: int = 0) -> Group:
    return Group(GroupId(f"{number:08x}-0000-4000-8000-00000000000a"), name)


@dataclass
class MemoryDirectory:
    """Names and addresses count letter by letter; what was asked is kept."""

    users: list[User] = field(default_factory=list)
    groups: dict[Group, list[User]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def user(self, user_id: UserId, *, lane: Lane) -> User | None:
        self.asked.append(f"user {user_id}")
        return next((user for user in self.users if user.id == user_id), None)

    def user_by_email(self, email: str, *, lane: Lane) -> User | None:
        self.asked.append(f"email {email}")
        return next((user for user in self.users if user.email == email), None)

    def user_by_name(self, user_name: str, *, lane: Lane) -> User | None:
        self.asked.append(f"name {user_name}")
        return next((user for user in self.users if user.user_name == user_name), None)

    def group(self, group_id: GroupId, *, lane: Lane) -> Group | None:
        self.asked.append(f"group {group_id}")
        return next((group for group in self.groups if group.id == group_id), None)

    def group_by_name(self, name: str, *, lane: Lane) -> Group | None:
        self.asked.append(f"group {name}")
        return next((group for group in self.groups if group.name == name), None)

    def member_of(
        self, user_id: UserId, groups: Collection[GroupId], *, lane: Lane
    ) -> frozenset[GroupId]:
        return frozenset(
            group.id
            for group, members in self.groups.items()
            if group.id in groups and any(member.id == user_id for member in members)
        )

    def members(self, group_id: GroupId, *, lane: Lane) -> Iterator[UserId]:
        self.asked.append(f"members {group_id}")
        for group, members in self.groups.items():
            if group.id == group_id:
                yield from (member.id for member in members)
