"""Whether one-time codes can be taken where policies ask for them."""

from collections.abc import Sequence
from typing import Final

from bot.findings import Finding, Findings, Verdict
from bot.seal import HOW
from grants.errors import NotOpenedError
from grants.policy import PolicyBook, proof_needed
from grants.ports import Seal
from grants.proving import about
from grants.records import Proof

NAME: Final = "ELEVATE_ENCRYPTION_KEY"


def codes(book: PolicyBook | None, proofs: Sequence[Proof], seal: Seal | None) -> Findings:
    """Nothing, where nobody asks for them and nobody has any."""
    held = [proof for proof in proofs if proof.sealed]
    asking = bool(book and proof_needed(book.approval))
    if not asking and not held:
        return
    if seal is None:
        yield _no_key(asking=asking, held=len(held))
        return
    shut = [proof for proof in held if not _opens(seal, proof)]
    if shut:
        cure = (
            f"put the key that is missing back into {NAME}, behind the first; or reset them"
            " (`python -m bot people reset-proof USER`)"
        )
        what = f"{len(shut)} of {len(held)} open with none of the keys: {cure}"
        yield Finding(Verdict.FAIL, "codes", what)
    old = sum(
        not seal.is_newest(proof.sealed, about(proof.user_id))
        for proof in held
        if proof not in shut
    )
    if old:
        what = (
            f"{old} of {len(held)} are sealed with an older key: `run` seals them anew at its start"
        )
        yield Finding(Verdict.NOTE, "codes", what)
    if not shut:
        yield Finding(Verdict.OK, "codes", f"{len(held)} set up")


def _no_key(*, asking: bool, held: int) -> Finding:
    cure = f"set it to what `{HOW}` prints, in every process"
    if not asking:
        what = f"{held} set up, and {NAME} is not set: {cure}"
        return Finding(Verdict.WARN, "codes", what)
    what = (
        f"approval policies ask for a one-time code (proof: totp), and {NAME} is not set, so that"
        f" nobody can approve what they cover: {cure}"
    )
    return Finding(Verdict.FAIL, "codes", what)


def _opens(seal: Seal, proof: Proof) -> bool:
    try:
        seal.open(proof.sealed, about(proof.user_id))
    except NotOpenedError:
        return False
    return True
