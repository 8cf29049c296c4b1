"""Where administrators change policies by forms: one policy at a time, or the settings."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from typing import Final, NoReturn, TypeAlias, TypeVar

from grants import authority
from grants.administration import Administration
from grants.authority import Action
from grants.drafts import Draft, Node, PolicyProblem, PolicyProblems, shown
from grants.errors import NothingRead, PoliciesMoved, TooLongHere, UnknownPolicy
from grants.grammar import Grammar
from grants.model import Actor, Catalogue, Lane, Person, UserId, acting
from grants.people import Memberships, must_be_bound
from grants.policy import (
    ApprovalPolicy,
    EligibilityPolicy,
    PolicyBook,
    PolicySettings,
    Who,
)
from grants.policy_text import Thing, Tree, tree
from grants.ports import Directory
from grants.resolving import resolve
from grants.sheets import NEW, Part, Sheet, fits, line_of, read, sheet
from grants.stores import Work, Works
from grants.waiting import InTime, nobody_waits

LOOKED_AT: Final = 100
"""So many administrators at most are looked up until one is found who can act."""

Policy: TypeAlias = EligibilityPolicy | ApprovalPolicy
P = TypeVar("P", EligibilityPolicy, ApprovalPolicy)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a form is about, and the version of the policies that it was drawn from."""

    part: Part
    name: str = ""
    """The policy's, as it was then; empty: the settings, or a policy that is new."""
    since: int = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """What a form is drawn from."""

    subject: Subject
    sheet: Sheet
    tree: Mapping[str, Tree | None]


@dataclass(frozen=True, slots=True)
class Editing:
    """Whoever presses is an administrator now, or refused; what they typed is checked as a file is.

    Others may change other policies meanwhile. Whoever changes the same one is told.
    """

    works: Works
    memberships: Memberships
    directory: Directory
    names: Directory
    """Where names are looked up: what it found a moment ago may be remembered."""
    administration: Administration
    scp: bool = False
    """Whether a service control policy is named here, by which sessions can be cut."""

    def administrator(self, person: Person, action: Action = Action.EDIT_POLICIES) -> Actor:
        """This person as one who may do this, read live; NotAllowed for everybody else."""
        with self.works.reading() as work:
            book = work.policies.current()
        return self._admitted(person, action, book)

    def _admitted(self, person: Person, action: Action, book: PolicyBook) -> Actor:
        membership = self.memberships.live(person.user_id, authority.groups(action, book))
        return acting(person, authority.admit(action, authority.by_groups(book, membership)))

    # Forms

    def opened(self, person: Person, part: Part, name: str = "") -> Opened:
        """What is to be edited, as it is now."""
        found = self.shown(person, part, name)
        if not fits(part, found.tree):
            raise TooLongHere(part, name)
        return found

    def shown(self, person: Person, part: Part, name: str = "") -> Opened:
        """The same, however long it is."""
        self.administrator(person)
        with self.works.reading() as work:
            book = work.policies.current()
        subject = Subject(part, name, book.version)
        return Opened(subject, *_drawn(book, subject))

    def save(
        self,
        person: Person,
        subject: Subject,
        typed: Sheet,
        *,
        once: str = "",
        in_time: InTime = nobody_waits,
    ) -> PolicyBook:
        """What was typed, in force. `typed` holds the fields that came back: others are as they were.

        PolicyProblems, each with its field's number; PoliciesMoved where somebody was faster.
        `once`: no form does so twice, whatever holds by then.
        """
        self.administrator(person)
        with self.works.reading() as work:
            book, catalogue = self._unmoved(work, subject), work.catalogue.load()
        if catalogue is None:
            raise NothingRead
        before, _ = _drawn(book, subject)
        new = self._resolved(book, subject, {**before, **typed}, catalogue)
        return self._apply(
            person, subject, lambda book: _with(book, subject, new), once=once, in_time=in_time
        )

    def delete(
        self, person: Person, subject: Subject, *, once: str = "", in_time: InTime = nobody_waits
    ) -> PolicyBook:
        """The policy is no more. Requests go on under those that remain. `once`: as above."""
        self.administrator(person)
        return self._apply(
            person, subject, lambda book: _without(book, subject), once=once, in_time=in_time
        )

    def _apply(
        self,
        person: Person,
        subject: Subject,
        change: Callable[[PolicyBook], PolicyBook],
        *,
        once: str,
        in_time: InTime,
    ) -> PolicyBook:
        """Onto what holds now, as often as somebody else changes something else meanwhile.

        Each time by whoever is an administrator under what holds then.
        """
        while True:
            with self.works.reading() as work:
                book = self._unmoved(work, subject)
            by = self._admitted(person, Action.EDIT_POLICIES, book)
            after = change(book)
            in_time()
            with suppress(PoliciesMoved):
                return self.administration.apply(
                    after,
                    by=by,
                    since=book.version,
                    once=once,
                    still=partial(must_be_bound, person=person),
                )

    def _unmoved(self, work: Work, subject: Subject) -> PolicyBook:
        """What holds now; PoliciesMoved if that has changed which the form is about."""
        book = work.policies.current()
        if book.version != subject.since:
            before = _thing(work.policies.at(subject.since), subject)
            if _thing(book, subject) != before:
                _moved(work, subject, before)
        return book

    # What was typed

    def _resolved(
        self, book: PolicyBook, subject: Subject, typed: Sheet, catalogue: Catalogue
    ) -> Thing:
        """Read and looked up as a file is, but that what stood there already means what it meant.

        All that is wrong with it at once.
        """
        draft, problems = _drafted(subject.part, typed, scp=self.scp)
        problems += _taken(book, subject, typed.get("name", "").strip())
        try:
            found = resolve(
                draft, catalogue=catalogue, directory=self.names, stood=_thing(book, subject)
            )
        except PolicyProblems as more:
            raise PolicyProblems((*problems, *more.problems)) from None
        if subject.part is Part.SETTINGS and not self._anybody(found.settings.admins):
            problems.append(_nobody())
        if problems:
            raise PolicyProblems(problems)
        return found.settings if subject.part is Part.SETTINGS else _only(found)

    def _anybody(self, admins: Who) -> bool:
        """Whether one of them could act now: nobody locks everybody out."""
        inside = (self.directory.members(group, lane=Lane.PERSON) for group in admins.group_ids)
        named = islice(chain(admins.user_ids, *inside), LOOKED_AT)
        return any(map(self._enabled, named))

    def _enabled(self, user_id: UserId) -> bool:
        user = self.directory.user(user_id, lane=Lane.PERSON)
        return user is not None and user.enabled


