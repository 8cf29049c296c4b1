"""`/elevate` and the shortcut: opens the form, changes it, and takes what it asks for."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Lock
from typing import Any, Final

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient
from slack_sdk.models.views import View

from blocks import elevate_form, ids
from blocks.elevate_form import FormState
from blocks.help import message as help_message
from blocks.help import unknown
from blocks.problems import sentence
from blocks.refusals import words
from grants.errors import (
    AlreadyHeld,
    AwsBusy,
    AwsFault,
    AwsRefused,
    AwsUnsure,
    Field,
    Flaw,
    NothingToAskFor,
    Problem,
    Refusal,
    Tampered,
    Unfit,
)
from grants.extending import has_room
from grants.model import AccountId, Person, Target, Wish
from handlers import admin, audit, home
from handlers.asked import Asked
from handlers.asking import (
    Filled,
    asked_again,
    asked_for,
    form_for,
    last_of,
    more_of,
    offers,
    same_as,
)
from handlers.errors import refusal_for
from handlers.explain import explain
from handlers.front import Front
from handlers.promptly import InTime
from handlers.reading import first_field, pressed, view_of
from handlers.typed import Answer, Typed
from handlers.verify import verify
from handlers.windows import fill

log = logging.getLogger(__name__)
Payload = dict[str, Any]

KEPT = 1000
"""Of so many open forms the latest choice is remembered."""
STARTING = "Elevate is still reading the organization's accounts. Please try again in a minute."
TRIES = 5
"""Each waits for two turns at the limiter and two answers of AWS's, two seconds at most for each."""
NO_LONGER = "You may not ask for this any more, so it cannot be extended. It ends at its time."
NOT_LOOKED_UP = (
    "Elevate could not look up what you may ask for just now."
    f" Please close this and type {ids.COMMAND} again in a moment."
)


class Latest:
    """The latest choice that each open form has sent: those before it are drawn no more."""

    def __init__(self) -> None:
        """Nothing was chosen yet."""
        self._seen: dict[str, str] = {}
        self._lock = Lock()

    def note(self, view_id: str, choice: str) -> None:
        """`choice` is Slack's `action_ts`: a later one is greater."""
        with self._lock:
            while len(self._seen) >= KEPT:
                self._seen.pop(next(iter(self._seen)))
            self._seen[view_id] = max(choice, self._seen.get(view_id, ""))

    def is_latest(self, view_id: str, choice: str) -> bool:
        """Whether nothing was chosen after it."""
        with self._lock:
            return self._seen.get(view_id, choice) == choice


def register(app: App, front: Front) -> None:
    """Listen for the command, the shortcut and the request form."""
    app.command(ids.COMMAND)(partial(command, front=front))
    app.shortcut(ids.SHORTCUT)(partial(opened, front=front))
    app.action(ids.FORM)(partial(opened, front=front))
    app.action(ids.AGAIN)(partial(again, front=front))
    app.action(ids.EXTEND)(partial(extend, front=front))
    app.view(ids.REQUEST_FORM)(partial(submit, front=front))
    app.action({"block_id": ids.WHEN, "action_id": ids.START_LATER})(
        partial(start, later=True, front=front)
    )
    app.action({"block_id": ids.WHEN, "action_id": ids.START_NOW})(
        partial(start, later=False, front=front)
    )
    app.action({"block_id": ids.ACCOUNT, "action_id": ids.ACCOUNT})(
        partial(chosen, front=front, choices=Latest())
    )


def command(ack: Ack, body: Payload, client: WebClient, respond: Respond, *, front: Front) -> None:
    """No word opens the form; a word has its answer; anything else is told what there is."""
    typed_words = str(body.get("text") or "").split(maxsplit=1)
    if not typed_words:
        opened(ack, body, client, front=front)
        return
    word, rest = (*typed_words, "")[:2]
    typed = Typed(word.casefold(), rest.strip(), ack, respond, body, client, front)
    WORDS.get(typed.word, not_known)(typed)


def helped(typed: Typed) -> None:
    """In the answer itself: it needs nobody."""
    message = help_message()
    typed.ack(text=message.text, blocks=message.blocks, response_type="ephemeral")


def not_known(typed: Typed) -> None:
    """Said with the whole of what was typed."""
    message = unknown(str(typed.body["text"]).strip())
    typed.ack(text=message.text, blocks=message.blocks, response_type="ephemeral")


WORDS: Final[Mapping[str, Answer]] = {
    "help": helped,
    "mine": home.listed,
    "approvals": home.listed,
    "active": home.listed,
    "explain": explain,
    "audit": audit.listed,
    "verify": verify,
    "admin": admin.listed,
    "proof": home.listed,
}
"""What may stand after `/elevate`, and who answers it."""


