"""An administrator creates, edits and deletes policies and settings in Slack."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from grants.administration import Administration
from grants.model import Actor, OuId, Role
from grants.policy import Named, OuScope, PolicyBook
from grants.stores import Work
from storage.work import SqlWorks
from tests.admin_hand import (
    AUDITED,
    PRODUCTION,
    SANDBOX,
    WORKLOADS,
    at_home,
    changes,
    editing,
    lines,
    modal,
    pressed,
    sent,
    shown,
    typed_in,
    unanswered,
)
from tests.standins.aws.faults import Kind
from tests.standins.slack import Person
from tests.world import AUDIT, POLICIES, World

OPERATOR = Actor(Role.ADMINISTRATOR, "operator:test")


def by_another(world: World, change: Callable[[PolicyBook], PolicyBook]) -> None:
    """Somebody else's change, by another way."""
    world.administration.apply(change(world.book()), by=OPERATOR)


def other_sandbox(before: PolicyBook) -> PolicyBook:
    """The policy that these tests do not edit."""
    first, second = before.eligibility
    return replace(before, eligibility=(first, replace(second, approval_required=True)))


def other_production(before: PolicyBook) -> PolicyBook:
    first, second = before.eligibility
    return replace(before, eligibility=(replace(first, approval_required=False), second))


# What holds


def test_the_section_shows_the_policies_and_their_version(world: World) -> None:
    ada = at_home(world)

    words = shown(ada)

    assert "Policies and settings" in words
    assert "Version 1 of the policies holds. There are no warnings." in words
    assert all(title in words for title in (PRODUCTION, SANDBOX, WORKLOADS))
    assert "Accounts: Workloads (ou-ab12-11111111) and below" in words


def test_the_word_shows_the_same(world: World) -> None:
    world["ada"].command("admin")

    (whisper,) = world.whispers("ada")
    assert "Policies and settings" in whisper
    assert "Who: engineers" in whisper


def test_nobody_but_administrators_sees_it(world: World) -> None:
    for who in ("bob", "eve", "aud", "mallory"):
        assert "Policies and settings" not in shown(at_home(world, who))


# Changing


def test_an_edited_policy_holds_at_once(world: World) -> None:
    ada = editing(world)
    ada.fill({"Longest duration": "2h", "Permission sets": "ReadOnlyAccess"})

    assert sent(world, ada).closed
    outcome = world.sends("bob", "payments-prod · ReadOnlyAccess", Duration="3h")
    assert "2 h" in outcome.errors["Duration"]
    assert "Version 2 of the policies holds" in shown(ada)


def test_who_changed_what_from_what_to_what_is_written_down_and_told(world: World) -> None:
    world.policies(AUDITED)
    ada = editing(world)
    ada.fill({"Longest duration": "2h"})

    sent(world, ada)

    told = "changed eligibility engineers in production: max_duration from 4h to 2h"
    entry = lines(world, "policies.apply")[-1]
    assert changes(world) == [told]
    assert (entry.actor.role, entry.actor.name) == (Role.ADMINISTRATOR, "Ada Administrator")
    assert (entry.before, entry.after) == ("2", "3")
    (heard,) = [m.text for m in world.slack.channel(AUDIT).messages if "version 3" in m.text]
    assert "Ada Administrator" in heard
    assert told in heard
    world.verify()


def test_each_of_several_changes_of_one_edit_is_told(world: World) -> None:
    world.policies(AUDITED)
    ada = editing(world)
    ada.fill({"Longest duration": "2h", "Permission sets": "ReadOnlyAccess"})

    sent(world, ada)

    (heard,) = [m.text for m in world.slack.channel(AUDIT).messages if "version 3" in m.text]
    assert "max_duration from 4h to 2h" in heard
    assert "permission_sets from [ReadOnlyAccess, AdministratorAccess] to [ReadOnlyAccess]" in heard


