"""What the bot's role must be allowed for the source of session activity."""

from dataclasses import dataclass
from typing import Any, Final

from bot.settings import Settings, Source

LOGS: Final = ("logs:GetQueryResults", "logs:StopQuery")
ATHENA: Final = (
    "athena:StartQueryExecution",
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:StopQueryExecution",
)
LAKE: Final = (
    "cloudtrail:StartQuery",
    "cloudtrail:DescribeQuery",
    "cloudtrail:GetQueryResults",
    "cloudtrail:CancelQuery",
)
GLUE: Final = ("glue:GetDatabase", "glue:GetTable", "glue:GetPartitions")
RESULTS: Final = (
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)
"""What Athena does in the caller's name where it puts results."""


@dataclass(frozen=True, slots=True)
class Right:
    """A statement of the policy of the bot's role."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]


def rights(settings: Settings, partition: str) -> list[Right]:
    """What the bot's own role needs for the source; LookupEvents is asked under another role."""
    match settings.source:
        case Source.CLOUDWATCH_LOGS:
            group = _arn(settings.activity_log_group, partition, "logs", "log-group:")
            return [
                Right("QueryActivity", ("logs:StartQuery",), (group, f"{group}:*")),
                Right("ReadActivityQueries", LOGS, ("*",)),
            ]
        case Source.LAKE:
            store = settings.activity_event_data_store
            arn = _arn(store, partition, "cloudtrail", "eventdatastore/")
            return [Right("QueryActivity", LAKE, (arn,))]
        case Source.ATHENA:
            return _athena_rights(settings, partition)
        case Source.LOOKUP_EVENTS | Source.NONE | Source.AUTO:
            return []


def _athena_rights(settings: Settings, partition: str) -> list[Right]:
    database, _, table = (settings.activity_athena_table or "").partition(".")
    group = f"arn:{partition}:athena:*:*:workgroup/{settings.activity_athena_workgroup}"
    tables = [
        f"arn:{partition}:glue:*:*:{kind}"
        for kind in ("catalog", f"database/{database}", f"table/{database}/{table}")
    ]
    found = [
        Right("QueryActivity", ATHENA, (group,)),
        Right("ReadActivityTable", GLUE, tuple(tables)),
    ]
    if settings.activity_athena_output:
        bucket, _, prefix = settings.activity_athena_output.removeprefix("s3://").partition("/")
        places = (f"arn:{partition}:s3:::{bucket}", f"arn:{partition}:s3:::{bucket}/{prefix}*")
        found.append(Right("WriteActivityResults", RESULTS, places))
    return found


def unnamed(settings: Settings) -> str:
    """What the printed policy lacks because no setting names it; empty: nothing."""
    if settings.source is not Source.ATHENA:
        return ""
    results = "" if settings.activity_athena_output else " and where the workgroup puts its results"
    return (
        "Athena reads S3 by the bot's role: add s3:GetObject and s3:ListBucket on the trail's"
        f" bucket{results}, which no setting names."
    )


def _arn(named: str | None, partition: str, service: str, kind: str) -> str:
    """Where only the name is known, it may be in any Region and account."""
    said = named or ""
    return said if said.startswith("arn:") else f"arn:{partition}:{service}:*:*:{kind}{said}"


def statement(right: Right) -> dict[str, Any]:
    """As IAM takes it."""
    return {
        "Sid": right.sid,
        "Effect": "Allow",
        "Action": list(right.actions),
        "Resource": list(right.resources),
    }
