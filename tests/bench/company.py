"""A company of any size, made straight in the stand-in; its catalogue and its policies, made straight of that."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from grants.model import (
    Account,
    AccountId,
    Catalogue,
    ChannelId,
    Instance,
    Ou,
    OuId,
    PermissionSet,
    PermissionSetArn,
)
from grants.policy import (
    ApprovalPolicy,
    EligibilityPolicy,
    Named,
    OuScope,
    PolicyBook,
    PolicySettings,
    Scope,
    Who,
)
from tests.bench.figures import Size
from tests.standins.aws import Company
from tests.standins.aws.ground import Clock
from tests.world import DEFAULT

A_TEAM: Final = 25
"""Accounts of one team, in an OU of their own."""
EACH: Final = 4
"""Permission sets that a team may ask for: with its accounts as many pairs as one select holds."""
EVERYTHING: Final = "platform"
"""The group that may ask for every pair."""
BOB, PAT, EVE, ADA = "bob", "pat", "eve", "ada"
"""Of the first team; of those who may ask for everything; an approver in each team; administrator."""
ACTORS: Final = (BOB, PAT, EVE, ADA)
CHANNELS: Final = 20
"""Slack takes about one message a second in each: teams have several, as they would."""


def teams_of(size: Size) -> int:
    return max(2, size.accounts // A_TEAM)


def grow(company: Company, size: Size) -> None:
    """So much more of it: accounts in teams' OUs, everybody in a team's group, and three who decide in each."""
    company.add_unit("Teams")
    teams = teams_of(size)
    for number in range(size.permission_sets):
        company.add_permission_set(f"Set{number:03d}")
    for team in range(teams):
        company.add_unit(f"team-{team:03d}", parent="Teams")
        company.add_group(f"team-{team:03d}")
        company.add_group(f"team-{team:03d}-approvers")
    company.add_group(EVERYTHING)
    units = {unit.name: unit.id for unit in company.units.values()}
    for number in range(size.accounts):
        company.add_account(f"account-{number:05d}", unit=units[f"team-{number % teams:03d}"])
    for number in range(size.people):
        name = f"person-{number:05d}"
        company.add_user(name, f"{name}@example.com")
        company.add_member(f"team-{number % teams:03d}", name)
        if number // teams < 3:
            company.add_member(f"team-{number % teams:03d}-approvers", name)


def a_company(size: Size, clock: Clock, *, operation_seconds: float = 0.0) -> Company:
    """Nothing but teams, and a few people who act."""
    company = Company(clock, operation_seconds=operation_seconds)
    grow(company, size)
    for group in ("elevate-admins", "elevate-auditors"):
        company.add_group(group)
    for name, group in (
        (BOB, "team-000"),
        (PAT, EVERYTHING),
        (ADA, "elevate-admins"),
    ):
        company.add_user(name, f"{name}@example.com")
        company.add_member(group, name)
    company.add_user(EVE, f"{EVE}@example.com")
    for team in range(teams_of(size)):
        company.add_member(f"team-{team:03d}-approvers", EVE)
    company.delegate_to("account-00000")
    return company


def catalogue_of(company: Company, read_at: datetime) -> Catalogue:
    """What the bot would read of it."""
    ous = {company.root_id: "Root"} | {unit.id: unit.name for unit in company.units.values()}
    return Catalogue(
        instance=Instance(
            company.instance_arn,
            company.store_id,
            AccountId(company.management_account),
            AccountId(company.home_account),
            region=company.region,
        ),
        accounts={
            AccountId(one.id): Account(
                AccountId(one.id), one.name, one.email, one.state, _path(company, one.id)
            )
            for one in company.accounts.values()
        },
        permission_sets={
            PermissionSetArn(one.arn): PermissionSet(PermissionSetArn(one.arn), one.name)
            for one in company.permission_sets.values()
        },
        ous={OuId(key): Ou(OuId(key), name, _path(company, key)) for key, name in ous.items()},
        in_management=frozenset(),
        read_at=read_at,
    )


def policies_of(company: Company) -> PolicyBook:
    """Of a company that is nothing but teams."""
    bare = PolicyBook(
        settings=PolicySettings(
            require_ticket=False,
            require_decision_comment=False,
            max_open_requests=1000,
            admins=_group(company, "elevate-admins"),
            auditors=_group(company, "elevate-auditors"),
            default_channel=ChannelId(DEFAULT),
        )
    )
    return with_teams(bare, company)


def with_teams(book: PolicyBook, company: Company) -> PolicyBook:
    """Each team may ask for four sets in its own accounts, and three of it decide; one group asks for all."""
    every = [Named(one.arn, one.name) for one in company.permission_sets.values()]
    units = [unit for unit in company.units.values() if unit.name.startswith("team-")]
    everything = OuScope(OuId(company.root_id), "Root", nested=True)
    return replace(
        book,
        eligibility=(
            *book.eligibility,
            *(
                EligibilityPolicy(
                    unit.name,
                    _group(company, unit.name),
                    Scope(ous=(OuScope(OuId(unit.id), unit.name),)),
                    tuple(every[:EACH]),
                    timedelta(hours=4),
                )
                for unit in units
            ),
            EligibilityPolicy(
                EVERYTHING, _group(company, EVERYTHING), Scope(ous=(everything,)), tuple(every)
            ),
        ),
        approval=(
            *book.approval,
            *(
                ApprovalPolicy(
                    unit.name,
                    Scope(ous=(OuScope(OuId(unit.id), unit.name),)),
                    _group(company, f"{unit.name}-approvers"),
                    channel=ChannelId(
                        list(channels_of(company).values())[number % len(channels_of(company))]
                    ),
                )
                for number, unit in enumerate(units)
            ),
        ),
    )


def channels_of(company: Company) -> dict[str, str]:
    """Where approvers are asked, by name."""
    teams = sum(unit.name.startswith("team-") for unit in company.units.values())
    return {f"approvals-{n:02d}": f"C00000010{n:02d}" for n in range(min(CHANNELS, teams))}


def _path(company: Company, node: str) -> tuple[OuId, ...]:
    """From the root to what it stands in; the organization is no OU."""
    steps: Iterable[str] = company.path_of(node).strip("/").split("/")[1:-1]
    return tuple(OuId(step) for step in steps)


def _group(company: Company, name: str) -> Who:
    return Who(groups=(Named(company.group(name).id, name),))
