"""One call, or one list page by page: in its turn, and with its faults in our words."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypedDict, TypeVar

from grants.aws.faults import THROTTLING, in_our_words
from grants.aws.limiter import Family, Limiter
from grants.errors import AwsBusy, AwsTooLate, AwsUnsure
from grants.model import Lane
from grants.ports import Still

Answer = TypeVar("Answer", bound=Mapping[str, object])


class Token(TypedDict, total=False):
    """Where the next page begins; empty for the first."""

    NextToken: str


@dataclass(frozen=True, slots=True)
class Asking:
    """The way to AWS through one quota."""

    limiter: Limiter
    family: Family
    scope: str = ""
    tries: int = 1
    """For reads whose client does not try again by itself; each try takes its turn."""

    def __call__(self, lane: Lane, call: Callable[[], Answer]) -> Answer:
        """The answer, or an AwsFault. Too much asked, also where boto3 tried again: slower."""
        for _ in range(self.tries - 1):
            with suppress(AwsBusy, AwsUnsure):
                return self._once(lane, call)
        return self._once(lane, call)

    def write(self, lane: Lane, call: Callable[[], Answer], *, still: Still) -> Answer:
        """Once, and only if it is still to be made when its turn has come; else AwsTooLate."""

        def guarded() -> Answer:
            if not still():
                raise AwsTooLate("Its turn came so late that it is decided anew.")
            return call()

        return self._once(lane, guarded)

    def pages(self, lane: Lane, call: Callable[[Token], Answer]) -> Iterator[Answer]:
        """Every page, the empty ones too: only a missing NextToken ends a list."""
        token = Token()
        seen: set[str] = set()
        while True:
            page = self(lane, partial(call, token))
            yield page
            following = str(page.get("NextToken") or "")
            if not following:
                return
            if following in seen:
                raise AwsUnsure("AWS gave the same page token twice, so the list has no end.")
            seen.add(following)
            token = Token(NextToken=following)

    def _once(self, lane: Lane, call: Callable[[], Answer]) -> Answer:
        self.limiter.acquire(self.family, lane, scope=self.scope)
        try:
            with in_our_words():
                answer = call()
        except AwsBusy as busy:
            if busy.code in THROTTLING:
                self._slower()
            raise
        if _tried_again(answer):
            self._slower()
        return answer

    def _slower(self) -> None:
        self.limiter.throttled(self.family, scope=self.scope)


def _tried_again(answer: Mapping[str, object]) -> bool:
    about = answer.get("ResponseMetadata")
    return isinstance(about, Mapping) and bool(about.get("RetryAttempts"))
