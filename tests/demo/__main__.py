"""`python -m tests.demo`: the whole product to click in, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from threading import Event

from tests.demo.errors import StageError
from tests.demo.script import script
from tests.demo.stage import stage


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of the page; 0 takes a free one")
    asked = parser.parse_args()
    for wish in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(wish, signal.default_int_handler)
    try:
        with stage(port=asked.port, tell=_tell) as set_up:
            _tell(script(set_up))
            _stay(set_up.check)
    except KeyboardInterrupt:
        _tell("All ended.")
    except StageError as trouble:
        sys.exit(f"The demo cannot go on. {trouble}")


def _stay(check: Callable[[], None]) -> None:
    never = Event()
    while not never.wait(0.5):
        check()


def _tell(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    main()
