"""Where people prove, by one-time codes, that it is they who approve: set up, used, locked, reset."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from grants import authority, telling, totp
from grants.authority import Action
from grants.errors import (
    CodeRefusal,
    CodesLocked,
    CodesNotSetUp,
    CodeUsed,
    Field,
    Flaw,
    NoCodesHere,
    NotOpenedError,
    Problem,
    SetUpOver,
    TooSlow,
    Unfit,
    WrongCode,
)
from grants.model import Actor, GroupId, Membership, Person, RequestId, Role, User, UserId, acting
from grants.ports import Clock, Seal
from grants.records import Entry, Proof
from grants.stores import Work, Works
from grants.waiting import InTime, Still, always, nobody_waits

TRIES: Final = 5
"""So many codes in a row may be wrong; so many more, and it takes twice as long."""
LOCKED_FOR: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(days=1)
TO_CONFIRM: Final = timedelta(minutes=15)
"""So long a key that was shown waits for the first code of it."""

YOURS: Final = ".yours"
"""Behind the kind of what is told to whom it is about."""

Live = Callable[[UserId, Collection[GroupId]], Membership]


@dataclass(frozen=True, slots=True)
class NewKey:
    """Shown once, to whoever sets their codes up."""

    secret: str
    uri: str

    def __repr__(self) -> str:
        """It is in no log, whoever logs it."""
        return "NewKey(…)"


@dataclass(frozen=True, slots=True)
class Proving:
    """A wrong code is counted before anybody hears that it was wrong; a right one counts once."""

    works: Works
    clock: Clock
    seal: Seal | None
    """None: there is no key, so that nobody can prove anything."""
    memberships: Live
    """Somebody's groups, read now."""

    # Using them

    def is_set_up(self, user_id: UserId) -> bool:
        """Whether they have confirmed their codes."""
        with self.works.reading() as work:
            proof = work.proofs.get(user_id)
        return proof is not None and bool(proof.sealed)

    def ready(self, person: Person) -> None:
        """Refuses where no code of this person's could be taken now, whatever they type."""
        with self.works.reading() as work:
            self._sealing(work)
            proof = work.proofs.get(person.user_id)
        if proof is None or not proof.sealed:
            raise CodesNotSetUp
        _must_be_unlocked(proof, self.clock())

    def check(self, person: Person, code: str) -> None:
        """Refuses unless this is a code of theirs that may be used. A wrong one is counted."""
        with self.works() as work:
            found = self._tried(work, person, work.proofs.get(person.user_id), code)
        if not isinstance(found, Right):
            raise found

    def use(
        self, work: Work, person: Person, code: str, request_id: RequestId, *, comment: str = ""
    ) -> None:
        """In the unit of work of what it is to prove: it is used with it, or not at all.

        It was checked a moment ago, so that nothing is counted here; somebody may have used it since.
        `comment`: what was said with it, if no other line of the journal has that.
        """
        proof = work.proofs.get(person.user_id)
        found = self._judged(work, proof, code)
        if isinstance(found, WrongCode):
            raise TooSlow  # It was right, and its time is over.
        if not isinstance(found, Right):
            raise found
        _save(work, proof, self._taken(work, found))
        by = acting(person, Role.APPROVER)
        work.journal.write(Entry(self.clock(), "proof.use", by, request_id, reason=comment))

    # Setting them up

    def begin(self, person: Person, code: str = "", *, in_time: InTime = nobody_waits) -> NewKey:
        """A new key, shown to them alone; it holds once a code of it confirms it.

        `code`: of the key that they have, where they have one. That one holds until then.
        """
        self.may_set_up(person)
        secret = totp.new_secret()
        in_time()
        with self.works() as work:
            proof = work.proofs.get(person.user_id)
            found = self._tried(work, person, proof, code) if proof and proof.sealed else None
            if found is None or isinstance(found, Right):
                self._begun(work, person, proof, found, secret)
        if found is not None and not isinstance(found, Right):
            raise found
        return NewKey(secret, totp.uri(secret, person.email))

    def _begun(
        self, work: Work, person: Person, proof: Proof | None, right: "Right | None", secret: str
    ) -> None:
        now, before = self.clock(), proof or Proof(person.user_id)
        _must_be_unlocked(before, now)
        pending = self._sealing(work).seal(secret, about(person.user_id))
        after = self._taken(work, right) if right else before
        _save(work, proof, replace(after, pending=pending, begun_at=now))
        work.journal.write(Entry(now, "proof.begin", acting(person, Role.APPROVER)))

    def confirm(self, person: Person, code: str, *, in_time: InTime = nobody_waits) -> None:
        """From now on the codes of the key that was shown are theirs. Told aloud, and to them."""
        self.may_set_up(person)
        in_time()
        with self.works() as work:
            found = self._confirmed(work, person, code)
        if found is not None:
            raise found

    def _confirmed(self, work: Work, person: Person, code: str) -> CodeRefusal | Unfit | None:
        """A wrong code is counted here as well: returned and not raised, for that is to be kept."""
        now, proof = self.clock(), work.proofs.get(person.user_id)
        if proof is None or proof.begun_at is None or now - proof.begun_at > TO_CONFIRM:
            return SetUpOver()
        if trouble := _untaken(proof, code, now):
            return trouble
        try:
            secret = self._sealing(work).open(proof.pending, about(person.user_id))
        except NotOpenedError:
            return _none_here(work)
        steps = totp.steps_of(secret, code, now)
        if not steps:
            return self._missed(work, person, proof)
        after = replace(
            proof,
            sealed=proof.pending,
            pending="",
            begun_at=None,
            confirmed_at=now,
            last_step=max(proof.last_step, steps[0]),
            failures=0,
            locked_until=None,
        )
        _save(work, proof, after)
        before = "set up" if proof.sealed else ""
        by = acting(person, Role.APPROVER)
        work.journal.write(Entry(now, "proof.confirm", by, before=before, after="set up"))
        told = {"user": _named(person), "again": bool(proof.sealed)}
        telling.aloud(work, "proof.confirm", told, at=now)
        telling.privately(work, person.user_id, yours("proof.confirm"), told, at=now)
        return None

    def may_set_up(self, person: Person) -> None:
        """Or a refusal: codes are for those who approve, and nobody else has anything to prove."""
        with self.works.reading() as work:
            book = work.policies.current()
        groups = authority.groups(Action.SET_UP_CODES, book, book.approval)
        membership = self.memberships(person.user_id, groups)
        hats = authority.by_groups(book, membership, book.approval)
        authority.admit(Action.SET_UP_CODES, hats)
        with self.works.reading() as work:
            self._sealing(work)

    # Taking them away

    def reset(
        self,
        user: User,
        *,
        by: Actor,
        once: str = "",
        in_time: InTime = nobody_waits,
        still: Still = always,
    ) -> bool:
        """Whoever lost theirs sets up new ones; told aloud, and to them. False: they had none.

        `by` is an administrator, and somebody else; `still`: when it is done as well. `once`: no
        press does so twice; empty: typed.
        """
        themselves = by.user_id == user.id
        authority.bar(Action.RESET_CODES, authority.about(themselves=themselves))
        now = self.clock()
        in_time()
        with self.works() as work:
            still(work)
            if once and not work.acted.first(once, at=now):
                return False
            if not work.proofs.remove(user.id):
                return False
            facts = {"user_id": user.id}
            work.journal.write(Entry(now, "proof.reset", by, before="set up", facts=facts))
            told = {"user": f"{user.name or user.user_name} ({user.user_name})", "by": by.name}
            telling.aloud(work, "proof.reset", told, at=now)
            telling.privately(work, user.id, yours("proof.reset"), told, at=now)
        return True

    # Sealing them anew

    def reseal(self) -> int:
        """With the newest key, so that the others can go. How many; what does not open stays."""
        with self.works.reading() as work:
            whose = [proof.user_id for proof in work.proofs.all()] if self.seal else []
        return sum(self._resealed(user_id) for user_id in whose)

    def _resealed(self, user_id: UserId) -> bool:
        with self.works() as work:
            proof, seal = work.proofs.get(user_id), self._sealing(work)
            if proof is None:
                return False
            after = replace(
                proof,
                sealed=_newest(seal, proof.sealed, user_id),
                pending=_newest(seal, proof.pending, user_id),
            )
            return after != proof and work.proofs.save(after)

    # Whether a code is right

    def _tried(
        self, work: Work, person: Person, proof: Proof | None, code: str
    ) -> "Right | CodeRefusal | Unfit":
        """It is counted, where it is wrong: returned and not raised, for that is to be kept."""
        found = self._judged(work, proof, code)
        return (
            self._missed(work, person, proof) if proof and isinstance(found, WrongCode) else found
        )

    def _judged(self, work: Work, proof: Proof | None, code: str) -> "Right | CodeRefusal | Unfit":
        now, seal = self.clock(), self._sealing(work)
        if proof is None or not proof.sealed:
            return CodesNotSetUp()
        if trouble := _untaken(proof, code, now):
            return trouble
        try:
            secret = seal.open(proof.sealed, about(proof.user_id))
        except NotOpenedError:
            return _none_here(work)
        steps = totp.steps_of(secret, code, now)
        if not steps:
            return WrongCode(TRIES)
        new = [step for step in steps if step > proof.last_step]
        return Right(proof, new[0]) if new else CodeUsed()

    def _missed(self, work: Work, person: Person, proof: Proof) -> CodeRefusal:
        now, failures = self.clock(), proof.failures + 1
        by = acting(person, Role.APPROVER)
        work.journal.write(Entry(now, "proof.wrong", by, facts={"failures": failures}))
        times, more = divmod(failures, TRIES)
        if more:
            _save(work, proof, replace(proof, failures=failures))
            return WrongCode(TRIES - more)
        until = now + min(LONGEST, LOCKED_FOR * 2 ** min(times - 1, 20))
        _save(work, proof, replace(proof, failures=failures, locked_until=until))
        told = {"user": _named(person), "failures": failures, "until": until.isoformat()}
        telling.alarm(work, "proof_locked", told, at=now, by=by)
        telling.privately(work, person.user_id, yours("proof_locked"), told, at=now)
        return CodesLocked(until)

    def _taken(self, work: Work, right: "Right") -> Proof:
        """The row after it, sealed anew should the key have changed."""
        proof = right.proof
        sealed = _newest(self._sealing(work), proof.sealed, proof.user_id)
        return replace(proof, sealed=sealed, last_step=right.step, failures=0, locked_until=None)

    def _sealing(self, work: Work) -> Seal:
        if self.seal is None:
            raise _none_here(work)
        return self.seal


