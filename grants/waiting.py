"""Which approval policies a request falls under today, and whether it still waits for them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from grants.errors import AlreadyMoved
from grants.model import Account, Catalogue, Request, State
from grants.policy import ApprovalPolicy, PolicyBook, approval_policies
from grants.stores import Work

InTime = Callable[[], None]
"""Called right before a commit; raises TooSlow when the answer could no longer reach the person."""


Still = Callable[[Work], None]
"""Asked in the unit of work of what somebody was admitted to; raises where that holds no more."""


def nobody_waits() -> None:
    """The InTime of what no person waits for."""


def always(_: Work) -> None:
    """The Still of whoever types at the command line: no policy says who that is."""


def asked_of(work: Work, book: PolicyBook, request: Request) -> tuple[ApprovalPolicy, ...]:
    """The approval policies that cover the request, as they read now."""
    return approval_policies(book, account_of(work, request), request.target.permission_set_arn)


def account_of(work: Work, request: Request) -> Account:
    """Where the account stands, as last read; bare where it is not in the catalogue any more."""
    return account_in(work.catalogue.load(), request)


def account_in(catalogue: Catalogue | None, request: Request) -> Account:
    """The same, of a catalogue that is at hand."""
    account_id = request.target.account_id
    known = catalogue.accounts.get(account_id) if catalogue else None
    return known or Account(account_id, request.account_name)


def must_be_open(request: Request, now: datetime) -> None:
    """Pending, and still in time: the clock may be a moment behind with writing that it is not."""
    if request.state is not State.PENDING:
        raise AlreadyMoved(request)
    if now >= request.expires_at:
        raise AlreadyMoved(replace(request, state=State.EXPIRED))
