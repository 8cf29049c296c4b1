"""A process that has the bot imported and forks: a bot is born in a tenth of the time of a new one.

`python -m tests.kills.mortal` reads orders from standard input, one JSON line each, and answers
with the number of the process that is the bot from then on. When it reads no more, all of them go.
"""

import json
import os
import signal
import sys
from datetime import timedelta
from typing import Any, Final

from botocore import loaders, session

from bot import run  # noqa: F401 - for whoever is born here
from bot.commands.all import cli
from grants import cutting, pace, summing
from handlers import announce, posting
from handlers.pace import Pace
from tests.kills import failpoints

HASTE: Final[dict[str, Any]] = {
    "POLLS": (0.1, 0.2, 0.5),
    "LOST_LOOKS": (0.2, 0.5, 1),
    "MISSED": timedelta(seconds=0.5),
    "backoff": lambda *_: timedelta(seconds=0.3),
}
"""Waits that are for AWS's sake: the stand-in needs none."""
TELLING: Final = 10.0
"""Seconds at least to tell Slack something: on a busy machine whoever tells it slowly must not lose it to another."""
SERVICES: Final = ("cloudtrail", "identitystore", "organizations", "sso-admin", "sts")


def hasten(lease: float) -> None:
    """Nobody here waits two minutes for a lease, or a second for Slack's pace."""
    _set(pace, **HASTE, LEASE=timedelta(seconds=lease), LEASE_LEFT=timedelta(seconds=lease / 10))
    telling = timedelta(seconds=min(60.0, max(TELLING, lease)))
    _set(announce, LEASE=telling, LAST_MOMENT=telling / 2)
    # The stand-in's Slack has a clock that stands still: what it dates is older than it is.
    _set(posting, SETTLES=timedelta(seconds=1), BEFORE=timedelta(days=1), IN_TIME=telling / 4)
    _set(cutting, TURN=timedelta(seconds=0.1))
    _set(summing, CLAIMED=timedelta(seconds=TELLING))
    at_once = timedelta(0)
    _set(
        Pace.__init__,
        __kwdefaults__={"between_posts": at_once, "between_updates": timedelta(seconds=0.01)},
    )


def _set(where: object, **values: Any) -> None:
    for name, value in values.items():
        assert hasattr(where, name), name
        setattr(where, name, value)


def learn_aws() -> None:
    """boto3 reads its models from disk for each session: here once, for everybody born."""
    known = loaders.create_loader()
    _set(session, create_loader=lambda *_: known)
    taught = session.get_session()
    for service in SERVICES:
        taught.create_client(service, region_name="us-east-1")


def be_the_bot(order: dict[str, Any]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for there, here in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(there, here)
    os.environ.clear()
    os.environ.update(order["environment"])
    hasten(order["lease"])
    if spec := os.environ.get(failpoints.VARIABLE):
        failpoints.install(spec)
    cli(["run", *order["words"]], prog_name="python -m bot")


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    learn_aws()
    for line in sys.stdin:
        born = os.fork()
        if born == 0:
            be_the_bot(json.loads(line))
        sys.stdout.write(f"{born}\n")
        sys.stdout.flush()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