def _drafted(part: Part, typed: Sheet, *, scp: bool) -> tuple[Draft, list[PolicyProblem]]:
    found, grammar = read(part, typed), Grammar(scp=scp)
    draft = _draft(part, found.node, grammar)
    return draft, [*found.problems, *grammar.problems]


def _draft(part: Part, node: Node, grammar: Grammar) -> Draft:
    match part:
        case Part.SETTINGS:
            return grammar.settings(node)
        case Part.ELIGIBILITY:
            return Draft(eligibility=tuple(filter(None, [grammar.eligibility(node)])))
        case Part.APPROVAL:
            return Draft(approval=tuple(filter(None, [grammar.approval(node)])))


def _only(found: PolicyBook) -> Policy:
    return found.eligibility[0] if found.eligibility else found.approval[0]


def _taken(book: PolicyBook, subject: Subject, name: str) -> list[PolicyProblem]:
    """A name that another policy has already."""
    if name in {subject.name, ""} or _thing(book, replace(subject, name=name)) is None:
        return []
    said = f"{subject.part} has another policy {shown(name)}; give each its own name"
    return [PolicyProblem(line_of(subject.part, "name"), said)]


def _nobody() -> PolicyProblem:
    return PolicyProblem(
        line_of(Part.SETTINGS, "admins.groups"),
        "admins: nobody who is enabled in Identity Center would be an administrator; name somebody",
    )


# In the book


def _drawn(book: PolicyBook, subject: Subject) -> tuple[Sheet, Mapping[str, Tree | None]]:
    """The fields, and what they are drawn from. UnknownPolicy where the policy is gone."""
    if subject.part is not Part.SETTINGS and not subject.name:
        return {**sheet(subject.part, {}), **NEW[subject.part]}, {}
    thing = _thing(book, subject)
    if thing is None:
        raise UnknownPolicy(subject.part, subject.name)
    drawn = tree(thing)
    return sheet(subject.part, drawn), drawn


def _thing(book: PolicyBook, subject: Subject) -> Thing | None:
    if subject.part is Part.SETTINGS:
        return book.settings
    policies: tuple[Policy, ...] = (
        book.eligibility if subject.part is Part.ELIGIBILITY else book.approval
    )
    return next((policy for policy in policies if policy.name == subject.name), None)


def _with(book: PolicyBook, subject: Subject, new: Thing) -> PolicyBook:
    """In the place of what was; a new policy comes last. Another of its name may have come first."""
    if not isinstance(new, PolicySettings) and (taken := _taken(book, subject, new.name)):
        raise PolicyProblems(taken)
    match new:
        case PolicySettings():
            return replace(book, settings=new)
        case EligibilityPolicy():
            return replace(book, eligibility=_put(book.eligibility, subject, new))
        case ApprovalPolicy():
            return replace(book, approval=_put(book.approval, subject, new))


def _put(policies: tuple[P, ...], subject: Subject, new: P) -> tuple[P, ...]:
    if not subject.name:
        return policies + (new,)  # noqa: RUF005 - mypy loses the type of the spread
    return tuple(new if policy.name == subject.name else policy for policy in policies)


def _without(book: PolicyBook, subject: Subject) -> PolicyBook:
    if subject.part is Part.SETTINGS or _thing(book, subject) is None:
        raise UnknownPolicy(subject.part, subject.name)
    return replace(
        book,
        eligibility=_but(book.eligibility, subject, Part.ELIGIBILITY),
        approval=_but(book.approval, subject, Part.APPROVAL),
    )


def _but(policies: tuple[P, ...], subject: Subject, part: Part) -> tuple[P, ...]:
    if subject.part is not part:
        return policies
    return tuple(policy for policy in policies if policy.name != subject.name)


def _moved(work: Work, subject: Subject, before: Thing | None) -> NoReturn:
    """Names whoever changed this very thing, not whoever changed anything last."""
    later = reversed([each for each in work.policies.history() if each.version > subject.since])
    first = next(each for each in later if _thing(each.book, subject) != before)
    raise PoliciesMoved(first.version, first.by, first.at, subject.since)
