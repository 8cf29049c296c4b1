"""The Slack stand-in's Web API answers and refuses as Slack does."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from tests.standins.slack import SlackStandIn

VIEW: dict[str, Any] = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Hello"},
    "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*Hi* <@U1|ann>"}}],
}
HOME = {"type": "home", "blocks": VIEW["blocks"]}


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **passed: float) -> None:
        self.now += timedelta(**passed)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def slack(clock: Clock) -> Iterator[SlackStandIn]:
    with SlackStandIn(clock) as slack:
        space = slack.workspace
        space.add_user("alice", id="UALICE")
        space.add_user("bob", id="UBOB")
        space.add_user("mallory", id="UMALLORY", team_id="TOTHER", is_stranger=True)
        space.add_channel("approvals", "alice", "bob", id="CAPPROVE")
        space.add_channel("elsewhere", "alice", id="CELSE", bot=False)
        space.add_channel("hidden", "alice", id="GHIDDEN", bot=False, is_private=True)
        space.add_channel("secret", "alice", id="GSECRET", is_private=True)
        space.add_channel("old", id="COLD", is_archived=True)
        yield slack


@pytest.fixture
def web(slack: SlackStandIn) -> WebClient:
    return WebClient(slack.token, base_url=slack.url, timeout=5, retry_handlers=[])


def refusal(error: pytest.ExceptionInfo[SlackApiError]) -> str:
    return str(error.value.response["error"])


def test_a_post_can_be_answered_edited_and_linked(slack: SlackStandIn, web: WebClient) -> None:
    posted = web.chat_postMessage(channel="CAPPROVE", text="one", blocks=VIEW["blocks"])
    reply = web.chat_postMessage(channel="CAPPROVE", text="two", thread_ts=posted["ts"])
    web.chat_update(channel="CAPPROVE", ts=posted["ts"], text="*three* &amp; four")
    link = web.chat_getPermalink(channel="CAPPROVE", message_ts=posted["ts"])

    [card] = slack.channel("approvals").messages
    assert card.words() == "three & four"
    assert card.blocks == []
    assert card.history[0].words() == "Hi @ann"
    assert [one.text for one in slack.thread(card)] == ["two"]
    assert reply["ts"] > posted["ts"]
    assert posted["ts"].replace(".", "") in link["permalink"]
    assert slack.violations == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"channel": "CELSE"}, "not_in_channel"),
        ({"channel": "GHIDDEN"}, "channel_not_found"),
        ({"channel": "CNOWHERE"}, "channel_not_found"),
        ({"channel": "COLD"}, "is_archived"),
        ({"channel": "UMALLORY"}, "channel_not_found"),
        ({"channel": "CAPPROVE", "text": "x" * 4001}, "msg_too_long"),
        ({"channel": "CAPPROVE", "thread_ts": "1.1"}, "thread_not_found"),
        ({"channel": "CAPPROVE", "blocks": [{"type": "x"}]}, "invalid_blocks"),
        ({"channel": "CAPPROVE", "metadata": {"a": 1}}, "invalid_metadata_format"),
    ],
)
def test_a_post_that_slack_would_refuse_is_refused(
    web: WebClient, asked: dict[str, Any], code: str
) -> None:
    with pytest.raises(SlackApiError) as error:
        web.chat_postMessage(**{"text": "words"} | asked)

    assert refusal(error) == code


def test_a_post_without_text_passes_but_is_held_against_us(
    slack: SlackStandIn, web: WebClient
) -> None:
    with pytest.warns(UserWarning, match="text"):
        web.chat_postMessage(channel="CAPPROVE", blocks=VIEW["blocks"])

    assert len(slack.violations) == 1


def test_a_post_of_nothing_is_refused(slack: SlackStandIn, web: WebClient) -> None:
    with pytest.raises(SlackApiError) as error, pytest.warns(UserWarning, match="text"):
        web.chat_postMessage(channel="CAPPROVE", text="")

    assert refusal(error) == "no_text"
    assert slack.violations


def test_a_user_id_reaches_the_direct_message(slack: SlackStandIn, web: WebClient) -> None:
    posted = web.chat_postMessage(channel="UALICE", text="hello")
    opened = web.conversations_open(users=["UALICE"])

    assert posted["channel"] == opened["channel"]["id"] == slack.dm("alice").id
    assert [one.text for one in slack.dms("alice")] == ["hello"]
    with pytest.raises(SlackApiError) as error:
        web.chat_update(channel="UALICE", ts=posted["ts"], text="no")
    assert refusal(error) == "channel_not_found"


def test_only_own_and_living_messages_can_be_updated(slack: SlackStandIn, web: WebClient) -> None:
    channel = slack.channel("approvals")
    other = slack.workspace.write(channel, "mine", [], user="UALICE")

    with pytest.raises(SlackApiError) as foreign:
        web.chat_update(channel=channel.id, ts=other.ts, text="yours")
    with pytest.raises(SlackApiError) as missing:
        web.chat_update(channel=channel.id, ts="1.1", text="yours")

    assert refusal(foreign) == "cant_update_message"
    assert refusal(missing) == "message_not_found"


def test_an_ephemeral_is_seen_by_one_member_only(slack: SlackStandIn, web: WebClient) -> None:
    web.chat_postEphemeral(channel="CAPPROVE", user="UALICE", text="psst")

    assert [one.words() for one in slack.ephemerals("alice")] == ["psst"]
    assert slack.ephemerals("bob") == []
    assert slack.channel("approvals").messages == []
    with pytest.raises(SlackApiError) as error:
        web.chat_postEphemeral(channel="CAPPROVE", user="UMALLORY", text="psst")
    assert refusal(error) == "user_not_in_channel"


def test_people_are_told_with_the_flags_that_say_whom_to_trust(
    slack: SlackStandIn, web: WebClient
) -> None:
    alice = web.users_info(user="UALICE")["user"]
    mallory = web.users_info(user="UMALLORY")["user"]
    slack.user("bob").absent.add("is_email_confirmed")

    assert alice["profile"]["email"] == "alice@example.com"
    assert alice["is_email_confirmed"] is True
    assert "is_stranger" not in alice
    assert mallory["is_stranger"] is True
    assert mallory["team_id"] == "TOTHER"
    assert "is_email_confirmed" not in web.users_info(user="UBOB")["user"]
    assert web.users_lookupByEmail(email="Alice@example.com")["user"]["id"] == "UALICE"
    with pytest.raises(SlackApiError) as error:
        web.users_lookupByEmail(email="mallory@example.com")
    assert refusal(error) == "users_not_found"


def test_lists_come_in_pages(web: WebClient) -> None:
    sizes = [len(page["members"]) for page in web.users_list(limit=3)]

    assert sizes == [3, 1]
    assert len(web.conversations_members(channel="CAPPROVE")["members"]) == 3


def test_a_channel_is_told_with_what_makes_it_unfit(slack: SlackStandIn, web: WebClient) -> None:
    slack.channel("elsewhere").is_ext_shared = True

    told = web.conversations_info(channel="CELSE")["channel"]

    assert (told["is_ext_shared"], told["is_member"], told["is_archived"]) == (True, False, False)
    assert web.conversations_info(channel="GSECRET")["channel"]["is_private"] is True
    names = [one["name"] for one in web.conversations_list()["channels"]]
    assert names == ["approvals", "elsewhere", "old"]
    private = web.conversations_list(types="private_channel")["channels"]
    assert [one["name"] for one in private] == ["secret"]


def test_scopes_and_tokens_are_asked_for(slack: SlackStandIn, web: WebClient) -> None:
    told = web.auth_test()
    slack.scopes -= {"users:read.email"}

    assert "chat:write" in told.headers["x-oauth-scopes"]
    assert told["user_id"] == slack.workspace.bot_user
    assert "email" not in web.users_info(user="UALICE")["user"]["profile"]
    with pytest.raises(SlackApiError) as unscoped:
        web.users_lookupByEmail(email="alice@example.com")
    assert unscoped.value.response["needed"] == "users:read.email"
    with pytest.raises(SlackApiError) as history:
        web.conversations_replies(channel="CAPPROVE", ts="1.1")
    assert refusal(history) == "missing_scope"
    with pytest.raises(SlackApiError) as stranger:
        WebClient("xoxb-other", base_url=slack.url).auth_test()
    assert refusal(stranger) == "invalid_auth"
    with pytest.raises(SlackApiError) as unknown:
        web.api_call("chat.shout")
    assert refusal(unknown) == "unknown_method"


def test_history_is_read_with_its_scope(slack: SlackStandIn, web: WebClient) -> None:
    slack.scopes.add("channels:history")
    meta = {"event_type": "request", "event_payload": {"id": "R1"}}
    posted = web.chat_postMessage(channel="CAPPROVE", text="one", metadata=meta)
    web.chat_postMessage(channel="CAPPROVE", text="two", thread_ts=posted["ts"])

    history = web.conversations_history(channel="CAPPROVE", include_all_metadata=True)
    thread = web.conversations_replies(channel="CAPPROVE", ts=posted["ts"])

    assert history["messages"][0]["metadata"] == meta
    assert [one["text"] for one in thread["messages"]] == ["one", "two"]
    assert "metadata" not in thread["messages"][0]


def test_a_trigger_opens_one_view_within_three_seconds(
    slack: SlackStandIn, web: WebClient, clock: Clock
) -> None:
    good, late = (slack.workspace.new_trigger("UALICE") for _ in range(2))
    web.views_open(trigger_id=good, view=VIEW)
    clock.advance(seconds=3.1)

    with pytest.raises(SlackApiError) as spent:
        web.views_open(trigger_id=good, view=VIEW)
    with pytest.raises(SlackApiError) as expired:
        web.views_open(trigger_id=late, view=VIEW)
    with pytest.raises(SlackApiError) as forged:
        web.views_open(trigger_id="1.2.3", view=VIEW)

    assert refusal(spent) == "exchanged_trigger_id"
    assert refusal(expired) == "expired_trigger_id"
    assert refusal(forged) == "invalid_trigger_id"


def test_views_are_stacked_updated_and_refused(slack: SlackStandIn, web: WebClient) -> None:
    def trigger() -> str:
        return slack.workspace.new_trigger("UALICE")

    first = web.views_open(trigger_id=trigger(), view=VIEW | {"external_id": "one"})["view"]
    updated = web.views_update(view_id=first["id"], hash=first["hash"], view=VIEW)["view"]
    web.views_push(trigger_id=trigger(), view=VIEW)
    third = web.views_push(trigger_id=trigger(), view=VIEW | {"external_id": "three"})["view"]

    assert updated["id"] == first["id"] == third["root_view_id"]
    with pytest.raises(SlackApiError) as stale:
        web.views_update(view_id=first["id"], hash=first["hash"], view=VIEW)
    assert refusal(stale) == "hash_conflict"
    with pytest.raises(SlackApiError) as unknown:
        web.views_update(view_id="V0", view=VIEW)
    assert refusal(unknown) == "not_found"
    with pytest.raises(SlackApiError) as fourth:
        web.views_push(trigger_id=trigger(), view=VIEW)
    assert refusal(fourth) == "push_limit_reached"
    with pytest.raises(SlackApiError) as twice:
        web.views_update(view_id=first["id"], view=VIEW | {"external_id": "three"})
    assert refusal(twice) == "duplicate_external_id"
    assert slack.violations == []
    with pytest.raises(SlackApiError) as broken:
        web.views_open(trigger_id=trigger(), view=VIEW | {"title": "Hello"})
    assert refusal(broken) == "invalid_arguments"
    assert slack.violations


def test_a_home_is_published_with_a_hash(slack: SlackStandIn, web: WebClient) -> None:
    first = web.views_publish(user_id="UALICE", view=HOME)["view"]
    second = web.views_publish(user_id="UALICE", view=HOME, hash=first["hash"])["view"]

    home = slack.home("alice")
    assert home is not None
    assert home.words() == "Hi @ann"
    assert second["id"] == first["id"]
    with pytest.raises(SlackApiError) as error:
        web.views_publish(user_id="UALICE", view=HOME, hash=first["hash"])
    assert refusal(error) == "hash_conflict"


def test_a_response_url_is_good_five_times_within_half_an_hour(
    slack: SlackStandIn, clock: Clock
) -> None:
    key = slack.workspace.response_url("UALICE", "CELSE", None)
    late = slack.workspace.response_url("UALICE", "CELSE", None)
    hook = WebhookClient(f"{slack.origin}/response/{key}")

    statuses = [hook.send(text="hello").status_code for _ in range(6)]
    clock.advance(minutes=31)

    assert statuses == [200] * 5 + [404]
    assert WebhookClient(f"{slack.origin}/response/{late}").send(text="x").status_code == 404
    assert len(slack.ephemerals("alice")) == 5


def test_faults_happen_in_turn_and_calls_are_remembered(
    slack: SlackStandIn, web: WebClient
) -> None:
    slack.faults.add("chat.postMessage", "429", retry_after=7)
    slack.faults.add("chat.postMessage", "http500")
    slack.faults.add("*", "internal_error")

    with pytest.raises(SlackApiError) as limited:
        web.chat_postMessage(channel="CAPPROVE", text="x")
    with pytest.raises(SlackApiError) as broken:
        web.chat_postMessage(channel="CAPPROVE", text="x")
    with pytest.raises(SlackApiError) as internal:
        web.chat_postMessage(channel="CAPPROVE", text="x")
    web.chat_postMessage(channel="CAPPROVE", text="y")

    assert limited.value.response.status_code == 429
    assert limited.value.response.headers["Retry-After"] == "7"
    assert broken.value.response.status_code == 500
    assert refusal(internal) == "internal_error"
    outcomes = [call.outcome for call in slack.calls.of("chat.postMessage")]
    assert outcomes == ["ratelimited", "http500", "internal_error", "ok"]
    assert slack.calls.count() == 4
    assert slack.calls.of("chat.postMessage")[-1].args["text"] == "y"
    assert len(slack.channel("approvals").messages) == 1


@pytest.mark.parametrize(("kind", "written"), [("drop", 0), ("execute_then_drop", 1)])
def test_a_dropped_call_may_have_been_carried_out(
    slack: SlackStandIn, web: WebClient, kind: str, written: int
) -> None:
    slack.faults.add("chat.postMessage", kind, matches=lambda args: args["text"] == "x")

    with pytest.raises(ConnectionError):
        web.chat_postMessage(channel="CAPPROVE", text="x")

    assert len(slack.channel("approvals").messages) == written


def test_a_call_that_is_never_answered_times_out(slack: SlackStandIn) -> None:
    slack.faults.add("auth.test", "timeout")
    hasty = WebClient(slack.token, base_url=slack.url, timeout=1, retry_handlers=[])

    with pytest.raises(TimeoutError):
        hasty.auth_test()


def test_rates_are_limited_when_asked_for(
    slack: SlackStandIn, web: WebClient, clock: Clock
) -> None:
    slack.rate_limits = True
    web.chat_postMessage(channel="CAPPROVE", text="x")

    with pytest.raises(SlackApiError) as error:
        web.chat_postMessage(channel="CAPPROVE", text="y")
    web.chat_postMessage(channel="GSECRET", text="elsewhere")
    clock.advance(seconds=1)
    web.chat_postMessage(channel="CAPPROVE", text="y")

    assert error.value.response.headers["Retry-After"] == "1"


def test_a_file_is_uploaded(slack: SlackStandIn, web: WebClient) -> None:
    slack.scopes.add("files:write")

    web.files_upload_v2(channel="CAPPROVE", filename="audit.csv", content="a,b", title="Audit")

    [file] = slack.workspace.files.values()
    assert (file.name, file.body) == ("audit.csv", b"a,b")
    assert slack.channel("approvals").messages[0].text == "Audit"


def test_a_file_of_no_bytes_is_refused(slack: SlackStandIn, web: WebClient) -> None:
    slack.scopes.add("files:write")

    with pytest.raises(SlackApiError, match="invalid_arguments"):
        web.files_getUploadURLExternal(filename="audit.jsonl", length=0)

    assert slack.workspace.files == {}


def test_many_ask_at_once_and_no_ts_is_given_twice(slack: SlackStandIn, web: WebClient) -> None:
    with ThreadPoolExecutor(16) as many:
        posts = many.map(lambda n: web.chat_postMessage(channel="CAPPROVE", text=f"{n}"), range(64))

    assert len({post["ts"] for post in posts}) == 64
    stamps = [one.ts for one in slack.channel("approvals").messages]
    assert stamps == sorted(stamps)


def test_a_connection_is_kept_open_until_the_end(clock: Clock) -> None:
    with SlackStandIn(clock) as slack:
        headers = {"Authorization": f"Bearer {slack.token}"}
        connection = HTTPConnection(urlsplit(slack.url).netloc, timeout=5)
        answers = []
        for _ in range(2):
            connection.request("POST", "/api/auth.test", headers=headers)
            answers.append(connection.getresponse().read())

    connection.close()
    assert len(set(answers)) == 1


def test_an_unknown_place_is_not_there(slack: SlackStandIn) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{slack.origin}/nowhere")

    assert error.value.code == 404
    error.value.close()
