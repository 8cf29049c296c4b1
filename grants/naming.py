"""Finds what somebody names in a command: an account, a permission set, a user."""

import difflib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, TypeVar

from grants import addresses
from grants.errors import AwsMissing, AwsRefused, Thing, UnknownName
from grants.model import Account, Catalogue, Lane, PermissionSet, User, UserId
from grants.ports import Directory

LONGEST: Final = 100
"""What is longer is no misspelled name, and nothing is looked for that is near it."""

T = TypeVar("T", Account, PermissionSet)
Found = TypeVar("Found")


def account_called(catalogue: Catalogue, name: str, *, guess: bool) -> Account:
    """By its id, or by a name that no other has. `guess`: a near name may be told."""
    return _the_one(Thing.ACCOUNT, catalogue.accounts.items(), name, guess=guess)


def permission_set_called(catalogue: Catalogue, name: str, *, guess: bool) -> PermissionSet:
    """By its ARN, or by its name; likewise."""
    return _the_one(Thing.PERMISSION_SET, catalogue.permission_sets.items(), name, guess=guess)


def user_called(directory: Directory, name: str, *, lane: Lane) -> User:
    """By an id, a user name or an address; also one who is disabled."""
    asks: list[Callable[[], User | None]] = [
        partial(directory.user_by_name, name, lane=lane),
        *(
            partial(directory.user_by_email, each, lane=lane)
            for each in addresses.spellings(name)
            if "@" in name
        ),
        partial(directory.user, UserId(name), lane=lane),
    ]
    found = {user.id: user for ask in asks if (user := answered(ask))}
    match list(found.values()):
        case [user]:
            return user
        case several:
            raise UnknownName(Thing.USER, name, tuple(user.id for user in several))


def _the_one(thing: Thing, known: Iterable[tuple[str, T]], name: str, *, guess: bool) -> T:
    by_id = dict(known)
    if name in by_id:
        return by_id[name]
    found = {key: each for key, each in by_id.items() if each.name == name}
    match list(found.values()):
        case [one]:
            return one
        case []:
            near = _nearest(name, {each.name for each in by_id.values()}) if guess else ""
            raise UnknownName(thing, name, near=near)
        case _:
            raise UnknownName(thing, name, tuple(sorted(found)))


def _nearest(name: str, names: set[str]) -> str:
    known = sorted(names) if len(name) <= LONGEST else []
    return next(iter(difflib.get_close_matches(name, known, n=1)), "")


def answered(ask: Callable[[], Found | None]) -> Found | None:
    """What AWS will not even take for a name, it has nothing by."""
    try:
        return ask()
    except AwsMissing:
        return None
    except AwsRefused as refused:
        if refused.code == "ValidationException":
            return None
        raise
