"""`policies explain`: why somebody may or may not ask for something."""

from typing import Any

import click

from blocks.explanation import failure, sentences, where
from bot.assemble import explaining, open_aws
from bot.commands import ground
from grants.explaining import Allowed, Explanation
from grants.people import Memberships


@click.command()
@click.argument("person")
@click.argument("account")
@click.argument("permission_set", metavar="PERMISSION-SET")
@ground.json_option
def explain(person: str, account: str, permission_set: str, *, as_json: bool) -> None:
    """Say why somebody may or may not ask for something, and who would have to agree.

    PERSON is an address, a user name or an id; ACCOUNT an id or a name; PERMISSION-SET a name or an
    ARN. People are read live; accounts are as they were last read.
    """
    settings = ground.settings()
    with ground.opened(settings) as storage:
        aws = open_aws(settings)
        about = explaining(storage, aws, Memberships(aws.directory, storage.clock))
        found = about(about.whom(person), account, permission_set, guess=True)
    if as_json:
        ground.print_json(facts(found))
        return
    for sentence in (*sentences(found), where(found, str)):
        if sentence:
            click.echo(sentence)


def facts(found: Explanation) -> dict[str, Any]:
    """For other programs. Where it may not be asked for, nobody is asked and nowhere."""
    allowed = found.verdict if isinstance(found.verdict, Allowed) else None
    agreement = allowed.agreement if allowed else None
    return {
        "eligible": allowed is not None,
        "rule": allowed.rule if allowed else None,
        "first_failure": failure(found) or None,
        "longest_seconds": int(allowed.longest.total_seconds()) if allowed else None,
        "approval_needed": agreement is not None,
        "approvals": agreement.approvals if agreement else 0,
        "required": list(agreement.required) if agreement else [],
        "approvers": [user.user_name for user in agreement.approvers] if agreement else [],
        "channels": list(allowed.channels) if allowed else [],
        "proof": agreement is not None and agreement.proof,
    }
