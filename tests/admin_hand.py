"""An administrator's hand: opens App Home and its forms, and sees what came of it."""

from typing import Any

from grants.records import Entry
from tests.standins.slack import Outcome, Person
from tests.standins.slack.tamper import Payload, Twist
from tests.standins.slack.workspace import View
from tests.world import AUDIT, POLICIES, World

AUDITED = POLICIES.replace("default_channel", f"audit_channel: {AUDIT}\n  default_channel")
PRODUCTION = "Eligibility: engineers in production"
SANDBOX = "Eligibility: the sandbox"
WORKLOADS = "Approval: workloads"


def at_home(world: World, who: str = "ada") -> Person:
    """Before App Home, with everything looked up."""
    person = world[who]
    person.open_home()
    world.passes(seconds=5)
    return person


def pressed(world: World, button: str, *, within: str | None = None, who: str = "ada") -> Person:
    person = at_home(world, who)
    person.press(button, within=within)
    return person


def editing(world: World, within: str = PRODUCTION) -> Person:
    return pressed(world, "Edit", within=within)


def sent(world: World, person: Person) -> Outcome:
    """The form before them, sent; and everybody's App Home drawn again."""
    outcome = person.submit()
    world.passes(seconds=5)
    return outcome


def shown(person: Person) -> str:
    """The words of App Home."""
    view = person.home()
    return view.words() if view else ""


def modal(person: Person) -> View:
    view = person.view()
    assert view is not None
    return view


def typed_in(person: Person, label: str) -> str:
    """What stands in a text field."""
    block, element = modal(person).field(label)
    entered = modal(person).entered.get((block["block_id"], element["action_id"]))
    return str((entered or {}).get("value") or element.get("initial_value") or "")


def lines(world: World, event: str) -> list[Entry]:
    with world.works.reading() as work:
        return [line.entry for line in work.journal.walk() if line.entry.event == event]


def changes(world: World) -> Any:
    """What the newest line of the journal about policies says."""
    facts = lines(world, "policies.apply")[-1].facts
    return facts["changes"] if facts else []


def answer(path: str, value: object) -> Twist:
    """Another answer in the field of this key."""

    def twist(payload: Payload) -> None:
        payload["view"]["state"]["values"][path][path] = value

    return twist


def unanswered(path: str) -> Twist:
    """The field does not come back at all."""

    def twist(payload: Payload) -> None:
        del payload["view"]["state"]["values"][path]

    return twist
