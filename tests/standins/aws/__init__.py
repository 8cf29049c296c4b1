"""A stand-in for AWS as Elevate meets it: real HTTP, real refusals, an invented company."""

from tests.standins.aws.access import Assignment
from tests.standins.aws.company import Company
from tests.standins.aws.demo_company import ACTIVITY_ROLE, small_company
from tests.standins.aws.faults import Fault, Kind
from tests.standins.aws.server import AwsStandIn
from tests.standins.aws.trail import CONSOLE_LOGIN, USUAL_CALLS, ApiCall

__all__ = [
    "ACTIVITY_ROLE",
    "CONSOLE_LOGIN",
    "USUAL_CALLS",
    "ApiCall",
    "Assignment",
    "AwsStandIn",
    "Company",
    "Fault",
    "Kind",
    "small_company",
]
