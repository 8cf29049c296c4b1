"""Serves the small company with the system's clock, until it is told to stop."""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import UTC, datetime
from threading import Event

from tests.standins.aws import AwsStandIn, small_company
from tests.standins.aws.demo_company import use_what_is_given


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.standins.aws", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--operation-seconds", type=float, default=0.5)
    parser.add_argument("--quotas", action="store_true", help="enforce AWS's published rates")
    parser.add_argument(
        "--management", action="store_true", help="callers are in the management account"
    )
    asked = parser.parse_args()
    company = small_company(
        lambda: datetime.now(UTC),
        delegated=not asked.management,
        operation_seconds=asked.operation_seconds,
    )
    use_what_is_given(company)
    stopped = Event()
    for wish in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wish, lambda *_: stopped.set())
    with AwsStandIn(company, quotas=asked.quotas, host=asked.host, port=asked.port) as aws:
        sys.stdout.write(f"{aws.url}\n")
        sys.stdout.flush()
        stopped.wait()


if __name__ == "__main__":
    main()
