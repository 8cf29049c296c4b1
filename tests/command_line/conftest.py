"""A terminal, AWS, and a policy file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clock import system_clock
from tests.policy_files import POLICIES
from tests.standins.aws import AwsStandIn, Company, small_company
from tests.terminal import CREDENTIALS, Terminal, a_terminal


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    with a_terminal(tmp_path, monkeypatch) as terminal:
        yield terminal


@pytest.fixture
def aws(type_: Terminal) -> Iterator[AwsStandIn]:
    with AwsStandIn(small_company(system_clock)) as aws:
        type_.set(**CREDENTIALS, AWS_ENDPOINT_URL=aws.url)
        yield aws


@pytest.fixture
def company(aws: AwsStandIn) -> Company:
    return aws.company


@pytest.fixture
def file(type_: Terminal) -> str:
    return type_.write("policies.yml", POLICIES)
