"""What `audit export` writes: requests, or the journal's own lines."""

from typing import IO, Any, Final

from blocks.problems import sentence
from bot.assemble import Storage
from bot.commands import ground
from bot.commands.filters import search
from bot.commands.trouble import Misuse
from grants import exporting, lines
from grants.auditing import note, note_lines, records
from grants.authority import Action
from grants.drafts import shown
from grants.errors import Field, Flaw, Problem, Unfit
from grants.exporting import Format
from grants.records import LineSearch
from grants.searching import SoughtLines, read_lines
from grants.sight import ALL
from grants.stores import Work

OF_REQUESTS: Final = {"account": "--account", "states": "--state"}
OF_LINES: Final = {"request": "--request", "kinds": "--event"}
NOBODY: Final = (
    "nobody of this name acted in the journal; give a name as it stands there, a user name, an"
    " address or an id"
)


def write_requests(output: IO[str], kind: Format, storage: Storage, **typed: Any) -> None:
    """That it was taken is written down first, and nothing at all where the file cannot be had."""
    _only(typed, but=OF_LINES, what="the journal: add --what journal")
    with storage.works.reading() as work:
        wanted = search(work, **_without(typed, OF_LINES))
    output.write(exporting.heading(kind))
    with storage.works() as work:
        note(work, ground.whoever_types(Action.EXPORT), wanted, kind, at=storage.clock())
    with storage.works.reading() as work:
        for record in records(work, ALL, wanted):
            output.write(exporting.line(record, kind))


def write_lines(output: IO[str], kind: Format, storage: Storage, **typed: Any) -> None:
    """The same for lines of the journal, as they stand there."""
    _only(typed, but=OF_REQUESTS, what="requests: leave it out")
    with storage.works.reading() as work:
        wanted = _sought(work, **_without(typed, OF_REQUESTS))
    output.write(lines.heading(kind))
    with storage.works() as work:
        note_lines(work, ground.whoever_types(Action.EXPORT), wanted, kind, at=storage.clock())
    with storage.works.reading() as work:
        for row in work.journal.rows(wanted):
            output.write(lines.line(row, kind))


def _sought(work: Work, **typed: Any) -> LineSearch:
    try:
        found = read_lines(SoughtLines(**typed), work)
    except Unfit as unfit:
        raise Misuse("\n".join(map(_told, unfit.problems))) from unfit
    about = LineSearch(request_id=found.request_id)
    if found.request_id and next(work.journal.rows(about), None) is None:
        raise Misuse(f"--request: the journal has nothing about {shown(found.request_id)}")
    return found


def _told(problem: Problem) -> str:
    nobody = (problem.field, problem.flaw) == (Field.PERSON, Flaw.NOT_FOUND)
    return f"--{problem.field}: {NOBODY if nobody else sentence(problem)}"


def _only(typed: dict[str, Any], *, but: dict[str, str], what: str) -> None:
    """What the other export is narrowed by is not passed over in silence."""
    wrong = [option for name, option in but.items() if typed[name]]
    if wrong:
        raise Misuse("\n".join(f"{option} is about {what}" for option in wrong))


def _without(typed: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {name: value for name, value in typed.items() if name not in names}
