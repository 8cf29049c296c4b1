"""`iam-policy`: the least that AWS must allow the bot's role."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import click

from bot.commands import ground
from bot.commands.iam_activity import rights, statement, unnamed
from bot.journal_to import bucket_of
from bot.settings import Settings, instance
from grants.policy import CutWay
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
CUT_BY_SCP: Final = (
    "organizations:DescribePolicy",
    "organizations:ListTargetsForPolicy",
    "organizations:UpdatePolicy",
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
    type=click.Choice([way.value for way in CutWay]),
    is_flag=False,
    flag_value=CutWay.INLINE_POLICY.value,
    help="With what cutting sessions takes, although the policies do not switch it on yet:"
    " by the inline policy, unless scp is written behind it.",
)
def iam_policy(instance_arn: str | None, revoke_sessions: str | None) -> None:
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
    cuts, scps = known.cuts, known.scps
    if revoke_sessions == CutWay.INLINE_POLICY:
        cuts = True
    if revoke_sessions == CutWay.SCP:
        if not settings.cut_policy_id:
            raise click.UsageError(
                "Set ELEVATE_CUT_POLICY_ID to the id of the service control policy: the role is to be"
                " allowed to write that one, and no other."
            )
        scps |= {settings.cut_policy_id}
    ground.print_json(document(arn or ANY_INSTANCE, settings, cuts=cuts, scps=scps))


def document(
    instance_arn: str, settings: Settings, *, cuts: bool = False, scps: Collection[str] = ()
) -> dict[str, Any]:
    """As IAM takes it, with what the source of activity needs, and where it is on, cutting sessions.

    `cuts`: by inline policies; `scps`: by these service control policies.
    """
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
    if scps:
        arns = [
            f"arn:{partition}:organizations::*:policy/o-*/service_control_policy/{each}"
            for each in sorted(scps)
        ]
        statements.append(_allow("CutByServiceControlPolicy", CUT_BY_SCP, arns))
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
    """Whether sessions are cut by inline policies, or there is something left to undo in one."""
    scps: frozenset[str] = frozenset()
    """The same of service control policies: which."""


def _known(settings: Settings) -> _Known:
    if not schema.at_head(settings.database_url):
        return _Known()
    with ground.opened(settings) as storage, storage.works.reading() as work:
        found = work.catalogue.load()
        on, carriers = work.policies.current().settings.revoke_sessions, work.cuts.carriers()
    scps = {each.id for each in carriers if each.way is CutWay.SCP}
    if on == CutWay.SCP and settings.cut_policy_id:
        scps.add(settings.cut_policy_id)
    inline = any(each.way is CutWay.INLINE_POLICY for each in carriers)
    return _Known(
        found.instance.arn if found else "", on == CutWay.INLINE_POLICY or inline, frozenset(scps)
    )
