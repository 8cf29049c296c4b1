"""The printed IAM policy allows the calls that the code makes, and no other."""

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import botocore.session
import pytest
from botocore import xform_name
from click.testing import CliRunner

from bot.commands.all import cli
from bot.commands.iam_policy import ASSIGN, CUT, CUT_BY_SCP, document
from bot.settings import Settings, Source
from grants import cutting
from grants.model import State
from grants.policy import CutWay, PolicyBook
from storage.work import SqlWorks
from tests import make
from tests.clock import NOON

ADAPTERS = Path(__file__).parent.parent / "grants" / "aws"
INSTANCE = "arn:aws:sso:::instance/ssoins-0123456789abcdef"

PREFIXES = {
    "sso-admin": "sso",
    "identitystore": "identitystore",
    "organizations": "organizations",
    "sts": "sts",
    "cloudtrail": "cloudtrail",
    "logs": "logs",
    "athena": "athena",
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


OF_ONE_SERVICE = {
    "identity_center.py": "sso",
    "organizations.py": "organizations",
    "cloudwatch_logs.py": "logs",
    "athena.py": "athena",
    "lake.py": "cloudtrail",
    "denials.py": "sso",
    "scps.py": "organizations",
}
"""Adapters that ask a single service: where two have a call of the same name, it is theirs."""
STORE = (
    "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/01234567-89ab-cdef-0123-456789abcdef"
)
SOURCES = {
    "none": {},
    "cloudwatch_logs": {"activity_log_group": "trail"},
    "athena": {
        "activity_athena_table": "audit.trail",
        "activity_athena_output": "s3://results/elevate/",
    },
    "lake": {"activity_event_data_store": STORE},
}
CUTS = {"denials.py": CutWay.INLINE_POLICY, "scps.py": CutWay.SCP}
"""Asked where sessions are cut, by which way."""
SCPS = ("p-1a2b3c4d5e",)
QUERIED = {"cloudwatch_logs.py", "athena.py", "lake.py"}
IN_ATHENAS_NAME = ("glue:", "s3:")
"""What Athena does by the caller's rights, and nobody calls."""


def settings(source: str = "none", *, role: str | None = None) -> Settings:
    return Settings(
        activity_source=Source(source), activity_role=role, **cast(Any, SOURCES[source])
    )


def called() -> Iterator[tuple[str, str]]:
    for file in ADAPTERS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield file.name, node.func.attr


def actions_in_use(source: str, cuts: CutWay | None = None) -> set[str]:
    known = operations()
    found = set()
    for file, name in called():
        if file in QUERIED - {f"{source}.py"} or CUTS.get(file, cuts) != cuts:
            continue
        prefix = OF_ONE_SERVICE.get(file, "")
        found |= {action for action in known.get(name, ()) if action.startswith(prefix)}
    return found - FREE


def statement(policy: dict[str, Any], sid: str) -> dict[str, Any]:
    (found,) = [one for one in policy["Statement"] if one["Sid"] == sid]
    return dict(found)


@pytest.mark.parametrize("cuts", [None, *CutWay])
@pytest.mark.parametrize("source", SOURCES)
def test_it_allows_what_the_code_asks_of_aws_and_no_more(source: str, cuts: CutWay | None) -> None:
    policy = document(
        INSTANCE,
        settings(source, role="ElevateActivityReader"),
        cuts=cuts is CutWay.INLINE_POLICY,
        scps=SCPS if cuts is CutWay.SCP else (),
    )

    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}

    ours = {action for action in allowed if not action.startswith(IN_ATHENAS_NAME)}
    assert ours == actions_in_use(source, cuts)


def test_a_log_group_is_the_only_one_that_may_be_queried() -> None:
    policy = document(INSTANCE, settings("cloudwatch_logs"))

    group = "arn:aws:logs:*:*:log-group:trail"
    assert statement(policy, "QueryActivity")["Resource"] == [group, f"{group}:*"]


def test_an_event_data_store_is_the_only_one_that_may_be_queried() -> None:
    policy = document(INSTANCE, settings("lake"))

    assert statement(policy, "QueryActivity")["Resource"] == [STORE]


def test_athena_may_use_one_workgroup_read_one_table_and_write_to_one_place() -> None:
    policy = document(INSTANCE, settings("athena"))

    assert statement(policy, "QueryActivity")["Resource"] == [
        "arn:aws:athena:*:*:workgroup/primary"
    ]
    assert (
        "arn:aws:glue:*:*:table/audit/trail" in statement(policy, "ReadActivityTable")["Resource"]
    )
    assert statement(policy, "WriteActivityResults")["Resource"] == [
        "arn:aws:s3:::results",
        "arn:aws:s3:::results/elevate/*",
    ]


def test_what_no_setting_names_is_to_be_added_and_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    monkeypatch.setenv("ELEVATE_ACTIVITY_SOURCE", "athena")
    monkeypatch.setenv("ELEVATE_ACTIVITY_ATHENA_TABLE", "audit.trail")

    printed = CliRunner().invoke(cli, ["iam-policy", "--instance-arn", INSTANCE])

    assert "add s3:GetObject and s3:ListBucket on the trail's bucket" in printed.stderr
    assert "s3:" not in printed.stdout


