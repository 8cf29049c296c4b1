"""The bot is killed at every boundary of an effect and started again: every promise holds."""

from pathlib import Path

from tests.databases import Databases
from tests.kills.matrix import Matrix
from tests.kills.nursery import Nursery

AT_ONCE = 3
KILLS = 6
"""In one life: what the bot does after it was killed is killed as well."""
EFFECTS = {
    f"{effect}.{when}"
    for effect in (
        "aws.CreateAccountAssignment",
        "aws.DeleteAccountAssignment",
        "aws.UpdatePolicy",
        "slack.chat.postMessage",
    )
    for when in ("before", "after")
}


def test_killed_wherever_it_commits_or_asks_nothing_is_lost_doubled_or_left(
    nursery: Nursery, databases: Databases, tmp_path: Path
) -> None:
    matrix = Matrix(databases, nursery, tmp_path, kills=KILLS)

    matrix.at_each_boundary(at_once=AT_ONCE)

    print(matrix.tally)  # noqa: T201 - `pytest -rP` shows it
    assert matrix.tally.boundaries > EFFECTS
