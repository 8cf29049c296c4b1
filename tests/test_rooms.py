"""The rooms have names that nobody owns; what answers to them must be ours."""

from importlib.util import find_spec
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("room", ["bot", "handlers", "grants", "storage", "blocks", "tests"])
def test_a_room_is_found_in_this_checkout(room: str) -> None:
    spec = find_spec(room)

    assert spec is not None
    assert spec.origin == str(REPOSITORY / room / "__init__.py")
