"""The source of session activity that the settings mean."""

from typing import Final

from bot.settings import Settings, Source
from grants.aws.assumed import Assumed
from grants.aws.clients import Clients
from grants.aws.cloudtrail.athena import Athena
from grants.aws.cloudtrail.cloudwatch_logs import CloudWatchLogs
from grants.aws.cloudtrail.lake import Lake
from grants.aws.cloudtrail.lookup_events import LookupEvents
from grants.aws.cloudtrail.none import NoTrail
from grants.aws.cloudtrail.querying import Engine, Queried
from grants.aws.instance import Finder
from grants.aws.limiter import Limiter
from grants.ports import Trail

NOTHING_SET: Final = (
    "no source is configured: set ELEVATE_ACTIVITY_LOG_GROUP or ELEVATE_ACTIVITY_ROLE,"
    " or name another one by ELEVATE_ACTIVITY_SOURCE"
)
SWITCHED_OFF: Final = "ELEVATE_ACTIVITY_SOURCE is none"


def trail(
    settings: Settings, clients: Clients, assumed: Assumed, finder: Finder, limiter: Limiter
) -> Trail:
    """Nothing is asked before it is fetched from."""
    match settings.source:
        case Source.LOOKUP_EVENTS:
            return LookupEvents(
                assumed,
                finder,
                limiter,
                role=settings.activity_role or "",
                regions=settings.activity_regions,
            )
        case Source.CLOUDWATCH_LOGS | Source.ATHENA | Source.LAKE:
            return Queried(_engine(settings, clients, limiter), limiter)
        case Source.NONE | Source.AUTO:
            switched_off = settings.activity_source is Source.NONE
            return NoTrail(SWITCHED_OFF if switched_off else NOTHING_SET)


def _engine(settings: Settings, clients: Clients, limiter: Limiter) -> Engine:
    match settings.source:
        case Source.ATHENA:
            return Athena(
                clients,
                limiter,
                table=settings.activity_athena_table or "",
                workgroup=settings.activity_athena_workgroup,
                output=settings.activity_athena_output or "",
            )
        case Source.LAKE:
            store = settings.activity_event_data_store or ""
            return Lake(clients, limiter, event_data_store=store)
        case _:
            return CloudWatchLogs(clients, limiter, log_group=settings.activity_log_group or "")


def called(settings: Settings) -> str:
    """The source and where it looks, for people."""
    match settings.source:
        case Source.LOOKUP_EVENTS:
            regions = ", ".join(settings.activity_regions)
            return f"lookup_events in {regions} by the role {settings.activity_role}"
        case Source.CLOUDWATCH_LOGS:
            return f"cloudwatch_logs, {settings.activity_log_group}"
        case Source.ATHENA:
            return f"athena, {settings.activity_athena_table}"
        case Source.LAKE:
            return f"lake, {settings.activity_event_data_store}"
        case Source.NONE | Source.AUTO:
            return "none"
