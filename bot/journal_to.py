"""The destinations that the settings name for the journal."""

from pathlib import Path

from bot.destinations import Address, File, StandardOutput
from bot.settings import STDOUT, Settings
from grants.aws.clients import Clients, Hears
from grants.aws.s3 import Bucket
from grants.ports import Destination


def destinations(
    settings: Settings, clients: Clients | None = None, hears: Hears | None = None
) -> list[Destination]:
    """In the order in which they are named. AwsRefused where a bucket is, and no Region."""
    return [_destination(said, settings, clients, hears) for said in settings.journal_to]


def _destination(
    said: str, settings: Settings, clients: Clients | None, hears: Hears | None
) -> Destination:
    if said == STDOUT:
        return StandardOutput()
    scheme, _, rest = said.partition(":")
    match scheme:
        case "file":
            return File(Path(rest))
        case "s3":
            bucket, prefix = bucket_of(said)
            clients = clients or Clients(region=settings.aws_region)
            clients.ear.hears = hears or clients.ear.hears
            return Bucket(clients, bucket, prefix)
        case _:
            return Address(said, settings.journal_token)


def bucket_of(said: str) -> tuple[str, str]:
    """`s3://bucket/prefix`, with the prefix as keys begin."""
    bucket, _, path = said.removeprefix("s3://").partition("/")
    prefix = path.strip("/")
    return bucket, f"{prefix}/" if prefix else ""