@pytest.mark.parametrize("part", ["journal", "outbox"])
def test_a_change_that_cannot_be_written_down_and_told_does_not_hold(
    world: World, part: str
) -> None:
    world.policies(AUDITED)
    before = world.book()
    administration = Administration(WithoutRoom(world.works, part), world.clock)

    with pytest.raises(OSError, match="no space"):
        administration.apply(other_sandbox(before), by=OPERATOR)

    assert world.book() == before
    assert len(lines(world, "policies.apply")) == before.version


def test_a_new_eligibility_policy_offers_what_it_says(world: World) -> None:
    ada = pressed(world, "Add Eligibility Policy")
    ada.fill(
        {
            "Name": "eve reads security",
            "People": "eve@example.com",
            "Accounts": "security-audit\n222233334444",
            "Permission sets": "ReadOnlyAccess",
            "Longest duration": "1h30m",
            "Approval": "None: it starts at once",
        }
    )

    assert sent(world, ada).closed
    assert world.book().eligibility[-1].name == "eve reads security"
    assert world.sends("eve", "security-audit · ReadOnlyAccess", Duration="90m").closed


def test_a_new_approval_policy_asks_whom_it_names(world: World) -> None:
    ada = pressed(world, "Add Approval Policy")
    ada.fill(
        {"Name": "payments", "Accounts": "payments-prod", "Approvers": "aud", "Channel": AUDIT}
    )

    assert sent(world, ada).closed
    request = world.asks("bob", "payments-prod · AdministratorAccess")
    assert {card.channel for card in world.cards(request)} == {"C0000000003", AUDIT}


def test_the_form_shows_what_holds(world: World) -> None:
    ada = editing(world, WORKLOADS)

    assert typed_in(ada, "Name") == "workloads"
    assert typed_in(ada, "OUs") == "ou-ab12-11111111 nested"
    assert typed_in(ada, "Approver groups") == "production-approvers"
    assert typed_in(ada, "Channel") == "C0000000003"


def test_saving_what_nobody_touched_changes_nothing(world: World) -> None:
    for within in (PRODUCTION, SANDBOX, WORKLOADS):
        assert sent(world, editing(world, within)).closed
    assert sent(world, pressed(world, "Settings")).closed

    assert world.book().version == 1
    assert len(lines(world, "policies.apply")) == 1


def test_a_field_that_does_not_come_back_is_as_it_was(world: World) -> None:
    ada = editing(world)
    ada.fill({"Longest duration": "2h"})

    sent(world, ada.tampering(unanswered("who.groups"), unanswered("ous"), unanswered("name")))

    assert changes(world) == [
        "changed eligibility engineers in production: max_duration from 4h to 2h"
    ]


def test_an_emptied_field_is_empty(world: World) -> None:
    ada = editing(world)
    ada.fill({"Longest duration": None})

    sent(world, ada)

    assert world.book().eligibility[0].max_duration is None


def test_a_renamed_policy_keeps_its_place(world: World) -> None:
    ada = editing(world)
    ada.fill({"Name": "production"})

    sent(world, ada)

    assert [policy.name for policy in world.book().eligibility] == ["production", "the sandbox"]


def test_a_policy_is_deleted_once_it_is_confirmed(world: World) -> None:
    ada = pressed(world, "Delete", within=SANDBOX)
    assert "the sandbox" in modal(ada).words()
    assert len(world.book().eligibility) == 2

    assert sent(world, ada).closed
    assert [policy.name for policy in world.book().eligibility] == ["engineers in production"]
    assert changes(world)[0].startswith("removed eligibility the sandbox: ")
    assert SANDBOX not in shown(ada)


def test_closing_the_question_deletes_nothing(world: World) -> None:
    ada = pressed(world, "Delete", within=SANDBOX)

    ada.close()

    assert world.book().version == 1


