"""Where administrators say which Slack user is which Identity Center user."""

from collections.abc import Callable
from dataclasses import dataclass

from grants import authority
from grants.authority import Action
from grants.errors import CannotBeLinked, Doubt, NotAPerson, Thing, UnknownName
from grants.model import Actor, Lane, Person, SlackUserId, User
from grants.naming import user_called
from grants.people import Bindings, Profile, as_of_now, doubt
from grants.ports import Directory
from grants.records import Binding
from grants.waiting import InTime, nobody_waits


@dataclass(frozen=True, slots=True)
class Linking:
    """Of others only: who they themselves are is for another administrator, or the command line.

    What is theirs by another Slack user, by its link or by its address, is about themselves too.
    """

    bindings: Bindings
    directory: Directory
    administrator: Callable[[Person, Action], Actor]
    """The person as one who may do this, read live; or a refusal."""
    profile: Callable[[SlackUserId], Profile]
    """What Slack says of a user just now; NotAPerson where it knows none."""

    def listed(self, person: Person) -> list[Binding]:
        """Every link, those that no longer hold first."""
        self.administrator(person, Action.LINK_PEOPLE)
        with self.bindings.works.reading() as work:
            return sorted(work.people.all(), key=lambda each: (not each.broken, each.slack_id))

    def link(
        self,
        person: Person,
        slack_id: SlackUserId,
        name: str,
        *,
        once: str,
        in_time: InTime = nobody_waits,
    ) -> User:
        """From now on this Slack user is that Identity Center user. `once`: no form does so twice.

        CannotBeLinked where the link could never be used; UnknownName where nobody is called so.
        """
        still = as_of_now(self.bindings.works, person)
        by = self._administrator_of(person, slack_id)
        profile = self._trusted(slack_id)
        _must_be_of_others(theirs=self._is_theirs(profile.email, person))
        user = user_called(self.directory, name, lane=Lane.PERSON)
        if not user.enabled:
            raise CannotBeLinked(Doubt.DISABLED)
        in_time()
        self.bindings.link(
            profile.slack_id, user, team_id=profile.team_id, by=by, email=profile.email, once=once,
            still=still,
        )  # fmt: skip
        return user

    def unlink(
        self, person: Person, slack_id: SlackUserId, *, once: str, in_time: InTime = nobody_waits
    ) -> bool:
        """Forgotten: the next time they are matched by their address again."""
        still = as_of_now(self.bindings.works, person)
        by = self._administrator_of(person, slack_id)
        in_time()
        return self.bindings.unlink(slack_id, by=by, once=once, still=still)

    def user(self, slack_id: SlackUserId) -> User:
        """Whoever this Slack user is taken for; nameless, where Identity Center has them no more."""
        with self.bindings.works.reading() as work:
            binding = work.people.get(slack_id)
        if binding is None:
            raise UnknownName(Thing.SLACK_USER, slack_id)
        found = self.directory.user(binding.user_id, lane=Lane.PERSON)
        return found or User(binding.user_id, binding.user_id, "", "", enabled=False)

    def _administrator_of(self, person: Person, slack_id: SlackUserId) -> Actor:
        by = self.administrator(person, Action.LINK_PEOPLE)
        _must_be_of_others(theirs=slack_id == person.slack_id)
        return by

    def _is_theirs(self, address: str, person: Person) -> bool:
        """Whether whoever has this address in Slack would be taken for this person."""
        same = address.casefold() == person.email.casefold()
        return same or person.user_id in self.bindings.having(address)

    def _trusted(self, slack_id: SlackUserId) -> Profile:
        """A full member of this workspace with a confirmed address, or nobody would be the wiser."""
        try:
            profile = self.profile(slack_id)
        except NotAPerson as refusal:
            raise CannotBeLinked(refusal.doubt) from refusal
        if reason := doubt(profile):
            raise CannotBeLinked(reason)
        return profile


def _must_be_of_others(*, theirs: bool) -> None:
    authority.bar(Action.LINK_PEOPLE, authority.about(themselves=theirs))