def opened(ack: Ack, body: Payload, client: WebClient, *, front: Front) -> None:
    """The form, filled with what was asked last."""
    ack()
    person = front.people.lately(body)
    if person and (form := front.recalled.form(person)):
        client.views_open(trigger_id=body["trigger_id"], view=form)
        return

    def draw(person: Person, asked: Asked) -> View:
        return front.recalled.drawn(person, asked, _drawn(asked, last_of(asked)))

    _open(body, client, front, draw, last=True)


def again(ack: Ack, action: Payload, body: Payload, client: WebClient, *, front: Front) -> None:
    """The form, filled with what one of their own requests asked for."""
    ack()
    request_id = pressed(action)
    _open(
        body, client, front,
        lambda person, asked: _drawn(asked, same_as(front, person, request_id)),
    )  # fmt: skip


def extend(ack: Ack, action: Payload, body: Payload, client: WebClient, *, front: Front) -> None:
    """The form for more time of what they hold."""
    ack()
    request_id = pressed(action)
    _open(
        body, client, front,
        lambda person, asked: _longer(more_of(front, person, request_id, asked)),
    )  # fmt: skip


def _open(
    body: Payload,
    client: WebClient,
    front: Front,
    draw: Callable[[Person, Asked], View],
    *,
    last: bool = False,
) -> None:
    """The whole form at once where everything is known; else a light one that is filled in."""
    person = front.people.lately(body)
    if person and (asked := asked_for(front, person, live=False, last=last)):
        try:
            drawn = draw(person, asked)
        except Refusal as refusal:
            drawn = _refused(refusal, body, front)
        client.views_open(trigger_id=body["trigger_id"], view=drawn)
        return
    opening = elevate_form.looking_up()
    view = client.views_open(trigger_id=body["trigger_id"], view=opening)["view"]
    look = partial(_found, body, front, draw, last=last)
    front.after(body, lambda: fill(client, view, _looked_up(look)))


def _looked_up(look: Callable[[], View]) -> View:
    """Tried again while AWS is slow, or so many ask at once: the window is open and can wait."""
    for _ in range(TRIES - 1):
        with suppress(AwsBusy, AwsUnsure):
            return look()
    try:
        return look()
    except Exception:
        log.exception("could not look up what may be asked for")
        return elevate_form.nothing(NOT_LOOKED_UP)


def _found(
    body: Payload, front: Front, draw: Callable[[Person, Asked], View], *, last: bool
) -> View:
    try:
        person = front.people.whose(body)
        asked = asked_for(front, person, live=True, last=last)
        return draw(person, asked) if asked else elevate_form.nothing(STARTING)
    except Refusal as refusal:
        return _refused(refusal, body, front)
    except AwsRefused as denied:
        log.exception("AWS does not let us look up what may be asked for")
        return elevate_form.nothing(words(refusal_for(denied)))


def _refused(refusal: Refusal, body: Payload, front: Front) -> View:
    front.people.record(refusal, body)
    return elevate_form.nothing(words(refusal))


def _longer(state: FormState | None) -> View:
    if state is None:
        return elevate_form.nothing(NO_LONGER)
    if not has_room(state.longest or timedelta()):
        return elevate_form.nothing(sentence(Problem(Field.DURATION, Flaw.NO_ROOM)))
    return elevate_form.form(state)


def _drawn(asked: Asked, filled: Filled | None) -> View:
    if not asked.offer.count:
        return elevate_form.nothing(words(NothingToAskFor(asked.whom)))
    if filled is None or offers(asked, filled.wish):
        return elevate_form.form(form_for(asked, wish=filled.wish if filled else None))
    if not filled.gone:
        return elevate_form.form(form_for(asked))
    return elevate_form.form(replace(form_for(asked, wish=filled.wish), gone=filled.gone))


def start(ack: Ack, body: Payload, client: WebClient, *, later: bool, front: Front) -> None:
    """Start later adds the field for it; Start now takes it away again."""
    ack()
    if drawn := _redrawn(body, front, later=later):
        fill(client, view_of(body), drawn)


def chosen(ack: Ack, body: Payload, client: WebClient, *, front: Front, choices: Latest) -> None:
    """Another account: the permission sets that may be asked for there, and none chosen yet."""
    ack()
    view, choice = view_of(body), str(body["actions"][0].get("action_ts") or "")
    choices.note(view["id"], choice)
    drawn = _redrawn(body, front, later=elevate_form.metadata(view).later)
    # Whoever chooses twice in a second sends both with one hash: the later choice has to win.
    if drawn and choices.is_latest(view["id"], choice):
        fill(client, view, drawn, newest=True)