def test_settings_are_changed(world: World) -> None:
    ada = pressed(world, "Settings")
    ada.fill(
        {
            "Longest duration": "8000h",
            "Reminder": "1m",
            "A request names a ticket": "Yes",
            "Ticket pattern": "[A-Z]+-[0-9]+",
            "Auditors": "eve",
        }
    )

    assert sent(world, ada).closed
    settings = world.book().settings
    assert (settings.max_duration.total_seconds(), settings.reminder.total_seconds()) == (
        8000 * 3600,
        60,
    )
    assert world.sends("bob", "payments-prod · ReadOnlyAccess", Ticket="x").errors.keys() == {
        "Ticket"
    }
    assert [user.name for user in settings.auditors.users] == ["eve"]


def test_an_approval_policy_is_made_to_ask_for_a_proof(world: World) -> None:
    ada = editing(world, WORKLOADS)
    ada.fill(Proof="A one-time password")

    assert sent(world, ada).closed
    (policy,) = world.book().approval
    assert policy.proof == "totp"
    assert changes(world) == ["changed approval workloads: proof from none to totp"]


def test_what_is_not_prepared_is_refused_beside_its_field(world: World) -> None:
    ada = pressed(world, "Settings")
    asked = "Cut open sessions when access is revoked"

    ada.fill({asked: "By a service control policy"})
    outcome = ada.submit()
    assert "set ELEVATE_CUT_POLICY_ID" in outcome.errors[asked]
    ada.fill({asked: "By an inline policy"})
    outcome = ada.submit()

    assert outcome.kind == "closed", outcome
    assert world.book().settings.revoke_sessions == "inline_policy"


# What is wrong


def test_every_problem_comes_back_beside_its_field_and_nothing_typed_is_lost(
    world: World,
) -> None:
    ada = editing(world)
    ada.fill(
        {
            "Name": "the sandbox",
            "Groups": "engineers\nengineerz",
            "Accounts": "payments-prd",
            "OUs": "ou-zz99-99999999 nested",
            "Account tags": "env",
            "Permission sets": "AdminAccess",
            "Longest duration": "8001h",
        }
    )

    outcome = sent(world, ada)

    assert outcome.errors.keys() == {
        "Name",
        "Groups",
        "Accounts",
        "OUs",
        "Account tags",
        "Permission sets",
        "Longest duration",
    }
    assert 'another policy "the sandbox"' in outcome.errors["Name"]
    assert 'no group "engineerz"' in outcome.errors["Groups"]
    assert 'did you mean "payments-prod"' in outcome.errors["Accounts"]
    assert "1m … 8000h" in outcome.errors["Longest duration"]
    assert '"env" has no value; write key=value' in outcome.errors["Account tags"]
    assert typed_in(ada, "Groups") == "engineers\nengineerz"
    assert world.book().version == 1


@pytest.mark.parametrize(
    ("field", "typed", "why"),
    [
        ("Longest duration", "0m", "1m … 8000h"),
        ("Longest duration", "8001h", "1m … 8000h"),
        ("Pending expiry", "soon", "write a duration"),
        ("Nudge interval", "", "it is empty"),
        ("Most open requests", "1001", "1 … 1,000"),
        ("Most open requests", "many", "write a whole number"),
        ("Ticket pattern", "(a+)+", "can take for ever"),
        ("Ticket link", "http://tracker/{ticket}", "https address"),
        ("Default channel", "#general", "no channel id"),
        ("Auditor groups", "nobody-there", "no group"),
    ],
)
def test_bounds_of_the_settings_are_kept_by_the_server(
    world: World, field: str, typed: str, why: str
) -> None:
    ada = pressed(world, "Settings")
    ada.fill({field: typed})

    outcome = sent(world, ada)

    assert outcome.errors.keys() == {field}
    assert why in outcome.errors[field]
    assert world.book().version == 1


def test_a_policy_without_scope_says_so_beside_the_scope(world: World) -> None:
    ada = editing(world, SANDBOX)
    ada.fill({"Accounts": None})

    assert "no scope" in sent(world, ada).errors["Accounts"]


def test_a_policy_for_nobody_says_so(world: World) -> None:
    ada = editing(world, SANDBOX)
    ada.fill({"Groups": None})

    assert "names nothing" in sent(world, ada).errors["Groups"]


