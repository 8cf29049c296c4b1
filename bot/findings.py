"""What a check finds, told while it goes on, and never waited for in vain."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from enum import StrEnum
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

from blocks.text import inline
from bot.commands.trouble import told_of
from grants.errors import AwsFault

T = TypeVar("T")


class Verdict(StrEnum):
    """How a thing was found."""

    OK = "ok"
    NOTE = "note"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the check: how it is, what it is about, and what to do."""

    verdict: Verdict
    about: str
    what: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.verdict:<4}  {self.about:<9} {inline(self.what)}"

    def as_json(self) -> dict[str, str]:
        """For other programs."""
        return {"verdict": self.verdict.value, "about": self.about, "what": self.what}


Findings = Iterator[Finding]
Answered = Generator[Finding, None, T | None]


def asked(what: str, ask: Callable[[], T]) -> Answered[T]:
    """What AWS answers; else a finding, and None."""
    try:
        return ask()
    except AwsFault as fault:
        yield Finding(Verdict.FAIL, "AWS", f"{what}: {fault.reason}")
        return None


def within(patience: float, about: str, findings: Findings) -> Findings:
    """The findings, as long as they come; a silence longer than that is a failure."""
    told: SimpleQueue[Finding | Exception | None] = SimpleQueue()

    def tell() -> None:
        try:
            for finding in findings:
                told.put(finding)
            told.put(None)
        except Exception as error:  # noqa: BLE001  # it rises in the thread that asked
            told.put(error)

    # A daemon: at the end nobody waits for a call that never comes back.
    Thread(target=tell, name=f"check {about}", daemon=True).start()
    while True:
        try:
            found = told.get(timeout=patience)
        except Empty:
            yield Finding(Verdict.FAIL, about, f"no answer within {patience:.0f} seconds")
            return
        match found:
            case None:
                return
            case Finding():
                yield found
            case _:
                trouble = told_of(found)
                if trouble is None:
                    raise found
                yield Finding(Verdict.FAIL, about, trouble.message)
                return
