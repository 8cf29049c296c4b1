"""A session's activity by CloudTrail Lake, which is closed to new customers since 2026-05-31."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final, TypedDict

from grants.aws.asking import Asking, Token
from grants.aws.clients import Clients
from grants.aws.cloudtrail.querying import TRIES, Asked, Look, Page, Phase
from grants.aws.faults import readable
from grants.aws.limiter import Family, Limiter
from grants.errors import AwsRefused
from grants.model import Lane

SOURCE: Final = "lake"
PAGE: Final = 1_000

# CloudTrail Lake takes no parameters for SQL of one's own. The columns and `eventJson` are those of
# its schema for CloudTrail events; eventTime is a timestamp.
QUERY: Final = """\
SELECT eventJson FROM {store}
WHERE eventTime >= '{since}' AND eventTime <= '{until}'
AND recipientAccountId = '{account}'
AND userIdentity.type = 'AssumedRole'
AND userIdentity.arn LIKE '%:assumed-role/AWSReservedSSO%'
AND (userIdentity.onBehalfOf.userId = '{user}' OR userIdentity.onBehalfOf.userId IS NULL)
ORDER BY eventTime DESC LIMIT {rows}"""
ANY: Final = """\
SELECT eventJson FROM {store}
WHERE eventTime >= '{since}' AND eventTime <= '{until}'
AND recipientAccountId = '{account}'
LIMIT 1"""
_TIME: Final = "%Y-%m-%d %H:%M:%S"

_PHASES: Final[Mapping[str, Phase]] = {
    "QUEUED": Phase.UNDER_WAY,
    "RUNNING": Phase.UNDER_WAY,
    "FINISHED": Phase.DONE,
}
_NO_STORE: Final = frozenset(
    {
        "EventDataStoreARNInvalidException",
        "EventDataStoreNotFoundException",
        "InactiveEventDataStoreException",
    }
)


class _Owner(TypedDict, total=False):
    EventDataStoreOwnerAccountId: str


class Lake:
    """`Engine` on one event data store, in its own Region where it is named by its ARN."""

    source = SOURCE

    def __init__(self, clients: Clients, limiter: Limiter, *, event_data_store: str) -> None:
        """`event_data_store` is the ARN, or the id at its end."""
        self._store = event_data_store
        parts = event_data_store.split(":")
        self._region = parts[3] if len(parts) > 1 else clients.region
        self._owner = _Owner(EventDataStoreOwnerAccountId=parts[4]) if len(parts) > 1 else _Owner()
        self._client = clients.cloudtrail(self._region)
        self._starting = Asking(limiter, Family.CLOUDTRAIL_REST, tries=TRIES)
        self._reading = Asking(limiter, Family.CLOUDTRAIL_READS, tries=TRIES)

    def start(self, asked: Asked, *, rows: int) -> str:
        """Where the answer is lost, another is begun: the first ends by itself."""
        return self._start(QUERY.format(**self._of(asked), user=asked.user_id, rows=rows))

    def seek(self, asked: Asked) -> str:
        """Likewise."""
        return self._start(ANY.format(**self._of(asked)))

    def _of(self, asked: Asked) -> dict[str, str]:
        return {
            "store": self._store.rpartition("/")[2],
            "since": asked.since.strftime(_TIME),
            "until": asked.until.strftime(_TIME),
            "account": asked.account_id,
        }

    def _start(self, statement: str) -> str:
        answer = self._starting(
            Lane.REFRESH,
            lambda: self._client.start_query(QueryStatement=statement, **self._owner),
        )
        return answer["QueryId"]

    def look(self, query_id: str) -> Look:
        """Its status, with AWS's words where it failed."""
        answer = self._reading(
            Lane.REFRESH, lambda: self._client.describe_query(QueryId=query_id, **self._owner)
        )
        status = answer["QueryStatus"]
        said = answer.get("ErrorMessage") or f"its status is {status}."
        return Look(_PHASES.get(status, Phase.FAILED), readable(said))

    def page(self, query_id: str, token: str) -> Page:
        """Up to 1,000 rows."""
        answer = self._reading(
            Lane.REFRESH,
            lambda: self._client.get_query_results(
                QueryId=query_id,
                MaxQueryResults=PAGE,
                **self._owner,
                **(Token(NextToken=token) if token else Token()),
            ),
        )
        return Page(map(_event_json, answer["QueryResultRows"]), str(answer.get("NextToken") or ""))

    def stop(self, query_id: str) -> None:
        """AwsRefused: it had ended already."""
        self._starting(
            Lane.REFRESH, lambda: self._client.cancel_query(QueryId=query_id, **self._owner)
        )

    def cure(self, refused: AwsRefused) -> str:
        """The store, or the right to it."""
        if refused.code in _NO_STORE:
            return (
                f"There is no event data store {self._store} in {self._region} that can be asked:"
                " correct ELEVATE_ACTIVITY_EVENT_DATA_STORE. CloudTrail Lake is closed to new"
                f" customers: without a store, choose another source. AWS said: {refused.reason}"
            )
        return (
            f"CloudTrail Lake could not be asked about {self._store}: the bot's role needs"
            " cloudtrail:StartQuery, DescribeQuery, GetQueryResults and CancelQuery on it."
            f" AWS said: {refused.reason}"
        )


def _event_json(row: Sequence[Mapping[str, str]]) -> str:
    """The record; empty, and so unreadable, where the row has none. A row is a map per column."""
    columns = chain.from_iterable(column.items() for column in row)
    return next((value for name, value in columns if name.lower() == "eventjson"), "")
