"""Fifty thousand calls of one session are all seen, or said to be more than could be read."""

from collections.abc import Iterator

import pytest

from tests.sources import NOON, QUERIED, Ground, a_ground
from tests.standins.aws import ApiCall

MANY = 50_000


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """The events are made once; nobody changes them."""
    with pytest.MonkeyPatch.context() as patch, a_ground(patch) as ground:
        calls = [ApiCall("ec2", "DescribeInstances")] * MANY
        ground.company.session_activity("bob", "sandbox", "Admin", NOON, calls=calls, every=0.05)
        yield ground


@pytest.mark.parametrize("source", QUERIED)
def test_a_query_sees_them_all(ground: Ground, source: str) -> None:
    began = ground.time.now

    evidence = ground.source(source).fetch(ground.session())

    assert (len(evidence.events), evidence.truncated) == (MANY, False)
    assert ground.time.now - began < 60


def test_looking_events_up_says_that_there_were_more(ground: Ground) -> None:
    began = ground.time.now

    evidence = ground.source("lookup_events").fetch(ground.session())

    assert (len(evidence.events), evidence.truncated) == (2_000, True)
    assert ground.time.now - began < 60