@dataclass(frozen=True, slots=True)
class Right:
    """A code that may be used, and which."""

    proof: Proof
    step: int


def yours(kind: str) -> str:
    """The kind of the same, for the one whose codes they are."""
    return kind + YOURS


def about(user_id: UserId) -> str:
    """What a key is sealed to be about: in another's row it does not open."""
    return f"one-time codes of {user_id}"


def _newest(seal: Seal, sealed: str, user_id: UserId) -> str:
    """The same, sealed with the newest key; as it is, where it is so already or does not open."""
    if not sealed or seal.is_newest(sealed, about(user_id)):
        return sealed
    try:
        return seal.seal(seal.open(sealed, about(user_id)), about(user_id))
    except NotOpenedError:
        return sealed


def _named(person: Person) -> str:
    return f"{person.name} ({person.user_name})"


def _none_here(work: Work) -> NoCodesHere:
    return NoCodesHere(work.policies.current().settings.admins.spelled)


def _untaken(proof: Proof, code: str, now: datetime) -> CodesLocked | Unfit | None:
    """Why no code is looked at."""
    if proof.locked_until and now < proof.locked_until:
        return CodesLocked(proof.locked_until)
    return None if code.strip() else Unfit((Problem(Field.CODE, Flaw.MISSING),))


def _must_be_unlocked(proof: Proof, now: datetime) -> None:
    if proof.locked_until and now < proof.locked_until:
        raise CodesLocked(proof.locked_until)


def _save(work: Work, before: Proof | None, after: Proof) -> None:
    """TooSlow where somebody else has written it since: nothing of this unit of work is kept."""
    if not (work.proofs.save(after) if before else work.proofs.add(after)):
        raise TooSlow
