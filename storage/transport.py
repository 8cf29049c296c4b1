"""What protects the way to a database, as its URL and libpq's own variables say."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, Final

from psycopg.pq import Conninfo

from storage.engine import parsed


class SslMode(StrEnum):
    """What libpq takes; only the last knows whom it talks to."""

    DISABLE = "disable"
    ALLOW = "allow"
    PREFER = "prefer"
    REQUIRE = "require"
    VERIFY_CA = "verify-ca"
    VERIFY_FULL = "verify-full"


UNASKED: Final = SslMode.PREFER
"""Libpq's own default: TLS if the server offers it, else none. Nobody chose it."""


@dataclass(frozen=True, slots=True)
class Way:
    """To a server. It leaves this machine, or it does not."""

    leaves: bool
    mode: str | None
    """None: nobody said."""


def way_to(url: str) -> Way | None:
    """The way to the server behind this URL; None: there is none, it is a file."""
    found = parsed(url)
    if found.drivername == "sqlite":
        return None
    _, given = found.get_dialect()().create_connect_args(found)
    usual = _usual()
    # A service file may name any host.
    leaves = "service" in given or not all(map(_is_here, _addresses({**usual, **given})))
    unasked = usual.get("sslmode") in {UNASKED, None}
    return Way(leaves, given.get("sslmode") or (None if unasked else usual["sslmode"]))


def _usual() -> dict[str, str]:
    """What libpq takes where the URL says nothing: PGHOST, PGHOSTADDR, PGSSLMODE and their like."""
    return {
        each.keyword.decode(): each.val.decode() for each in Conninfo.get_defaults() if each.val
    }


def _addresses(said: Mapping[str, Any]) -> list[str]:
    """Where libpq connects to: an address goes before a name, which then only has to match."""
    return str(said.get("hostaddr") or said.get("host") or "").split(",")


def _is_here(host: str) -> bool:
    """A socket in the file system (or none named), or loopback."""
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
