"""The strict Slack stand-in: a workspace behind Slack's Web API on loopback."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.standins.slack import faults as fault
from tests.standins.slack.server import Answer, Asked, Server, json_answer
from tests.standins.slack.state import RESPONSE_URL_LIVES, RESPONSE_URL_USES, SlackError
from tests.standins.slack.web import Method, RateLimited, Slack
from tests.standins.slack.web_chat import chat, content
from tests.standins.slack.web_files import files
from tests.standins.slack.web_people import people
from tests.standins.slack.web_views import views
from tests.standins.slack.workspace import JSON, Channel, Message, User, View

METHODS: dict[str, Method] = {
    name: method for group in (chat, files, people, views) for name, method in group
}


class SlackStandIn(Slack):
    """`with SlackStandIn(clock) as slack: WebClient(slack.token, base_url=slack.url)`."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__(clock)
        self._server = Server(self.respond)

    @property
    def url(self) -> str:
        """Where the Web API is."""
        return f"{self.origin}/api/"

    @property
    def origin(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def connections(self) -> int:
        """So many were opened to it."""
        return self._server.connections

    def secure(self, certificate: Path) -> None:
        """Before it is entered: it speaks TLS. Its `url` stays as it is."""
        self._server.secure(certificate)

    def hang_up(self) -> None:
        """Close them all."""
        self._server.hang_up()

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()

    def user(self, who: User | str) -> User:
        """A person by id, name or address."""
        return self.workspace.user(who)

    def channel(self, which: Channel | str) -> Channel:
        """A channel by id or name."""
        return self.workspace.channel(which)

    def dm(self, who: User | str) -> Channel:
        """The bot's direct message channel with a person."""
        with self.workspace.changed:
            return self.workspace.dm(who)

    def dms(self, who: User | str) -> list[Message]:
        """The messages at the top level of that channel."""
        return self.dm(who).messages

    def thread(self, parent: Message) -> list[Message]:
        """The replies below a message."""
        return self.channel(parent.channel).thread(parent)

    def ephemerals(self, who: User | str) -> list[Message]:
        """What was shown to this person alone, oldest first."""
        user = self.user(who).id
        return [one for one in self.workspace.ephemerals if one.shown_to == user]

    def home(self, who: User | str) -> View | None:
        """A person's App Home."""
        return self.workspace.homes.get(self.user(who).id)

    def wait_until(self, happened: Callable[[], object], *, within: float = 5) -> bool:
        """Wait for something that a listener does in the background; whether it happened."""
        with self.workspace.changed:
            return bool(self.workspace.changed.wait_for(happened, within))

    def respond(self, asked: Asked) -> Answer:
        """One after the other."""
        with self.workspace.changed:
            answer = self._answer(asked)
            self.workspace.changed.notify_all()
        return answer

    def _answer(self, asked: Asked) -> Answer:
        place, _, rest = asked.path.removeprefix("/").partition("/")
        match place:
            case "api":
                return self._call(rest, asked)
            case "response":
                return self._respond_to_url(rest, asked.args)
            case "upload":
                file = self.workspace.files[rest]
                if len(asked.body) != file.length:
                    return Answer(400, {"Content-Type": "text/plain"}, b"not as long as was said")
                file.body = asked.body
                return Answer(200, {"Content-Type": "text/plain"}, b"OK")
            case _:
                return Answer(404, {}, b"")

    def _call(self, name: str, asked: Asked) -> Answer:
        trouble = self.faults.take(name, asked.args)
        answer, outcome = self._in_trouble(name, asked, trouble)
        args = deepcopy(asked.args)
        self.calls.made.append(fault.Call(name, args, self.clock(), outcome))
        return answer

    def _in_trouble(
        self, name: str, asked: Asked, trouble: fault.Fault | None
    ) -> tuple[Answer, str]:
        match trouble.kind if trouble else None:
            case None:
                return self._executed(name, asked)
            case fault.RATE_LIMITED:
                return _rate_limited(trouble.retry_after if trouble else 1), "ratelimited"
            case fault.HTTP_500:
                return Answer(500, {"Content-Type": "text/html"}, b"oops"), fault.HTTP_500
            case fault.DROP | fault.TIMEOUT as kind:
                return Answer(0, {}, b"", kind), kind
            case fault.EXECUTE_THEN_DROP:
                self._executed(name, asked)
                return Answer(0, {}, b"", fault.DROP), fault.EXECUTE_THEN_DROP
            case code:
                return self._refused(SlackError(str(code))), str(code)

    def _executed(self, name: str, asked: Asked) -> tuple[Answer, str]:
        try:
            told = {"ok": True, **self._done(name, asked)}
        except SlackError as refusal:
            return self._refused(refusal), refusal.code
        except RateLimited as limited:
            return _rate_limited(limited.retry_after), "ratelimited"
        return json_answer(told, x_oauth_scopes=",".join(sorted(self.scopes))), "ok"

    def _done(self, name: str, asked: Asked) -> JSON:
        if name not in METHODS:
            raise SlackError("unknown_method", req_method=name)
        if asked.token is None:
            raise SlackError("not_authed")
        if asked.token != self.token:
            raise SlackError("invalid_auth")
        for scope in METHODS[name].scopes:
            self.need(scope)
        self.limit(name)
        return METHODS[name].answer(self, asked.args)

    def _refused(self, refusal: SlackError) -> Answer:
        told = {"ok": False, "error": refusal.code, **refusal.more}
        return json_answer(told, x_oauth_scopes=",".join(sorted(self.scopes)))

    def _respond_to_url(self, key: str, args: JSON) -> Answer:
        known = self.workspace.response_urls.get(key)
        if known is None or self.clock() - known.at > RESPONSE_URL_LIVES:
            return json_answer({"ok": False, "error": "expired_url"}, 404)
        if known.uses >= RESPONSE_URL_USES:
            return json_answer({"ok": False, "error": "used_url"}, 404)
        known.uses += 1
        try:
            self.reply(known.user, known.channel, args, about=known.message)
        except SlackError as refusal:
            return json_answer({"ok": False, "error": refusal.code}, 500)
        return json_answer({"ok": True})

    def reply(self, user: str, where: str, args: JSON, *, about: Message | None) -> None:
        """What a response_url, or the answer to a command, brings into the channel."""
        channel = self.workspace.channels[where]
        if args.get("delete_original") and about is not None:
            holder = self.workspace.ephemerals if about.shown_to else channel.everything
            holder.remove(about)
            return
        text, blocks = content(self, "response_url", args)
        if args.get("replace_original") and about is not None:
            self.workspace.edit(about, text, blocks)
            return
        shown = None if args.get("response_type") == "in_channel" else user
        thread = args.get("thread_ts")
        self.workspace.write(channel, text, blocks, shown_to=shown, thread_ts=thread)


def _rate_limited(retry_after: int) -> Answer:
    body = json.dumps({"ok": False, "error": "ratelimited"}).encode()
    return Answer(429, {"Retry-After": str(retry_after), "Content-Type": "application/json"}, body)
