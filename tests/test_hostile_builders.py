"""Whatever builds blocks, whatever it is given to tell: nothing pings, links, reorders or breaks the form."""

import importlib
import inspect
import pkgutil
import re
import types
import typing
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block, DividerBlock
from slack_sdk.models.views import View

import blocks
from blocks import home
from blocks.refusals import words as words_of
from blocks.text import Message, shown
from grants.activity import Summary, to_json
from grants.auditing import Whole
from grants.errors import Problem, Refusal
from grants.model import Request, State, Vote
from grants.proving import NewKey
from grants.records import Line
from tests.standins.blockkit import check_home, check_message, check_view
from tests.test_blocks_drawings import a_request, texts

PIECES = (
    "<!channel>", "<!here>", "<@UEVE>", "<#C01>", "<!subteam^S1>", "<https://evil.example|AWS>", "https://evil.example",
    "&lt;!channel&gt;", "&", "<", ">", "|", "*b*", "_i_", "~s~", "`c`", "```", "\n", "\r\n", "\t", "\x00", "\x1b[31m",
    "\u202e", "\u202c", "\u2066", "\u2067", "\u2068", "\u2069", "\u2069\u2069", "\u200f", "\u05d0\u05d1", "\u0661", "\u2028",
    "\U0001f468\u200d\U0001f469", "e\u0301", "{date}", "{0}", "%s", "%(x)s", "'; DROP TABLE requests; --", "=cmd|' /C calc'!A0",
 " ", "",
)  # fmt: skip
OURS = re.compile(
    r"<!date\^\d+\^{date_short_pretty} at {time}\|[^<>|]*>|<#R0AB234\d>|<https://[a-z.-]+/[^<>|]*\|[^<>|]*>"
)
TURNING = {"R", "AL", "AN", "LRE", "RLE", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI", "PDF"}
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

made: set[str] = set()
"""Every hostile string of this example."""


def kept(words: str) -> str:
    made.add(words)
    return words


hostile = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join).map(kept)
long = st.builds(
    lambda some, much: kept((f"{some}\ud800" * 600)[:much]), hostile, st.integers(1, 3000)
)
instants = st.integers(0, 10**6).map(lambda seconds: NOON + timedelta(seconds=seconds))
spans = st.integers(60, 40 * 3600).map(lambda seconds: timedelta(seconds=seconds))


# What is given: anything that a signature asks for, with hostile words in every place


@cache
def given_a(kind: Any) -> st.SearchStrategy[Any]:
    if kind in OWN:
        return OWN[kind]
    origin: Any = typing.get_origin(kind)
    inside = typing.get_args(kind)
    if isinstance(kind, typing.NewType):
        return st.sampled_from((kind("R0AB2345"), kind("R0AB2346"), kind("R0AB2347")))
    if origin in {typing.Union, types.UnionType}:
        return st.one_of(*map(given_a, inside))
    if origin is tuple and inside[-1] is not Ellipsis:
        return st.tuples(*map(given_a, inside))
    if origin in {tuple, list, frozenset, set} or origin in MANY:
        several = st.lists(given_a(inside[0]), min_size=int(origin in MANY), max_size=2)
        return several.map(frozenset if origin in {frozenset, set} else tuple)
    if origin is not None and is_dataclass(origin):
        return st.deferred(
            lambda: built(
                origin, dict(zip(getattr(origin, "__parameters__", ()), inside, strict=True))
            )
        )
    if is_dataclass(kind):
        return st.deferred(lambda: built(kind, {}))
    if isinstance(kind, type) and issubclass(kind, Refusal):
        return st.builds(kind)
    if origin is MAPPING:
        return st.dictionaries(given_a(inside[0]), given_a(inside[1]), max_size=3)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    raise AssertionError(f"nobody said how {kind} is made")


def built(kind: Any, variables: Mapping[Any, Any]) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(kind)
    wanted = {each.name: hints[each.name] for each in fields(kind) if each.init}
    return st.builds(
        kind,
        **{
            name: OUR_WORDS if name == "notice" else given_a(put_in(hint, variables))
            for name, hint in wanted.items()
        },
    )


def put_in(hint: Any, variables: Mapping[Any, Any]) -> Any:
    inside = getattr(hint, "__parameters__", ())
    return variables.get(hint) or (
        hint[tuple(variables[each] for each in inside)] if inside else hint
    )


def requests() -> st.SearchStrategy[Request]:
    one = dict.fromkeys(
        ("account_name", "permission_set_name", "ticket", "decided_by", "closed_by"), hostile
    )
    whole = dict.fromkeys(("justification", "reason"), long)
    return st.builds(
        a_request,
        st.sampled_from(State),
        may_approve=st.lists(hostile, max_size=3).map(tuple),
        **one,
        **whole,
    )


