"""The manifest: within Slack's limits, and asking for what the code uses, no more and no less."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk import WebClient

from blocks import ids

ROOT = Path(__file__).parent.parent
ROOMS = ("bot", "handlers")

# Documented at docs.slack.dev/reference/scopes and …/events: what a bot of this kind may ask for.
BOT_SCOPES = {
    "channels:history",
    "channels:join",
    "channels:read",
    "chat:write",
    "commands",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "usergroups:read",
    "users:read",
    "users:read.email",
}
BOT_EVENTS = {"app_home_opened", "member_joined_channel", "channel_archive", "user_change"}

SCOPES_OF: dict[str, set[str]] = {
    "apps_connections_open": set(),  # the app-level token's connections:write
    "auth_test": set(),
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": {"channels:history", "groups:history", "im:history"},
    "conversations_info": {"channels:read", "groups:read"},
    "conversations_open": {"im:write"},
    "conversations_replies": {"channels:history", "groups:history", "im:history"},
    "files_completeUploadExternal": {"files:write"},
    "files_getUploadURLExternal": {"files:write"},
    "users_info": {"users:read", "users:read.email"},  # and the address in it
    "users_lookupByEmail": {"users:read.email"},
    "views_open": set(),
    "views_publish": set(),
    "views_push": set(),
    "views_update": set(),
}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
    return found


def for_http() -> dict[str, Any]:
    """What the file becomes where its comments are followed."""
    text = (ROOT / "manifest.yml").read_text(encoding="utf-8")
    text = re.sub(r"# (\w+: https://\S+)  # HTTP$", r"\1", text, flags=re.MULTILINE)
    text = text.replace("socket_mode_enabled: true  # HTTP: false", "socket_mode_enabled: false")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def methods_in_use() -> set[str]:
    """The Web API methods that the code calls, by their names in Slack's SDK."""
    return {
        name
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        for name in called(ast.parse(file.read_text(encoding="utf-8")))
    }


def called(tree: ast.AST) -> Iterator[str]:
    """What a client of ours hands on to the SDK's own is no call of its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = node.func.attr
            if (
                ast.unparse(node.func.value) != "super()"
                and "_" in name
                and not name.startswith("_")
                and hasattr(WebClient, name)
            ):
                yield name


def test_the_texts_fit_into_slack(manifest: dict[str, Any]) -> None:
    about, bot = manifest["display_information"], manifest["features"]["bot_user"]

    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 175 <= len(about["long_description"]) <= 4000
    assert re.fullmatch(r"#[0-9a-f]{6}", about["background_color"])
    assert len(bot["display_name"]) <= 80
    assert re.fullmatch(r"[a-z0-9._-]+", bot["display_name"])


def test_the_command_is_one_that_slack_takes(manifest: dict[str, Any]) -> None:
    (command,) = manifest["features"]["slash_commands"]

    assert re.fullmatch(r"/[a-z0-9_-]{1,31}", command["command"])
    assert len(command["description"]) <= 2000
    assert len(command["usage_hint"]) <= 1000
    assert command["should_escape"] is True


def test_the_shortcut_is_one_that_slack_takes(manifest: dict[str, Any]) -> None:
    (shortcut,) = manifest["features"]["shortcuts"]

    assert shortcut["type"] == "global"
    assert len(shortcut["name"]) <= 24
    assert len(shortcut["description"]) <= 150
    assert len(shortcut["callback_id"]) <= 255


def test_nothing_stands_in_it_that_slack_does_not_know(manifest: dict[str, Any]) -> None:
    known = {
        "_metadata": {"major_version", "minor_version"},
        "display_information": {"name", "description", "long_description", "background_color"},
        "features": {"app_home", "bot_user", "shortcuts", "slash_commands", "unfurl_domains"},
        "oauth_config": {"scopes", "redirect_urls"},
        "settings": {
            "event_subscriptions",
            "interactivity",
            "org_deploy_enabled",
            "socket_mode_enabled",
            "token_rotation_enabled",
        },
    }

    assert set(manifest) == set(known)
    assert {name for name in known if not set(manifest[name]) <= known[name]} == set()


def test_scopes_and_events_are_ones_that_slack_knows(manifest: dict[str, Any]) -> None:
    scopes = manifest["oauth_config"]["scopes"]
    events = manifest["settings"].get("event_subscriptions", {}).get("bot_events", [])

    assert set(scopes) == {"bot"}
    assert set(scopes["bot"]) <= BOT_SCOPES
    assert len(scopes["bot"]) == len(set(scopes["bot"]))
    assert set(events) <= BOT_EVENTS


def test_every_method_in_use_is_one_whose_scopes_are_known() -> None:
    assert methods_in_use() - set(SCOPES_OF) == set()


def test_the_scopes_are_those_of_the_methods_in_use(manifest: dict[str, Any]) -> None:
    needed = {"commands"}.union(*(SCOPES_OF[method] for method in methods_in_use()))

    assert set(manifest["oauth_config"]["scopes"]["bot"]) == needed


def test_command_and_shortcut_are_those_that_are_listened_to(manifest: dict[str, Any]) -> None:
    (command,) = manifest["features"]["slash_commands"]
    (shortcut,) = manifest["features"]["shortcuts"]
    listeners = "\n".join(
        file.read_text(encoding="utf-8") for file in (ROOT / "handlers").rglob("*.py")
    )

    assert command["command"] == ids.COMMAND
    assert shortcut["callback_id"] == ids.SHORTCUT
    assert re.search(r"app\.command\(\s*ids\.COMMAND|app\.command\(COMMAND", listeners)
    assert re.search(r"app\.(global_)?shortcut\(\s*(ids\.)?SHORTCUT", listeners)


def test_app_home_is_there_and_its_opening_is_the_one_event_that_is_listened_to(
    manifest: dict[str, Any],
) -> None:
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    listeners = "\n".join(
        file.read_text(encoding="utf-8") for file in (ROOT / "handlers").rglob("*.py")
    )

    assert manifest["features"]["app_home"]["home_tab_enabled"] is True
    assert events == re.findall(r'app\.event\(\s*"(\w+)"', listeners) == ["app_home_opened"]


def test_socket_mode_needs_no_address_of_ours(manifest: dict[str, Any]) -> None:
    settings = manifest["settings"]

    assert settings["socket_mode_enabled"] is True
    assert settings["interactivity"] == {"is_enabled": True}
    assert set(settings["event_subscriptions"]) == {"bot_events"}
    assert "url" not in manifest["features"]["slash_commands"][0]


def test_its_comments_make_one_for_http() -> None:
    changed = for_http()
    interactivity = changed["settings"]["interactivity"]
    addresses = {
        changed["features"]["slash_commands"][0]["url"],
        interactivity["request_url"],
        interactivity["message_menu_options_url"],
        changed["settings"]["event_subscriptions"]["request_url"],
    }

    assert changed["settings"]["socket_mode_enabled"] is False
    assert addresses == {"https://elevate.example.com/slack/events"}


def test_the_bot_can_be_written_to_and_its_tokens_stay(manifest: dict[str, Any]) -> None:
    home, settings = manifest["features"]["app_home"], manifest["settings"]

    assert home["messages_tab_enabled"] is True
    assert home["messages_tab_read_only_enabled"] is False
    assert settings["token_rotation_enabled"] is False
    assert settings["org_deploy_enabled"] is False
