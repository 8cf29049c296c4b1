"""Prometheus, as far as a test needs it: asks for the page, and reads it with its own parser."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from functools import partial
from typing import Any

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from bot.assemble import figures
from bot.gauges import Gauges
from bot.meters import Meters
from bot.serve import wsgi
from tests.world import Inline, World

Samples = dict[str, float]
"""By `name{label="value",…}`, labels by name; of histograms, how many there were and buckets."""


def asked(meters: Meters, path: str = "/metrics") -> tuple[str, dict[str, str], str]:
    """What the routes answer: status, headers, body."""
    heard: list[Any] = []
    respond = wsgi(None, lambda: ("", ""), meters.page, secret="")
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path}
    body = b"".join(respond(environ, lambda *said: heard.extend(said)))
    status, headers = heard
    return status, dict(headers), body.decode()


def read(page: str) -> dict[str, Metric]:
    """By the name on the page."""
    return {family.name: family for family in text_string_to_metric_families(page)}


def samples(page: str) -> Samples:
    """All there are."""
    found: Samples = {}
    for family in read(page).values():
        for one in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(one.labels.items()))
            found[f"{one.name}{{{labels}}}" if labels else one.name] = one.value
    return found


def watched(world: World, thread: Executor | None = None) -> Callable[[], Samples]:
    """The world's page, which reads its database as a process would."""
    world.meters.also(Gauges(partial(figures, world.storage), thread or Inline()))
    return lambda: samples(asked(world.meters)[2])


def since(before: Samples, after: Samples) -> Samples:
    """What has changed."""
    return {name: value - before.get(name, 0) for name, value in after.items()}


def some(found: Samples, names: Iterable[str]) -> Samples:
    """These of them; what is not there is missing."""
    return {name: found[name] for name in names if name in found}
