"""The control endpoint: makers, faults and calls over HTTP, for the demo and other processes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tests.standins.aws.trail import USUAL_CALLS, ApiCall

if TYPE_CHECKING:
    from tests.standins.aws.server import AwsStandIn

Words = dict[str, Any]


class Control:
    """`GET /_control/<look>` and `POST /_control/<verb>` with a JSON object; answers JSON."""

    def __init__(self, aws: AwsStandIn) -> None:
        self.aws = aws
        company, faults, calls = aws.company, aws.faults, aws.calls
        self._looks: dict[str, Callable[[Words], Any]] = {
            "health": lambda _: {"ok": True},
            "snapshot": lambda _: company.snapshot(),
            "assignments": lambda _: company.assignments_in_words(),
            "calls": self._calls,
            "faults": lambda _: [_fault(f) for f in faults.pending()],
        }
        self._verbs: dict[str, Callable[..., Any]] = {
            "faults": lambda **w: _fault(faults.add(**w)),
            "faults/add": lambda **w: _fault(faults.add(**w)),
            "faults/clear": faults.clear,
            "faults/release": faults.release,
            "calls/clear": calls.clear,
            "users/add": company.add_user,
            "users/remove": company.remove_user,
            "users/disable": company.disable_user,
            "users/enable": company.enable_user,
            "users/change": company.change_user,
            "groups/add": company.add_group,
            "groups/remove": company.remove_group,
            "members/add": company.add_member,
            "members/remove": company.remove_member,
            "units/add": company.add_unit,
            "accounts/add": company.add_account,
            "accounts/move": company.move_account,
            "accounts/state": company.set_account_state,
            "accounts/rename": company.rename_account,
            "accounts/remove": company.remove_account,
            "permission-sets/add": company.add_permission_set,
            "permission-sets/remove": company.remove_permission_set,
            "assignments/add": lambda **w: company.assign(**w)._asdict(),
            "assignments/remove": company.unassign,
            "roles/prepare": lambda name, accounts=(): company.prepare_role(name, *accounts),
            "roles/remove": lambda name, accounts=(): company.remove_role(name, *accounts),
            "tags": company.tag,
            "activity": self._activity,
            "events": self._event,
            "settings": self._settings,
        }

    def steer(self, method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        asked = urlsplit(path)
        name = asked.path.removeprefix("/_control/").strip("/")
        table = self._looks if method == "GET" else self._verbs
        if name not in table:
            return _said(404, {"error": f"no {method} {name}", "known": sorted(table)})
        try:
            if method == "GET":
                return _said(200, self._looks[name](dict(parse_qsl(asked.query))))
            return _said(
                200, {"ok": True, "result": self._verbs[name](**json.loads(body or b"{}"))}
            )
        except (LookupError, TypeError, ValueError) as wrong:
            return _said(400, {"error": str(wrong)})

    def _calls(self, query: Words) -> Any:
        """All, or those of `?operation=`; `?count=1` gives the number alone."""
        found = self.aws.calls.of(query.get("operation", "*"))
        if query.get("count"):
            return {"count": len(found)}
        return [
            {
                "service": call.service,
                "operation": call.operation,
                "parameters": dict(call.parameters),
                "account": call.account,
                "region": call.region,
                "role": call.role,
                "at": call.at.isoformat(),
                "outcome": call.outcome,
            }
            for call in found
        ]

    def _activity(
        self,
        *,
        user: str,
        account: str,
        permission_set: str,
        at: str | None = None,
        calls: list[Words] | None = None,
        **rest: Any,
    ) -> list[str]:
        company = self.aws.company
        chosen = [ApiCall(**call) for call in calls] if calls is not None else USUAL_CALLS
        return company.session_activity(
            user, account, permission_set, self._instant(at), calls=chosen, **rest
        )

    def _event(
        self, *, account: str, record: Words, at: str | None = None, region: str | None = None
    ) -> str:
        return self.aws.company.record_event(account, record, at=self._instant(at), region=region)

    def _instant(self, at: str | None) -> datetime:
        return datetime.fromisoformat(at) if at else self.aws.company.now()

    def _settings(self, **wanted: Any) -> Words:
        """Switches of the company and the server; answers what they are now."""
        company = self.aws.company
        if "quotas" in wanted:
            self.aws.quotas.on = bool(wanted.pop("quotas"))
        if "delegated_account" in wanted:
            company.delegate_to(wanted.pop("delegated_account"))
        for name, value in wanted.items():
            if name not in _SWITCHES:
                raise LookupError(f"no setting {name!r}; there are {sorted(_SWITCHES)}")
            setattr(company, name, type(getattr(company, name))(value))
        return {
            **{name: getattr(company, name) for name in _SWITCHES},
            "quotas": self.aws.quotas.on,
            "delegated_account": company.delegated_account,
        }


_SWITCHES = (
    "operation_seconds",
    "outstanding_limit",
    "one_at_a_time",
    "paths",
    "old_status",
    "empty_pages",
    "any_case_email",
    "delivery_seconds",
)


def _fault(fault: Any) -> Words:
    return {
        "operation": fault.operation,
        "kind": fault.kind,
        "times": fault.times,
        "struck": fault.struck,
    }


def _said(status: int, words: Any) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps(words).encode()
