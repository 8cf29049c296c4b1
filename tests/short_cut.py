"""The way from a world's bot to its stand-ins without a socket: the same requests and answers, a call away.

A tenth of the time went into carrying them through the kernel. As soon as anything is ordered to go wrong, the way is HTTP
again, as it is in all tests that are about it: of the adapters, of processes, of kills, and of the stand-ins themselves.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.client import HTTPMessage, responses
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from urllib.request import BaseHandler, Request, build_opener, install_opener
from urllib.response import addinfourl

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.standins.aws import AwsStandIn
from tests.standins.slack import SlackStandIn
from tests.standins.slack.server import heard

_aws: dict[str, AwsStandIn] = {}
_slack: dict[str, SlackStandIn] = {}


@contextmanager
def short_cut(aws: AwsStandIn, slack: SlackStandIn) -> Iterator[None]:
    """To these two, for as long as the block lasts."""
    here, there = urlsplit(aws.url).netloc, urlsplit(slack.url).netloc
    _aws[here], _slack[there] = aws, slack
    try:
        yield
    finally:
        del _aws[here], _slack[there]


class _Body(BytesIO):
    """As urllib3 hands one out."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def to_aws(request: AWSPreparedRequest, **_: Any) -> Any:
    """For botocore's `before-send`, where None sends it over HTTP."""
    aws = _aws.get(urlsplit(request.url).netloc)
    if aws is None or aws.faults.ordered:
        return None
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    body: Any = request.body or b""
    status, told, content = aws.answers(headers, body.encode() if isinstance(body, str) else body)
    told["Date"] = formatdate(aws.company.now().timestamp(), usegmt=True)
    made: Any = AWSResponse  # whose stubs want what it makes itself of a dict
    return made(request.url, status, told, _Body(content))


class ToSlack(BaseHandler):
    """Before urllib's own handler, which it leaves all to that it does not know."""

    handler_order = 400

    def http_open(self, request: Request) -> addinfourl | None:
        slack = _slack.get(request.host)
        body = request.data or b""
        if slack is None or slack.faults.coming or not isinstance(body, bytes):
            return None  # A file is sent piece by piece: that is HTTP's to do.
        kind, bearer = request.get_header("Content-type"), request.get_header("Authorization")
        answer = slack.respond(heard(request.selector, kind or "", bearer or "", body))
        headers = HTTPMessage()
        for name, value in answer.headers.items():
            headers[name] = value
        response = addinfourl(BytesIO(answer.body), headers, request.full_url, answer.status)
        response.msg = responses[answer.status]  # type: ignore[attr-defined]  # as urllib itself does
        return response


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


install_opener(build_opener(ToSlack))