def test_assigning_is_allowed_for_tagged_permission_sets_of_this_instance_alone() -> None:
    policy = document(INSTANCE, settings())

    assigning = [one for one in policy["Statement"] if set(ASSIGN) & set(one["Action"])]

    assert [one["Resource"] for one in assigning] == [
        [INSTANCE, "arn:aws:sso:::account/*"],
        "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/*",
    ]
    assert assigning[1]["Condition"] == {"StringEquals": {"aws:ResourceTag/elevate": "true"}}


def test_policies_are_changed_for_tagged_permission_sets_of_this_instance_alone() -> None:
    policy = document(INSTANCE, settings(), cuts=True)

    cutting = [one for one in policy["Statement"] if set(CUT) & set(one["Action"])]

    assert [one["Resource"] for one in cutting] == [
        [INSTANCE, "arn:aws:sso:::account/*"],
        "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/*",
    ]
    assert cutting[1]["Condition"] == {"StringEquals": {"aws:ResourceTag/elevate": "true"}}


def printed(*words: str) -> str:
    answer = CliRunner().invoke(cli, ["iam-policy", "--instance-arn", INSTANCE, *words])
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def test_the_rights_to_cut_are_printed_where_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")

    assert "ProvisionPermissionSet" not in printed()
    assert json.loads(printed("--revoke-sessions")) == document(INSTANCE, settings(), cuts=True)


def test_the_rights_to_cut_are_printed_where_the_policies_switch_it_on_or_something_is_to_be_undone(
    monkeypatch: pytest.MonkeyPatch, database_url: str, works: SqlWorks
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    off = PolicyBook()
    request = make.a_request(state=State.REVOKED)

    def apply(book: PolicyBook) -> None:
        with works() as work:
            work.policies.apply(book, by="test", at=NOON)

    assert "ProvisionPermissionSet" not in printed()
    apply(replace(off, settings=replace(off.settings, revoke_sessions="inline_policy")))
    assert "ProvisionPermissionSet" in printed()
    apply(off)
    assert "ProvisionPermissionSet" not in printed()
    with works() as work:
        work.requests.add(request)
        cutting.begin(work, request, at=NOON)
    assert "ProvisionPermissionSet" in printed()


def test_one_service_control_policy_may_be_written_and_no_other(
    monkeypatch: pytest.MonkeyPatch, database_url: str, works: SqlWorks
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    asked = ["iam-policy", "--instance-arn", INSTANCE, "--revoke-sessions", "scp"]
    refused = CliRunner().invoke(cli, asked)
    monkeypatch.setenv("ELEVATE_CUT_POLICY_ID", SCPS[0])
    off, request = PolicyBook(), make.a_request(state=State.REVOKED)

    def actions() -> list[str]:
        policy = json.loads(printed())
        return [each for one in policy["Statement"] for each in one["Action"] if "Policy" in each]

    assert refused.exit_code == 2
    assert "Set ELEVATE_CUT_POLICY_ID" in refused.stderr
    (arn,) = statement(json.loads(printed(*asked[3:])), "CutByServiceControlPolicy")["Resource"]
    assert arn == f"arn:aws:organizations::*:policy/o-*/service_control_policy/{SCPS[0]}"
    assert actions() == []
    with works() as work:
        work.policies.apply(
            replace(off, settings=replace(off.settings, revoke_sessions="scp")), by="test", at=NOON
        )
    assert actions() == list(CUT_BY_SCP)
    with works() as work:
        work.policies.apply(off, by="test", at=NOON)
        work.requests.add(request)
        cutting.begin(work, request, at=NOON, scp="p-9z8y7x6w5v")
    assert actions() == list(CUT_BY_SCP)
    assert "p-9z8y7x6w5v" in printed()
    assert SCPS[0] not in printed()


def test_no_role_is_assumed_where_none_reads_activity() -> None:
    policy = document(INSTANCE, settings())

    assert "sts:AssumeRole" not in json.dumps(policy)


def test_the_role_that_reads_activity_is_the_only_one_assumed() -> None:
    policy = document(INSTANCE, settings(role="ElevateActivityReader"))

    (assuming,) = [one for one in policy["Statement"] if "sts:AssumeRole" in one["Action"]]

    assert assuming["Resource"] == "arn:aws:iam::*:role/ElevateActivityReader"


def test_other_partitions_have_their_own_arns() -> None:
    policy = document(
        "arn:aws-us-gov:sso:::instance/ssoins-0123456789abcdef", settings("cloudwatch_logs")
    )

    assert "arn:aws-us-gov:sso:::account/*" in policy["Statement"][1]["Resource"]
    assert "arn:aws:" not in json.dumps(policy)


@pytest.mark.parametrize("source", SOURCES)
def test_it_fits_into_a_managed_policy(source: str) -> None:
    policy = document(
        INSTANCE, settings(source, role="ElevateActivityReader"), cuts=True, scps=SCPS
    )

    assert len(json.dumps(policy, separators=(",", ":"))) <= 6144


def test_it_is_printed_for_the_instance_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")

    printed = CliRunner().invoke(cli, ["iam-policy", "--instance-arn", INSTANCE])

    assert printed.exit_code == 0
    assert json.loads(printed.stdout) == document(INSTANCE, settings())


def test_without_an_instance_it_says_that_any_is_allowed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")

    printed = CliRunner().invoke(cli, ["iam-policy"])

    assert printed.exit_code == 0
    assert "allows any" in printed.stderr
    assert json.loads(printed.stdout) == document("arn:aws:sso:::instance/*", settings())
