"""Databases opened as the product opens them, on engines that outlast a test.

An engine remembers what it has compiled, and asks a server who it is once: half of what many tests would cost.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import URL, event, make_url

from storage.engine import Database, open_database
from storage.turns import Turns


@dataclass(frozen=True)
class _Kept:
    """The engines of one database that was asked for, and of all that come after it."""

    database: Database
    now: dict[str, URL] = field(default_factory=dict)

    @classmethod
    def of(cls, url: URL) -> "_Kept":
        kept = cls(open_database(url.render_as_string(hide_password=False)))
        opened = kept.database
        for engine in {opened.writers, opened.readers, opened.glances}:
            event.listen(engine, "do_connect", kept.aim)
        return kept

    def aim(self, _: Any, __: Any, arguments: list[Any], options: dict[str, Any]) -> None:
        """Connect to the one of this test."""
        url = self.now["url"]
        if url.drivername == "sqlite":
            arguments[0] = url.database
        else:
            options["dbname"] = url.database


_spare: defaultdict[str, list[_Kept]] = defaultdict(list)


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Closed when the block ends. Two at a time never share engines."""
    found = make_url(url)
    spare = _spare[found.drivername]
    kept = spare.pop() if spare else _Kept.of(found)
    kept.now["url"] = found
    turn = Turns().turn if found.drivername == "sqlite" else nullcontext
    try:
        yield replace(kept.database, turn=turn)
    finally:
        kept.database.close()
        spare.append(kept)
