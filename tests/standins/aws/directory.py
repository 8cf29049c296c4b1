"""The identity store: users, groups, and who is in which."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.standins.aws.ground import Clock, Ground, locked, uuid_of

STORE_ID = "d-9067012345"
_PREFIX = STORE_ID.removeprefix("d-")


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    display_name: str
    email: str | None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    name: str
    description: str | None = None


class Directory(Ground):
    store_id = STORE_ID

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.any_case_email = False
        """On: GetUserId finds an address in any case; what AWS does is not documented."""
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.members_of: dict[str, dict[str, None]] = {}
        self.groups_of: dict[str, dict[str, None]] = {}
        self.user_by_name: dict[str, str] = {}
        self.user_by_email: dict[str, str] = {}
        self.group_by_name: dict[str, str] = {}

    @locked
    def add_user(
        self,
        name: str,
        email: str | None = None,
        *,
        display_name: str | None = None,
        enabled: bool = True,
        user_id: str | None = None,
    ) -> str:
        if name in self.user_by_name:
            raise ValueError(f"a user {name!r} is there already")
        new = user_id or f"{_PREFIX}-{uuid_of('user', name)}"
        self.users[new] = User(new, name, display_name or name.title(), email, enabled)
        self.user_by_name[name] = new
        if email:
            self.user_by_email[email] = new
        self.groups_of[new] = {}
        return new

    @locked
    def enable_user(self, user: str, *, enabled: bool = True) -> None:
        found = self.user(user)
        self.users[found.id] = replace(found, enabled=enabled)

    def disable_user(self, user: str) -> None:
        self.enable_user(user, enabled=False)

    @locked
    def change_user(self, user: str, *, name: str | None = None, email: str | None = None) -> None:
        """Another UserName or address; the UserId stays."""
        old = self.user(user)
        new = replace(old, name=name or old.name, email=email or old.email)
        del self.user_by_name[old.name]
        self.user_by_name[new.name] = new.id
        if old.email:
            del self.user_by_email[old.email]
        if new.email:
            self.user_by_email[new.email] = new.id
        self.users[new.id] = new

    @locked
    def remove_user(self, user: str) -> None:
        gone = self.user(user)
        for group in self.groups_of.pop(gone.id):
            del self.members_of[group][gone.id]
        del self.users[gone.id], self.user_by_name[gone.name]
        if gone.email:
            del self.user_by_email[gone.email]

    @locked
    def add_group(
        self, name: str, *, description: str | None = None, group_id: str | None = None
    ) -> str:
        if name in self.group_by_name:
            raise ValueError(f"a group {name!r} is there already")
        new = group_id or f"{_PREFIX}-{uuid_of('group', name)}"
        self.groups[new] = Group(new, name, description)
        self.group_by_name[name] = new
        self.members_of[new] = {}
        return new

    @locked
    def remove_group(self, group: str) -> None:
        gone = self.group(group)
        for user in self.members_of.pop(gone.id):
            del self.groups_of[user][gone.id]
        del self.groups[gone.id], self.group_by_name[gone.name]

    @locked
    def rename_group(self, group: str, name: str) -> None:
        found = self.group(group)
        del self.group_by_name[found.name]
        self.groups[found.id] = replace(found, name=name)
        self.group_by_name[name] = found.id

    @locked
    def add_member(self, group: str, user: str) -> None:
        group_id, user_id = self.group(group).id, self.user(user).id
        self.members_of[group_id][user_id] = None
        self.groups_of[user_id][group_id] = None

    @locked
    def remove_member(self, group: str, user: str) -> None:
        group_id, user_id = self.group(group).id, self.user(user).id
        self.members_of[group_id].pop(user_id, None)
        self.groups_of[user_id].pop(group_id, None)

    def user(self, ref: str) -> User:
        """By id, UserName or address."""
        found = self.users.get(ref)
        if found is None:
            found = self.users.get(self.user_by_name.get(ref) or self.user_by_email.get(ref, ""))
        if found is None:
            raise LookupError(f"no user {ref!r}")
        return found

    def group(self, ref: str) -> Group:
        """By id or display name."""
        found = self.groups.get(ref) or self.groups.get(self.group_by_name.get(ref, ""))
        if found is None:
            raise LookupError(f"no group {ref!r}")
        return found

    def user_with(self, email: str) -> str | None:
        if not self.any_case_email:
            return self.user_by_email.get(email)
        wanted = email.casefold()
        return next((u for e, u in self.user_by_email.items() if e.casefold() == wanted), None)
