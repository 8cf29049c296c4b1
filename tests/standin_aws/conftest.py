"""A small company behind the stand-in, and who asks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from moto import mock_aws

from tests.standin_aws.hands import Clients, Desk, GivenClock
from tests.standin_aws.platforms import NOW, Moto, OurStandIn, Platform
from tests.standins.aws import AwsStandIn, Company, small_company


@pytest.fixture
def clock() -> GivenClock:
    return GivenClock()


@pytest.fixture
def company(clock: GivenClock) -> Company:
    return small_company(clock)


@pytest.fixture
def aws(company: Company) -> Iterator[AwsStandIn]:
    with AwsStandIn(company) as aws:
        yield aws


@pytest.fixture
def clients(aws: AwsStandIn) -> Iterator[Clients]:
    clients = Clients(aws)
    yield clients
    clients.close()


@pytest.fixture
def desk(company: Company, clients: Clients) -> Desk:
    return Desk(company, clients)


@pytest.fixture
def platform(request: pytest.FixtureRequest) -> Iterator[Platform]:
    with ExitStack() as stack:
        made: OurStandIn | Moto
        if request.param == "moto":
            stack.enter_context(mock_aws())
            made = Moto()
        else:
            made = OurStandIn(stack.enter_context(AwsStandIn(Company(lambda: NOW))))
        stack.callback(made.close)
        yield made
