"""What the searching selects offer, keystroke by keystroke: from memory, never from AWS."""

from functools import partial
from threading import Lock
from typing import Any, Final

from slack_bolt import Ack, App

from blocks import elevate_form, ids
from blocks.options import Index, account_options, accounts_index, permission_set_options
from grants.errors import Refusal
from handlers.asking import Asked, asked_for
from handlers.front import Front

Payload = dict[str, Any]
KEPT: Final = 64


class Indexes:
    """The index of a person's accounts, made once for a version of what is offered."""

    def __init__(self) -> None:
        """Nothing is indexed yet."""
        self._kept: dict[tuple[Any, ...], Index] = {}
        self._lock = Lock()

    def of(self, asked: Asked) -> Index:
        """From memory where it is there."""
        member = asked.membership
        key = (member.user_id, member.groups, asked.book.version, asked.catalogue.version)
        with self._lock:
            if key not in self._kept:
                while len(self._kept) >= KEPT:
                    self._kept.pop(next(iter(self._kept)))
                accounts = (asked.catalogue.accounts[account] for account in asked.offer.pairs)
                self._kept[key] = accounts_index(accounts)
            return self._kept[key]


def register(app: App, front: Front) -> None:
    """Listen for what is typed into the selects."""
    app.options(ids.ACCOUNT)(partial(accounts, front=front, indexes=Indexes()))
    app.options(ids.PERMISSION_SET)(partial(permission_sets, front=front))


def accounts(ack: Ack, body: Payload, *, front: Front, indexes: Indexes) -> None:
    """The accounts that match."""
    asked = _asked(body, front)
    found = account_options(indexes.of(asked), _query(body)) if asked else []
    ack(options=found)


def permission_sets(ack: Ack, body: Payload, *, front: Front) -> None:
    """Those of the chosen account, which the view's metadata names: its state is stale here."""
    asked = _asked(body, front)
    account = elevate_form.metadata(body["view"]).account
    if asked is None or account is None or account not in asked.offer.pairs:
        ack(options=[])
        return
    sets = (asked.catalogue.permission_sets[arn] for arn in asked.offer.pairs[account])
    ack(options=permission_set_options(account, sets, _query(body)))


def _asked(body: Payload, front: Front) -> Asked | None:
    """As it was when the form was opened; read anew only where this process never knew it."""
    try:
        person = front.people.lately(body, seconds=3600) or front.people.whose(body)
    except Refusal:
        return None
    return asked_for(front, person, live=False, seconds=3600) or asked_for(front, person, live=True)


def _query(body: Payload) -> str:
    return str(body.get("value") or "")[:200]
