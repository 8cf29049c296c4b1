"""Which Identity Center user a Slack user is: bound by id, once, re-checked each time."""

from collections.abc import Collection
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Final

from grants import addresses, authority
from grants.authority import Action
from grants.errors import AwsFault, Doubt, NotAPerson, TooSlow
from grants.model import (
    CLOCK,
    Actor,
    GroupId,
    Lane,
    Membership,
    Person,
    Role,
    SlackUserId,
    User,
    UserId,
)
from grants.ports import Clock, Directory
from grants.records import Binding, Entry
from grants.stores import Work, Works
from grants.telling import aloud
from grants.waiting import Still, always

GONE: Final = "the Identity Center user is not there any more"
KEPT: Final = 3600.0
"""Seconds for which somebody's groups are remembered."""
REMEMBERED: Final = 5_000
"""Of so many people, those who came last."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What Slack says of a user just now. `None` for a flag: Slack did not supply it."""

    slack_id: SlackUserId
    team_id: str
    email: str = ""
    email_confirmed: bool | None = None
    at_home: bool = True
    """Whether the user belongs to this workspace, or to this Enterprise organization."""
    is_bot: bool | None = None
    is_guest: bool | None = None
    is_stranger: bool | None = None
    is_invited: bool | None = None
    deleted: bool | None = None


def doubt(profile: Profile) -> Doubt | None:
    """Why this Slack user is not to be trusted; None: there is no reason. Fails closed."""
    checks = (
        (not profile.slack_id, Doubt.UNKNOWN),
        (not profile.at_home, Doubt.OTHER_TEAM),
        (bool(profile.deleted), Doubt.DEACTIVATED),
        (profile.is_bot is not False, Doubt.BOT),
        (profile.slack_id == "USLACKBOT", Doubt.BOT),
        (profile.is_guest is not False, Doubt.GUEST),
        (bool(profile.is_stranger), Doubt.STRANGER),
        (bool(profile.is_invited), Doubt.INVITED),
        (not profile.email, Doubt.NO_ADDRESS),
        (profile.email_confirmed is not True, Doubt.UNCONFIRMED),
    )
    return next((reason for wrong, reason in checks if wrong), None)


def turned(profile: Profile) -> str:
    """What this Slack user has become that no link holds for; empty: nothing that Slack says so.

    Only what Slack says counts. What it leaves out, or what the user mends alone, is a `doubt` at most.
    """
    facts = (
        (bool(profile.team_id) and not profile.at_home, "is of another workspace"),
        (profile.deleted is True, "was deactivated"),
        (profile.is_bot is True, "is a bot"),
        (profile.is_guest is True, "is a guest"),
        (profile.is_stranger is True, "is of another organization"),
    )
    return next((f"the Slack user {fact}" for so, fact in facts if so), "")


