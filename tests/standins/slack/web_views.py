"""Slack's views.* methods, and what a view looks like in its answers."""

import json
from copy import deepcopy

from tests.standins.blockkit import VIEW_BYTES, check_home, check_view
from tests.standins.slack.state import SlackError
from tests.standins.slack.web import Methods, Slack, required
from tests.standins.slack.workspace import JSON, View

views = Methods()


def checked(slack: Slack, method: str, view: object, *, home: bool = False) -> JSON:
    """The view, if Slack would take it."""
    if len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES:
        slack.violate(method, ["the view is too large"])
        raise SlackError("view_too_large")
    problems = check_home(view) if home else check_view(view)
    if not home and isinstance(view, dict) and view.get("type") == "home":
        problems.append("view.type: a home view is published, not opened")
    if problems or not isinstance(view, dict):
        slack.violate(method, problems)
        raise SlackError("invalid_arguments", response_metadata={"messages": problems})
    return view


def told(slack: Slack, view: View, state: JSON | None = None) -> JSON:
    """The view object, as the Web API and the payloads give it."""
    defaults: JSON = {"private_metadata": "", "callback_id": "", "external_id": "", "title": None}
    defaults |= {"clear_on_close": False, "notify_on_close": False, "close": None, "submit": None}
    ids: JSON = {"id": view.id, "hash": view.hash, "root_view_id": view.root_id}
    ids |= {"previous_view_id": view.previous_id, "team_id": slack.workspace.team}
    ids |= {"app_id": slack.workspace.app_id, "bot_id": slack.workspace.bot_id}
    ids |= {"app_installed_team_id": slack.workspace.team}
    return {**defaults, **deepcopy(view.body), **ids, "state": state or {"values": {}}}


@views.method("views.open")
def views_open(slack: Slack, args: JSON) -> JSON:
    """Opens a modal before the person whose trigger it is."""
    body = checked(slack, "views.open", args.get("view"))
    user = slack.workspace.spend_trigger(required(args, "trigger_id"))
    return {"view": told(slack, slack.workspace.add_view(user, body, push=False))}


@views.method("views.push")
def views_push(slack: Slack, args: JSON) -> JSON:
    """Puts a modal over the one that is open."""
    body = checked(slack, "views.push", args.get("view"))
    user = slack.workspace.spend_trigger(required(args, "trigger_id"))
    if slack.workspace.top(user) is None:
        raise SlackError("not_found")
    return {"view": told(slack, slack.workspace.add_view(user, body, push=True))}


@views.method("views.update")
def views_update(slack: Slack, args: JSON) -> JSON:
    """Changes a modal, if it is the one that the app thinks it is."""
    body = checked(slack, "views.update", args.get("view"))
    if not args.get("view_id") and not args.get("external_id"):
        raise SlackError("invalid_arguments")
    ids = {"view_id": args.get("view_id"), "external_id": args.get("external_id")}
    view = slack.workspace.find_view(**ids)
    if view is None or view.body["type"] == "home":
        raise SlackError("not_found")
    _refuse_old(view, args)
    slack.workspace.change_view(view, body)
    return {"view": told(slack, view)}


@views.method("views.publish")
def views_publish(slack: Slack, args: JSON) -> JSON:
    """Changes a person's App Home."""
    body = checked(slack, "views.publish", args.get("view"), home=True)
    user = slack.workspace.users.get(required(args, "user_id"))
    if user is None or user.deleted:
        raise SlackError("invalid_arguments", response_metadata={"messages": ["user_id"]})
    if not slack.home_tab:
        raise SlackError("not_enabled")
    if user.id in slack.workspace.homes:
        _refuse_old(slack.workspace.homes[user.id], args)
    return {"view": told(slack, slack.workspace.publish(user.id, body))}


def _refuse_old(view: View, args: JSON) -> None:
    if args.get("hash") and args["hash"] != view.hash:
        raise SlackError("hash_conflict")
