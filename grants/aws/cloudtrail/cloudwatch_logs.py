"""A session's activity by CloudWatch Logs Insights, from the log group that a trail writes to."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from grants.aws.asking import Asking
from grants.aws.clients import Clients
from grants.aws.cloudtrail.querying import TRIES, Asked, Look, Page, Phase
from grants.aws.limiter import Family, Limiter
from grants.errors import AwsMissing, AwsRefused
from grants.model import Lane

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import ResultFieldTypeDef

SOURCE: Final = "cloudwatch_logs"
PAGE: Final = 10_000
LATE: Final = timedelta(hours=1)
"""An event may stand under the time at which it was delivered, not the one at which it happened."""

# Insights finds the first 200 fields of a record by name: nothing behind requestParameters is
# asked for, which may have more.
QUERY: Final = """\
fields @message
| filter userIdentity.type = "AssumedRole" and userIdentity.accountId = "{account}"
| filter userIdentity.arn like ":assumed-role/AWSReservedSSO_"
| filter userIdentity.onBehalfOf.userId = "{user}" or not ispresent(userIdentity.onBehalfOf.userId)
| sort @timestamp desc"""
ANY: Final = """\
fields @message
| filter recipientAccountId = "{account}"
| sort @timestamp desc"""

_PHASES: Final[Mapping[str, Phase]] = {
    "Scheduled": Phase.UNDER_WAY,
    "Running": Phase.UNDER_WAY,
    "Unknown": Phase.UNDER_WAY,
    "Complete": Phase.DONE,
}


class CloudWatchLogs:
    """`Engine` on one log group, in its own Region where it is named by its ARN."""

    source = SOURCE

    def __init__(self, clients: Clients, limiter: Limiter, *, log_group: str) -> None:
        """`log_group` is a name, or an ARN without `:*` at its end."""
        self._group = log_group
        self._region = log_group.split(":")[3] if log_group.startswith("arn:") else clients.region
        self._client = clients.logs(self._region)
        self._starting = Asking(limiter, Family.LOGS_QUERIES, tries=TRIES)
        self._reading = Asking(limiter, Family.LOGS_RESULTS, tries=TRIES)

    def start(self, asked: Asked, *, rows: int) -> str:
        """Where the answer is lost, another is begun: the first ends by itself."""
        text = QUERY.format(account=asked.account_id, user=asked.user_id)
        return self._start(text, asked, rows=rows)

    def seek(self, asked: Asked) -> str:
        """`recipientAccountId` stands far behind in a record, but not in all of them too far."""
        return self._start(ANY.format(account=asked.account_id), asked, rows=1)

    def _start(self, text: str, asked: Asked, *, rows: int) -> str:
        answer = self._starting(
            Lane.REFRESH,
            lambda: self._client.start_query(
                logGroupIdentifiers=[self._group],
                startTime=int(asked.since.timestamp()),
                endTime=int((asked.until + LATE).timestamp()),
                queryString=text,
                limit=rows,
            ),
        )
        return answer["queryId"]

    def look(self, query_id: str) -> Look:
        """With next to nothing of what it has found so far."""
        answer = self._reading(
            Lane.REFRESH, lambda: self._client.get_query_results(queryId=query_id, maxItems=1)
        )
        return Look(
            _PHASES.get(answer["status"], Phase.FAILED), f"its status is {answer['status']}."
        )

    def page(self, query_id: str, token: str) -> Page:
        """Up to 10,000 rows."""
        answer = self._reading(
            Lane.REFRESH,
            lambda: self._client.get_query_results(
                queryId=query_id, maxItems=PAGE, **({"nextToken": token} if token else {})
            ),
        )
        return Page(map(_message, answer["results"]), str(answer.get("nextToken") or ""))

    def stop(self, query_id: str) -> None:
        """AwsRefused: it had ended already."""
        self._starting(Lane.REFRESH, lambda: self._client.stop_query(queryId=query_id))

    def cure(self, refused: AwsRefused) -> str:
        """The group, or the right to it."""
        if isinstance(refused, AwsMissing):
            return (
                f"There is no log group {self._group} in {self._region}, or its query is gone:"
                f" correct ELEVATE_ACTIVITY_LOG_GROUP. AWS said: {refused.reason}"
            )
        return (
            f"CloudWatch Logs could not be asked about {self._group}: the bot's role needs"
            " logs:StartQuery on it, and logs:GetQueryResults and logs:StopQuery."
            f" AWS said: {refused.reason}"
        )


def _message(row: Sequence["ResultFieldTypeDef"]) -> str:
    """The record; empty, and so unreadable, where the row has none."""
    values: dict[Any, str] = {one.get("field"): one.get("value", "") for one in row}
    return values.get("@message", "")
