"""What people typed is shown as typed: it pings nobody, links nowhere and breaks nothing."""

import re
from collections.abc import Iterator

import pytest

from blocks.text import size
from grants.model import RequestId, State
from tests.lives import PROD
from tests.standins.slack import Message
from tests.world import APPROVALS, AUDIT, DEFAULT, POLICIES, World

HOSTILE = {
    "everybody": "<!channel> <!here> <!everyone> @channel",
    "somebody": "<@UEVE> <@UEVE|eve> <#C0000000001> <!subteam^S0123>",
    "a link": "<https://evil.example|AWS console> https://evil.example www.evil.example",
    "a date": "<!date^1392734382^{date}^https://evil.example|never>",
    "marks": "*bold* _italic_ ~gone~ `code` ```fence``` \n> quote\n- list :fire:",
    "entities": "&amp; & &lt;!channel&gt; <b> a<b>c &&& <>",
    "right to left": "paid \u202eevorppA\u202c by \u200fEve\u2067 x",
    "braces": "{date} %s %(x)s {0} \\n \\ '; DROP TABLE requests; --",
    "emoji": "👩‍👩‍👧 é e\u0301 ﷽ \U0001f468\U0001f3ff",
    "long": "".join(f"{number:04d}<!channel>" for number in range(214)).ljust(3000, "."),
}
MIXED = "\n".join(HOSTILE[name] for name in HOSTILE if name != "long")
TICKETS = "  ticket_url: https://tracker.example.com/{ticket}\n"
AUDITED = POLICIES.replace("eligibility:", f"  audit_channel: {AUDIT}\n{TICKETS}eligibility:", 1)
OURS = re.compile(
    r"<!date\^\d+\^{date_short_pretty} at {time}\|[^<>|]*>"
    r"|<https://d-[0-9a-f]+\.awsapps\.com/start/#/console\?[^<>|]*\|Open the AWS console>"
    r"|<https://tracker\.example\.com/[^<>|]*\|[^<>|]*>"
)


@pytest.fixture
def world(world: World) -> World:
    """With an audit channel and a tracker."""
    world.policies(AUDITED)
    return world


@pytest.fixture(params=HOSTILE)
def typed(request: pytest.FixtureRequest) -> str:
    return HOSTILE[request.param]


def test_a_justification_is_shown_as_typed_and_pings_nobody(world: World, typed: str) -> None:
    request = world.active("bob", PROD, Justification=typed)

    assert paragraph(world.card(request), after="Justification") == typed[:500]
    (asked,) = [line for line in thread(world, request) if line.text.startswith("Requested")]
    assert paragraph(asked, after="Justification") == typed
    assert dangers(world) == []
    assert world.request(request).justification == typed
    world.verify()


@pytest.mark.parametrize("words", [MIXED, HOSTILE["long"]], ids=["mixed", "long"])
def test_a_comment_and_a_reason_are_shown_as_typed(world: World, words: str) -> None:
    request = world.asks("bob", PROD)
    other = world.asks("bob", PROD)

    world.decides("eve", request, "Reject", words)
    world.decides("eve", other, "Approve")
    world.passes(seconds=5)
    world.decides("dan", other, "Revoke", words)
    world.passes(seconds=10)

    assert paragraph(thread(world, request)[-1], after="Comment") == words
    assert paragraph(world.card(request), after="Reason") == words[:500]
    assert paragraph(world.card(other), after="Reason") == words[:500]
    assert paragraph(world.last("bob"), after="Reason").startswith(words)
    assert dangers(world) == []


@pytest.mark.parametrize("name", ["everybody", "a link", "marks"])
def test_a_ticket_is_text(world: World, name: str) -> None:
    ticket = HOSTILE[name].replace("\n", " ")[:60].strip()

    request = world.asks("bob", PROD, Ticket=ticket)

    assert ticket in world.card(request).words()
    assert dangers(world) == []


