"""Where a line of the audit channel goes: an alarm has to reach somebody who can act."""

from collections.abc import Iterable
from dataclasses import replace

from grants.records import Notice
from grants.stores import Work
from grants.telling import TO

TRIED = "tried"
"""A fact of an alarm: the channels that did not take it. `TO`: the one person whom it goes to instead."""


def where(work: Work, notice: Notice) -> str:
    """The channel, or somebody's own messages; empty: there is none left."""
    facts = notice.facts or {}
    if TO in facts:
        return str(facts[TO])
    settings = work.policies.current().settings
    wanted = [settings.audit_channel]
    if notice.moved is None:
        wanted.append(settings.default_channel)
    return next((str(one) for one in wanted if one and one not in facts.get(TRIED, ())), "")


def is_alarm(notice: Notice) -> bool:
    """Whether somebody has to hear of it, wherever they are; a line about a move the journal has."""
    return notice.moved is None and TO not in (notice.facts or {})


def without(notice: Notice, channel: str) -> Notice:
    """The same, for the channel after this one."""
    facts = dict(notice.facts or {})
    return replace(notice, facts={**facts, TRIED: [*facts.get(TRIED, ()), channel]})


def for_each(notice: Notice, addresses: Iterable[str]) -> list[Notice]:
    """The same, for these people themselves."""
    return [replace(notice, facts={**(notice.facts or {}), TO: address}) for address in addresses]
