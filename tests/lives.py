"""Ways in which a request may go, from asking to its end, and who hears of what on each."""

from collections.abc import Callable
from datetime import timedelta

from grants.model import RequestId
from tests.standins.aws import Kind
from tests.standins.slack import Message
from tests.world import AUDIT, POLICIES, World

AUDITED = POLICIES.replace("eligibility:", f"  audit_channel: {AUDIT}\neligibility:", 1)
PROD = "payments-prod · AdministratorAccess"
SANDBOX = "data-sandbox · PowerUserAccess"

Life = Callable[[World], RequestId]


def ended(world: World) -> RequestId:
    request = world.active(Duration="1h")
    world.passes(hours=1, seconds=10)
    return request


def given_back(world: World) -> RequestId:
    request = world.active()
    world["bob"].click(world.last("bob"), "End Access")
    world.passes(seconds=10)
    return request


def revoked(world: World) -> RequestId:
    request = world.active()
    world.decides("eve", request, "Revoke", "the incident is over")
    world.passes(seconds=10)
    return request


def vanished(world: World) -> RequestId:
    request = world.active()
    world.company.unassign("bob", "payments-prod", "AdministratorAccess")
    world.passes(minutes=20)
    return request


def rejected(world: World) -> RequestId:
    request = world.asks("bob", PROD)
    world.decides("eve", request, "Reject", "not on a Friday")
    return request


def cancelled(world: World) -> RequestId:
    request = world.asks("bob", PROD)
    world["bob"].click(world.last("bob"), "Cancel Request")
    world.rounds()
    return request


def expired(world: World) -> RequestId:
    request = world.asks("bob", PROD)
    world.passes(hours=3, seconds=1)
    return request


def revoked_before_its_start(world: World) -> RequestId:
    request = world.asks("bob", PROD, Start=world.clock() + timedelta(hours=2))
    world.decides("eve", request, "Approve")
    world.decides("dan", request, "Revoke", "planned for tomorrow now")
    return request


def failed_at_aws(world: World) -> RequestId:
    world.aws.faults.add("CreateAccountAssignment", Kind.ASYNC_FAILURE)
    request = world.asks("bob", PROD)
    world.decides("eve", request, "Approve")
    world.passes(seconds=10)
    return request


def failed_its_last_check(world: World) -> RequestId:
    request = world.asks("bob", PROD, Start=world.clock() + timedelta(hours=2))
    world.decides("eve", request, "Approve")
    world.company.disable_user("bob")
    world.passes(hours=2, seconds=1)
    return request


LIVES: dict[Life, tuple[list[str], list[str], list[str]]] = {
    ended: (
        ["Requested", "Approved", "Granting", "Active", "Removing", "Ended", "Activity"],
        ["You requested", "Approved by", "Active:", "Ended:"],
        ["Approved", "Active", "Ended"],
    ),
    given_back: (
        ["Requested", "Approved", "Granting", "Active", "Removing", "Revoked", "Activity"],
        ["You requested", "Approved by", "Active:", "Revoked:"],
        ["Approved", "Active", "Revoked"],
    ),
    revoked: (
        ["Requested", "Approved", "Granting", "Active", "Removing", "Revoked", "Activity"],
        ["You requested", "Approved by", "Active:", "Revoked:"],
        ["Approved", "Active", "Revoked"],
    ),
    vanished: (
        ["Requested", "Approved", "Granting", "Active", "Revoked", "Activity"],
        ["You requested", "Approved by", "Active:", "Revoked:"],
        ["Approved", "Active", "Revoked"],
    ),
    rejected: (["Requested", "Rejected"], ["You requested", "Rejected by"], ["Rejected"]),
    cancelled: (["Requested", "Cancelled"], ["You requested", "Cancelled:"], []),
    expired: (["Requested", "Expired"], ["You requested", "Expired:"], []),
    revoked_before_its_start: (
        ["Requested", "Approved", "Revoked"],
        ["You requested", "Approved by", "Revoked:"],
        ["Approved", "Revoked"],
    ),
    failed_at_aws: (
        ["Requested", "Approved", "Granting", "Stopping", "Failed"],
        ["You requested", "Approved by", "Failed:"],
        ["Approved", "Failed"],
    ),
    failed_its_last_check: (
        ["Requested", "Approved", "Failed"],
        ["You requested", "Approved by", "Failed:"],
        ["Approved", "Failed"],
    ),
}


def top(world: World, channel: str) -> list[Message]:
    """What is told there; not that the policies were applied under which the test begins."""
    told = world.slack.channel(channel).messages
    return [message for message in told if not message.text.startswith("Policies:")]


def first_words(lines: list[str]) -> list[str]:
    return [line.split()[0].rstrip(":.") for line in lines]
