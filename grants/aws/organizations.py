"""organizations as the domain sees it: accounts, and where each stands in the tree."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from grants.aws.asking import Asking, Token
from grants.aws.clients import Clients
from grants.aws.limiter import Family, Limiter
from grants.errors import AwsMissing, AwsUnsure
from grants.model import Account, AccountId, Lane, Ou, OuId

if TYPE_CHECKING:
    from mypy_boto3_organizations.type_defs import AccountTypeDef, ParentTypeDef

DEEPEST = 8
"""OUs nest five deep; a chain of parents that is longer is no tree."""


class OrganizationAtAws:
    """`grants.ports.Organization`. Tags cost a call for each account: they are asked for apart."""

    def __init__(self, clients: Clients, limiter: Limiter) -> None:
        """Each family of calls has a quota of its own."""
        self._clients = clients.organizations
        self._list_accounts = Asking(limiter, Family.LIST_ACCOUNTS)
        self._describe_account = Asking(limiter, Family.DESCRIBE_ACCOUNT)
        self._tags = Asking(limiter, Family.ORG_TAGS)
        self._tree = Asking(limiter, Family.TREE)
        self._roots = Asking(limiter, Family.ORGANIZATION)

    def accounts_page(self, token: str, *, lane: Lane) -> tuple[list[Account], str]:
        """One page, and the token of the next; `path` is empty where AWS gives no `Paths`."""
        client = self._clients.at(lane)
        asked = Token(NextToken=token) if token else Token()
        page = self._list_accounts(lane, lambda: client.list_accounts(**asked))
        return [_account(one) for one in page.get("Accounts", [])], page.get("NextToken", "")

    def accounts(self, *, lane: Lane, ous: Sequence[Ou] = ()) -> list[Account]:
        """All of them; where AWS gives no `Paths` each OU is asked whom it holds."""
        client = self._clients.at(lane)
        pages = self._list_accounts.pages(lane, lambda token: client.list_accounts(**token))
        found = [_account(one) for page in pages for one in page.get("Accounts", [])]
        if all(account.path for account in found):
            return found
        places = self._places(ous or list(self._walk(lane)), lane)
        return [
            account if account.path else replace(account, path=places.get(account.id, ()))
            for account in found
        ]

    def account(self, account: AccountId, *, lane: Lane) -> Account | None:
        """One, live; None: it is not, or no longer, in the organization."""
        client = self._clients.at(lane)
        try:
            found = _account(
                self._describe_account(lane, lambda: client.describe_account(AccountId=account))[
                    "Account"
                ]
            )
        except AwsMissing:
            return None
        return found if found.path else replace(found, path=self._path_up(account, lane))

    def tags(self, account: AccountId, *, lane: Lane) -> Mapping[str, str] | None:
        """One account's, live; None: it is not, or no longer, in the organization."""
        client = self._clients.at(lane)
        pages = self._tags.pages(
            lane, lambda token: client.list_tags_for_resource(ResourceId=account, **token)
        )
        try:
            return {tag["Key"]: tag["Value"] for page in pages for tag in page.get("Tags", [])}
        except AwsMissing:
            return None

    def ous(self, *, lane: Lane) -> list[Ou]:
        """The root and every OU below it, parents before their children."""
        return list(self._walk(lane))

    def _walk(self, lane: Lane) -> Iterator[Ou]:
        ahead = self.roots(lane=lane)
        while ahead:
            here = ahead.pop(0)
            yield here
            ahead.extend(self.children(here, lane=lane))

    def roots(self, *, lane: Lane) -> list[Ou]:
        """There is one."""
        client = self._clients.at(lane)
        pages = self._roots.pages(lane, lambda token: client.list_roots(**token))
        return [
            Ou(OuId(root["Id"]), root.get("Name", "Root"))
            for page in pages
            for root in page.get("Roots", [])
            if "Id" in root
        ]

    def children(self, parent: Ou, *, lane: Lane) -> list[Ou]:
        """The OUs right below this one."""
        client = self._clients.at(lane)
        pages = self._tree.pages(
            lane,
            lambda token: client.list_organizational_units_for_parent(ParentId=parent.id, **token),
        )
        return [
            Ou(OuId(unit["Id"]), unit.get("Name", unit["Id"]), (*parent.path, parent.id))
            for page in pages
            for unit in page.get("OrganizationalUnits", [])
            if "Id" in unit
        ]

    def _places(self, ous: Sequence[Ou], lane: Lane) -> dict[AccountId, tuple[OuId, ...]]:
        return {
            account: (*unit.path, unit.id)
            for unit in ous
            for account in self.accounts_in(unit.id, lane=lane)
        }

    def accounts_in(self, parent: OuId, *, lane: Lane) -> list[AccountId]:
        """Right in this OU."""
        client = self._clients.at(lane)
        pages = self._tree.pages(
            lane, lambda token: client.list_accounts_for_parent(ParentId=parent, **token)
        )
        return [AccountId(one.get("Id", "")) for page in pages for one in page.get("Accounts", [])]

    def _path_up(self, account: AccountId, lane: Lane) -> tuple[OuId, ...]:
        """By ListParents, one level a call; `()` where the account left meanwhile."""
        path: tuple[OuId, ...] = ()
        for _ in range(DEEPEST):
            parent = self._parent_of(path[0] if path else account, lane)
            if parent is None:
                return ()
            path = (OuId(parent.get("Id", "")), *path)
            if parent.get("Type") == "ROOT":
                return path
        raise AwsUnsure(f"AWS gave no way from {account} up to the organization's root.")

    def _parent_of(self, child: str, lane: Lane) -> "ParentTypeDef | None":
        client = self._clients.at(lane)
        pages = self._tree.pages(lane, lambda token: client.list_parents(ChildId=child, **token))
        try:
            return next((parent for page in pages for parent in page.get("Parents", [])), None)
        except AwsMissing:
            return None


def _account(found: "AccountTypeDef") -> Account:
    return Account(
        id=AccountId(found.get("Id", "")),
        name=found.get("Name") or found.get("Id", ""),
        email=found.get("Email", ""),
        state=found.get("State") or found.get("Status") or "",
        path=_path(found.get("Paths") or ()),
    )


def _path(paths: "list[str] | tuple[str, ...]") -> tuple[OuId, ...]:
    """`o-x/r-y/ou-a/<account>/` is (r-y, ou-a); anything else is no path, and is looked up."""
    steps = paths[0].strip("/").split("/") if paths else []
    if len(steps) < 3 or not steps[0].startswith("o-") or not steps[1].startswith("r-"):
        return ()
    return tuple(OuId(step) for step in steps[1:-1])
