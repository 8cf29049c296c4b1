"""How an explanation is drawn: within Slack's limits, whatever things and people are called."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from blocks.explanation import failure, message, not_now, sentences, usage, where
from blocks.text import Message
from grants.explaining import Agreement, Allowed, Barred, Explanation, Fails
from grants.model import ChannelId
from tests import make
from tests.memory_directory import a_user
from tests.standins.blockkit import check_message
from tests.test_blocks_drawings import HOSTILE, LONG

NAMES = ["Eve", HOSTILE, LONG]
CHANNELS = tuple(ChannelId(f"C{n:010}") for n in range(30))


def called(name: str, verdict: Allowed | Barred) -> Explanation:
    """Everything and everybody by this name."""
    return Explanation(
        replace(a_user("eve"), name=name),
        make.an_account(name=name),
        make.a_permission_set(name),
        verdict,
    )


def allowed(name: str = "Eve", **changes: Any) -> Allowed:
    people = tuple(replace(a_user("eve", number=n), name=name) for n in range(30))
    agreement = Agreement(2, (name,) * 30, people, enough=False, all_read=False)
    verdict = Allowed(name, timedelta(hours=4), agreement, CHANNELS, directly=True)
    return replace(verdict, **changes)


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_whatever_things_are_called_slack_takes_it(name: str, own: bool) -> None:
    barred = [Barred(fails, (name,) * 30) for fails in Fails]
    verdicts: list[Allowed | Barred] = [allowed(name), *barred]

    for verdict in verdicts:
        drawn = message(called(name, verdict), own=own)

        assert check_message(drawn.text, drawn.blocks) == []
        assert "<!channel" not in drawn.text


@pytest.mark.parametrize("drawn", [usage(), not_now()])
def test_what_is_no_answer_is_drawn_too(drawn: Message) -> None:
    assert check_message(drawn.text, drawn.blocks) == []


@pytest.mark.parametrize("fails", Fails)
def test_the_first_failure_is_one_sentence(fails: Fails) -> None:
    words = failure(called("payments", Barred(fails, ("engineers", "on call"))))

    assert words.endswith(".")
    assert ". " not in words


def test_beyond_twenty_the_rest_is_counted() -> None:
    people = tuple(replace(a_user("eve", number=n), name="Eve") for n in range(30))
    agreement = Agreement(1, (), people, enough=True, all_read=True)

    words = sentences(called("payments", allowed(agreement=agreement)))

    assert any(sentence.endswith("Eve and 10 more.") for sentence in words)


def test_where_nothing_hangs_nothing_is_said() -> None:
    nowhere = allowed(channels=(), directly=False)

    assert where(called("payments", nowhere), str) == ""
    assert where(called("payments", Barred(Fails.NOT_COVERED)), str) == ""


def test_several_required_policies_are_met_each_by_its_own() -> None:
    agreement = Agreement(2, ("owners", "security"), (), enough=False, all_read=True)

    words = sentences(called("payments", allowed(agreement=agreement)))

    assert '"owners" and "security" must besides be met by their own approvers each.' in words
