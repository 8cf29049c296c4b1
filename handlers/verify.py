"""`/elevate verify`: whether a request's threads say what the journal says, told to whoever asks alone."""

from functools import cache

from blocks import verdict
from blocks.refusals import whisper
from grants.errors import Refusal
from grants.model import RequestId
from handlers.answering import answered
from handlers.typed import Typed


def verify(typed: Typed) -> None:
    """Answered later: a thread has many pages, and Slack gives them in its own time."""
    typed.ack()
    request_id = RequestId(typed.rest.upper())
    if not request_id:
        answered(typed.respond, verdict.usage())
        return
    typed.front.later.submit(_answer, typed, request_id)


def _answer(typed: Typed, request_id: RequestId) -> None:
    front = typed.front

    @cache
    def slow() -> None:
        answered(typed.respond, verdict.reading(request_id))

    try:
        message = front.verifying(front.people.whose(typed.body), request_id, slow=slow)
    except Refusal as refusal:
        front.people.record(refusal, typed.body)
        message = whisper(refusal)
    except Exception as error:  # noqa: BLE001 - the net logs it whole, and answers
        front.net.answer(error, typed.body)
        return
    if not answered(typed.respond, message):
        front.net.whisper(message, typed.body)
