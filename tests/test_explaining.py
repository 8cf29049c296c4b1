"""`explain`: why somebody may or may not ask for something, and who would have to agree."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blocks.explanation import Question, read
from grants.crowd import READ, READ_AT_ONCE
from grants.model import Actor, ChannelId, Role, SlackUserId, State
from grants.policy import ApprovalPolicy, PolicyBook
from tests.policy_files import DEV, PROD, a_policy_file, approves, may
from tests.standins.aws import Kind
from tests.terminal import Terminal, a_terminal
from tests.world import APPROVALS, DEFAULT, World

KEYS = [
    "eligible",
    "rule",
    "first_failure",
    "longest_seconds",
    "approval_needed",
    "approvals",
    "required",
    "approvers",
    "channels",
    "proof",
]
ADMIN = "payments-prod AdministratorAccess"


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World) -> Iterator[Terminal]:
    """At a command line beside the bot, on the same database and the same AWS."""
    kept = {"AWS_ENDPOINT_URL": world.aws.url, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE"}
    with a_terminal(tmp_path, monkeypatch) as terminal:
        terminal.set(AWS_SECRET_ACCESS_KEY="example", AWS_REGION="us-east-1", **kept)
        terminal.set(DATABASE_URL=world.settings.database_url)
        yield terminal


def explain(world: World, who: str, words: str, channel: str = DEFAULT) -> str:
    """What they alone are shown."""
    before = len(world.whispers(who))
    world[who].command(f"explain {words}".strip(), channel)
    (answer,) = world.whispers(who)[before:]
    return answer


def apply(world: World, *approval: ApprovalPolicy, **settings: Any) -> PolicyBook:
    """The policies that hold, with other approval policies or settings."""
    book = world.book()
    changed = replace(book.settings, **settings)
    after = replace(book, approval=approval or book.approval, settings=changed)
    return world.administration.apply(after, by=Actor(Role.ADMINISTRATOR, "operator:test"))


def production(world: World) -> ApprovalPolicy:
    """The one approval policy that there is."""
    (policy,) = world.book().approval
    return policy


# About oneself


def test_who_may_ask_reads_by_which_rule_for_how_long_who_agrees_and_where(world: World) -> None:
    assert explain(world, "bob", ADMIN) == (
        "You may ask for AdministratorAccess on payments-prod (333344445555),"
        ' by the eligibility policy "engineers in production", for 4 h at most.'
        " 1 person has to agree. Who may: Dan Approver and Eve Approver."
        f" Asked in <#{APPROVALS}>."
    )


def test_only_who_asks_sees_the_answer(world: World) -> None:
    explain(world, "bob", ADMIN)

    assert all(not channel.messages for channel in world.slack.workspace.channels.values())
    assert [message.shown_to for message in world.slack.ephemerals("bob")] == ["UBOB"]


def test_the_command_is_answered_before_anything_is_looked_up(world: World) -> None:
    reply = world["bob"].command(f"explain {ADMIN}", DEFAULT)

    assert (reply.ok, reply.body) == (True, b"")


def test_an_account_goes_by_its_id_and_a_permission_set_by_its_arn(world: World) -> None:
    arn = world.company.set_by_name["AdministratorAccess"]

    assert explain(world, "bob", f"{PROD} {arn}") == explain(world, "bob", ADMIN)


def test_where_nobody_has_to_agree_that_is_said_and_where_it_is_told(world: World) -> None:
    answer = explain(world, "bob", "data-sandbox PowerUserAccess")

    assert "for 9 h at most. Nobody has to agree." in answer


@pytest.mark.parametrize(
    ("words", "why"),
    [
        pytest.param(
            "security-audit ReadOnlyAccess",
            "No eligibility policy covers the account security-audit.",
            id="account",
        ),
        pytest.param(
            "payments-prod BillingAccess",
            "No eligibility policy that covers payments-prod lists BillingAccess:"
            ' there is "engineers in production".',
            id="permission set",
        ),
        pytest.param(
            "acme-management ReadOnlyAccess",
            "acme-management is the management account, which is out of reach from the account"
            " that Elevate runs in.",
            id="management",
        ),
    ],
)
def test_who_may_not_ask_reads_the_first_rule_that_fails(
    world: World, words: str, why: str
) -> None:
    answer = explain(world, "bob", words)

    assert answer.startswith("You may not ask for ")
    assert answer.endswith(why)


def test_whom_no_policy_names_reads_which_ones_offer_it(world: World) -> None:
    assert explain(world, "mallory", ADMIN).endswith(
        "No eligibility policy that offers AdministratorAccess on payments-prod names you or a group"
        ' that you are in: there is "engineers in production".'
    )


def test_a_suspended_account_is_the_reason(world: World) -> None:
    world.company.set_account_state("payments-prod", "PENDING_CLOSURE")
    world.refresher.refresh()

    answer = explain(world, "bob", ADMIN)

    assert answer.endswith("The account payments-prod is not active: it is pending closure.")


def test_a_permission_set_of_the_management_account_is_out_of_reach(world: World) -> None:
    world.company.assign("ada", "acme-management", "AdministratorAccess")
    world.refresher.refresh()

    assert "is provisioned in the management account" in explain(world, "bob", ADMIN)


def test_membership_is_read_live(world: World) -> None:
    explain(world, "bob", ADMIN)

    world.company.remove_member("engineers", "bob")

    assert explain(world, "bob", ADMIN).startswith("You may not ask")


# Who would have to agree


def test_approvers_are_the_enabled_ones_without_the_requester(world: World) -> None:
    world.company.add_member("production-approvers", "bob")
    world.company.disable_user("dan")

    assert "Who may: Eve Approver." in explain(world, "bob", ADMIN)


def test_too_few_to_agree_is_said(world: World) -> None:
    world.company.disable_user("dan")
    apply(world, replace(production(world), approvals=2))

    answer = explain(world, "bob", ADMIN)

    assert "2 different people have to agree. Who may: Eve Approver." in answer
    assert "That is not enough: a request would be refused." in answer


def test_a_required_policy_is_named(world: World) -> None:
    owners = replace(production(world), name="owners", required=True, channel=None)
    apply(world, production(world), owners)

    answer = explain(world, "bob", ADMIN)

    assert '"owners" must besides be met by its own approvers.' in answer
    assert f"Asked in <#{APPROVALS}> and <#{DEFAULT}>." in answer


def test_where_no_policy_covers_it_nobody_may(world: World) -> None:
    elsewhere = replace(production(world), scope=replace(production(world).scope, ous=()))
    apply(world, elsewhere)

    answer = explain(world, "bob", ADMIN)

    assert "Nobody may, as things stand. That is not enough" in answer


def test_without_any_channel_approvers_are_asked_by_direct_message(world: World) -> None:
    apply(world, replace(production(world), channel=None), default_channel=None)

    assert explain(world, "bob", ADMIN).endswith("Asked in direct messages.")


def test_without_any_channel_and_without_approval_nobody_is_said_to_be_told(world: World) -> None:
    quiet = replace(production(world), channel=None)
    apply(world, quiet, default_channel=None, approval_required=False)

    assert explain(world, "bob", ADMIN).endswith("Nobody has to agree.")


def test_of_many_approvers_some_are_named(world: World) -> None:
    for n in range(120):
        world.company.add_user(f"approver{n:03}", display_name=f"Approver {n}")
        world.company.add_member("production-approvers", f"approver{n:03}")

    answer = explain(world, "bob", ADMIN)

    assert answer.count("Approver") == 20
    assert " and others. Asked in" in answer


def a_group(world: World, name: str, size: int, *, enabled: bool = True) -> None:
    world.company.add_group(name)
    for n in range(size):
        world.company.add_user(f"{name}-{n:03}")
        world.company.add_member(name, f"{name}-{n:03}")
        if not enabled:
            world.company.disable_user(f"{name}-{n:03}")


def test_of_many_groups_no_more_people_are_looked_at_than_of_one(world: World) -> None:
    groups = [f"group-{n}" for n in range(5)]
    for group in groups:
        a_group(world, group, READ // 2)
    world.policies(a_policy_file(may("AdministratorAccess"), approval=[approves(*groups)]))
    before = world.aws.calls.count("DescribeUser")

    answer = explain(world, "bob", ADMIN)

    assert " and others. Asked in" in answer
    assert world.aws.calls.count("DescribeUser") - before <= READ + 1


def test_others_are_spoken_of_only_where_there_may_be_some(world: World) -> None:
    a_group(world, "small", 25)
    world.policies(a_policy_file(may("AdministratorAccess"), approval=[approves("small")]))

    assert " and 5 more. Asked in" in explain(world, "bob", ADMIN)


def test_who_was_not_looked_at_is_not_said_to_be_missing(world: World) -> None:
    a_group(world, "left", READ + 1, enabled=False)
    world.company.add_member("left", "dan")
    world.policies(a_policy_file(may("AdministratorAccess"), approval=[approves("left")]))

    answer = explain(world, "bob", ADMIN)

    assert "Who may is not known: of the approvers not all were looked at" in answer
    assert "refused" not in answer


def test_a_form_is_taken_where_not_all_of_the_approvers_can_be_looked_at(world: World) -> None:
    a_group(world, "left", READ_AT_ONCE + 1, enabled=False)
    world.company.add_member("left", "dan")
    world.policies(a_policy_file(may("AdministratorAccess"), approval=[approves("left")]))
    before = world.aws.calls.count("DescribeUser")

    request = world.asks("bob", "payments-prod · AdministratorAccess")

    assert world.aws.calls.count("DescribeUser") - before <= READ_AT_ONCE + 2
    world.decides("dan", request, "Approve")
    assert world.state(request) is not State.PENDING


def test_a_form_is_refused_where_all_were_looked_at_and_none_is_enabled(world: World) -> None:
    a_group(world, "left", 12, enabled=False)
    world.policies(a_policy_file(may("AdministratorAccess"), approval=[approves("left")]))

    outcome = world.sends("bob", "payments-prod · AdministratorAccess")

    assert "not enough approvers" in outcome.errors["Access"]


# How it is asked


def test_without_words_it_says_how(world: World) -> None:
    answer = explain(world, "bob", "")

    assert answer.startswith("/elevate explain ACCOUNT PERMISSION-SET says whether")
    assert "quotes" in answer


@pytest.mark.parametrize("words", ["payments-prod", "one two three four"])
def test_too_few_or_too_many_words_are_answered_with_how_it_is_asked(
    world: World, words: str
) -> None:
    assert explain(world, "bob", words) == explain(world, "bob", "")


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("prod Admin", Question("prod", "Admin")),
        ('"payments prod"  Admin', Question("payments prod", "Admin")),
        ("“payments prod” „Admin“", Question("payments prod", "Admin")),
        ("«payments prod» Admin", Question("payments prod", "Admin")),
        ('"R&amp;D &lt;new&gt;" Admin', Question("R&D <new>", "Admin")),
        ("eve prod Admin", Question("prod", "Admin", "eve")),
        (
            "<mailto:eve@example.com|eve@example.com> prod Admin",
            Question("prod", "Admin", "eve@example.com"),
        ),
        ("<@U0EVE|eve> prod Admin", Question("prod", "Admin", slack_id=SlackUserId("U0EVE"))),
        ("<@W0EVE> prod Admin", Question("prod", "Admin", slack_id=SlackUserId("W0EVE"))),
        ("", None),
        ('"', None),
        ("prod", None),
        ("payments prod Admin Admin", None),
    ],
)
def test_names_are_read_as_they_were_typed(text: str, question: Question | None) -> None:
    assert read(text) == question


def test_a_name_with_blanks_stands_in_quotes(world: World) -> None:
    world.company.rename_account("payments-prod", "payments & prod")
    world.refresher.refresh()

    answer = explain(world, "bob", "“payments &amp; prod” AdministratorAccess")

    assert "on payments &amp; prod (333344445555)" in answer


def test_the_word_is_taken_in_any_case(world: World) -> None:
    world["bob"].command(f"EXPLAIN {ADMIN}", DEFAULT)

    assert world.whispers("bob")[-1].startswith("You may ask")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("payments-prd ReadOnlyAccess", 'There is no account "payments-prd". Give its id'),
        ("payments-prod ReadOnly", 'There is no permission set "ReadOnly". Give its name'),
        ("payments-prod <!channel>", 'There is no permission set "&lt;!channel&gt;".'),
    ],
)
def test_a_name_that_names_nothing_is_said_and_nothing_is_guessed(
    world: World, words: str, told: str
) -> None:
    assert explain(world, "bob", words).startswith(told)


def test_a_name_of_two_accounts_is_answered_with_their_ids(world: World) -> None:
    world.company.add_account("payments-prod", unit="Sandbox", account_id="999988887777")
    world.refresher.refresh()

    assert explain(world, "bob", ADMIN) == (
        '2 accounts are called "payments-prod". Give the id of one: 333344445555, 999988887777.'
    )


# About others


@pytest.mark.parametrize("who", ["ada", "aud"])
@pytest.mark.parametrize("called", ["bob", "bob@example.com", "BOB@example.com", "id"])
def test_administrators_and_auditors_may_ask_about_others(
    world: World, who: str, called: str
) -> None:
    name = world.company.user_by_name["bob"] if called == "id" else called

    answer = explain(world, who, f"{name} {ADMIN}")

    assert answer.startswith("Bob Requester may ask for AdministratorAccess on payments-prod")


@pytest.mark.parametrize("called", ["bob", "Bob@example.com", "id", "<@UBOB|bob>"])
def test_anybody_may_name_themselves(world: World, called: str) -> None:
    name = world.company.user_by_name["bob"] if called == "id" else called

    assert explain(world, "bob", f"{name} {ADMIN}") == explain(world, "bob", ADMIN)


@pytest.mark.parametrize("called", ["eve", "nobody@example.com"])
def test_who_may_not_ask_about_others_is_not_told_who_is_there(world: World, called: str) -> None:
    assert explain(world, "bob", f"{called} {ADMIN}").startswith("Only administrators and auditors")


def test_somebody_who_is_mentioned_is_who_they_are_bound_to(world: World) -> None:
    world.opens("bob")

    answer = explain(world, "ada", f"<@UBOB|bob> {ADMIN}")

    assert answer.startswith("Bob Requester may ask")


def test_somebody_who_is_mentioned_and_not_known_yet_is_to_be_named_otherwise(
    world: World,
) -> None:
    answer = explain(world, "ada", f"<@UDAN|dan> {ADMIN}")

    assert "does not know which Identity Center user" in answer
    assert "Give their address" in answer


def test_of_others_the_first_failure_names_them(world: World) -> None:
    assert explain(world, "ada", f"mallory {ADMIN}").endswith(
        'names Mallory Stranger or a group of theirs: there is "engineers in production".'
    )


def test_a_disabled_user_may_not_ask(world: World) -> None:
    world.company.disable_user("bob")

    answer = explain(world, "aud", f"bob {ADMIN}")

    assert answer.endswith("The Identity Center user Bob Requester is disabled.")


def test_who_may_ask_about_others_is_helped_with_a_misspelled_name(world: World) -> None:
    answer = explain(world, "ada", "bob payments-prd AdministratorAccess")

    assert 'Did you mean "payments-prod"?' in answer


def test_nobody_else_may_ask_about_others_and_it_is_recorded(world: World) -> None:
    answer = explain(world, "bob", f"eve {ADMIN}")

    assert answer.startswith("Only administrators and auditors may do this. Nothing was changed.")
    assert "refusal" in world.journal()


def test_who_lost_the_role_may_not_ask_about_others_any_more(world: World) -> None:
    world.company.remove_member("elevate-admins", "ada")

    assert "Only administrators and auditors" in explain(world, "ada", f"bob {ADMIN}")


# When something is amiss


def test_a_guest_is_refused(world: World) -> None:
    world.slack.workspace.users["UBOB"].is_restricted = True

    assert "Guests of this workspace cannot use Elevate" in explain(world, "bob", ADMIN)


def test_where_aws_cannot_be_asked_that_is_said(world: World) -> None:
    world.aws.faults.add("IsMemberInGroups", Kind.ACCESS_DENIED, times=None)

    assert "could not look this up just now" in explain(world, "bob", ADMIN)


def test_before_anything_was_read_it_says_to_try_again(world: World) -> None:
    with world.storage.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM catalogue")

    assert "still reading the organization's accounts" in explain(world, "bob", ADMIN)


# From the command line


def test_the_command_line_says_the_same(world: World, type_: Terminal) -> None:
    result = type_("policies", "explain", "bob", "payments-prod", "AdministratorAccess")

    first, *rest = result.stdout.splitlines()
    assert first == (
        "Bob Requester may ask for AdministratorAccess on payments-prod (333344445555),"
        ' by the eligibility policy "engineers in production", for 4 h at most.'
    )
    assert rest == [
        "1 person has to agree.",
        "Who may: Dan Approver and Eve Approver.",
        f"Asked in {APPROVALS}.",
    ]


def test_for_other_programs_who_may_ask(world: World, type_: Terminal) -> None:
    owners = replace(production(world), name="owners", required=True, approvals=2, proof="totp")
    apply(world, production(world), replace(owners, channel=ChannelId(DEFAULT)))

    found = type_.json("policies", "explain", "bob@example.com", PROD, "AdministratorAccess")

    assert list(found) == KEYS
    assert found == {
        "eligible": True,
        "rule": "engineers in production",
        "first_failure": None,
        "longest_seconds": 4 * 3600,
        "approval_needed": True,
        "approvals": 2,
        "required": ["owners"],
        "proof": True,
        "approvers": ["dan", "eve"],
        "channels": [APPROVALS, DEFAULT],
    }


def test_for_other_programs_who_may_not(world: World, type_: Terminal) -> None:
    found = type_.json("policies", "explain", "mallory", "payments-prod", "AdministratorAccess")

    assert list(found) == KEYS
    assert found["first_failure"].startswith(
        "No eligibility policy that offers AdministratorAccess"
    )
    assert {key: value for key, value in found.items() if key != "first_failure"} == {
        "eligible": False,
        "rule": None,
        "longest_seconds": None,
        "approval_needed": False,
        "approvals": 0,
        "required": [],
        "proof": False,
        "approvers": [],
        "channels": [],
    }


def test_for_other_programs_what_nobody_has_to_agree_to(world: World, type_: Terminal) -> None:
    found = type_.json("policies", "explain", "bob", "data-sandbox", "PowerUserAccess")

    assert (found["eligible"], found["approval_needed"], found["approvals"]) == (True, False, 0)
    assert found["approvers"] == []


def test_the_rule_is_the_one_that_allows_it_longest(world: World, type_: Terminal) -> None:
    world.policies(
        a_policy_file(
            may("ReadOnlyAccess", max_duration="1h"),
            may("ReadOnlyAccess", max_duration="12h", approval="none"),
            may("ReadOnlyAccess", accounts=[DEV], max_duration="30h"),
        )
    )

    found = type_.json("policies", "explain", "bob", PROD, "ReadOnlyAccess")

    assert (found["rule"], found["longest_seconds"]) == ("may 2", 9 * 3600)
    assert found["approval_needed"]


def test_every_approver_is_listed(world: World, type_: Terminal) -> None:
    world.policies(a_policy_file(may("ReadOnlyAccess"), approval=[approves("engineers")]))
    for n in range(120):
        world.company.add_user(f"engineer{n:03}")
        world.company.add_member("engineers", f"engineer{n:03}")

    found = type_.json("policies", "explain", "bob", PROD, "ReadOnlyAccess")

    assert found["approvers"] == [f"engineer{n:03}" for n in range(120)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("bobby", "payments-prod", "ReadOnlyAccess"),
            'There is no Identity Center user "bobby". Give an address, a user name or an id.',
        ),
        (("bob", "payments-prd", "ReadOnlyAccess"), 'Did you mean "payments-prod"?'),
        (("bob", "payments-prod", "ReadonlyAccess"), 'Did you mean "ReadOnlyAccess"?'),
    ],
)
def test_an_unknown_name_is_one_line(
    world: World, type_: Terminal, words: tuple[str, ...], told: str
) -> None:
    result = type_("policies", "explain", *words)

    assert result.exit_code == 1
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1