def test_what_is_wrong_is_no_line_of_the_journal(world: World) -> None:
    ada = editing(world)
    ada.fill({"Longest duration": "for ever"})
    before = len(world.journal())

    sent(world, ada)

    assert len(world.journal()) == before


def test_while_aws_is_away_the_form_stays_and_is_sent_again(world: World) -> None:
    ada = editing(world)
    ada.fill({"Longest duration": "2h"})
    world.aws.faults.add("DescribeGroup", Kind.HTTP500, times=None)

    outcome = sent(world, ada)
    world.aws.faults.clear()

    assert outcome.errors == {"Name": "Not recorded yet. Press again: it is safe."}
    assert sent(world, ada).closed
    assert world.book().version == 2


# The last administrator


@pytest.mark.parametrize(
    ("groups", "people"), [(None, None), ("engineers", None), (None, "bob"), ("empty", "bob")]
)
def test_the_last_administrator_is_not_removed(
    world: World, groups: str | None, people: str | None
) -> None:
    world.company.add_group("empty")
    world.company.disable_user("bob")
    ada = pressed(world, "Settings")
    ada.fill({"Administrator groups": groups, "Administrators": people})

    outcome = sent(world, ada)

    assert "nobody who is enabled" in outcome.errors["Administrator groups"]
    assert world.book().version == 1


def test_an_administrator_may_hand_over_to_another(world: World) -> None:
    ada = pressed(world, "Settings")
    ada.fill({"Administrator groups": None, "Administrators": "eve"})

    assert sent(world, ada).closed
    assert "Policies and settings" not in shown(at_home(world))
    assert "Policies and settings" in shown(at_home(world, "eve"))


# Two administrators


def test_of_two_who_edit_one_policy_the_second_is_told_and_nothing_is_lost(world: World) -> None:
    ada = editing(world)
    ada.fill({"Longest duration": "2h"})
    by_another(world, other_production)
    by_another(world, other_sandbox)

    outcome = sent(world, ada)

    assert outcome.kind == "errors"
    (said,) = outcome.errors.values()
    assert "Not applied: operator:test changed the policies" in said
    assert "(version 2; this change was made from version 1)" in said
    assert typed_in(ada, "Longest duration") == "2h"
    assert world.book().version == 3


def test_two_who_edit_different_policies_both_succeed(world: World) -> None:
    ada = editing(world)
    ada.fill({"Longest duration": "2h"})
    by_another(world, other_sandbox)

    assert sent(world, ada).closed
    first, second = world.book().eligibility
    assert first.max_duration is not None
    assert (first.max_duration.total_seconds(), second.approval_required) == (7200, True)


def meanwhile(world: World, change: Callable[[PolicyBook], PolicyBook]) -> None:
    """Right before ada's change is committed, another process commits its own."""
    waiting = [change]

    def in_time() -> None:
        while waiting:
            by_another(world, waiting.pop())

    world.in_time = lambda: in_time


def test_who_is_faster_at_the_last_instant_is_merged_too(world: World) -> None:
    ada = editing(world)
    ada.fill({"Longest duration": "2h"})
    meanwhile(world, other_sandbox)

    assert sent(world, ada).closed
    assert world.book().version == 3
    assert world.book().eligibility[1].approval_required


def test_who_is_faster_at_the_last_instant_with_the_same_policy_wins(world: World) -> None:
    ada = editing(world)
    ada.fill({"Longest duration": "2h"})
    meanwhile(world, other_production)

    assert "Not applied" in str(sent(world, ada).errors)
    assert world.book().version == 2


def test_of_two_new_policies_of_one_name_the_second_is_told(world: World) -> None:
    ada = pressed(world, "Add Eligibility Policy")
    ada.fill({"Name": "new", "People": "eve", "Accounts": "web-dev",
              "Permission sets": "ReadOnlyAccess"})  # fmt: skip

    def first(before: PolicyBook) -> PolicyBook:
        named = replace(before.eligibility[0], name="new")
        return replace(before, eligibility=(*before.eligibility, named))

    meanwhile(world, first)

    assert 'another policy "new"' in sent(world, ada).errors["Name"]
    assert world.book().version == 2


