"""Which cases of a parametrized sentence about the world are tried on which database.

A sentence holds on both, and so it is tried on both. Where it is said of many cases, these take turns: the product has one
code for both databases, and what one of them does otherwise is storage's, whose own sentences go through every case on
each. TEST_MATRICES=whole tries every case on each everywhere, as `make soak` does.
"""

import os
from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Any

import pytest

from tests.databases import KINDS

ABOVE_STORAGE = {"world", "room"}


def taken_in_turns(items: Iterable[pytest.Item]) -> set[pytest.Item]:
    """Those that are left to the other database. A case that is asked for on one alone stays."""
    if os.environ.get("TEST_MATRICES") == "whole":
        return set()
    sentences: defaultdict[Hashable, defaultdict[str, dict[str, pytest.Item]]]
    sentences = defaultdict(lambda: defaultdict(dict))
    for item in items:
        told: Any = getattr(item, "callspec", None)
        if told is None or "database_kind" not in told.params or not _is_above_storage(item):
            continue
        kind = told.params["database_kind"]
        case = "-".join(part for part in told.id.split("-") if part != kind)
        sentences[item.parent, item.name.split("[")[0]][case][kind] = item
    return {
        kinds[KINDS[turn % 2]]
        for cases in sentences.values()
        for turn, kinds in enumerate(cases.values())
        if len(kinds) == len(KINDS) and len(cases) > 1
    }


def _is_above_storage(item: pytest.Item) -> bool:
    return bool(ABOVE_STORAGE.intersection(getattr(item, "fixturenames", ())))