@dataclass(frozen=True, slots=True)
class Bindings:
    """Makes, keeps, checks and breaks the bindings."""

    works: Works
    directory: Directory
    clock: Clock
    domains: frozenset[str]
    """Address domains, lower case, in which an address says who somebody is."""

    def identify(self, profile: Profile, ahead: "Ahead | None" = None) -> Person:
        """The person this Slack user is, as of now; NotAPerson where there is any doubt.

        `ahead`: what was begun to be read of them since they pressed.
        """
        with self.works.reading() as work:
            binding = work.people.get(profile.slack_id)
        if reason := doubt(profile):
            if binding and (why := turned(profile)):
                self._break(binding, why)
            raise NotAPerson(reason)
        if binding is None:
            return self._bind(profile)
        if binding.broken:
            raise NotAPerson(Doubt.BROKEN, binding.broken)
        if not binding.email:
            return self._first_use(binding, profile)
        if why := _moved(binding, profile):
            self._break(binding, why)
            raise NotAPerson(Doubt.ADDRESS_CHANGED)
        if not binding.by_hand:
            self._must_be_ours(profile.email)
        user = (ahead or self).user(binding.user_id)
        if user is None:
            self._break(binding, GONE)
        return _person(profile.slack_id, _enabled(user), profile.email)

    def user(self, user_id: UserId) -> User | None:
        """As Identity Center has them now."""
        return self.directory.user(user_id, lane=Lane.PERSON)

    def look_again(self, binding: Binding, profile: Profile) -> None:
        """Hold a link that nobody uses just now against Slack and Identity Center."""
        why = turned(profile) or _moved(binding, profile)
        user = None if why else self.directory.user(binding.user_id, lane=Lane.REFRESH)
        if user is None:
            self._break(binding, why or GONE)
            return
        looked_at = replace(binding, user_name=user.user_name, checked_at=self.clock())
        with self.works() as work:
            if work.people.get(binding.slack_id) == binding:
                work.people.put(looked_at)

    def _first_use(self, binding: Binding, profile: Profile) -> Person:
        """Linked by hand: from the first time on it is theirs with this address."""
        with self.works() as work:
            if work.people.get(binding.slack_id) == binding:
                work.people.put(replace(binding, email=profile.email))
                _note(work, "people.address", binding, CLOCK, self.clock, email=profile.email)
        return self.identify(profile)

    def returning(self, profile: Profile) -> Person:
        """The same; while AWS does not answer, by the binding alone: for giving access back."""
        try:
            return self.identify(profile)
        except AwsFault:
            with self.works.reading() as work:
                binding = work.people.get(profile.slack_id)
            if binding is None or binding.broken:
                raise
            return Person(
                profile.slack_id, binding.user_id, binding.user_id, binding.user_id, profile.email
            )

    def link(
        self,
        slack_id: SlackUserId,
        user: User,
        *,
        team_id: str,
        by: Actor,
        email: str = "",
        once: str = "",
        still: Still = always,
    ) -> Binding:
        """An administrator says who it is; an earlier or broken binding is replaced.

        `email`: their address in Slack as it is now, where it is known. `once`: what tells this
        from all others; a second time it changes nothing, whoever they are by then. `still`:
        whether who says so is an administrator still.
        """
        now = self.clock()
        binding = Binding(
            slack_id,
            team_id,
            user.id,
            email,
            now,
            by.name,
            by_hand=True,
            user_name=user.user_name,
            checked_at=now,
        )
        with self.works() as work:
            still(work)
            _about_others(by, binding, work.people.get(slack_id))
            if once and not work.acted.first(once, at=now):
                return binding
            work.people.put(binding)
            _note(work, "people.link", binding, by, self.clock)
            _tell(work, binding, by, now, user=f"{user.name or user.user_name} ({user.user_name})")
        return binding

    def unlink(
        self, slack_id: SlackUserId, *, by: Actor, once: str = "", still: Still = always
    ) -> bool:
        """Forget a binding; whoever comes next is matched by address again. `once`, `still`: as above."""
        with self.works() as work:
            still(work)
            binding = work.people.get(slack_id)
            if binding is None:
                return False
            _about_others(by, binding)
            if once and not work.acted.first(once, at=self.clock()):
                return False
            work.people.remove(slack_id)
            _note(work, "people.unlink", binding, by, self.clock)
            _tell(work, binding, by, self.clock())
        return True

    def _bind(self, profile: Profile) -> Person:
        self._must_be_ours(profile.email)
        user = _enabled(self._by_address(profile.email))
        now = self.clock()
        binding = Binding(
            profile.slack_id,
            profile.team_id,
            user.id,
            profile.email,
            now,
            "verified address",
            user_name=user.user_name,
            checked_at=now,
        )
        with self.works() as work:
            added = work.people.add(binding)
            if added:
                _note(work, "people.link", binding, CLOCK, self.clock)
        if not added:
            return self.identify(profile)  # Meanwhile somebody has said who it is.
        return _person(profile.slack_id, user, profile.email)

    def _must_be_ours(self, address: str) -> None:
        if addresses.lower(address.rpartition("@")[2]) not in self.domains:
            raise NotAPerson(Doubt.FOREIGN_DOMAIN)

    def _by_address(self, address: str) -> User | None:
        found = self.having(address)
        if len(found) > 1:
            raise NotAPerson(Doubt.SEVERAL_USERS)
        return next(iter(found.values()), None)

    def having(self, address: str) -> dict[UserId, User]:
        """The Identity Center users of this address, in whichever case it is written."""
        found = (
            self.directory.user_by_email(spelling, lane=Lane.PERSON)
            for spelling in addresses.spellings(address)
        )
        # Whatever AWS takes for the same: theirs is the one that has it.
        return {user.id: user for user in found if user and addresses.same(user.email, address)}

    def _break(self, binding: Binding, why: str) -> None:
        """For good, and aloud, once."""
        if binding.broken:
            return
        facts = {
            "words": f"Slack user {binding.slack_id} is nobody for Elevate until an administrator says"
            f" who it is (people link {binding.slack_id} USER): {why}."
        }
        with self.works() as work:
            if work.people.get(binding.slack_id) != binding:
                return  # Somebody else has seen it, too; or an administrator has mended it.
            work.people.put(replace(binding, broken=why))
            _note(work, "people.broken", binding, CLOCK, self.clock, reason=why)
            aloud(work, "people.broken", facts, at=self.clock())


def _moved(binding: Binding, profile: Profile) -> str:
    """Whether the Slack user has another address than the one the link holds for; empty: no."""
    known, now = binding.email, profile.email
    same = not known or not now or addresses.same(known, now)
    return "" if same else f"the Slack address is no longer {known}"


def bound(work: Work, person: Person) -> bool:
    """Whether the Slack user by which they did something is theirs still."""
    # Not by `get`, which locks: two votes that count each other's givers would wait for each other.
    theirs = work.people.of_user(person.user_id)
    return any(each.slack_id == person.slack_id and not each.broken for each in theirs)


def must_be_bound(work: Work, person: Person) -> None:
    """TooSlow for whoever was unlinked since they pressed: pressing again, they are told so."""
    if not bound(work, person):
        raise TooSlow


def as_of_now(works: Works, person: Person) -> Still:
    """To be taken before it is asked what they may, and asked when it is done.

    TooSlow where policies have changed between, or they were unlinked: by what holds now they may
    not any more, perhaps.
    """
    with works.reading() as work:
        version = work.policies.version()

    def still(work: Work) -> None:
        must_be_bound(work, person)
        if work.policies.version() != version:
            raise TooSlow

    return still


