"""Approve, Reject and Revoke, pressed on a card; and the small forms that they open."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from blocks import codes, decision_form, ids
from blocks.refusals import words
from grants.errors import CodeRefusal, CodesNotSetUp, Refusal, Unfit
from grants.model import Ballot, Person
from handlers.errors import refusal_for
from handlers.front import Front
from handlers.guard import user_of
from handlers.promptly import InTime
from handlers.reading import pressed, request_id_of

log = logging.getLogger(__name__)
Payload = dict[str, Any]


def register(app: App, front: Front) -> None:
    """Listen for the card's buttons."""
    for action_id, ballot in ids.BALLOTS.items():
        app.action(action_id)(partial(decide, ballot=ballot, front=front))
    app.action(ids.REVOKE)(partial(revoke, front=front))
    app.view(ids.COMMENT_FORM)(partial(commented, front=front))
    app.view(ids.REVOKE_FORM)(partial(reasoned, front=front))


def decide(
    ack: Ack,
    action: Payload,
    body: Payload,
    client: WebClient,
    respond: Respond,
    *,
    ballot: Ballot,
    front: Front,
) -> None:
    """One click approves, unless a comment or a code is asked for; a rejection always asks for one."""

    def vote(in_time: InTime) -> bool:
        begun = front.review.pressed(user_of(body), request_id_of(action), ballot, front.readers)
        person, request_id = front.presser(action, body, ahead=begun.ahead), pressed(action)
        proof = begun.may_ask_for_proof(ballot) and front.review.needs_proof(request_id)
        if not proof and not begun.asks_for_comment(ballot):
            front.review.vote(person, request_id, ballot, pressed=begun, in_time=in_time)
            return True
        required = begun.book.settings.require_decision_comment
        request = front.review.may_vote(person, request_id, ballot)
        form = decision_form.comment_form(
            request, ballot, required=required, style=front.style, proof=proof
        )
        if proof and not _can_prove(person, front):
            form = codes.not_set_up()
        client.views_open(trigger_id=body["trigger_id"], view=form)
        return False

    voted = front.promptly(vote)
    ack()
    if voted:
        front.showing.pressed(body, action, respond)


def _can_prove(person: Person, front: Front) -> bool:
    """Whether they have codes; a refusal where none could be taken now all the same."""
    try:
        front.proving.ready(person)
    except CodesNotSetUp:
        return False
    return True


def commented(ack: Ack, body: Payload, view: Payload, *, front: Front) -> None:
    """A decision with its comment."""

    def vote(in_time: InTime) -> None:
        person, decision = front.people.whose(body), decision_form.read_comment(view)
        front.review.vote(
            person,
            decision.request_id,
            decision.ballot,
            decision.comment,
            code=decision.code,
            in_time=in_time,
        )

    _answer(ack, body, view, vote, front=front)


def revoke(ack: Ack, action: Payload, body: Payload, client: WebClient, *, front: Front) -> None:
    """Revoke asks for a reason."""

    def ask_why(_: InTime) -> None:
        request, _by = front.closing.may_revoke(front.presser(action, body), pressed(action))
        cuts = front.closing.may_cut(request)
        form = decision_form.revoke_form(request, front.style, cuts=cuts)
        client.views_open(trigger_id=body["trigger_id"], view=form)

    front.promptly(ask_why)
    ack()


def reasoned(ack: Ack, body: Payload, view: Payload, *, front: Front) -> None:
    """A revocation with its reason."""

    def take_away(in_time: InTime) -> None:
        person, found = front.people.whose(body), decision_form.read_revoke(view)
        front.closing.revoke(person, found.request_id, found.reason, cut=found.cut, in_time=in_time)

    _answer(ack, body, view, take_away, front=front)


def _answer(
    ack: Ack, body: Payload, view: Payload, do: Callable[[InTime], None], *, front: Front
) -> None:
    """What is wrong is said in the form, which stays open with what was typed."""
    field = decision_form.beside(view)
    try:
        front.promptly(do)
    except Unfit as unfit:
        front.people.count(unfit)
        ack(response_action="errors", errors=decision_form.errors(unfit, view))
    except Refusal as refusal:
        front.people.record(refusal, body)
        field = decision_form.beside(view, code=isinstance(refusal, CodeRefusal))
        ack(response_action="errors", errors={field: words(refusal)})
    except Exception as error:
        log.exception("a decision was not recorded")
        ack(response_action="errors", errors={field: words(refusal_for(error))})
    else:
        ack()