def test_a_policy_that_was_changed_meanwhile_is_not_deleted(world: World) -> None:
    ada = pressed(world, "Delete", within=PRODUCTION)
    by_another(world, other_production)

    outcome = sent(world, ada)

    assert outcome.kind == "updated"
    assert "Not applied: operator:test" in modal(ada).words()
    assert len(world.book().eligibility) == 2


def test_settings_that_were_changed_meanwhile_are_not_overwritten(world: World) -> None:
    ada = pressed(world, "Settings")
    world.policies(POLICIES.replace("require_ticket: false", "require_ticket: true"))

    assert "Not applied" in str(sent(world, ada).errors)
    assert world.book().settings.require_ticket


def test_editing_what_is_gone_says_so(world: World) -> None:
    ada = at_home(world)
    by_another(world, lambda before: replace(before, eligibility=before.eligibility[:1]))

    ada.press("Edit", within=SANDBOX)

    assert 'There is no eligibility policy "the sandbox" any more' in world.told("ada")[-1]


# What does not fit into a form


def too_long(before: PolicyBook) -> PolicyBook:
    first, second = before.eligibility
    many = tuple(
        replace(each, name=f"{each.name} {n:0250}") for n in range(13) for each in first.who.groups
    )
    return replace(
        before, eligibility=(replace(first, who=replace(first.who, groups=many)), second)
    )


def test_a_policy_too_long_for_slack_says_so_and_can_only_be_deleted(world: World) -> None:
    by_another(world, too_long)

    ada = at_home(world)

    assert "Too long to be edited here" in shown(ada)
    assert buttons(ada, PRODUCTION) == ["Delete"]
    assert buttons(ada, SANDBOX) == ["Edit", "Delete"]


def test_an_old_edit_button_of_a_policy_too_long_by_now_says_so(world: World) -> None:
    ada = at_home(world)
    by_another(world, too_long)

    ada.press("Edit", within=PRODUCTION)

    assert "too long for a form" in world.told("ada")[-1]


def buttons(person: Person, title: str) -> list[str]:
    """Those right below a policy."""
    view = person.home()
    blocks = view.body["blocks"] if view else []
    (at,) = [n for n, b in enumerate(blocks) if (b.get("text") or {}).get("text") == title]
    return [element["text"]["text"] for element in blocks[at + 1]["elements"]]


# Pages


def many_policies(before: PolicyBook) -> PolicyBook:
    first = before.eligibility[0]
    return replace(before, eligibility=tuple(replace(first, name=f"policy {n}") for n in range(7)))


def test_long_lists_have_pages(world: World) -> None:
    by_another(world, many_policies)
    ada = at_home(world)
    assert "policy 2" in shown(ada)
    assert "policy 3" not in shown(ada)

    ada.press("Next (2 of 3)")
    ada.press("Edit", within="Eligibility: policy 5")

    assert typed_in(ada, "Name") == "policy 5"


# Warnings


def test_what_a_policy_names_and_is_no_longer_there_is_a_warning_with_its_name(
    world: World,
) -> None:
    world.company.remove_group("production-approvers")

    ada = at_home(world)

    assert "There are 2 warnings:" in shown(ada)
    assert 'the group "production-approvers" is no longer there' in shown(ada)
    ada.press("Show Warnings")
    assert "nobody could give it" in modal(ada).words()


def test_whatever_is_gone_is_warned_of_by_name(world: World) -> None:
    def of_what_is_gone(before: PolicyBook) -> PolicyBook:
        first, second = before.eligibility
        scope = replace(
            second.scope,
            accounts=(Named("999999999999", "old-account"), *second.scope.accounts),
            ous=(OuScope(OuId("ou-ab12-99999999"), "Old unit"),),
        )
        sets = (Named("arn:aws:sso:::permissionSet/x/ps-0", "OldAccess"), *second.permission_sets)
        gone = replace(second, scope=scope, permission_sets=sets)
        return replace(before, eligibility=(first, gone))

    by_another(world, of_what_is_gone)

    words = shown(at_home(world))

    for name in ('account "old-account"', 'OU "Old unit"', 'permission set "OldAccess"'):
        assert f'eligibility "the sandbox": the {name} is no longer there' in words
    assert world.sends("bob", "data-sandbox · PowerUserAccess").closed


