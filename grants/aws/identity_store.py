"""identitystore as the domain sees it: users, groups, and who is in which."""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from grants.aws.asking import Asking
from grants.aws.clients import Clients
from grants.aws.instance import Finder
from grants.aws.limiter import Family, Limiter
from grants.errors import AwsMissing
from grants.model import Group, GroupId, Lane, User, UserId

if TYPE_CHECKING:
    from mypy_boto3_identitystore import IdentityStoreClient
    from mypy_boto3_identitystore.type_defs import (
        AlternateIdentifierTypeDef,
        DescribeUserResponseTypeDef,
    )

GROUPS_A_CALL: Final = 100


class DirectoryAtAws:
    """`grants.ports.Directory`. Nothing is remembered here: every answer is live."""

    def __init__(self, clients: Clients, finder: Finder, limiter: Limiter) -> None:
        """The finder says which identity store is the organization's."""
        self._clients = clients
        self._finder = finder
        self._ask = Asking(limiter, Family.IDENTITY_STORE)

    def user(self, user_id: UserId, *, lane: Lane) -> User | None:
        """None: there is no such user, or no longer. Their id is AWS's, however it was written."""
        client, store = self._reading(lane)
        try:
            found = self._ask(
                lane, lambda: client.describe_user(IdentityStoreId=store, UserId=user_id)
            )
        except AwsMissing:
            return None
        return _user(found)

    def user_by_email(self, email: str, *, lane: Lane) -> User | None:
        """Exactly as spelled: AWS decides about case."""
        return self._user_with("emails.value", email, lane)

    def user_by_name(self, user_name: str, *, lane: Lane) -> User | None:
        """By Identity Center's UserName."""
        return self._user_with("userName", user_name, lane)

    def group(self, group_id: GroupId, *, lane: Lane) -> Group | None:
        """None: there is no such group, or no longer."""
        client, store = self._reading(lane)
        try:
            found = self._ask(
                lane, lambda: client.describe_group(IdentityStoreId=store, GroupId=group_id)
            )
        except AwsMissing:
            return None
        known = GroupId(found["GroupId"])
        return Group(known, found.get("DisplayName") or known)

    def group_by_name(self, name: str, *, lane: Lane) -> Group | None:
        """By its display name, which is unique in an identity store."""
        client, store = self._reading(lane)
        try:
            found = self._ask(
                lane,
                lambda: client.get_group_id(
                    IdentityStoreId=store,
                    AlternateIdentifier=_with("displayName", name),
                ),
            )
        except AwsMissing:
            return None
        return self.group(GroupId(found["GroupId"]), lane=lane)

    def member_of(
        self, user_id: UserId, groups: Collection[GroupId], *, lane: Lane
    ) -> frozenset[GroupId]:
        """A call for each hundred groups; a deleted one costs a list of all the user's."""
        asked = sorted(set(groups))
        chunks = [asked[n : n + GROUPS_A_CALL] for n in range(0, len(asked), GROUPS_A_CALL)]
        try:
            return frozenset(
                group for chunk in chunks for group in self._memberships(user_id, chunk, lane)
            )
        except AwsMissing:
            return self._all_groups(user_id, lane) & frozenset(asked)

    def members(self, group_id: GroupId, *, lane: Lane) -> Iterator[UserId]:
        """Page by page; a deleted group has none."""
        client, store = self._reading(lane)
        pages = self._ask.pages(
            lane,
            lambda token: client.list_group_memberships(
                IdentityStoreId=store, GroupId=group_id, MaxResults=100, **token
            ),
        )
        try:
            for page in pages:
                for one in page.get("GroupMemberships", []):
                    if member := one["MemberId"].get("UserId"):
                        yield UserId(member)
        except AwsMissing:
            return

    def _user_with(self, path: str, value: str, lane: Lane) -> User | None:
        client, store = self._reading(lane)
        try:
            found = self._ask(
                lane,
                lambda: client.get_user_id(
                    IdentityStoreId=store,
                    AlternateIdentifier=_with(path, value),
                ),
            )
        except AwsMissing:
            return None
        return self.user(UserId(found["UserId"]), lane=lane)

    def _memberships(self, user_id: UserId, groups: Sequence[GroupId], lane: Lane) -> list[GroupId]:
        client, store = self._reading(lane)
        answer = self._ask(
            lane,
            lambda: client.is_member_in_groups(
                IdentityStoreId=store, MemberId={"UserId": user_id}, GroupIds=groups
            ),
        )
        return [
            GroupId(one["GroupId"])
            for one in answer.get("Results", [])
            if one.get("MembershipExists") is True and "GroupId" in one
        ]

    def _all_groups(self, user_id: UserId, lane: Lane) -> frozenset[GroupId]:
        client, store = self._reading(lane)
        pages = self._ask.pages(
            lane,
            lambda token: client.list_group_memberships_for_member(
                IdentityStoreId=store, MemberId={"UserId": user_id}, MaxResults=100, **token
            ),
        )
        try:
            return frozenset(
                GroupId(one["GroupId"])
                for page in pages
                for one in page.get("GroupMemberships", [])
                if "GroupId" in one
            )
        except AwsMissing:
            return frozenset()

    def _reading(self, lane: Lane) -> tuple["IdentityStoreClient", str]:
        store = self._finder.home(lane).instance.identity_store_id
        return self._clients.identity_store.at(lane), store


def _with(path: str, value: str) -> "AlternateIdentifierTypeDef":
    unique = {"AttributePath": path, "AttributeValue": value}
    return {"UniqueAttribute": unique}  # type: ignore[typeddict-item]  # the stubs want a mapping


def _user(found: "DescribeUserResponseTypeDef") -> User:
    user_id = UserId(found["UserId"])
    user_name = found.get("UserName") or user_id
    emails = found.get("Emails") or [{}]
    return User(
        id=user_id,
        user_name=user_name,
        name=found.get("DisplayName") or user_name,
        email=emails[0].get("Value", ""),
        enabled=found.get("UserStatus", "ENABLED") == "ENABLED",
    )
