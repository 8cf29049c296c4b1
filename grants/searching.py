"""What somebody looks for among the requests: read from what they typed, and kept as plain words."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeVar

from grants.errors import Field, Flaw, Problem, Unfit
from grants.lifecycle import FINAL
from grants.model import AccountId, Catalogue, Person, RequestId, State, UserId
from grants.records import Binding, LineSearch, Search
from grants.stores import Work

T = TypeVar("T")

OPEN: Final = "open"
"""All states that are not an end, in one word."""
DAY: Final = timedelta(days=1)
DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Sought:
    """As typed; what is empty does not matter."""

    person: str = ""
    """A user name, an address, a name, an Identity Center or a Slack user id."""
    account: str = ""
    """Its 12 digits, or its name."""
    states: tuple[str, ...] = ()
    """States, or `open`."""
    since: str = ""
    """A day or an instant, of UTC unless it says otherwise."""
    until: str = ""
    """The same; a day is meant to its end."""


def anybody(user_id: UserId) -> bool:
    """For whoever sees every request."""
    return True


def read(
    sought: Sought,
    requesters: Callable[[], Iterable[Person]],
    catalogue: Catalogue | None,
    *,
    seen: Callable[[UserId], bool] = anybody,
) -> Search:
    """What it comes to. Unfit: with everything that cannot be read or found, at once.

    `seen`: whether whoever looks sees a request of this person; asked of few. Else there is nobody.
    """
    problems: list[Problem] = []
    search = Search(
        _tried(lambda: _person(sought.person.strip(), requesters, seen), problems),
        _tried(lambda: _account(sought.account.strip(), catalogue), problems),
        _states(sought.states),
        _tried(lambda: _instant(sought.since.strip(), Field.SINCE), problems),
        _tried(lambda: _instant(sought.until.strip(), Field.UNTIL), problems),
    )
    if search.since and search.until and search.until <= search.since:
        problems.append(Problem(Field.UNTIL, Flaw.BACKWARDS))
    if problems:
        raise Unfit(tuple(problems))
    return search


@dataclass(frozen=True, slots=True)
class SoughtLines:
    """Which lines of the journal, as typed; what is empty does not matter."""

    person: str = ""
    """Whoever acted: as in `Sought`, or by name as the journal has it."""
    request: str = ""
    kinds: tuple[str, ...] = ()
    since: str = ""
    """When it was written; the same words as in `Sought`."""
    until: str = ""


def read_lines(sought: SoughtLines, work: Work) -> LineSearch:
    """What it comes to. Unfit: with everything that cannot be read or found, at once."""
    problems: list[Problem] = []
    search = LineSearch(
        _tried(lambda: _actor(sought.person.strip(), work), problems) or frozenset(),
        RequestId(sought.request.strip().upper()) if sought.request.strip() else None,
        frozenset(sought.kinds),
        _tried(lambda: _instant(sought.since.strip(), Field.SINCE), problems),
        _tried(lambda: _instant(sought.until.strip(), Field.UNTIL), problems),
    )
    if search.since and search.until and search.until <= search.since:
        problems.append(Problem(Field.UNTIL, Flaw.BACKWARDS))
    if problems:
        raise Unfit(tuple(problems))
    return search


def _actor(name: str, work: Work) -> frozenset[str]:
    """Whoever acted under this name, or under an id of the one person who is called so."""
    if not name:
        return frozenset()
    wanted = name.casefold()
    meant = {each.user_id for each in work.requests.requesters() if wanted in _names(each)}
    linked = work.people.all()
    meant |= {each.user_id for each in linked if wanted in _linked_names(each)}
    if len(meant) > 1:
        raise Unfit((Problem(Field.PERSON, Flaw.SEVERAL),))
    slack_ids = {each.slack_id for each in linked if each.user_id in meant}
    by = frozenset({name, *meant, *slack_ids})
    if next(work.journal.rows(LineSearch(by=by)), None) is None:
        raise Unfit((Problem(Field.PERSON, Flaw.NOT_FOUND),))
    return by


def _linked_names(binding: Binding) -> set[str]:
    by = (binding.user_id, binding.slack_id, binding.email)
    return {name.casefold() for name in by if name}


def _tried(read_it: Callable[[], T], problems: list[Problem]) -> T | None:
    try:
        return read_it()
    except Unfit as unfit:
        problems.extend(unfit.problems)
        return None


def _person(
    name: str, requesters: Callable[[], Iterable[Person]], seen: Callable[[UserId], bool]
) -> UserId | None:
    if not name:
        return None
    wanted = name.casefold()
    meant = {each.user_id for each in requesters() if wanted in _names(each)}
    return _the_one(set(filter(seen, meant)), Field.PERSON)


def _names(person: Person) -> set[str]:
    by = (person.user_id, person.slack_id, person.user_name, person.email, person.name)
    return {name.casefold() for name in by if name}


def _account(name: str, catalogue: Catalogue | None) -> AccountId | None:
    if not name:
        return None
    if len(name) == DIGITS and name.isascii() and name.isdecimal():
        return AccountId(name)  # one that has left the organization is in no catalogue
    known = catalogue.accounts.values() if catalogue else ()
    wanted = name.casefold()
    return _the_one({each.id for each in known if each.name.casefold() == wanted}, Field.ACCOUNT)


def _the_one(found: set[T], field: Field) -> T:
    if len(found) != 1:
        raise Unfit((Problem(field, Flaw.SEVERAL if found else Flaw.NOT_FOUND),))
    return found.pop()


def _states(words: Iterable[str]) -> frozenset[State]:
    """ValueError for what is no state: the ways in offer nothing else."""
    found = set[State]()
    for word in words:
        found |= frozenset(State) - FINAL if word == OPEN else {State(word)}
    return frozenset(found)


def _instant(typed: str, field: Field) -> datetime | None:
    if not typed:
        return None
    try:
        day = datetime.combine(date.fromisoformat(typed), time(), UTC)
    except ValueError:
        return _exact(typed, field)
    try:
        return day + DAY if field is Field.UNTIL else day
    except OverflowError:
        raise Unfit((Problem(field, Flaw.UNREADABLE),)) from None


def _exact(typed: str, field: Field) -> datetime:
    try:
        found = datetime.fromisoformat(typed)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unfit((Problem(field, Flaw.UNREADABLE),)) from None


# As words, for where nothing else is kept


def to_words(search: Search) -> dict[str, str]:
    """What is set of it."""
    words = {
        "person": search.user_id or "",
        "account": search.account_id or "",
        "states": " ".join(sorted(search.states)),
        "since": search.since.isoformat() if search.since else "",
        "until": search.until.isoformat() if search.until else "",
    }
    return {name: word for name, word in words.items() if word}


def lines_to_words(search: LineSearch) -> dict[str, str]:
    """What is set of it."""
    words = {
        "by": " ".join(sorted(search.by)),
        "request": search.request_id or "",
        "kinds": " ".join(sorted(search.kinds)),
        "since": search.since.isoformat() if search.since else "",
        "until": search.until.isoformat() if search.until else "",
    }
    return {name: word for name, word in words.items() if word}


def from_words(words: Mapping[str, str]) -> Search:
    """The search that `to_words` wrote; other words are somebody else's."""
    user_id, account_id = words.get("person"), words.get("account")
    return Search(
        UserId(user_id) if user_id else None,
        AccountId(account_id) if account_id else None,
        frozenset(State(word) for word in words.get("states", "").split()),
        _kept(words.get("since")),
        _kept(words.get("until")),
    )


def _kept(word: str | None) -> datetime | None:
    return datetime.fromisoformat(word) if word else None