facts = st.fixed_dictionaries(
    {"since": instants.map(str), "made_at": instants.map(str), "until": instants.map(str), "destination": hostile, "line": st.integers(1, 9), "error": hostile, "count": st.integers(1, 99)},
    optional={
        "comment": long, "reason": hostile, "voter": hostile, "address": hostile, "user_name": hostile, "by": hostile, "user": hostile,
        "slack_id": st.just("UEVE"), "account_name": hostile, "permission_set_name": hostile, "made_by": hostile,
        "blind": hostile, "words": hostile, "whom": st.lists(hostile, max_size=3), "changes": st.lists(hostile, max_size=5),
        "besides": st.lists(st.fixed_dictionaries({"more": st.integers(1, 3), "whom": st.lists(hostile, max_size=3)}), max_size=2),
        "seconds": st.integers(60, 9999), "needed": st.integers(1, 3), "attempts": st.integers(1, 9), "wider": st.booleans(),
    },
)  # fmt: skip
MAPPING = typing.get_origin(Mapping[str, str])
MANY = {Sequence, Collection, typing.get_origin(typing.Iterable[int])}
OWN: dict[Any, st.SearchStrategy[Any]] = {
    str: hostile,
    int: st.integers(0, 99),
    bool: st.booleans(),
    float: st.floats(0, 99),
    type(None): st.none(),
    datetime: instants,
    timedelta: spans,
    Request: st.deferred(requests),
    NewKey: st.just(
        NewKey(
            "JBSWY3DPEHPK3PXP", "otpauth://totp/Elevate:eve%40example.com?secret=JBSWY3DPEHPK3PXP"
        )
    ),
    Any: hostile,
    tuple[Problem, ...]: st.deferred(lambda: st.lists(given_a(Problem), min_size=1).map(tuple)),
    Mapping[str, Any]: facts,
    Whole: st.deferred(
        lambda: st.builds(
            Whole,
            request=requests(),
            votes=given_a(Sequence[Vote]),
            lines=given_a(Sequence[Line]),
            activity=given_a(Summary).map(to_json),
        )
    ),
    Refusal: st.deferred(lambda: st.one_of([given_a(each) for each in refusals(Refusal)])),
}


OUR_WORDS = OWN[Refusal].map(words_of)
"""With others' in them."""


def refusals(kind: Any) -> Iterator[Any]:
    for below in kind.__subclasses__():
        yield below
        yield from refusals(below)


# Who builds


def builders() -> Iterator[tuple[str, Callable[..., Any]]]:
    for found in pkgutil.iter_modules(blocks.__path__):
        module = importlib.import_module(f"blocks.{found.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            mine = function.__module__ == module.__name__ and not name.startswith("_")
            if (
                mine
                and found.name != "parts"
                and is_built(typing.get_type_hints(function).get("return"))
            ):
                yield f"{found.name}.{name}", function


def is_built(kind: Any) -> bool:
    inside = typing.get_args(kind)
    return kind in {Message, View} or bool(
        inside and isinstance(inside[0], type) and issubclass(inside[0], Block)
    )


BUILDERS = dict(builders())
LEFT_OUT = {
    "home.view",
    "home.message",
    "home.placed",
    "home.titled",
    "admin_forms.notice",
    "admin_forms.form",
    "admin_forms.delete_form",
}
"""They take blocks, our own words, or a whole sheet of a policy, of which tests/test_blocks_admin.py has the worst."""


def called(function: Callable[..., Any]) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(function)
    asked = inspect.signature(function).parameters
    wanted = {name: hints[name] for name in asked if name != "write"}
    given = {name: given_a(hint) for name, hint in wanted.items()}
    if "words" in given:  # ours, with others' words in them
        given["words"] = OUR_WORDS
    return st.builds(function, **given)


def drawn(result: Any) -> tuple[str, Any, list[str]]:
    """The top-level text, the blocks, and what Slack would refuse."""
    match result:
        case Message():
            return result.text, result.blocks, check_message(result.text, result.blocks)
        case View():
            return "", result.to_dict(), check_view(result)
        case _:
            view = home.view([DividerBlock(), *result])
            return "", view.to_dict(), check_home(view)


def is_whole(text: str) -> bool:
    """A paragraph of its own, as somebody typed it: it turns nobody else's words."""
    return any(text.removesuffix("…") in shown(words) for words in made)


def escapes(text: str) -> list[str]:
    """What turns the words beside it: bidirectional characters outside every isolate, or isolates left open."""
    depth, found = 0, []
    for character in text:
        kind = unicodedata.bidirectional(character)
        depth += (kind in {"LRI", "RLI", "FSI"}) - (kind == "PDI")
        if kind in TURNING and (depth < 0 or (depth == 0 and kind != "PDI")):
            found.append(ascii(text))
    return found + [ascii(text)] * (depth != 0)


@pytest.mark.parametrize("name", sorted(BUILDERS.keys() - LEFT_OUT))
def test_nothing_hostile_does_anything(name: str) -> None:
    @settings(
        max_examples=10,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        made.clear()
        text, built, problems = drawn(data.draw(called(BUILDERS[name])))

        said = list(texts(built))
        marked = [each for each in said if each["type"] == "mrkdwn"]
        plain = [each["text"] for each in said if each["type"] == "plain_text"]
        assert problems == []
        assert re.findall(r"[<>]", OURS.sub("", text)) == []
        assert [each for each in marked if re.search(r"[<>]", OURS.sub("", each["text"]))] == []
        assert [each for each in marked if not each.get("verbatim")] == []  # else Slack finds links
        assert [
            each for words in (text, *plain) if not is_whole(words) for each in escapes(words)
        ] == []

    holds()


def test_every_builder_is_found() -> None:
    assert {
        "card.card",
        "thread.line",
        "refusals.whisper",
        "elevate_form.form",
        "verdict.message",
    } < BUILDERS.keys()
    assert LEFT_OUT < BUILDERS.keys()
    assert len(BUILDERS) > 50
