"""What the sweep of assignments found, and how long ago it looked."""

from collections.abc import Iterator
from typing import Final

from blocks.audit import maker
from blocks.text import utc
from blocks.wording import seen
from bot.findings import Finding, Verdict
from grants.model import Catalogue
from grants.records import Stranger, SweepName, SweepRow

ABOUT: Final = "sweep"
LISTED: Final = 50


def swept(
    sweeps: list[SweepRow], strangers: list[Stranger], catalogue: Catalogue
) -> Iterator[Finding]:
    """One line for each assignment that nobody here made, after what the sweeps say of themselves."""
    whole = next((row for row in sweeps if row.name is SweepName.ALL), None)
    if whole is None or whole.ended_at is None:
        what = "not all assignments were looked at yet: `run` does so in its own time"
        yield Finding(Verdict.NOTE, ABOUT, what)
    for trouble in dict.fromkeys(row.trouble for row in sweeps if row.trouble):
        yield Finding(Verdict.WARN, ABOUT, f"not everything could be looked at: {trouble}")
    told = [stranger for stranger in strangers if stranger.told_at]
    if open_ones := len(strangers) - len(told):
        what = f"{open_ones} assignments were found of which CloudTrail has not told yet whose they are"
        yield Finding(Verdict.NOTE, ABOUT, what)
    for stranger in told[:LISTED]:
        yield Finding(Verdict.WARN, ABOUT, _stranger(stranger, catalogue))
    if len(told) > LISTED:
        yield Finding(Verdict.WARN, ABOUT, f"and {len(told) - LISTED} more that were not made here")
    if whole and whole.ended_at and not strangers and not any(row.trouble for row in sweeps):
        what = f"every assignment was made here, as of {utc(whole.ended_at)}"
        yield Finding(Verdict.OK, ABOUT, what)


def _stranger(stranger: Stranger, catalogue: Catalogue) -> str:
    key = stranger.key
    account = catalogue.accounts.get(key.account_id)
    found = catalogue.permission_sets.get(key.permission_set_arn)
    where = f"{account.name} ({key.account_id})" if account else key.account_id
    which = found.name if found else key.permission_set_arn
    facts = {
        "made_by": stranger.made_by,
        "made_at": stranger.made_at.isoformat() if stranger.made_at else "",
    }
    return (
        f"user {key.user_id} has {which} on {where}, which was not given here."
        f" {maker(facts, seen)} If nobody should have it, remove it in IAM Identity Center"
    )
