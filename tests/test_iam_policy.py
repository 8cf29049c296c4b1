"""The printed IAM policy allows the calls that the code makes, and no other."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from click.testing import CliRunner

from bot.commands.all import cli
from bot.commands.iam_policy import ASSIGN, document

ADAPTERS = Path(__file__).parent.parent / "grants" / "aws"
INSTANCE = "arn:aws:sso:::instance/ssoins-0123456789abcdef"

PREFIXES = {
    "sso-admin": "sso",
    "identitystore": "identitystore",
    "organizations": "organizations",
    "sts": "sts",
    "cloudtrail": "cloudtrail",
}
FREE = {"sts:GetCallerIdentity"}
"""Everybody may."""


def operations() -> dict[str, set[str]]:
    """IAM's actions by the name of boto3's method."""
    session = botocore.session.get_session()
    found: dict[str, set[str]] = {}
    for service, prefix in PREFIXES.items():
        for name in session.get_service_model(service).operation_names:
            found.setdefault(xform_name(name), set()).add(f"{prefix}:{name}")
    return found


OF_ONE_SERVICE = {"identity_center.py": "sso", "organizations.py": "organizations"}
"""Adapters that ask a single service: where two have a call of the same name, it is theirs."""


def called() -> Iterator[tuple[str, str]]:
    for file in ADAPTERS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield file.name, node.func.attr


def actions_in_use() -> set[str]:
    known = operations()
    found = set()
    for file, name in called():
        prefix = OF_ONE_SERVICE.get(file, "")
        found |= {action for action in known.get(name, ()) if action.startswith(prefix)}
    return found - FREE


def test_it_allows_what_the_code_asks_of_aws_and_no_more() -> None:
    policy = document(INSTANCE, activity_role="ElevateActivityReader")

    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}

    assert allowed == actions_in_use()


def test_assigning_is_allowed_for_tagged_permission_sets_of_this_instance_alone() -> None:
    policy = document(INSTANCE)

    assigning = [one for one in policy["Statement"] if set(ASSIGN) & set(one["Action"])]

    assert [one["Resource"] for one in assigning] == [
        [INSTANCE, "arn:aws:sso:::account/*"],
        "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/*",
    ]
    assert assigning[1]["Condition"] == {"StringEquals": {"aws:ResourceTag/elevate": "true"}}


def test_no_role_is_assumed_where_none_reads_activity() -> None:
    policy = document(INSTANCE)

    assert "sts:AssumeRole" not in json.dumps(policy)


def test_the_role_that_reads_activity_is_the_only_one_assumed() -> None:
    policy = document(INSTANCE, activity_role="ElevateActivityReader")

    (assuming,) = [one for one in policy["Statement"] if "sts:AssumeRole" in one["Action"]]

    assert assuming["Resource"] == "arn:aws:iam::*:role/ElevateActivityReader"


def test_other_partitions_have_their_own_arns() -> None:
    policy = document("arn:aws-us-gov:sso:::instance/ssoins-0123456789abcdef")

    assert "arn:aws-us-gov:sso:::account/*" in policy["Statement"][1]["Resource"]
    assert "arn:aws:" not in json.dumps(policy)


def test_it_fits_into_a_managed_policy() -> None:
    policy = document(INSTANCE, activity_role="ElevateActivityReader")

    assert len(json.dumps(policy, separators=(",", ":"))) <= 6144


def test_it_is_printed_for_the_instance_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")

    printed = CliRunner().invoke(cli, ["iam-policy", "--instance-arn", INSTANCE])

    assert printed.exit_code == 0
    assert json.loads(printed.stdout) == document(INSTANCE)


def test_without_an_instance_it_says_that_any_is_allowed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")

    printed = CliRunner().invoke(cli, ["iam-policy"])

    assert printed.exit_code == 0
    assert "allows any" in printed.stderr
    assert json.loads(printed.stdout) == document("arn:aws:sso:::instance/*")
