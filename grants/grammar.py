"""The policy grammar: which keys there are, of what type and within which bounds."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, TypeVar

from grants import tickets
from grants.drafts import (
    Draft,
    DraftApproval,
    DraftEligibility,
    DraftOu,
    DraftScope,
    DraftWho,
    Node,
    PolicyProblems,
    Table,
    Word,
    shown,
)
from grants.model import ChannelId
from grants.policy import MOST_OPEN, CutWay, PolicySettings
from grants.reading import Reader

VERSION: Final = 1
LONGEST_NAME: Final = 100
MOST_APPROVALS: Final = 20
SCOPE: Final = ("accounts", "ous", "tags")

_CHANNEL: Final = re.compile(r"[CG][A-Z0-9]{2,30}", re.ASCII)

Drafted = TypeVar("Drafted", DraftEligibility, DraftApproval)
Readers: TypeAlias = Mapping[str, Callable[[Node, str], Any]]
Nodes: TypeAlias = Mapping[str, Node]


def drafted(root: Node, *, source: str = "", scp: bool = False) -> Draft:
    """The whole of it; PolicyProblems carries what could be read all the same."""
    grammar = Grammar(source, scp=scp)
    draft = grammar.whole(root)
    if grammar.problems:
        raise PolicyProblems(grammar.problems, draft=draft)
    return draft


@dataclass(frozen=True, slots=True)
class Grammar(Reader):
    """Reads what can be read of a section, and notes the rest."""

    scp: bool = False
    """Whether a service control policy is named here, by which sessions can be cut."""

    def whole(self, root: Node) -> Draft:
        """The file."""
        found = self.table(
            root, "the file", keys=("version", "settings", "eligibility", "approval")
        )
        if found is None:
            return Draft(self.source)
        if "version" in found:
            self.whole_number(found["version"], "version", least=VERSION, most=VERSION)
        else:
            self.note(root.line, f"version is missing; write version: {VERSION}")
        draft = self.settings(found["settings"]) if "settings" in found else Draft(self.source)
        return replace(
            draft,
            eligibility=self.policies(found, "eligibility", self.eligibility),
            approval=self.policies(found, "approval", self.approval),
        )

    def settings(self, node: Node) -> Draft:
        """The settings; those left out are the defaults."""
        readers: Readers = {
            "approval": lambda n, key: self.choice(n, key, among=("required", "off")),
            "max_duration": self.duration,
            "pending_expiry": self.duration,
            "max_start_ahead": self.duration,
            "max_open_requests": lambda n, key: self.whole_number(n, key, least=1, most=MOST_OPEN),
            "reminder": self.duration,
            "nudge_interval": self.duration,
            "require_ticket": self.truth,
            "ticket_pattern": self.ticket_pattern,
            "ticket_url": self.ticket_url,
            "require_decision_comment": self.truth,
            "revoke_sessions": self.revoke_sessions,
            "admins": self.who,
            "auditors": self.who,
            "default_channel": self.channel,
            "audit_channel": self.channel,
        }
        found = self.table(node, "settings", keys=readers)
        values = self.values(found, readers)
        admins = values.pop("admins", DraftWho())
        auditors = values.pop("auditors", DraftWho())
        required = values.pop("approval", "required") == "required"
        return Draft(
            self.source, PolicySettings(approval_required=required, **values), admins, auditors
        )

    def eligibility(self, node: Node) -> DraftEligibility | None:
        """Who may ask for what."""
        readers: Readers = {
            "name": self.name,
            "who": self.who,
            "accounts": self.words,
            "ous": self.ous,
            "tags": self.tags,
            "permission_sets": self.words,
            "max_duration": self.duration,
            "approval": lambda n, key: self.choice(n, key, among=("required", "none")),
        }
        found = self.table(node, "an eligibility policy", keys=readers)
        if found is None:
            return None
        self.complete(node, found, needs=("who", "permission_sets"))
        values = self.values(found, readers)
        required = values.pop("approval", "required") == "required"
        empty = {"name": Word("", node.line), "who": DraftWho(), "permission_sets": ()}
        return DraftEligibility(**{**empty, **_scoped(values)}, approval_required=required)

    def approval(self, node: Node) -> DraftApproval | None:
        """Who may approve what."""
        readers: Readers = {
            "name": self.name,
            "accounts": self.words,
            "ous": self.ous,
            "tags": self.tags,
            "permission_sets": self.words,
            "approvers": self.who,
            "channel": self.channel,
            "approvals": lambda n, key: self.whole_number(n, key, least=1, most=MOST_APPROVALS),
            "required": self.truth,
            "proof": lambda n, key: self.choice(n, key, among=("none", "totp")),
        }
        found = self.table(node, "an approval policy", keys=readers)
        if found is None:
            return None
        self.complete(node, found, needs=("approvers",))
        sets = found.get("permission_sets")
        if sets and not _says_something(sets):
            self.note(sets.line, "permission_sets is empty; leave it out for every one")
        values = self.values(found, readers)
        empty = {"name": Word("", node.line), "approvers": DraftWho()}
        return DraftApproval(**{**empty, **_scoped(values)})

    def policies(
        self, found: Nodes, section: str, policy: Callable[[Node], Drafted | None]
    ) -> tuple[Drafted, ...]:
        """A section's policies, no two of one name."""
        items = self.items(found[section], section) if section in found else ()
        drafts = tuple(draft for item in items if (draft := policy(item)) is not None)
        first: dict[str, int] = {}
        for name in (draft.name for draft in drafts if draft.name.text):
            if name.text in first:
                self.note(
                    name.line,
                    f"{section} has another policy {shown(name.text)} on line"
                    f" {first[name.text]}; give each its own name",
                )
            first.setdefault(name.text, name.line)
        return drafts

    def values(self, found: Nodes | None, readers: Readers) -> dict[str, Any]:
        """What could be read, by key."""
        read = {key: readers[key](node, key) for key, node in (found or {}).items()}
        return {key: value for key, value in read.items() if value is not None}

    def complete(self, node: Node, found: Nodes, *, needs: tuple[str, ...]) -> None:
        """Note what a policy must have and has not."""
        for key in ("name", *needs):
            if key not in found:
                self.note(node.line, f"the policy has no {key}; add it")
            elif not _says_something(found[key]):
                self.note(found[key].line, f"{key} names nothing; name at least one")
        if not any(key in found and _says_something(found[key]) for key in SCOPE):
            self.note(node.line, f"the policy has no scope; add one of {', '.join(SCOPE)}")

    # What stands at a key

    def revoke_sessions(self, node: Node, what: str) -> str | None:
        """How open sessions can be cut; by what is not prepared they are not."""
        chosen = self.choice(node, what, among=("off", *CutWay))
        if chosen == CutWay.SCP and not self.scp:
            self.note(
                node.line,
                f"{what}: scp needs a service control policy to cut sessions by, and none is named here;"
                " prepare one (docs/how-to/cut-sessions.md) and set ELEVATE_CUT_POLICY_ID to its id,"
                " or write off or inline_policy",
            )
        return chosen

    def name(self, node: Node, what: str) -> Word | None:
        """A policy's name: short, and of letters that can be seen."""
        text = self.text(node, what)
        if text is None:
            return None
        if len(text) > LONGEST_NAME or not text.isprintable() or text != text.strip():
            self.note(
                node.line,
                f"{what}: {shown(text)} must be a line of at most {LONGEST_NAME} visible characters"
                " without blanks around it",
            )
            return None
        return Word(text, node.line)

    def who(self, node: Node, what: str) -> DraftWho | None:
        """Groups and people."""
        found = self.table(node, what, keys=("groups", "users"))
        if found is None:
            return None
        return DraftWho(**{key: self.words(item, f"{what}: {key}") for key, item in found.items()})

    def ous(self, node: Node, what: str) -> tuple[DraftOu, ...]:
        """OUs: an id, or a table that says whether those below count too."""
        items = (self.ou(item, what) for item in self.items(node, what))
        return tuple(ou for ou in items if ou is not None)

    def ou(self, node: Node, what: str) -> DraftOu | None:
        """One of them."""
        if not isinstance(node.value, Table):
            text = self.text(node, what)
            return DraftOu(Word(text, node.line)) if text else None
        found = self.table(node, what, keys=("id", "nested")) or {}
        nested = self.truth(found["nested"], "nested") if "nested" in found else False
        if "id" not in found:
            self.note(node.line, "the OU has no id; write {id: ou-…, nested: true}")
            return None
        text = self.text(found["id"], "id")
        return DraftOu(Word(text, found["id"].line), bool(nested)) if text else None

    def tags(self, node: Node, what: str) -> tuple[tuple[str, str], ...] | None:
        """Account tags and their values, both text."""
        if not isinstance(node.value, Table):
            self.wrong(node, what, wanted="write tags and values below it: {env: dev}")
            return None
        seen: dict[str, str] = {}
        for key, value in node.value.entries:
            name, text = self.text(key, "a tag"), self.text(value, f"{what}", empty=True)
            if name in seen:
                self.note(key.line, f"the tag {shown(name)} stands twice; keep one")
            elif name is not None and text is not None:
                seen[name] = text
        return tuple(seen.items())

    def channel(self, node: Node, what: str) -> ChannelId | None:
        """A channel's id, not its name."""
        text = self.text(node, what)
        if text is None or _CHANNEL.fullmatch(text):
            return ChannelId(text) if text else None
        self.note(
            node.line,
            f"{what}: {shown(text)} is no channel id; write the one that begins with C or G,"
            " from the channel's details in Slack",
        )
        return None

    def ticket_pattern(self, node: Node, what: str) -> str | None:
        """A regular expression; empty: none."""
        text = self.text(node, what, empty=True)
        flaw = tickets.flaw(text) if text else ""
        if flaw:
            self.note(node.line, f"{what} {flaw}")
            return None
        return text

    def ticket_url(self, node: Node, what: str) -> str | None:
        """Where a ticket is looked at; empty: nowhere."""
        text = self.text(node, what, empty=True)
        if not text or tickets.leads_to_one(text):
            return text
        self.note(
            node.line,
            f"{what}: {shown(text)} must be an https address with {{ticket}} after its host:"
            " https://tracker.example.com/{ticket}",
        )
        return None


def _says_something(node: Node) -> bool:
    match node.value:
        case tuple(items):
            return bool(items)
        case Table(entries):
            return any(_says_something(value) for _, value in entries)
        case _:
            return True  # and if it is the wrong thing, that was noted


def _scoped(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same, with what makes the scope put together."""
    rest = {key: value for key, value in values.items() if key not in SCOPE}
    scope = DraftScope(**{key: values[key] for key in SCOPE if key in values})
    return {**rest, "scope": scope}
