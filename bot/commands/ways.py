"""What is done by each command: a row for each, by the words to type."""

from collections.abc import Mapping
from typing import Final

from grants.authority import Action

A = Action

WAYS: Final[Mapping[str, Action]] = {
    "run": A.RUN,
    "migrate": A.RUN,
    "check": A.RUN,
    "iam-policy": A.RUN,
    "catalogue refresh": A.RUN,
    "catalogue show": A.RUN,
    "policies validate": A.EDIT_POLICIES,
    "policies plan": A.EDIT_POLICIES,
    "policies apply": A.EDIT_POLICIES,
    "policies export": A.EDIT_POLICIES,
    "policies explain": A.EXPLAIN_OTHERS,
    "requests list": A.SEE,
    "requests show": A.SEE,
    "requests revoke": A.REVOKE,
    "audit verify": A.VERIFY,
    "audit export": A.EXPORT,
    "people list": A.LINK_PEOPLE,
    "people link": A.LINK_PEOPLE,
    "people unlink": A.LINK_PEOPLE,
    "people reset-proof": A.RESET_CODES,
}
"""Whoever types is the operator, and nobody else: who may log in there is the machine's to say."""
