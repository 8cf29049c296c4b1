"""Checkpoints of the journal as somebody kept them: read back from where they are."""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from bot.commands.trouble import Misuse
from grants.drafts import shown
from grants.records import Checkpoint

FORM: Final = re.compile(r"(?:.*\s)?(\d{1,18}):([0-9a-f]{64})", re.ASCII)
"""What stands before it on a line is left aside, so that what `audit verify` prints can be kept."""


def kept(said: str) -> list[Checkpoint]:
    """`SEQ:HASH`, or one a line of `@FILE` or of standard input (`-`). Misuse for anything else."""
    if said != "-" and not said.startswith("@"):
        return [_checkpoint(said, "--checkpoint")]
    name = "standard input" if said == "-" else said[1:]
    found = list(_in(_lines(said), name))
    if not found:
        raise Misuse(f"{name}: there is no checkpoint in it; write one a line, as SEQ:HASH")
    return found


def _in(lines: Iterable[str], name: str) -> Iterator[Checkpoint]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _checkpoint(line.strip(), f"{name}:{number}")


def _lines(said: str) -> list[str]:
    try:
        if said == "-":
            return sys.stdin.readlines()
        return Path(said[1:]).read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise Misuse(
            f"{said.removeprefix('@')}: it is no text; write one a line, as SEQ:HASH"
        ) from None


def _checkpoint(said: str, where: str) -> Checkpoint:
    if found := FORM.fullmatch(said):
        return Checkpoint(int(found[1]), found[2])
    raise Misuse(f"{where}: {shown(said)} is no checkpoint; write SEQ:HASH, as audit verify prints")