def _about_others(by: Actor, *bindings: Binding | None) -> None:
    """AboutOneself where a link is or was about whoever makes it; the command line's is about nobody."""
    theirs = any(
        each and (each.slack_id == by.slack_id or each.user_id == by.user_id) for each in bindings
    )
    authority.bar(Action.LINK_PEOPLE, authority.about(themselves=theirs))


def _enabled(user: User | None) -> User:
    if user is None:
        raise NotAPerson(Doubt.NO_USER)
    if not user.enabled:
        raise NotAPerson(Doubt.DISABLED)
    return user


def _person(slack_id: SlackUserId, user: User, email: str) -> Person:
    return Person(slack_id, user.id, user.user_name, user.name or user.user_name, email)


def _note(
    work: Work,
    event: str,
    binding: Binding,
    by: Actor,
    clock: Clock,
    *,
    reason: str = "",
    **more: str,
) -> None:
    facts = {"slack_id": binding.slack_id, "user_id": binding.user_id, **more}
    work.journal.write(Entry(clock(), event, by, reason=reason, facts=facts))


def _tell(work: Work, binding: Binding, by: Actor, at: datetime, *, user: str = "") -> None:
    """Whoever is taken for somebody may do what they may: where there is an audit channel, aloud."""
    if work.policies.current().settings.audit_channel:
        facts = {"slack_id": binding.slack_id, "user": user, "by": by.name}
        aloud(work, "people.link", facts, at=at)


def operator(name: str) -> Actor:
    """Whoever types at the command line, treated as an administrator."""
    return Actor(Role.ADMINISTRATOR, f"operator:{name}")


class Memberships:
    """Who is in which of the policies' groups: remembered for showing, read live for deciding."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        """Nothing is remembered yet."""
        self._directory = directory
        self._clock = clock
        self._known: dict[UserId, dict[frozenset[GroupId], Membership]] = {}
        self._lock = Lock()

    def live(
        self, user_id: UserId, groups: Collection[GroupId], *, lane: Lane = Lane.PERSON
    ) -> Membership:
        """Read now: one call per 100 groups, none where no group is named."""
        wanted = frozenset(groups)
        inside = self._directory.member_of(user_id, wanted, lane=lane) if wanted else frozenset()
        membership = Membership(user_id, frozenset(inside), self._clock())
        if lane is Lane.PERSON:
            self._remember(user_id, {**self._recent(user_id), wanted: membership})
        return membership

    def lately(
        self, user_id: UserId, groups: Collection[GroupId], *, seconds: float = 60
    ) -> Membership | None:
        """What was read of these very groups within so many seconds; None: nothing."""
        membership = self._known.get(user_id, {}).get(frozenset(groups))
        return membership if membership and self._age(membership) <= seconds else None

    def _remember(self, user_id: UserId, found: dict[frozenset[GroupId], Membership]) -> None:
        """Of so many people the latest: a company may have ten times as many."""
        with self._lock:
            self._known.pop(user_id, None)
            while len(self._known) >= REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[user_id] = found

    def _recent(self, user_id: UserId) -> dict[frozenset[GroupId], Membership]:
        """Whoever approves may ask as well: what was read for the one stays known for the other."""
        known = self._known.get(user_id, {})
        return {asked: found for asked, found in known.items() if self._age(found) <= KEPT}

    def _age(self, membership: Membership) -> float:
        return (self._clock() - membership.read_at).total_seconds()


class Ahead:
    """What is being read of AWS while something else is looked up; the rest is read when asked for."""

    def __init__(self, memberships: Memberships, directory: Directory, readers: Executor) -> None:
        """Nothing is being read yet."""
        self._memberships = memberships
        self._directory = directory
        self._readers = readers
        self._groups: dict[tuple[UserId, frozenset[GroupId]], Future[Membership]] = {}
        self._users: dict[UserId, Future[User | None]] = {}

    def begin(self, user_id: UserId, groups: Collection[GroupId]) -> None:
        """Which of these groups they are in will be asked for, most likely."""
        reading = self._readers.submit(self._memberships.live, user_id, groups)
        self._groups[user_id, frozenset(groups)] = reading

    def begin_user(self, user_id: UserId) -> None:
        """And so will be whether they are there."""
        self._users[user_id] = self._readers.submit(self._user, user_id)

    def live(self, user_id: UserId, groups: Collection[GroupId]) -> Membership:
        """Read since this began; whatever went wrong, whoever asks for it hears of it."""
        begun = self._groups.get((user_id, frozenset(groups)))
        if begun is None or begun.cancel():
            # What still waits for a reader is read by whoever asks: nobody waits behind others' votes.
            return self._memberships.live(user_id, groups)
        return begun.result()

    def user(self, user_id: UserId) -> User | None:
        """The same."""
        begun = self._users.get(user_id)
        return self._user(user_id) if begun is None or begun.cancel() else begun.result()

    def _user(self, user_id: UserId) -> User | None:
        return self._directory.user(user_id, lane=Lane.PERSON)