@pytest.mark.parametrize("name", ["<!channel>", "*Eve* <@UEVE> `x`", "\u202eevE & <b>"])
def test_names_from_the_directory_are_text(world: World, name: str) -> None:
    world.company.add_user("carl", "carl@example.com", display_name=name)
    world.company.add_member("engineers", "carl")
    world.company.add_user("cleo", "cleo@example.com", display_name=f"{name} the Approver")
    world.company.add_member("production-approvers", "cleo")
    world.company.rename_account("payments-prod", f"{name} prod")
    for who in ("carl", "cleo"):
        world.slack.workspace.add_user(who, id=f"U{who.upper()}")
        for channel in (DEFAULT, APPROVALS):
            world.slack.channel(channel).members.add(f"U{who.upper()}")
    world.policies(AUDITED)

    administrator = world.company.permission_set("AdministratorAccess").arn
    request = world.asks("carl", f"333344445555:{administrator}")
    world.decides("cleo", request, "Approve")
    world.passes(hours=1, seconds=5)

    assert name in world.card(request).words()
    assert dangers(world) == []


# Who only hears it


def test_the_text_of_a_card_holds_every_fact(world: World) -> None:
    request = world.asks("bob", PROD, Duration="1h30m", Ticket="OPS-7", Justification="x" * 299)

    text = world.card(request).text

    facts = (
        "Bob Requester", "AdministratorAccess", "payments-prod", "333344445555", "1 h 30 min",
        "Pending", "as soon as approved", "OPS-7", request, "Eve Approver", "Dan Approver",
        "2026-11-02 15:00 UTC", "x" * 299,
    )  # fmt: skip
    assert [fact for fact in facts if fact not in text] == []


def test_the_text_holds_the_first_300_characters_of_the_justification(world: World) -> None:
    long = "".join(f"{number:03d} " for number in range(750))
    request = world.asks("bob", PROD, Justification=long)

    for message in (world.card(request), thread(world, request)[0], world.last("bob")):
        assert long[:300] in message.text


@pytest.mark.parametrize(
    "words", ["&", "😀", "\u202ex ", MIXED], ids=["&", "emoji", "rtl", "mixed"]
)
def test_no_text_is_longer_than_slack_takes(world: World, words: str) -> None:
    whole = (words * 3000)[:3000].strip()
    request = world.asks("bob", PROD, Justification=whole)

    world.decides("eve", request, "Reject", whole)

    assert {name for name, m in everything(world) if size(m.text) > 3900} == set()
    assert world.state(request) is State.REJECTED


def test_every_message_has_words_and_not_only_signs(world: World) -> None:
    request = world.active()
    world.passes(hours=1, seconds=10)

    for _, message in everything(world):
        assert re.match(r"[A-Z][a-z]+", message.text), message.text
    assert "Ended" in world.card(request).text


# Reading


def everything(world: World) -> Iterator[tuple[str, Message]]:
    """Every message in every shape that it ever had."""
    for channel in world.slack.workspace.channels.values():
        for message in channel.everything:
            for shape in (message, *message.history):
                yield channel.name, shape


def thread(world: World, request: RequestId) -> list[Message]:
    return world.slack.thread(world.card(request))


def paragraph(message: Message, *, after: str) -> str:
    """The plain paragraphs that follow this small print, as they are put before a reader."""
    blocks = message.blocks
    at = next(i for i, b in enumerate(blocks) if said(b) == [("plain_text", after)])
    found = []
    for block in blocks[at + 1 :]:
        if block["type"] != "section" or block["text"]["type"] != "plain_text":
            break
        found.append(block["text"]["text"])
    return "".join(found)


def said(block: dict[str, object]) -> list[tuple[str, str]]:
    """Each text object below, by its kind."""
    found: list[tuple[str, str]] = []
    stack: list[object] = [block]
    while stack:
        match stack.pop():
            case {"type": "plain_text" | "mrkdwn" as kind, "text": str(text)}:
                found.append((str(kind), text))
            case dict() as inner:
                stack += inner.values()
            case list() as inner:
                stack += inner
            case _:
                pass
    return found


def dangers(world: World) -> list[str]:
    """What would ping or link in any message: in its `text`, or in mrkdwn that is not ours."""
    found = []
    for _, message in everything(world):
        texts = [message.text] if "<" in message.text or ">" in message.text else []
        marked = [text for b in message.blocks for kind, text in said(b) if kind == "mrkdwn"]
        texts += [text for text in marked if re.search(r"[<>]", OURS.sub("", text))]
        texts += [text for text in marked if "evil" in OURS.sub("", text)]
        found += texts
    return found
