"""The Slack workspace of the demo, as local-slack's configuration has it."""

from __future__ import annotations

from typing import Any, Final

TEAM: Final = "T0ELEVATE1"
BOT_USER: Final = "U0ELEVATE1"
BOT_TOKEN: Final = "xoxb-demo"
APP_TOKEN: Final = "xapp-demo"
SIGNING_SECRET: Final = "demo"

ENGINEERING: Final = "C0ENGINEER"
APPROVALS: Final = "C0APPROVAL"  # both of these stand in policies.yml
AUDIT: Final = "C0AUDITING"

BOB: Final = "U0BOB00001"
EVE: Final = "U0EVE00001"
DAN: Final = "U0DAN00001"
ADA: Final = "U0ADA00001"
AUD: Final = "U0AUD00001"

PEOPLE: Final = {
    BOB: ("bob", "Bob Requester"),
    EVE: ("eve", "Eve Approver"),
    DAN: ("dan", "Dan Approver"),
    ADA: ("ada", "Ada Administrator"),
    AUD: ("aud", "Aud Auditor"),
}
CHANNELS: Final = {
    ENGINEERING: ("engineering", tuple(PEOPLE)),
    APPROVALS: ("aws-approvals", (EVE, DAN)),
    AUDIT: ("aws-audit", (ADA, AUD)),
}


def config() -> dict[str, Any]:
    """What `local-slack --config` reads."""
    return {
        "workspace": {"name": "Acme", "domain": "acme", "teamId": TEAM},
        "app": {
            "appId": "A0ELEVATE1",
            "botUserId": BOT_USER,
            "botName": "Elevate",
            "botToken": BOT_TOKEN,
            "appToken": APP_TOKEN,
            "signingSecret": SIGNING_SECRET,
            "mode": "socket",
        },
        "users": [
            {
                "id": user,
                "name": name,
                "real_name": real_name,
                "email": f"{name}@example.com",
                "tz": "Europe/Berlin",
            }
            for user, (name, real_name) in PEOPLE.items()
        ],
        "channels": [
            {"id": channel, "name": name, "members": [*members, BOT_USER]}
            for channel, (name, members) in CHANNELS.items()
        ],
    }
