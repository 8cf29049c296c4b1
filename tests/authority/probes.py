"""For each way in and each thing done by it: how it is gone, and by what it shows that it was done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blocks import ids
from grants.authority import Action
from handlers.ways import Kind, Way
from tests.authority import stage
from tests.authority.noticed import Noticed
from tests.authority.stage import REQUEST, Press


@dataclass(frozen=True, slots=True)
class Probe:
    """One of either: a line of the journal, or words that they are shown."""

    press: Press
    line: str = ""
    words: str = ""

    @property
    def spends(self) -> bool:
        """Whether what was pressed is there no more."""
        return self.line.partition(".")[0] in {"request", "policies", "people", "nudge", "proof"}

    def happened(self, noticed: Noticed) -> bool:
        """Whether it was done."""
        if self.line:
            return self.line in noticed.events
        return self.words in noticed.told and "refusal" not in noticed.events


def _button(made: stage.Set, value: str = REQUEST, block: str = "b") -> Press:
    return Press(made, value, block)


A, K = Action, Kind
_HOME: Final = Press(stage.home, at_home=True)
_OPEN: Final = stage.open_form
_JUSTIFICATION: Final = "the disk is full"
_FORM: Final = "Request access"

PROBES: Final[Mapping[tuple[Way, Action], Probe]] = {
    # The form: whoever may ask for nothing has it said there
    (Way(K.WORD, ""), A.FILL_IN): Probe(Press(stage.nothing), words=_FORM),
    (Way(K.SHORTCUT, ids.SHORTCUT), A.FILL_IN): Probe(Press(stage.nothing), words=_FORM),
    (Way(K.BUTTON, ids.FORM), A.FILL_IN): Probe(_HOME, words=_FORM),
    (Way(K.BUTTON, ids.START_LATER), A.FILL_IN): Probe(
        _button(_OPEN, "", block=ids.WHEN), words=_FORM
    ),
    (Way(K.BUTTON, ids.START_NOW), A.FILL_IN): Probe(
        _button(_OPEN, "", block=ids.WHEN), words=_FORM
    ),
    (Way(K.BUTTON, ids.ACCOUNT), A.FILL_IN): Probe(
        _button(_OPEN, "", block=ids.ACCOUNT), words=_FORM
    ),
    (Way(K.SEARCH, ids.ACCOUNT), A.FILL_IN): Probe(Press(_OPEN, "pay"), words="options"),
    (Way(K.SEARCH, ids.PERMISSION_SET), A.FILL_IN): Probe(Press(_OPEN, "Adm"), words="options"),
    (Way(K.FORM, ids.REQUEST_FORM), A.ASK): Probe(Press(stage.request_form), "request.ask"),
    (Way(K.BUTTON, ids.AGAIN), A.ASK_AGAIN): Probe(_button(stage.pending), words=_JUSTIFICATION),
    (Way(K.BUTTON, ids.EXTEND), A.EXTEND): Probe(_button(stage.held), words=_JUSTIFICATION),
    (Way(K.FORM, ids.REQUEST_FORM), A.EXTEND): Probe(Press(stage.extension_form), "request.ask"),
    # What becomes of a request
    (Way(K.BUTTON, ids.CANCEL), A.CANCEL): Probe(_button(stage.pending), "request.cancel"),
    (Way(K.BUTTON, ids.END), A.END): Probe(_button(stage.held), "request.end"),
    (Way(K.BUTTON, ids.NUDGE), A.NUDGE): Probe(_button(stage.pending), "nudge"),
    (Way(K.BUTTON, ids.APPROVE), A.APPROVE): Probe(_button(stage.pending), "request.approve"),
    (Way(K.FORM, ids.COMMENT_FORM), A.APPROVE): Probe(
        Press(stage.comment_form, twists=(stage.APPROVING,)), "request.approve"
    ),
    (Way(K.BUTTON, ids.REJECT), A.REJECT): Probe(_button(stage.pending), words=ids.COMMENT_FORM),
    (Way(K.FORM, ids.COMMENT_FORM), A.REJECT): Probe(Press(stage.comment_form), "request.reject"),
    (Way(K.BUTTON, ids.REVOKE), A.REVOKE): Probe(_button(stage.held), words=ids.REVOKE_FORM),
    (Way(K.FORM, ids.REVOKE_FORM), A.REVOKE): Probe(Press(stage.revoke_form), "request.revoke"),
    # What there is to see
    (Way(K.EVENT, "app_home_opened"), A.LOOK): Probe(Press(stage.nothing), words=ids.REFRESH),
    (Way(K.WORD, "mine"), A.LOOK): Probe(Press(stage.nothing), words="What you hold"),
    (Way(K.WORD, "approvals"), A.LOOK): Probe(Press(stage.nothing), words="decision"),
    (Way(K.WORD, "active"), A.LOOK): Probe(Press(stage.nothing), words="You hold"),
    (Way(K.WORD, "audit"), A.LOOK): Probe(Press(stage.nothing), words="equests"),
    (Way(K.WORD, "audit"), A.SEE): Probe(Press(stage.pending, "{request}"), words=_JUSTIFICATION),
    (Way(K.BUTTON, ids.REFRESH), A.LOOK): Probe(_HOME, words=ids.REFRESH),
    (Way(K.BUTTON, ids.BACK), A.LOOK): Probe(
        Press(stage.home, "recent:0", stage.TURNED, at_home=True), words=ids.REFRESH
    ),
    (Way(K.BUTTON, ids.ON), A.LOOK): Probe(
        Press(stage.home, "recent:1", stage.TURNED, at_home=True), words=ids.REFRESH
    ),
    (Way(K.BUTTON, ids.FILTER), A.LOOK): Probe(_HOME, words=ids.FILTER_FORM),
    (Way(K.BUTTON, ids.ALL), A.LOOK): Probe(_HOME, words=ids.REFRESH),
    (Way(K.FORM, ids.FILTER_FORM), A.LOOK): Probe(Press(stage.filter_form), words=ids.REFRESH),
    (Way(K.BUTTON, ids.DETAILS), A.SEE): Probe(_button(stage.pending), words=_JUSTIFICATION),
    (Way(K.BUTTON, ids.ACTIVITY), A.SEE_ACTIVITY): Probe(
        _button(stage.used), words="iam:CreateUser"
    ),
    (Way(K.BUTTON, ids.EVENTS), A.SEE_ACTIVITY): Probe(_button(stage.used), "audit.activity"),
    (Way(K.BUTTON, ids.EXPORT_CSV), A.EXPORT): Probe(_HOME, "audit.export"),
    (Way(K.BUTTON, ids.EXPORT_JSONL), A.EXPORT): Probe(_HOME, "audit.export"),
    (Way(K.WORD, "verify"), A.VERIFY): Probe(Press(stage.pending, "{request}"), "audit.verify"),
    (Way(K.WORD, "explain"), A.EXPLAIN): Probe(
        Press(stage.nothing, "payments-prod AdministratorAccess"), words="AdministratorAccess"
    ),
    (Way(K.WORD, "explain"), A.EXPLAIN_OTHERS): Probe(
        Press(stage.nothing, "spare payments-prod AdministratorAccess"), words="AdministratorAccess"
    ),
    (Way(K.WORD, "help"), A.HELP): Probe(Press(stage.nothing), words=ids.COMMAND),
    # Administration
    (Way(K.WORD, "admin"), A.EDIT_POLICIES): Probe(Press(stage.nothing), words=ids.ADD_ELIGIBILITY),
    **{
        (Way(K.BUTTON, name), A.EDIT_POLICIES): Probe(_HOME, words=ids.POLICY_FORM)
        for name in (ids.ADD_ELIGIBILITY, ids.ADD_APPROVAL, ids.SETTINGS)
    },
    (Way(K.BUTTON, ids.EDIT), A.EDIT_POLICIES): Probe(
        Press(stage.home, "eligibility:the sandbox", at_home=True), words=ids.POLICY_FORM
    ),
    (Way(K.BUTTON, ids.DELETE), A.EDIT_POLICIES): Probe(
        Press(stage.home, "eligibility:the sandbox", at_home=True), words=ids.DELETE_FORM
    ),
    (Way(K.BUTTON, ids.WARNINGS), A.EDIT_POLICIES): Probe(_HOME, words="Warnings"),
    (Way(K.FORM, ids.POLICY_FORM), A.EDIT_POLICIES): Probe(
        Press(stage.policy_form), "policies.apply"
    ),
    (Way(K.FORM, ids.DELETE_FORM), A.EDIT_POLICIES): Probe(
        Press(stage.delete_form), "policies.apply"
    ),
    (Way(K.BUTTON, ids.PEOPLE), A.LINK_PEOPLE): Probe(_HOME, words=ids.PEOPLE_LIST),
    (Way(K.BUTTON, ids.PEOPLE_BACK), A.LINK_PEOPLE): Probe(
        Press(stage.links, "people:0"), words=ids.PEOPLE_LIST
    ),
    (Way(K.BUTTON, ids.PEOPLE_ON), A.LINK_PEOPLE): Probe(
        Press(stage.links, "people:1"), words=ids.PEOPLE_LIST
    ),
    (Way(K.BUTTON, ids.LINK), A.LINK_PEOPLE): Probe(Press(stage.links), words=ids.LINK_FORM),
    (Way(K.BUTTON, ids.UNLINK), A.LINK_PEOPLE): Probe(
        Press(stage.links, "USPARE"), "people.unlink"
    ),
    (Way(K.FORM, ids.LINK_FORM), A.LINK_PEOPLE): Probe(Press(stage.link_form), "people.link"),
    # One-time codes
    (Way(K.WORD, "proof"), A.LOOK): Probe(Press(stage.nothing), words="code"),
    (Way(K.BUTTON, ids.SET_UP_CODES), A.SET_UP_CODES): Probe(
        Press(stage.without_codes, at_home=True), "proof.begin"
    ),
    (Way(K.FORM, ids.PRESENT_CODE_FORM), A.SET_UP_CODES): Probe(
        Press(stage.present_code_form), "proof.begin"
    ),
    (Way(K.FORM, ids.CODES_FORM), A.SET_UP_CODES): Probe(Press(stage.codes_form), "proof.confirm"),
    (Way(K.BUTTON, ids.RESET_CODES), A.RESET_CODES): Probe(
        Press(stage.with_codes, "UEVE"), "proof.reset"
    ),
}
