"""Nothing that is kept in this repository is a secret. Read by ourselves: detect-secrets takes a minute."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.logs import _SECRETS as IN_LOGS

ROOT = Path(__file__).resolve().parent.parent
LONG = 24
"""Slack's tokens are longer; a shorter one was made up."""
PATTERNS = tuple(
    map(
        re.compile,
        (
            IN_LOGS.pattern,  # Slack's tokens and signatures, AWS's key ids, a URL's password
            r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY",
            r"AGE-SECRET-KEY-1[A-Z0-9]+",
            r"(?<![\w/+=.-])[A-Za-z0-9/+]{40}(?![\w/+=.-])",  # an AWS secret key, if it is mixed
            r"\b(?:gh[pousr]_|github_pat_|glpat-|npm_|pypi-AgEI)[\w-]{20,}",
            r"hooks\.slack\.com/(?:services|workflows)/[A-Z0-9]+/[\w/]+",
            r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+",
            r"(?i:signing_secret|_token|_key|password)[\"']?\s*[=:]\s*[\"']?[0-9a-f]{32,}\b",
        ),
    )
)
MADE_UP = {
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "ASIAS3CRETS3CRETS3CR",
    "elevate:hunter2",
    "elevate:secret",
    "elevate:…",
    "localhost:80",
    "root:hunter2",
    "user:password",
    "user:s3cret",
}


def secrets_in(text: str) -> Iterator[str]:
    for found in (found[0] for pattern in PATTERNS for found in pattern.finditer(text)):
        if found not in MADE_UP and not is_harmless(found):
            yield found


def is_harmless(found: str) -> bool:
    if "{" in found:  # a place that is filled in when it runs
        return True
    if found.startswith("x"):
        return len(found) < LONG
    mixed = all(any(map(kind, found)) for kind in (str.isupper, str.islower, str.isdigit))
    return bool(re.fullmatch(r"[A-Za-z0-9/+]{40}", found)) and not mixed


def test_nothing_that_is_kept_looks_like_a_secret() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    names = listed.stdout.decode().rstrip("\0").split("\0")
    files = [ROOT / name for name in names if (ROOT / name).is_file()]

    found = {
        f"{file.relative_to(ROOT)}: {secret[:6]}…"
        for file in files
        for secret in secrets_in(file.read_bytes().decode("utf-8", "replace"))
    }

    assert len(files) > 500
    assert found == set()


@pytest.mark.parametrize(
    "secret",
    [
        # each in two pieces, or this file would be what it looks for
        "xoxb-" + "123456789012-123456789012-AbCdEfGhIjKlMnOpQrStUvWx",
        "xapp-" + "1-A0123456789-123456789012-0123456789abcdef",
        "xoxe.xoxp-" + "1-Mi0yLTEyMzQ1Njc4OTAxMjM0",
        "AKIA" + "QWERTYUIOPASDFGH",
        'aws_secret_access_key = "' + "wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYzzzzzzzKEY" + '"',
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        "-----BEGIN " + "PRIVATE KEY-----",
        "ghp_" + "0123456789abcdefghij0123456789abcdef",
        "https://hooks.slack.com/" + "services/T0123/B0123/abcdef",
        "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "c2lnbmF0dXJl",
        "SLACK_SIGNING_SECRET=" + "0123456789abcdef0123456789abcdef",
        "postgresql://elevate:" + "Tr0ub4dor@db.example.com/elevate",
    ],
)
def test_what_would_be_one_is_found(secret: str) -> None:
    assert list(secrets_in(f"before {secret}\nafter")) != []
