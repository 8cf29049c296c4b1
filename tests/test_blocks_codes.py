"""One-time codes as they are drawn: within Slack's limits, whoever they are about, and read back as typed."""

import pytest

from blocks import audit, codes, decision_form
from grants.errors import CodeRefusal, CodesNotSetUp, Field, Flaw, Problem, Tampered, Unfit
from grants.model import Ballot
from grants.proving import NewKey, yours
from grants.totp import uri
from tests.standins.blockkit import check_home, check_message, check_view
from tests.test_blocks_drawings import HOSTILE, LONG, NOON, WORDS, a_request

SECRET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
KINDS = ("proof.confirm", "proof.reset", "proof_locked")


def asking(code: object = "123 456") -> dict[str, object]:
    """The form of an approval that asks for a code, filled in."""
    form = decision_form.comment_form(
        a_request(), Ballot.APPROVE, required=False, style=WORDS, proof=True
    ).to_dict()
    assert check_view(form) == []
    fields = {"comment": {"comment": {"value": "Fine."}}, "code": {"code": {"value": code}}}
    return {**form, "state": {"values": fields}}


def test_a_code_is_read_back_and_is_in_no_representation() -> None:
    decision = decision_form.read_comment(asking())

    assert (decision.comment, decision.code) == ("Fine.", "123 456")
    assert "123 456" not in repr(decision)


def test_trouble_with_the_code_is_said_beside_it_where_there_is_one() -> None:
    unfit = Unfit((Problem(Field.CODE, Flaw.MISSING), Problem(Field.COMMENT, Flaw.MISSING)))
    without = decision_form.comment_form(
        a_request(), Ballot.APPROVE, required=True, style=WORDS
    ).to_dict()

    assert decision_form.errors(unfit, asking()).keys() == {"code", "comment"}
    assert decision_form.errors(unfit, without).keys() == {"comment"}
    assert decision_form.beside({"blocks": "none"}, code=True) == "comment"


@pytest.mark.parametrize("code", [123456, ["123456"], {"value": "123456"}])
def test_a_code_of_another_kind_is_tampering(code: object) -> None:
    with pytest.raises(Tampered):
        decision_form.read_comment(asking(code))


@pytest.mark.parametrize("values", [{"comment": {}}, {"code": {}, "more": {}}, {"code": "1"}, []])
def test_a_form_of_codes_that_nobody_could_have_sent(values: object) -> None:
    with pytest.raises(Tampered):
        codes.read({"state": {"values": values or "none"}})


def test_a_form_of_codes_is_read_back() -> None:
    assert codes.read({"state": {"values": {"code": {"code": {"value": " 1 "}}}}}) == "1"


@pytest.mark.parametrize("name", ["eve@example.com", LONG, HOSTILE * 20])
def test_slack_takes_the_windows(name: str) -> None:
    new = NewKey(SECRET, uri(SECRET, name))

    for view in (codes.not_set_up(), codes.present(), codes.key(new), codes.confirmed()):
        assert check_view(view.to_dict()) == []
    assert "ABCD EFGH IJKL" in str(codes.key(new).to_dict())
    assert SECRET not in repr(new)


@pytest.mark.parametrize("needed", [True, False])
@pytest.mark.parametrize("since", [None, NOON])
@pytest.mark.parametrize("able", [True, False])
def test_slack_takes_the_section(needed: bool, since: object, able: bool) -> None:
    blocks = [
        each.to_dict()
        for each in codes.section(needed=needed, since=NOON if since else None, able=able)
    ]

    assert check_home({"type": "home", "blocks": blocks}) == []
    assert ("Set Up Codes" in str(blocks)) is able
    assert len(blocks) <= 4


@pytest.mark.parametrize("kind", [*KINDS, *map(yours, KINDS)])
@pytest.mark.parametrize("again", [True, False])
def test_what_is_told_of_them_pings_nobody(kind: str, again: bool) -> None:
    facts = {
        "kind": kind,
        "user": HOSTILE * 30,
        "by": LONG,
        "again": again,
        "failures": 10,
        "until": NOON.isoformat(),
    }

    message = audit.audit(None, None, facts, WORDS)

    assert check_message(message.text, message.blocks) == []
    assert "<!channel" not in message.text
    assert kind not in message.text
    assert message.text.startswith(("Codes: ", "Alarm: ", "Your ", "10 wrong")) or "reset your" in message.text  # fmt: skip


def test_a_refusal_of_no_kind_is_told_as_well() -> None:
    assert "Nothing was recorded" in codes.refused(CodeRefusal())
    assert "/elevate proof" in codes.refused(CodesNotSetUp())
