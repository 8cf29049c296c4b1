"""Somebody's authenticator app: takes the key that a window shows, and gives codes by the world's clock."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from grants.model import RequestId
from grants.totp import code_at, step_at
from tests.admin_hand import modal
from tests.standins.slack import Outcome, Person
from tests.world import DEFAULT, POLICIES, World

PROVED = POLICIES + "    proof: totp\n"
PROD = "payments-prod · AdministratorAccess"
WRONG = "000000"


@dataclass
class Phone:
    """With one key in it."""

    world: World
    secret: str

    def code(self, *, ahead: int = 0) -> str:
        """What it shows now, or so many steps later."""
        return code_at(self.secret, step_at(self.world.clock()) + ahead)

    def fresh(self) -> str:
        """One that was never shown before: the next step's."""
        self.world.clock.now += timedelta(seconds=30)
        return self.code()


def scanned(world: World, person: Person) -> Phone:
    """The key of the window before them."""
    words = modal(person).words()
    uri = next(word for word in words.split() if word.startswith("otpauth://"))
    return Phone(world, parse_qs(urlsplit(uri).query)["secret"][0])


def begins(world: World, who: str) -> Person:
    """Set Up Codes, from the answer to the word."""
    person = world[who]
    person.command("proof", DEFAULT)
    person.click(person.ephemerals()[-1], "Set Up Codes")
    return person


def enrolled(world: World, who: str = "eve") -> Phone:
    """They have confirmed a key; the code that did it is past."""
    person = begins(world, who)
    phone = scanned(world, person)
    person.fill(Code=phone.code())
    outcome = person.submit()
    assert "Codes are set up" in str(modal(person).body["title"]), outcome
    person.close(everything=True)
    world.rounds()
    world.clock.now += timedelta(seconds=30)
    return phone


def approves(world: World, who: str, request: RequestId, code: str | None) -> Outcome:
    """Approve, and the form with this code."""
    person = world[who]
    if person.view() is None:
        person.click(world.card(request), "Approve")
    person.fill(Code=code)
    outcome = person.submit()
    if outcome.closed:
        world.rounds()
    return outcome
