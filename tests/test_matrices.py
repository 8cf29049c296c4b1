"""A sentence about the world is tried on both databases; the cases of one that has many take turns."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.databases import KINDS
from tests.matrices import taken_in_turns


@pytest.fixture(autouse=True)
def _by_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_MATRICES", raising=False)


@dataclass(frozen=True)
class Told:
    id: str
    params: dict[str, str] = field(hash=False)


@dataclass(frozen=True)
class Item:
    """As much of a collected test as is looked at."""

    callspec: Told
    fixturenames: tuple[str, ...] = ("world",)
    name: str = "test_it[…]"
    parent: str = "tests/test_it.py"


def collected(*cases: str, kinds: tuple[str, ...] = KINDS, **how: Any) -> list[Item]:
    return [
        Item(Told("-".join(filter(None, [kind, case])), {"database_kind": kind}), **how)
        for kind in kinds
        for case in cases
    ]


def left(items: list[Item]) -> list[str]:
    return sorted(item.callspec.id for item in taken_in_turns(items))  # type: ignore[arg-type,attr-defined]  # all that is looked at


def test_each_case_is_tried_once_and_the_sentence_on_both() -> None:
    assert left(collected("a", "b", "c")) == ["postgresql-b", "sqlite-a", "sqlite-c"]


def test_a_sentence_of_one_case_is_tried_on_both() -> None:
    assert left(collected("")) == []


def test_what_is_said_of_storage_is_tried_whole() -> None:
    assert left(collected("a", "b", fixturenames=("works",))) == []


def test_what_is_asked_for_on_one_database_is_tried_there() -> None:
    assert left(collected("a", "b", kinds=("sqlite",))) == []


def test_whoever_wants_all_of_them_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_MATRICES", "whole")

    assert left(collected("a", "b")) == []
