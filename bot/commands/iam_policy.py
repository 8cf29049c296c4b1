"""`iam-policy`: the least that AWS must allow the bot's role."""

from dataclasses import dataclass
from typing import Any, Final

import click

from bot.commands import ground
from bot.commands.iam_activity import rights, statement, unnamed
from bot.journal_to import bucket_of
from bot.settings import Settings, instance
from grants.policy import INLINE_POLICY
from storage import schema

READ: Final = (
    "sso:ListInstances",
    "sso:DescribeInstance",
    "sso:ListPermissionSets",
    "sso:DescribePermissionSet",
    "sso:ListTagsForResource",
    "sso:ListPermissionSetsProvisionedToAccount",
    "sso:ListAccountAssignments",
    "sso:DescribeAccountAssignmentCreationStatus",
    "sso:DescribeAccountAssignmentDeletionStatus",
    "sso:ListAccountAssignmentCreationStatus",
    "sso:ListAccountAssignmentDeletionStatus",
    "identitystore:GetUserId",
    "identitystore:DescribeUser",
    "identitystore:GetGroupId",
    "identitystore:DescribeGroup",
    "identitystore:IsMemberInGroups",
    "identitystore:ListGroupMemberships",
    "identitystore:ListGroupMembershipsForMember",
    "organizations:DescribeOrganization",
    "organizations:ListAccounts",
    "organizations:DescribeAccount",
    "organizations:ListRoots",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListAccountsForParent",
    "organizations:ListParents",
    "organizations:ListTagsForResource",
    "cloudtrail:LookupEvents",
)
CUT_READ: Final = (
    "sso:GetInlinePolicyForPermissionSet",
    "sso:DescribePermissionSetProvisioningStatus",
)
CUT: Final = (
    "sso:PutInlinePolicyToPermissionSet",
    "sso:DeleteInlinePolicyFromPermissionSet",
    "sso:ProvisionPermissionSet",
)
ASSIGN: Final = ("sso:CreateAccountAssignment", "sso:DeleteAccountAssignment")
PUT: Final = "s3:PutObject"
ASSUME: Final = "sts:AssumeRole"
TAG: Final = ("elevate", "true")
"""What a permission set must carry before IAM lets the bot assign it, whatever the bot does."""

ANY_INSTANCE: Final = "arn:aws:sso:::instance/*"


@click.command("iam-policy")
@click.option("--instance-arn", help="The Identity Center instance; else the configured one.")
@click.option(
    "--revoke-sessions",
    is_flag=True,
    help="With what cutting sessions takes, although the policies do not switch it on yet.",
)
def iam_policy(instance_arn: str | None, *, revoke_sessions: bool) -> None:
    """Print the least-privilege policy of the role that the bot runs under."""
    settings = ground.settings()
    known = _known(settings)
    arn = instance_arn or settings.instance_arn or known.instance_arn
    if not arn:
        click.echo(
            "No instance is known, so that the policy allows any; --instance-arn narrows it.",
            err=True,
        )
    else:
        try:
            instance(arn)
        except ValueError as wrong:
            raise click.BadParameter(str(wrong)) from None
    if lacks := unnamed(settings):
        click.echo(lacks, err=True)
    cuts = revoke_sessions or known.cuts
    ground.print_json(document(arn or ANY_INSTANCE, settings, cuts=cuts))


def document(instance_arn: str, settings: Settings, *, cuts: bool = False) -> dict[str, Any]:
    """As IAM takes it, with what the source of activity needs, and where it is on, cutting sessions."""
    partition = instance_arn.split(":")[1]
    name = instance_arn.rpartition("/")[2]
    sso = f"arn:{partition}:sso::"
    statements = [
        _allow("Read", READ, "*"),
        _allow("Assign", ASSIGN, [instance_arn, f"{sso}:account/*"]),
        _tagged(_allow("AssignOnlyTaggedSets", ASSIGN, f"{sso}:permissionSet/{name}/*")),
    ]
    if cuts:
        statements += [
            _allow("ReadCuts", CUT_READ, "*"),
            _allow("CutSessions", CUT, [instance_arn, f"{sso}:account/*"]),
            _tagged(_allow("CutOnlyTaggedSets", CUT, f"{sso}:permissionSet/{name}/*")),
        ]
    if settings.activity_role:
        role = f"arn:{partition}:iam::*:role/{settings.activity_role}"
        statements.append(_allow("ReadActivity", (ASSUME,), role))
    if buckets := [each for each in settings.journal_to if each.startswith("s3://")]:
        objects = ["{}/{}*".format(*bucket_of(each)) for each in buckets]
        arns = [f"arn:{partition}:s3:::{each}" for each in objects]
        statements.append(_allow("WriteJournal", (PUT,), arns))
    statements += map(statement, rights(settings, partition))
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(sid: str, actions: tuple[str, ...], resource: str | list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource}


def _tagged(statement: dict[str, Any]) -> dict[str, Any]:
    return {
        **statement,
        "Condition": {"StringEquals": {f"aws:ResourceTag/{TAG[0]}": TAG[1]}},
    }


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database says."""

    instance_arn: str = ""
    """The one that the catalogue was read from; empty: none was read yet."""
    cuts: bool = False
    """Whether sessions are cut, or there is something left to undo."""


def _known(settings: Settings) -> _Known:
    if not schema.at_head(settings.database_url):
        return _Known()
    with ground.opened(settings) as storage, storage.works.reading() as work:
        found = work.catalogue.load()
        on = work.policies.current().settings.revoke_sessions == INLINE_POLICY
        return _Known(found.instance.arn if found else "", on or work.cuts.unlifted() > 0)
