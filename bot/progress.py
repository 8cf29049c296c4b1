"""How far AWS is behind what is to be taken away, in a line for whoever waits for it."""

from blocks.text import utc
from grants.slots import Backlog


def ends_wait(behind: Backlog) -> str:
    """Empty: nothing waits."""
    if not behind.waiting or behind.since is None:
        return ""
    many = "1 end waits" if behind.waiting == 1 else f"{behind.waiting:,} ends wait"
    return (
        f"{many} for AWS, which takes only so much at once: the oldest since {utc(behind.since)};"
        f" {behind.in_hand:,} more are in hand"
    )
