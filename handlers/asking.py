"""What a person may ask for, put together for the form: from memory where it is fresh."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from blocks.elevate_form import FormState
from blocks.request_answer import chosen_account
from grants.model import AccountId, Catalogue, Membership, Person
from grants.offering import choices, longest_of
from grants.policy import Offer, PolicyBook, eligibility_groups
from handlers.front import Front

ONE_SELECT: Final = 100
"""Slack takes so many options in one select; more pairs are searched."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that the form is made of."""

    book: PolicyBook
    catalogue: Catalogue
    membership: Membership
    offer: Offer
    whom: tuple[str, ...]
    """Whom to turn to, if there is nothing to ask for."""


def asked_for(front: Front, person: Person, *, live: bool, seconds: float = 60) -> Asked | None:
    """None: membership was not read lately (or no catalogue was ever read)."""
    with front.works.reading() as work:
        book, catalogue = work.policies.current(), work.catalogue.load()
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
    return Asked(book, catalogue, membership, offer, book.settings.admins.spelled)


def form_for(
    asked: Asked, *, view: Mapping[str, Any] | None = None, later: bool = False
) -> FormState:
    """The form's state: of a new one, or of the one that is open."""
    settings = asked.book.settings
    searching = asked.offer.count > ONE_SELECT
    account_id: AccountId | None = chosen_account(view) if searching and view else None
    offered = account_id if account_id in asked.offer.pairs else None
    account = asked.catalogue.accounts[offered] if offered else None
    return FormState(
        choices=None if searching else choices(asked.offer, asked.catalogue),
        account=account,
        longest=longest_of(asked.book, asked.membership, account),
        require_ticket=settings.require_ticket,
        ticket_pattern=settings.ticket_pattern,
        later=later,
    )
