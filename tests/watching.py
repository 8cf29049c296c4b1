"""A watch over warnings that looks them up here and now."""

from grants.crew import Crew
from grants.ports import Directory
from grants.watching import Watch
from storage.work import SqlWorks
from tests.clock import FakeClock
from tests.world import Inline


def watched(works: SqlWorks, directory: Directory, clock: FakeClock | None = None) -> Watch:
    return Watch(works, directory, clock or FakeClock(), Crew(Inline(), lambda: None))
