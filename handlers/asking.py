"""What a person may ask for, put together for the form: from memory where it is fresh."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from blocks.elevate_form import FormState
from blocks.request_answer import chosen_account
from blocks.wording import no_longer_offered
from grants import authority, extending
from grants.authority import Action
from grants.durations import spell
from grants.model import Person, Request, RequestId, Wish
from grants.offering import choices, longest_of
from grants.policy import eligibility_groups, eligible, longest
from handlers.asked import Asked, is_old
from handlers.front import Front
from handlers.guard import user_of

ONE_SELECT: Final = 100
"""Slack takes so many options in one select; more pairs are searched."""
OPEN: Final = 3600.0
"""Seconds: so long a form that is open is drawn by what was known; when it is sent, it is read live."""


def asked_for(
    front: Front, person: Person, *, live: bool, seconds: float = 60, last: bool = False
) -> Asked | None:
    """None: membership was not read lately (or no catalogue was ever read). `last`: with that as well."""
    with front.works.reading() as work:
        book, catalogue = work.policies.current(), work.catalogue.load()
        before = work.requests.last_of(person.user_id) if last else None
    if catalogue is None:
        return None
    groups = eligibility_groups(book)
    membership = (
        front.memberships.live(person.user_id, groups)
        if live
        else front.memberships.lately(person.user_id, groups, seconds=seconds)
    )
    if membership is None:
        return None
    offer = front.offers.of(book, catalogue, membership)
    as_of = catalogue.read_at if is_old(catalogue.read_at, front.desk.clock()) else None
    return Asked(book, catalogue, membership, offer, book.settings.admins.spelled, as_of, before)


def asked_again(front: Front, body: Mapping[str, Any]) -> Asked | None:
    """For a form that is open: as it was when it was opened, while their link stands.

    Read anew only where this process never knew it: who types or chooses never waits for AWS.
    """
    known = front.people.standing(user_of(dict(body)), seconds=OPEN)
    person = known or front.people.whose(dict(body))
    return asked_for(front, person, live=False, seconds=OPEN) or asked_for(front, person, live=True)


def form_for(
    asked: Asked,
    *,
    view: Mapping[str, Any] | None = None,
    later: bool = False,
    wish: Wish | None = None,
) -> FormState:
    """The form's state: of a new one, filled with a wish, or of the one that is open."""
    settings = asked.book.settings
    searching = asked.offer.count > ONE_SELECT
    target = wish.target if wish and offers(asked, wish) else None
    account_id = target.account_id if target else None
    if view and searching:
        account_id = chosen_account(view)
    offered = account_id if searching and account_id in asked.offer.pairs else None
    account = asked.catalogue.accounts[offered] if offered else None
    there = target if target and target.account_id == offered else None
    return FormState(
        choices=None if searching else choices(asked.offer, asked.catalogue),
        account=account,
        permission_set=asked.catalogue.permission_sets[there.permission_set_arn] if there else None,
        wish=wish,
        longest=longest_of(asked.book, asked.membership, account),
        require_ticket=settings.require_ticket,
        ticket_pattern=settings.ticket_pattern,
        later=later,
        as_of=asked.as_of,
    )


def offers(asked: Asked, wish: Wish) -> bool:
    """Whether the form offers what is wished for."""
    target = wish.target
    return target is not None and target.permission_set_arn in asked.offer.pairs.get(
        target.account_id, ()
    )


# What was asked before


@dataclass(frozen=True, slots=True)
class Filled:
    """What a new form is filled with."""

    wish: Wish
    gone: str = ""
    """Said where its access is not offered any more; empty: then nothing of it is filled in."""


def last_of(asked: Asked) -> Filled | None:
    """What this person asked for last; how long they need it is for them to say each time."""
    return Filled(replace(_wish(asked.last), duration="")) if asked.last else None


def same_as(front: Front, person: Person, request_id: RequestId) -> Filled:
    """What one of their own requests asked for; NotTheRequester: it is somebody else's."""
    with front.works.reading() as work:
        request = authority.own(Action.ASK_AGAIN, person, work.requests.get(request_id))
    return Filled(_wish(request), gone=no_longer_offered(request))


def more_of(front: Front, person: Person, request_id: RequestId, asked: Asked) -> FormState | None:
    """The form for more time of what this request gave; None: it is not offered any more."""
    now = front.desk.clock()
    with front.works.reading() as work:
        request = extending.theirs(work, person, request_id)
        ends_at = extending.may_extend(work, request, now)
    wish, book = replace(_wish(request), duration=""), asked.book
    if not offers(asked, wish):
        return None
    account = asked.catalogue.accounts[request.target.account_id]
    matching = eligible(book, asked.membership, account, request.target.permission_set_arn)
    return replace(
        form_for(asked),
        extending=request,
        left=ends_at - now,
        wish=wish,
        longest=extending.room(request, longest(book, matching), now),
    )


def _wish(request: Request) -> Wish:
    """To be asked for anew, and from now on."""
    return Wish(
        form_id="",
        target=request.target,
        duration=spell(request.duration),
        justification=request.justification,
        ticket=request.ticket,
        starts_at=None,
    )
