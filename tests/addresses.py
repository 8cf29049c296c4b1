"""Where one stand-in for AWS after the other is, so that boto3's clients are built once for all.

Building them costs more than most tests.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property

import boto3
import botocore.loaders
import botocore.session

from grants.aws.clients import Clients
from tests.short_cut import to_aws
from tests.standins.aws import AwsStandIn
from tests.standins.aws.company import Company

# Every session of boto3's reads AWS's models from files of its own accord, the command line's as well; what was
# read is the same for all.
botocore.session.create_loader = cache(botocore.loaders.create_loader)


@cache
def aws_session() -> boto3.Session:
    """One for all: reading AWS's models takes longer than most tests."""
    session = boto3.Session("AKIAEXAMPLE", "example", region_name="us-east-1")
    session.events.register("before-send", to_aws)
    return session


class Address:
    """One that no two stand-ins have at the same time."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)

    @cached_property
    def clients(self) -> Clients:
        """boto3 reads the address from the environment."""
        return Clients(session=aws_session())

    def forget(self) -> None:
        """A client that has met with trouble tries again less often."""
        self.__dict__.pop("clients", None)


_free: list[Address] = []


@contextmanager
def an_aws(company: Company) -> Iterator[tuple[AwsStandIn, Address]]:
    """The company's, at an address that nobody else is using."""
    address = _free.pop() if _free else Address()
    try:
        with AwsStandIn(company, listener=address.listener.dup()) as aws:
            try:
                yield aws, address
            finally:
                if aws.faults.ordered:
                    address.forget()
    finally:
        _free.append(address)