def test_the_rest_goes_on_working_and_nobodys_request_hangs(world: World) -> None:
    world.company.remove_group("production-approvers")

    assert "not enough approvers" in str(
        world.sends("bob", "payments-prod · ReadOnlyAccess").errors
    )
    world["bob"].close()
    assert world.sends("bob", "data-sandbox · PowerUserAccess").closed


def test_warnings_are_looked_up_anew_when_policies_change(world: World) -> None:
    world.company.remove_group("production-approvers")
    ada = editing(world, WORKLOADS)
    ada.fill({"Approver groups": "elevate-auditors"})

    sent(world, ada)

    assert "There are no warnings." in shown(ada)


ANEW = "90677ba1c1-11111111-2222-4333-8444-555555555555"


def test_an_untouched_field_is_never_aimed_at_another_of_the_same_name(world: World) -> None:
    before = world.book()
    world.company.remove_group("engineers")
    world.company.add_group("engineers", group_id=ANEW)
    ada = editing(world)
    ada.fill({"Longest duration": "2h"})

    errors = sent(world, ada).errors

    assert "that stood here is gone, and another one is called that now" in str(errors)
    assert ANEW in str(errors)
    assert world.book() == before


def test_whoever_means_the_new_one_writes_its_id(world: World) -> None:
    world.company.remove_group("engineers")
    world.company.add_group("engineers", group_id=ANEW)
    ada = editing(world)
    ada.fill({"Groups": ANEW})

    assert sent(world, ada).closed
    (change,) = changes(world)
    assert change.startswith("changed eligibility engineers in production: who from {groups: [eng")
    assert ANEW in change


def test_what_was_renamed_stays_what_it_is_and_the_rest_can_be_saved(world: World) -> None:
    world.company.rename_group("engineers", "platform")
    world.company.add_group("engineers", group_id=ANEW)
    before = world.book().eligibility[0].who
    ada = editing(world)
    ada.fill({"Longest duration": "2h"})

    assert sent(world, ada).closed
    assert world.book().eligibility[0].who == before
    assert changes(world) == [
        "changed eligibility engineers in production: max_duration from 4h to 2h"
    ]


def test_an_account_that_was_renamed_stays_what_it_is_though_another_has_its_name(
    world: World,
) -> None:
    world.policies(POLICIES.replace('["666677778888"]', "[data-sandbox]"))
    before = world.book().eligibility[1].scope
    world.company.rename_account("data-sandbox", "old-sandbox")
    world.company.rename_account("payments-prod", "data-sandbox")
    world.refresher.refresh()
    ada = editing(world, SANDBOX)
    ada.fill({"Longest duration": "2h"})

    assert sent(world, ada).closed
    assert world.book().eligibility[1].scope == before


def test_a_name_that_is_gone_has_to_be_mended_where_it_stands(world: World) -> None:
    world.company.remove_group("production-approvers")
    ada = editing(world, WORKLOADS)

    assert 'no group "production-approvers"' in sent(world, ada).errors["Approver groups"]


class Full:
    """Has no room for one more line."""

    def no(self, *_: Any, **__: Any) -> None:
        raise OSError("no space left on device")

    def flush(self) -> None:
        """Nothing waits to be written."""

    write = put = no


@dataclass
class WithoutRoom:
    """Units of work of which a part is full."""

    works: SqlWorks
    part: str

    @contextmanager
    def __call__(self) -> Iterator[Work]:
        with self.works() as work:
            setattr(work, self.part, Full())
            yield work

    def reading(self) -> AbstractContextManager[Work]:
        return self.works.reading()
