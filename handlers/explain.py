"""`/elevate explain`: why somebody may or may not ask for something, told to whoever asks alone."""

import logging
from typing import Any

from blocks import explanation
from blocks.explanation import Question
from blocks.refusals import whisper
from blocks.text import Message
from grants.crowd import READ
from grants.errors import AwsFault, Refusal
from grants.model import Person, User
from handlers.answering import answered
from handlers.front import Front
from handlers.typed import Typed

log = logging.getLogger(__name__)
Payload = dict[str, Any]


def explain(typed: Typed) -> None:
    """What cannot be read as a question is answered with how one is asked."""
    typed.ack()
    question = explanation.read(typed.rest)
    answered(
        typed.respond,
        _answer(question, typed.body, typed.front) if question else explanation.usage(),
    )


def _answer(question: Question, body: Payload, front: Front) -> Message:
    try:
        return _explained(question, front.people.whose(body), front)
    except Refusal as refusal:
        front.people.record(refusal, body)
        return whisper(refusal)
    except AwsFault as fault:
        log.warning("could not explain", extra={"reason": fault.reason})
        return explanation.not_now()


def _explained(question: Question, person: Person, front: Front) -> Message:
    """Who asks about themselves is given no names that they did not know."""
    about_others = not _own(question, person)
    if about_others:
        front.explaining.may_explain_others(person)
    with front.explained.of(person.slack_id):
        user = _about(question, person, front)
        found = front.explaining(
            user, question.account, question.permission_set, guess=about_others, most=READ
        )
    return explanation.message(found, own=user.id == person.user_id)


def _own(question: Question, person: Person) -> bool:
    """Whether it names nobody, or whoever asks. Not looked up: that would tell who is there."""
    if question.slack_id:
        return question.slack_id == person.slack_id
    called = {person.user_id, person.user_name, person.email, ""}
    return question.person.casefold() in {each.casefold() for each in called}


def _about(question: Question, person: Person, front: Front) -> User:
    if _own(question, person):
        return User(person.user_id, person.user_name, person.name, person.email, enabled=True)
    if question.slack_id:
        return front.explaining.whom_in_slack(question.slack_id)
    return front.explaining.whom(question.person)
