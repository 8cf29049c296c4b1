"""What the searching selects offer, keystroke by keystroke: from memory, never from AWS."""

from functools import partial
from typing import Any

from slack_bolt import Ack, App

from blocks import elevate_form, ids
from blocks.options import account_options, permission_set_options
from grants.errors import Refusal
from handlers.asked import Asked
from handlers.asking import asked_again
from handlers.front import Front

Payload = dict[str, Any]


def register(app: App, front: Front) -> None:
    """Listen for what is typed into the selects."""
    app.options(ids.ACCOUNT)(partial(accounts, front=front))
    app.options(ids.PERMISSION_SET)(partial(permission_sets, front=front))


def accounts(ack: Ack, body: Payload, *, front: Front) -> None:
    """The accounts that match."""
    asked = _asked(body, front)
    if asked is None:
        ack(options=[])
        return
    ack(options=account_options(front.indexes.of(asked.catalogue), _query(body), asked.offer.pairs))


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
    try:
        return asked_again(front, body)
    except Refusal:
        return None


def _query(body: Payload) -> str:
    return str(body.get("value") or "")[:200]