def _redrawn(body: Payload, front: Front, *, later: bool) -> Any | None:
    """The form that is open, drawn again; a notice stays while it is about what is chosen."""
    view = view_of(body)
    asked = asked_again(front, body)
    if asked is None:
        return None
    if not asked.offer.count:
        return elevate_form.nothing(words(NothingToAskFor(asked.whom)))
    state = form_for(asked, view=view, later=later, wish=_so_far(view))
    kept = _kept_in(view)
    held = kept.held
    if held is not None and held == elevate_form.read(view).target:
        account = asked.catalogue.accounts.get(held.account_id)
        named = asked.catalogue.permission_sets.get(held.permission_set_arn)
        if account and named:
            notice = words(AlreadyHeld(account.name, named.name, kept.through_group))
            state = replace(state, notice=notice, held=held, through_group=kept.through_group)
    return elevate_form.form(state)


def _so_far(view: Payload) -> Wish | None:
    """What stands there now, so that what was filled in for them and left alone is not lost."""
    try:
        return elevate_form.read(view)
    except Tampered:
        return None  # Nothing is decided by it: when the form is sent, it is refused.


def _kept_in(view: Payload) -> elevate_form.Kept:
    """What the form remembers; nothing, where that is damaged: it only draws."""
    try:
        return elevate_form.metadata(view)
    except Tampered:
        return elevate_form.Kept()


def submit(ack: Ack, body: Payload, view: Payload, *, front: Front) -> None:
    """Record the request while the form is open, so that what is wrong is said beside the field."""

    def ask(in_time: InTime) -> None:
        front.desk.ask(front.people.whose(body), elevate_form.read(view), in_time=in_time)

    answer: Payload = {}
    try:
        front.promptly(ask)
    except Refusal as refusal:
        answer = _said(refusal, body, view, front)
    except Exception as error:
        log.exception("a request was not recorded")
        answer = _errors({first_field(view, otherwise=ids.ACCESS): words(refusal_for(error))})
    ack(**answer)


def _said(refusal: Refusal, body: Payload, view: Payload, front: Front) -> Payload:
    """What the form says back: beside its fields, or above them where it has to be drawn anew."""
    front.people.record(refusal, body)
    try:
        if drawn := _drawn_anew(refusal, body, view, front):
            return {"response_action": "update", "view": drawn}
    except (Refusal, AwsFault):
        log.info("the form could not be drawn anew", exc_info=True)
    if isinstance(refusal, Unfit):
        _record_what_was_not_offered(refusal, body, front)
        return _errors(elevate_form.errors(refusal, view))
    return _errors({first_field(view, otherwise=ids.ACCESS): words(refusal)})


def _errors(said: dict[str, str]) -> Payload:
    return {"response_action": "errors", "errors": said}


def _drawn_anew(refusal: Refusal, body: Payload, view: Payload, front: Front) -> Any | None:
    """With everything that was typed, and a notice above it; None: its fields are as they should be."""
    match refusal:
        case AlreadyHeld():
            held = elevate_form.read(view).target
            through = refusal.through_group
            return _kept(body, view, front, notice=words(refusal), held=held, through_group=through)
        case Unfit() if _chose_another_account(refusal, view):
            if _is_offered(elevate_form.chosen_account(view), body, front):
                return _kept(body, view, front, notice=words(refusal))
            front.people.record(Tampered("an account that was not offered"), body)
            return None
        case _:
            return None


def _chose_another_account(unfit: Unfit, view: Payload) -> bool:
    """The permission sets on display are another account's than the one that is chosen."""
    missing = any(
        problem.field is Field.TARGET and problem.flaw is Flaw.MISSING for problem in unfit.problems
    )
    account = elevate_form.chosen_account(view)
    return missing and account is not None and account != elevate_form.metadata(view).account


def _is_offered(account: AccountId | None, body: Payload, front: Front) -> bool:
    asked = asked_again(front, body)
    return asked is not None and account in asked.offer.pairs


def _kept(
    body: Payload,
    view: Payload,
    front: Front,
    *,
    notice: str,
    held: Target | None = None,
    through_group: bool = False,
) -> Any:
    wish, asked = elevate_form.read(view), asked_again(front, body)
    if asked is None:
        return elevate_form.nothing(notice)
    later = elevate_form.metadata(view).later
    state = form_for(asked, view=view, later=later, wish=wish)
    return elevate_form.form(replace(state, notice=notice, held=held, through_group=through_group))


def _record_what_was_not_offered(unfit: Unfit, body: Payload, front: Front) -> None:
    """Beside the field it is an error like others; in the journal it is a refusal of authority."""
    if any(problem.flaw is Flaw.NOT_OFFERED for problem in unfit.problems):
        front.people.record(Tampered("a target that was not offered"), body)
