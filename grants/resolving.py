"""Looks up the names that policies were written with: every one becomes an id, or a problem."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Final, TypeVar

from grants import addresses
from grants.drafts import (
    Draft,
    DraftApproval,
    DraftEligibility,
    DraftScope,
    DraftWho,
    PolicyProblem,
    PolicyProblems,
    Word,
    shown,
)
from grants.model import Catalogue, GroupId, Lane, OuId, User, UserId
from grants.naming import answered
from grants.policy import (
    ApprovalPolicy,
    EligibilityPolicy,
    Named,
    OuScope,
    PolicyBook,
    Scope,
    Who,
)
from grants.policy_text import Thing, named
from grants.ports import Directory
from grants.reading import nearest

GUESSES: Final = 20
"""So many times at most a near name is looked for: among 5,000 accounts it takes a while."""

_STORE_ID: Final = re.compile(
    r"(?:[0-9a-f]{10}-)?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII
)

NOTHING: Final = PolicyBook()

Found = TypeVar("Found")


def resolve(
    draft: Draft,
    *,
    catalogue: Catalogue,
    directory: Directory,
    lane: Lane = Lane.PERSON,
    stood: Thing | None = None,
    held: PolicyBook = NOTHING,
) -> PolicyBook:
    """The book, of version 0 until it is stored. PolicyProblems, all at once.

    `stood`: what is written anew; a name that stood in the same place means what it meant there, or
    is a problem. `held`: a name that means nothing now means what it meant there.
    """
    names = _Names(draft.source, catalogue, directory, lane, _by_place(stood), _by_kind(held))
    book = PolicyBook(
        settings=replace(
            draft.settings,
            admins=names.who(draft.admins, "admins"),
            auditors=names.who(draft.auditors, "auditors"),
        ),
        eligibility=tuple(map(names.eligibility, draft.eligibility)),
        approval=tuple(map(names.approval, draft.approval)),
    )
    if names.problems:
        raise PolicyProblems(names.problems, draft=draft)
    return book


class _UnfoundError(Exception):
    """A name that names nothing, or two things."""


class _SeveralError(_UnfoundError):
    """A name that names two."""


@dataclass(frozen=True)
class _Names:
    """Looks each name up once, however often it is written."""

    source: str
    catalogue: Catalogue
    directory: Directory
    lane: Lane
    stood: Mapping[tuple[str, str, str], str]
    """By key, kind and name the id that a name had in this very place."""
    held: Mapping[tuple[str, str], frozenset[str]]
    """By kind and name the ids that a name has in the policies that hold."""
    problems: list[PolicyProblem] = field(default_factory=list)
    known: dict[tuple[str, ...], str | _UnfoundError] = field(default_factory=dict)

    # Policies

    def eligibility(self, draft: DraftEligibility) -> EligibilityPolicy:
        return EligibilityPolicy(
            name=draft.name.text,
            who=self.who(draft.who, "who"),
            scope=self.scope(draft.scope),
            permission_sets=self.sets(draft.permission_sets),
            max_duration=draft.max_duration,
            approval_required=draft.approval_required,
        )

    def approval(self, draft: DraftApproval) -> ApprovalPolicy:
        return ApprovalPolicy(
            name=draft.name.text,
            scope=self.scope(draft.scope),
            approvers=self.who(draft.approvers, "approvers"),
            permission_sets=self.sets(draft.permission_sets),
            channel=draft.channel,
            approvals=draft.approvals,
            required=draft.required,
            proof=draft.proof,
        )

    def who(self, draft: DraftWho, key: str) -> Who:
        groups = self.each(draft.groups, "group", key)
        return Who(groups, self.each(draft.users, "user", key))

    def scope(self, draft: DraftScope) -> Scope:
        ous = ((ou, self.id_of(ou.ou, "OU", "ous")) for ou in draft.ous)
        return Scope(
            accounts=self.each(draft.accounts, "account", "accounts"),
            ous=tuple(
                OuScope(OuId(found), self.catalogue.ous[OuId(found)].name, ou.nested)
                for ou, found in ous
                if found is not None
            ),
            tags=draft.tags,
        )

    def sets(self, words: Iterable[Word]) -> tuple[Named, ...]:
        return self.each(words, "permission set", "permission_sets")

    def each(self, words: Iterable[Word], kind: str, key: str) -> tuple[Named, ...]:
        """Those that name something, by its id and as they were written."""
        found = ((word, self.id_of(word, kind, key)) for word in words)
        return tuple(Named(each, word.text) for word, each in found if each is not None)

    def id_of(self, word: Word, kind: str, key: str) -> str | None:
        """None once it is noted that it names nothing, or two things."""
        stood = self.stood.get((key, kind, word.text), "")
        place = (kind, word.text, stood)
        if place not in self.known:
            try:
                self.known[place] = self.found(word.text, kind, stood)
            except _UnfoundError as error:
                self.known[place] = error
        found = self.known[place]
        if isinstance(found, str):
            return found
        self.problems.append(PolicyProblem(word.line, str(found), self.source))
        return None

    def found(self, name: str, kind: str, stood: str) -> str:
        if stood and self.is_there(stood, kind):
            return stood
        try:
            found = self.look_up(name, kind)
        except _SeveralError:
            raise
        except _UnfoundError:
            there = [one for one in self.held.get((kind, name), ()) if self.is_there(one, kind)]
            if len(there) != 1:
                raise
            return there[0]
        if stood:
            raise _UnfoundError(
                f"the {kind} {shown(name)} that stood here is gone, and another one is called that"
                f" now; to mean it, write its id, {found}"
            )
        return found

    def is_there(self, one: str, kind: str) -> bool:
        """Whether AWS still has it, whatever it is called by now."""
        match kind:
            case "account":
                return one in self.catalogue.accounts
            case "permission set":
                return one in self.catalogue.permission_sets
            case "group":
                group = GroupId(one)
                return answered(lambda: self.directory.group(group, lane=self.lane)) is not None
            case "user":
                user = UserId(one)
                return answered(lambda: self.directory.user(user, lane=self.lane)) is not None
            case _:
                return False  # an OU is written by its id

    def look_up(self, name: str, kind: str) -> str:
        match kind:
            case "account":
                return self.account(name)
            case "permission set":
                return self.permission_set(name)
            case "OU":
                return self.ou(name)
            case "group":
                return self.group(name)
            case _:
                return self.user(name)

    # The catalogue's

    def account(self, name: str) -> str:
        if name in self.catalogue.accounts:
            return name
        return self.one_of(self.account_names, name, "account")

    def permission_set(self, name: str) -> str:
        if name in self.catalogue.permission_sets:
            return name
        return self.one_of(self.set_names, name, "permission set")

    def ou(self, name: str) -> str:
        if name in self.catalogue.ous:
            return name
        raise _UnfoundError(f"there is no OU {shown(name)}; write its id, ou-… or r-…")

    def one_of(self, ids: Mapping[str, list[str]], name: str, kind: str) -> str:
        match ids.get(name, []):
            case [id]:
                return id
            case []:
                guess = nearest(name, ids) if len(self.problems) < GUESSES else ""
                raise _UnfoundError(f"there is no {kind} {shown(name)}{guess}")
            case several:
                raise _SeveralError(
                    f"{len(several)} {kind}s are called {shown(name)};"
                    f" write the id of one, in quotes: {', '.join(sorted(several)[:3])}"
                )

    @cached_property
    def account_names(self) -> Mapping[str, list[str]]:
        return _by_name((each.name, each.id) for each in self.catalogue.accounts.values())

    @cached_property
    def set_names(self) -> Mapping[str, list[str]]:
        return _by_name((each.name, each.arn) for each in self.catalogue.permission_sets.values())

    # The directory's

    def group(self, name: str) -> str:
        ask, lane = self.directory, self.lane
        if _STORE_ID.fullmatch(name):
            found = answered(lambda: ask.group(GroupId(name), lane=lane))
        else:
            found = answered(lambda: ask.group_by_name(name, lane=lane))
        if found is None:
            raise _UnfoundError(f"there is no group {shown(name)}; names count letter by letter")
        return found.id

    def user(self, name: str) -> str:
        ask, lane = self.directory, self.lane
        if _STORE_ID.fullmatch(name):
            found = {answered(lambda: ask.user(UserId(name), lane=lane))}
        else:
            found = {self.by_address(name), answered(lambda: ask.user_by_name(name, lane=lane))}
        match list({user.id for user in found if user}):
            case [id]:
                return id
            case []:
                raise _UnfoundError(
                    f"there is no user {shown(name)}; write an address, a user name or an id"
                )
            case _:
                raise _SeveralError(
                    f"{shown(name)} is one user's address and another's name; write the id"
                )

    def by_address(self, name: str) -> User | None:
        """As spelled, then in lower case: AWS decides about case."""
        for spelling in addresses.spellings(name) if "@" in name else ():
            ask = partial(self.directory.user_by_email, spelling, lane=self.lane)
            if user := answered(ask):
                return user
        return None


def _by_place(thing: Thing | None) -> Mapping[tuple[str, str, str], str]:
    places = named(thing).items() if thing else ()
    return {(*place, each.name): each.id for place, names in places for each in names}


def _by_kind(book: PolicyBook) -> Mapping[tuple[str, str], frozenset[str]]:
    ids: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    things: tuple[Thing, ...] = (book.settings, *book.eligibility, *book.approval)
    for thing in things:
        for (_, kind), names in named(thing).items():
            for each in names:
                ids[kind, each.name].add(each.id)
    return {name: frozenset(found) for name, found in ids.items()}


def _by_name(pairs: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    named = defaultdict(list)
    for name, each in pairs:
        named[name].append(each)
    return named
