"""The pieces that the catalogue is read in, each a call at a time, so that it may be gone on with anywhere."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from grants.errors import AwsFault, AwsMissing, AwsUnsure
from grants.model import (
    AccountId,
    Catalogue,
    Instance,
    Lane,
    Ou,
    OuId,
    PermissionSet,
    PermissionSetArn,
)
from grants.ports import Clock, IdentityCenter, Organization
from grants.so_far import ALL, FIRST, Ask, Piece, SoFar

SPAN: Final = timedelta(seconds=20)
"""After so long what was read so far is put away, however slow AWS is."""


def beginning(piece: Piece, *, whole: bool = True) -> SoFar:
    """Nothing is read yet. `whole`: describe every permission set, also those that are known."""
    match piece:
        case Piece.ACCOUNTS:
            return SoFar(((Ask.ACCOUNTS, FIRST), (Ask.SETTLE, "")))
        case Piece.OUS:
            return SoFar(((Ask.ROOTS, ""),))
        case Piece.SETS:
            return SoFar(((Ask.SETS, ALL if whole else ""), (Ask.BEYOND, "")))
        case Piece.TAGS:
            return SoFar(())  # They are kept account by account: `grants.refreshing`.


@dataclass(frozen=True, slots=True)
class Reading:
    """Asks AWS for the next thing, and the next."""

    identity_center: IdentityCenter
    organization: Organization
    clock: Clock

    def go_on(
        self, so_far: SoFar, known: Catalogue | None, *, lane: Lane, most: int | None = None
    ) -> tuple[SoFar, AwsFault | None]:
        """At most so many calls further, and what went wrong: what was read before that is kept."""
        until, count = self.clock() + SPAN, 0
        while so_far.todo and (most is None or (count < most and self.clock() <= until)):
            count += 1
            try:
                so_far = self._next(so_far, known, lane)
            except AwsFault as fault:
                return so_far, fault
        return so_far, None

    def to_the_end(self, piece: Piece, known: Catalogue | None, *, lane: Lane) -> SoFar:
        """All of it, here and now. Raises AwsFault."""
        so_far, fault = self.go_on(beginning(piece), known, lane=lane)
        if fault:
            raise fault
        return so_far

    def _next(self, so_far: SoFar, known: Catalogue | None, lane: Lane) -> SoFar:
        (ask, what), rest = so_far.todo[0], replace(so_far, todo=so_far.todo[1:])
        match ask:
            case Ask.ACCOUNTS:
                return self._accounts(rest, what, lane)
            case Ask.SETTLE:
                return _settle(rest, known)
            case Ask.HELD_BY:
                return self._held_by(rest, OuId(what), known, lane)
            case Ask.ROOTS:
                return _with_ous(rest, self.organization.roots(lane=lane))
            case Ask.CHILDREN:
                parent = next(ou for ou in rest.ous if ou.id == what)
                with suppress(AwsMissing):  # It was deleted meanwhile: nothing is below it.
                    return _with_ous(rest, self.organization.children(parent, lane=lane))
                return rest
            case Ask.SETS:
                return self._sets(rest, known, lane, whole=what == ALL)
            case Ask.SET:
                found = self.identity_center.permission_set(PermissionSetArn(what), lane=lane)
                return _with_sets(rest, (found,) if found else ())
            case Ask.BEYOND:
                return replace(rest, in_management=self._beyond(known, lane))

    def _accounts(self, rest: SoFar, token: str, lane: Lane) -> SoFar:
        found, following = self.organization.accounts_page(token, lane=lane)
        after = replace(rest, accounts=(*rest.accounts, *found))
        if not following:
            if not after.accounts:
                raise AwsUnsure("AWS listed no account at all, which no organization is without.")
            return after
        if following == token:
            raise AwsUnsure("AWS gave the same page token twice, so the list has no end.")
        return replace(after, todo=((Ask.ACCOUNTS, following), *after.todo))

    def _held_by(self, rest: SoFar, ou: OuId, known: Catalogue | None, lane: Lane) -> SoFar:
        here = next((each for each in _tree(rest, known) if each.id == ou), None)
        held = frozenset[AccountId]()
        with suppress(AwsMissing):  # It was deleted since: it holds nobody.
            held = frozenset(self.organization.accounts_in(ou, lane=lane))
        return replace(
            rest,
            accounts=tuple(
                replace(each, path=(*here.path, here.id))
                if here and each.id in held and not each.path
                else each
                for each in rest.accounts
            ),
        )

    def _sets(self, rest: SoFar, known: Catalogue | None, lane: Lane, *, whole: bool) -> SoFar:
        remembered = known.permission_sets if known and not whole else {}
        arns = self.identity_center.permission_set_arns(lane=lane)
        unknown = tuple((Ask.SET, arn) for arn in arns if arn not in remembered)
        kept = tuple(remembered[arn] for arn in arns if arn in remembered)
        return replace(_with_sets(rest, kept), todo=(*unknown, *rest.todo))

    def _beyond(self, known: Catalogue | None, lane: Lane) -> frozenset[PermissionSetArn]:
        """What is only good to know must not keep the catalogue from being read."""
        instance = self.identity_center.instance()
        if not instance.delegated:
            return frozenset()
        try:
            found = self.identity_center.provisioned_in(instance.management_account, lane=lane)
        except AwsFault:
            found = None
        if found is None:
            return known.in_management if known else frozenset()
        return found


def _settle(rest: SoFar, known: Catalogue | None) -> SoFar:
    if all(account.path for account in rest.accounts):
        return rest
    if known:
        return replace(rest, todo=tuple((Ask.HELD_BY, ou) for ou in known.ous))
    # Nobody has read the tree yet: it is walked first, and everything in it asked then.
    walked = bool(rest.ous)
    todo = tuple((Ask.HELD_BY, ou.id) for ou in rest.ous) if walked else ()
    return replace(rest, todo=todo or ((Ask.ROOTS, ""), (Ask.SETTLE, "")))


def _tree(rest: SoFar, known: Catalogue | None) -> tuple[Ou, ...]:
    return (*rest.ous, *(known.ous.values() if known else ()))


def _with_ous(rest: SoFar, found: list[Ou]) -> SoFar:
    """Parents before their children; what is asked once the tree is whole stays last."""
    below = tuple((Ask.CHILDREN, ou.id) for ou in found)
    walking = tuple(each for each in rest.todo if each[0] is Ask.CHILDREN)
    then = tuple(each for each in rest.todo if each[0] is not Ask.CHILDREN)
    return replace(rest, ous=(*rest.ous, *found), todo=(*walking, *below, *then))


def _with_sets(rest: SoFar, found: tuple[PermissionSet, ...]) -> SoFar:
    return replace(rest, permission_sets=(*rest.permission_sets, *found))


def put_together(
    known: Catalogue | None, read: Mapping[Piece, SoFar], instance: Instance, *, read_at: datetime
) -> Catalogue:
    """The catalogue with these pieces in their place, each whole; None is known: all of them."""

    def piece(name: Piece, otherwise: Callable[[Catalogue], SoFar]) -> SoFar:
        return read[name] if known is None or name in read else otherwise(known)

    accounts = piece(Piece.ACCOUNTS, lambda c: SoFar((), accounts=tuple(c.accounts.values())))
    ous = piece(Piece.OUS, lambda c: SoFar((), ous=tuple(c.ous.values())))
    sets = piece(
        Piece.SETS,
        lambda c: SoFar(
            (), permission_sets=tuple(c.permission_sets.values()), in_management=c.in_management
        ),
    )
    return Catalogue(
        instance=instance,
        accounts={account.id: account for account in accounts.accounts},
        permission_sets={each.arn: each for each in sets.permission_sets},
        ous={ou.id: ou for ou in ous.ous},
        in_management=sets.in_management,
        read_at=read_at,
    )


def unplaced(catalogue: Catalogue) -> list[AccountId]:
    """The accounts that stand in an OU nobody has heard of yet."""
    return [
        account.id
        for account in catalogue.accounts.values()
        if not account.path or any(ou not in catalogue.ous for ou in account.path)
    ]
