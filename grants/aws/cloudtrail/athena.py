"""A session's activity by Athena, from a table on the logs of an organization trail."""

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Final, TypedDict
from uuid import uuid4

from grants.aws.asking import Asking, Token
from grants.aws.clients import Clients
from grants.aws.cloudtrail.athena_rows import (
    parameters,
    parameters_for_any,
    query,
    query_for_any,
    record_of,
)
from grants.aws.cloudtrail.querying import TRIES, Asked, Look, Page, Phase
from grants.aws.faults import readable
from grants.aws.limiter import Family, Limiter
from grants.errors import AwsRefused
from grants.model import Lane

if TYPE_CHECKING:
    from mypy_boto3_athena.type_defs import ResultConfigurationTypeDef

SOURCE: Final = "athena"
PAGE: Final = 1_000

_PHASES: Final[Mapping[str, Phase]] = {
    "QUEUED": Phase.UNDER_WAY,
    "RUNNING": Phase.UNDER_WAY,
    "SUCCEEDED": Phase.DONE,
}


class _Place(TypedDict, total=False):
    ResultConfiguration: "ResultConfigurationTypeDef"


class Athena:
    """`Engine` on one table, in the bot's own Region."""

    source = SOURCE

    def __init__(
        self, clients: Clients, limiter: Limiter, *, table: str, workgroup: str, output: str
    ) -> None:
        """`table` is `database.table`; `output` is empty where the workgroup has a place of its own."""
        self._table = table
        self._workgroup = workgroup
        self._output = output
        self._client = clients.athena()
        self._asking = Asking(limiter, Family.ATHENA, tries=TRIES)

    def start(self, asked: Asked, *, rows: int) -> str:
        """Where the answer is lost and it is asked for again, it is the same one: by its token."""
        return self._start(query(self._table, rows), parameters(asked))

    def seek(self, asked: Asked) -> str:
        """In the same days and of the same account, so that it searches no more."""
        return self._start(query_for_any(self._table), parameters_for_any(asked))

    def _start(self, text: str, given: list[str]) -> str:
        token = uuid4().hex
        place = (
            _Place(ResultConfiguration={"OutputLocation": self._output})
            if self._output
            else _Place()
        )
        answer = self._asking(
            Lane.REFRESH,
            lambda: self._client.start_query_execution(
                QueryString=text,
                ExecutionParameters=given,
                ClientRequestToken=token,
                WorkGroup=self._workgroup,
                **place,
            ),
        )
        return answer["QueryExecutionId"]

    def look(self, query_id: str) -> Look:
        """Its state, with AWS's words where it failed: no such table, no right to the bucket."""
        answer = self._asking(
            Lane.REFRESH, lambda: self._client.get_query_execution(QueryExecutionId=query_id)
        )
        status = answer["QueryExecution"]["Status"]
        state = status["State"]
        if (phase := _PHASES.get(state)) is not None:
            return Look(phase)
        said = readable(status.get("StateChangeReason") or f"its state is {state}.")
        return Look(Phase.FAILED, f"{said} {self._see_to()}")

    def page(self, query_id: str, token: str) -> Page:
        """Up to 1,000 rows; the first of them all are the names of the columns."""
        answer = self._asking(
            Lane.REFRESH,
            lambda: self._client.get_query_results(
                QueryExecutionId=query_id,
                MaxResults=PAGE,
                **(Token(NextToken=token) if token else Token()),
            ),
        )
        rows = answer["ResultSet"]["Rows"]
        records = (record_of(row["Data"]) for row in islice(rows, 0 if token else 1, None))
        return Page(records, str(answer.get("NextToken") or ""))

    def stop(self, query_id: str) -> None:
        """One that had ended already is none the worse for it."""
        self._asking(
            Lane.REFRESH, lambda: self._client.stop_query_execution(QueryExecutionId=query_id)
        )

    def cure(self, refused: AwsRefused) -> str:
        """The workgroup, its output, or the right to it."""
        return f"Athena could not be asked. {self._see_to()} AWS said: {refused.reason}"

    def _see_to(self) -> str:
        output = self._output or "unset: the workgroup's own"
        return (
            f"See to ELEVATE_ACTIVITY_ATHENA_TABLE ({self._table}),"
            f" ELEVATE_ACTIVITY_ATHENA_WORKGROUP ({self._workgroup}) and"
            f" ELEVATE_ACTIVITY_ATHENA_OUTPUT ({output}), and to the rights of the bot's role to"
            " them and to the trail's bucket."
        )
