"""The whole grammar goes through the forms of App Home as it does through a file."""

from bot.policy_file import export
from tests.admin_hand import WORKLOADS, editing, modal, pressed, sent, typed_in
from tests.world import World


def test_an_eligibility_policy_by_tag_offers_what_carries_it(world: World) -> None:
    ada = pressed(world, "Add Eligibility Policy")
    ada.fill(
        {
            "Name": "web for eve",
            "People": "eve",
            "Account tags": "team=web",
            "Permission sets": "ReadOnlyAccess",
            "Approval": "None: it starts at once",
        }
    )

    assert sent(world, ada).closed
    world.refresher.read_tags()
    assert world.sends("eve", "web-dev · ReadOnlyAccess").closed


def test_an_approval_policy_of_every_kind_is_read_and_shown_again(world: World) -> None:
    ada = pressed(world, "Add Approval Policy")
    typed = {
        "Name": "two of security",
        "OUs": "ou-ab12-33333333 nested\nou-ab12-44444444",
        "Account tags": "env=prod\nteam=payments",
        "Permission sets": "AdministratorAccess\nPowerUserAccess",
        "Approver groups": "production-approvers\nelevate-auditors",
        "Approvers": "ada",
        "Channel": "C0000000002",
        "Approvals": "2",
    }
    ada.fill({**typed, "Its own approvers must agree, whatever others say": "Yes"})

    assert sent(world, ada).closed
    added = world.book().approval[-1]
    assert (added.approvals, added.required, len(added.scope.tags)) == (2, True, 2)
    text = export(world.book())
    ada = editing(world, "Approval: two of security")
    assert {label: typed_in(ada, label) for label in typed} == typed
    assert sent(world, ada).closed
    assert export(world.book()) == text


def test_more_approvals_than_there_may_be_are_refused_beside_the_field(world: World) -> None:
    ada = editing(world, WORKLOADS)
    ada.fill({"Approvals": "21"})

    assert "1 … 20" in sent(world, ada).errors["Approvals"]
    assert modal(ada).labels()
