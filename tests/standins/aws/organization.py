"""The organisation: its tree of OUs, its accounts with their state, and their tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tests.standins.aws.ground import Clock, Ground, digits_of, locked

STATES = ("PENDING_ACTIVATION", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED")


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    name: str
    email: str
    state: str
    joined: datetime


@dataclass(frozen=True, slots=True)
class Unit:
    id: str
    name: str


class Organization(Ground):
    organization_id = "o-a1b2c3d4e5"
    root_id = "r-ab12"

    def __init__(self, clock: Clock, *, management_account: str, management_name: str) -> None:
        super().__init__(clock)
        self.management_account = management_account
        self.delegated_account: str | None = None
        self.paths = True
        """Off: no `Paths`, no `Path`, as before April 2026, so that the fallback is walked."""
        self.old_status = False
        """On: `Status` beside `State`, as before September 2026."""
        self.empty_pages = False
        """On: every page of a list is preceded by an empty one that carries a NextToken."""
        self.accounts: dict[str, Account] = {}
        self.units: dict[str, Unit] = {}
        self.parent_of: dict[str, str] = {}
        self.accounts_in: dict[str, dict[str, None]] = {self.root_id: {}}
        self.units_in: dict[str, dict[str, None]] = {self.root_id: {}}
        self.tags: dict[str, dict[str, str]] = {}
        self._accounts_named: dict[str, list[str]] = {}
        self.add_account(management_name, account_id=management_account)

    @property
    def home_account(self) -> str:
        """The account whose credentials a caller has who assumed no role."""
        return self.delegated_account or self.management_account

    @locked
    def delegate_to(self, account: str | None) -> None:
        """Callers from now on are in this account: Identity Center's delegated administrator."""
        self.delegated_account = account and self.account(account).id

    @locked
    def add_unit(self, name: str, *, parent: str | None = None, unit_id: str | None = None) -> str:
        parent_id = self.place(parent) if parent else self.root_id
        new = unit_id or f"ou-ab12-{digits_of('unit', parent_id, name)[:8]}"
        self.units[new] = Unit(new, name)
        self.accounts_in[new], self.units_in[new] = {}, {}
        self.parent_of[new] = parent_id
        self.units_in[parent_id][new] = None
        return new

    @locked
    def add_account(
        self,
        name: str,
        *,
        unit: str | None = None,
        account_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        state: str = "ACTIVE",
    ) -> str:
        new = account_id or f"{200_000_000_000 + len(self.accounts):012d}"
        parent_id = self.place(unit) if unit else self.root_id
        self.accounts[new] = Account(new, name, f"{name}@aws.example.com", state, self.now())
        self._accounts_named.setdefault(name, []).append(new)
        self.parent_of[new] = parent_id
        self.accounts_in[parent_id][new] = None
        self.tags[new] = dict(tags or {})
        return new

    @locked
    def move_account(self, account: str, to: str) -> None:
        moved, target = self.account(account).id, self.place(to)
        del self.accounts_in[self.parent_of[moved]][moved]
        self.accounts_in[target][moved] = None
        self.parent_of[moved] = target

    @locked
    def set_account_state(self, account: str, state: str) -> None:
        if state not in STATES:
            raise ValueError(f"no such account state: {state}")
        found = self.account(account)
        self.accounts[found.id] = replace(found, state=state)

    @locked
    def rename_account(self, account: str, name: str) -> None:
        found = self.account(account)
        self._accounts_named[found.name].remove(found.id)
        self._accounts_named.setdefault(name, []).append(found.id)
        self.accounts[found.id] = replace(found, name=name)

    @locked
    def remove_account(self, account: str) -> None:
        gone = self.account(account)
        self._accounts_named[gone.name].remove(gone.id)
        del self.accounts[gone.id], self.accounts_in[self.parent_of.pop(gone.id)][gone.id]

    @locked
    def tag(self, resource: str, tags: Mapping[str, str]) -> None:
        """Tags an account (id or name), a permission set (ARN) or any other resource id."""
        if resource in self._accounts_named:
            resource = self.account(resource).id
        self.tags.setdefault(resource, {}).update(tags)

    def account(self, ref: str) -> Account:
        """By id, or by name where only one account has it."""
        if ref in self.accounts:
            return self.accounts[ref]
        match self._accounts_named.get(ref, []):
            case [only]:
                return self.accounts[only]
            case found:
                raise LookupError(f"{len(found)} accounts are called {ref!r}")

    def place(self, ref: str) -> str:
        """An OU or the root, by id or by name."""
        if ref in self.accounts_in:
            return ref
        if ref.lower() == "root":
            return self.root_id
        found = [unit.id for unit in self.units.values() if unit.name == ref]
        if len(found) != 1:
            raise LookupError(f"{len(found)} organisational units are called {ref!r}")
        return found[0]

    def path_of(self, node: str) -> str:
        steps = [node]
        while steps[-1] in self.parent_of:
            steps.append(self.parent_of[steps[-1]])
        return "/".join([self.organization_id, *reversed(steps)]) + "/"
