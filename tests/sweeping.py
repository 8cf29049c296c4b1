"""What a sweep is tried on: late orders of ours, what others assign, and what is told of them."""

from datetime import timedelta
from typing import Any

from bot.check_sweep import swept
from bot.findings import Finding
from grants.model import Catalogue, RequestId, State
from tests.standins.aws import ACTIVITY_ROLE
from tests.world import World

PROD = "payments-prod · AdministratorAccess"
HELD = ("bob", "payments-prod", "AdministratorAccess")
CREATE, DELETE, LIST = (
    "CreateAccountAssignment",
    "DeleteAccountAssignment",
    "ListAccountAssignments",
)
LOOKUP = "LookupEvents"
PROVISIONED = "ListPermissionSetsProvisionedToAccount"
BY_ADA = "made by ada (role AWSReservedSSO_AdministratorAccess_"


def sweeps(world: World) -> None:
    """As often as there is something to look at now, and what follows from it."""
    for _ in range(50):
        world.sweep.round()
        due = world.sweep.next_due()
        if due is None or due > world.clock():
            break
    world.rounds()


def later(world: World, **span: float) -> None:
    """Time goes by, with a sweep whenever it is due."""
    until = world.clock() + timedelta(**span)
    for _ in range(100):
        due = world.sweep.next_due()
        if due is None or due > until:
            break
        world.clock.now = max(due, world.clock())
        sweeps(world)
    else:
        raise AssertionError("the sweep comes to no end")
    world.clock.now = until


def next_day(world: World) -> None:
    """Everything is looked at again."""
    world.clock.passes(days=1, minutes=1)
    sweeps(world)


def when_cloudtrail_has_told(world: World) -> None:
    """Of whatever happened before something was found; and what follows from it."""
    sweeps(world)
    later(world, minutes=26)
    world.passes(seconds=10)


def ended(world: World) -> RequestId:
    """A grant that was over yesterday."""
    request = world.active("bob", PROD, Duration="1h")
    world.passes(hours=2)
    assert world.state(request) is State.ENDED
    world.passes(days=1)
    return request


def create_late(world: World, who: str = "bob") -> None:
    """A request of ours that reaches AWS long after anybody waits for it."""
    order = order_for(world, who)
    world.address.clients.sso_admin.writing.create_account_assignment(**order)
    world.passes(seconds=3)


def delete_late(world: World, who: str = "bob") -> None:
    order = order_for(world, who)
    world.address.clients.sso_admin.writing.delete_account_assignment(**order)
    world.passes(seconds=3)


def order_for(world: World, who: str) -> dict[str, Any]:
    user, account, permission_set = world.company.key(who, *HELD[1:])[1:]
    return {
        "InstanceArn": world.company.instance_arn,
        "TargetId": account,
        "TargetType": "AWS_ACCOUNT",
        "PermissionSetArn": permission_set,
        "PrincipalType": "USER",
        "PrincipalId": user,
    }


def everything_is_seen(world: World) -> None:
    """What people do in the management account, too."""
    world.company.prepare_role(ACTIVITY_ROLE, world.company.management_account)


def alarms(world: World) -> list[str]:
    return [each.text for each in world.slack.channel("general").messages if "Alarm" in each.text]


def events(world: World, about: str) -> list[dict[str, object]]:
    with world.works.reading() as work:
        lines = [line.entry for line in work.journal.walk()]
    return [dict(entry.facts or {}) for entry in lines if entry.event == about]


def standing(world: World) -> RequestId:
    """A grant that runs on what is there already."""
    before = {each.id for each in world.requests()}
    bob = world["bob"]
    bob.command("")
    bob.fill({"Access": PROD, "Justification": "the disk is full", "Duration": "1h"})
    bob.submit()
    sent = bob.submit()
    assert sent.kind == "closed", sent
    world.rounds()
    (request,) = [each.id for each in world.requests() if each.id not in before]
    world.decides("eve", request, "Approve")
    world.passes(seconds=10)
    assert world.state(request) is State.ACTIVE
    return request


def catalogue(world: World) -> Catalogue:
    with world.works.reading() as work:
        found = work.catalogue.load()
    assert found is not None
    return found


def checked(world: World) -> list[Finding]:
    known = catalogue(world)
    with world.works.reading() as work:
        return list(swept(work.sweeps.all(), work.sweeps.strangers(), known))
