"""A strict stand-in for Slack, with the hands of the people in it."""

from tests.standins.slack import tamper
from tests.standins.slack.deliver import Deliver, Listeners, over_http, over_wsgi
from tests.standins.slack.form import NotPossible
from tests.standins.slack.hand import Hand, Person
from tests.standins.slack.outcome import Option, Outcome, Reply
from tests.standins.slack.standin import SlackStandIn
from tests.standins.slack.workspace import Channel, Message, User, View

__all__ = [
    "Channel",
    "Deliver",
    "Hand",
    "Listeners",
    "Message",
    "NotPossible",
    "Option",
    "Outcome",
    "Person",
    "Reply",
    "SlackStandIn",
    "User",
    "View",
    "over_http",
    "over_wsgi",
    "tamper",
]
