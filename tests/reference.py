"""The pages of docs/reference that are made from the code: `python -m tests.reference` writes them."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click
from prometheus_client.metrics import MetricWrapperBase
from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from blocks.wording import STATES
from bot.commands.all import cli
from bot.commands.ways import WAYS as COMMANDS
from bot.gauges import FAMILIES, SHARED
from bot.meters import ALARMS, LOUD, OWN, Beats, Meters
from bot.secret_files import IN_FILES
from bot.settings import Settings
from grants.authority import BARRED, MAY, Action, Hat
from grants.lifecycle import FINAL, LIFECYCLE, mermaid
from grants.model import Move, State
from handlers.ways import WAYS, Kind

ROOT: Final = Path(__file__).resolve().parent.parent
REFERENCE: Final = ROOT / "docs" / "reference"
MADE: Final = "<!-- Made from the code by `make docs`. A change made here is lost. -->"

# --- the life of a request ---------------------------------------------------------------------------

MOVES: Final = {
    Move.APPROVE: "an approver agrees",
    Move.REJECT: "an approver says no",
    Move.CANCEL: "the requester takes the request back",
    Move.LAPSE: "nobody decided in time",
    Move.START: "its start has come, and the last check was passed",
    Move.CONFIRM: "AWS lists the assignment; from now on time runs",
    Move.FAIL: "it cannot be given",
    Move.FINISH: "its time is over",
    Move.END: "the requester gives it back",
    Move.REVOKE: "it is taken away, with a reason",
    Move.GONE: "AWS does not list the assignment any more, or never did",
}


def lifecycle() -> str:
    """Every state, every move, and the picture."""
    states = (
        (f"`{state}`", STATES[state][1], "an end" if state in FINAL else "") for state in State
    )
    moves = (
        (f"`{step.source}`", f"`{step.move}`", f"`{step.target}`", step.by, MOVES[step.move])
        for step in LIFECYCLE
    )
    return page(
        "The life of a request",
        MADE,
        "One table, in `grants/lifecycle.py`. Guards, buttons, the checks in the database and this page"
        " are made from it; a request's state is assigned nowhere else.",
        f"```mermaid\n{mermaid()}\n```",
        "## States",
        table(("state", "what it means", ""), states),
        "A request begins as `pending`, or, where nobody has to agree, as `scheduled`."
        " From `granting` to `revoking` the request is a grant: AWS has been asked for something.",
        "## Moves",
        table(("from", "move", "to", "by", "when"), moves),
        "A move into `revoking` writes down which end it leads to: `finish` to `ended`, `end` and `revoke`"
        " to `revoked`, `fail` to `failed`. Once AWS has been asked, the only way out is through AWS.",
    )


# --- who may do what ---------------------------------------------------------------------------------

HATS: Final = {
    Hat.OPERATOR: "whoever types at the command line; an administrator as well",
    Hat.ADMINISTRATOR: "named by the settings' `admins`, as read now",
    Hat.AUDITOR: "named by the settings' `auditors`, as read now",
    Hat.APPROVER: "named by an approval policy that covers the very request, as the policies and groups are now",
    Hat.REQUESTER: "made the very request; compared by Identity Center user id",
    Hat.ELIGIBLE: "named by an eligibility policy for the very access, as read now",
    Hat.PERSON: "a Slack user who is exactly one enabled Identity Center user, as read now",
    Hat.ANYBODY: "whoever types in this workspace or its organization, known or not",
    Hat.ONESELF: "the very person whom it is about",
}
ACTIONS: Final = {
    Action.HELP: "be told what there is",
    Action.LOOK: "see App Home and lists, each with what they may see of it",
    Action.FILL_IN: "have the form, with what they may ask for in it, if anything",
    Action.ASK: "ask for access",
    Action.ASK_AGAIN: "have the form filled with an earlier request",
    Action.EXTEND: "ask for more time of what is held",
    Action.CANCEL: "take a request back",
    Action.END: "give access back",
    Action.NUDGE: "have the approvers reminded",
    Action.APPROVE: "agree to a request",
    Action.REJECT: "say no to it",
    Action.REVOKE: "take access away",
    Action.SEE: "see one request whole",
    Action.SEE_ACTIVITY: "see what its session did, and take that along as a file",
    Action.EXPORT: "take requests along as a file: those that they may see",
    Action.VERIFY: "hold the journal, and what threads say, against what was written",
    Action.EXPLAIN: "be told why they may ask for something, or not",
    Action.EXPLAIN_OTHERS: "be told it of somebody else",
    Action.EDIT_POLICIES: "see, change and delete policies and settings",
    Action.LINK_PEOPLE: "see and say which Slack user is whom",
    Action.SET_UP_CODES: "set up the one-time codes by which they approve",
    Action.RESET_CODES: "take somebody's one-time codes away",
    Action.RUN: "run, migrate and check Elevate",
}
KINDS: Final = {
    Kind.WORD: "`/elevate`",
    Kind.SHORTCUT: "shortcut",
    Kind.BUTTON: "button or choice",
    Kind.FORM: "form",
    Kind.SEARCH: "search in a form",
    Kind.EVENT: "event",
}


def authority() -> str:
    """Every action, every hat, every way in."""
    actions = (
        (f"`{action}`", ACTIONS[action], _worn(MAY[action]), _worn(BARRED.get(action, ())))
        for action in Action
    )
    ways = (
        (KINDS[way.kind], f"`{way.name}`" if way.name else "", several(done))
        for way, done in WAYS.items()
    )
    typed = ((f"`{path}`", f"`{action}`") for path, action in COMMANDS.items())
    return page(
        "Who may do what",
        MADE,
        "One table, in `grants/authority.py`, and one place that refuses by it. What is not in it is refused."
        " Who somebody is, and in which groups, is read live each time; a payload says nothing about it, and"
        " who acts is always the person, never the bot. Moves of a request stand in"
        " [the life of a request](lifecycle.md), and who may make them is taken from there.",
        "Whoever may not changes nothing: they alone are told why, and the journal has a line `refusal`, once"
        " a minute for the same person, request and reason. Whoever may not see a request is told that there"
        " is none.",
        "## What somebody is",
        table(("", "who that is"), ((hat, HATS[hat]) for hat in Hat)),
        "## What they may",
        table(("action", "what it is", "whoever is one of", "and is not"), actions),
        "What may be asked for, for how long, and how many must agree, is for the [policies](policies.md) to say.",
        "## By which way in Slack",
        "Each name is what Slack sends back. Whatever else comes back is answered as out of date, and does nothing.",
        table(("way", "name", "action"), ways),
        "## By which command",
        table(("`python -m bot …`", "action"), typed),
        "`policies validate` and `policies plan` change nothing. Who may log in to type is the machine's to say.",
    )


def _worn(hats: Iterable[Hat]) -> str:
    return ", ".join(hat for hat in Hat if hat in set(hats))


# --- settings ----------------------------------------------------------------------------------------

WORDS: Final = {
    "Slack": {
        "SLACK_BOT_TOKEN": 'The bot\'s token, `xoxb-…`, from "Install App". Required by `run` and `check`.',
        "SLACK_APP_TOKEN": "The app-level token, `xapp-…`, with `connections:write`."
        " Set: Socket Mode. Unset: HTTP.",
        "SLACK_SIGNING_SECRET": 'From "Basic Information". Required for HTTP: requests are checked with it.',
        "SLACK_API_URL": "Where Slack's Web API is. Another one only for stand-ins and government workspaces:"
        " `https`, or `http` to this machine alone.",
    },
    "The process": {
        "HOST": "The address to listen on. `0.0.0.0` in a container or behind a load balancer.",
        "PORT": "The port to listen on: `/healthz`, `/readyz`, `/metrics` and, over HTTP,"
        " `/slack/events`.",
        "DATABASE_URL": "`sqlite:///path` for one process, `postgresql+psycopg://user:password@host/name`"
        " for several, with an `sslmode` where the host is another machine. A relative path is relative to"
        " the working directory. Secret: it holds a password.",
        "ELEVATE_LOG_FORMAT": "How the log on standard error is written."
        " See [Watch Elevate](../how-to/watch-elevate.md#the-log).",
    },
    "AWS": {
        "AWS_REGION": "The Region in which IAM Identity Center lives; unset, the AWS profile's.",
        "ELEVATE_INSTANCE_ARN": "The Identity Center instance, where there are several;"
        " unset, the organization's own.",
        "ELEVATE_ACCESS_PORTAL_URL": "The AWS access portal, linked in messages; unset, the address"
        " that AWS makes of the identity store's id. Set it if your portal has a name of its own.",
    },
    "People and policies": {
        "ELEVATE_EMAIL_DOMAINS": "The domains whose Slack addresses may be matched with Identity Center users,"
        " comma-separated. Required by `run` and `check`.",
        "ELEVATE_POLICY_FILE": "Applied by `run` to a database that has no policies yet;"
        " the default file of `policies validate`, `policies plan` and `policies apply`.",
        "ELEVATE_ENCRYPTION_KEY": "What the keys of one-time codes are sealed with in the database, where a policy"
        " says `proof: totp`: 32 random bytes in base64, as `openssl rand -base64 32` prints them. Several, with"
        " commas between them: the first seals, all open. The same in every process.",
    },
    "Cutting sessions": {
        "ELEVATE_CUT_POLICY_ID": "The service control policy by which open sessions are denied, where the policies"
        " say `revoke_sessions: scp`: the id, `p-…`, of one that was"
        " [made for this](../how-to/cut-sessions.md#by-a-service-control-policy). The same in every process,"
        " and wherever policies are validated or applied.",
    },
    "Activity": {
        "ELEVATE_ACTIVITY_SOURCE": "Where a session's activity is read. `auto` is `cloudwatch_logs` where a log"
        " group is named, else `lookup_events` where its role is named, else `none`.",
        "ELEVATE_ACTIVITY_LOG_GROUP": "`cloudwatch_logs`: the log group that the organization's trail writes to,"
        " by its name in `AWS_REGION` or by its ARN.",
        "ELEVATE_ACTIVITY_ROLE": "The name of the role that is assumed in the account the access was for"
        " (`lookup_events`), and in the management account to see who assigns from there.",
        "ELEVATE_ACTIVITY_REGIONS": "`lookup_events`: the Regions to look in, comma-separated.",
        "ELEVATE_ACTIVITY_ATHENA_TABLE": "`athena`: the table on the trail's logs, as `database.table`,"
        " partitioned by `account` and `day`.",
        "ELEVATE_ACTIVITY_ATHENA_WORKGROUP": "`athena`: the workgroup to ask in.",
        "ELEVATE_ACTIVITY_ATHENA_OUTPUT": "`athena`: where results are put, `s3://bucket/path/`;"
        " unset, where the workgroup puts them.",
        "ELEVATE_ACTIVITY_EVENT_DATA_STORE": "`lake`: the event data store, by its id in `AWS_REGION` or by its ARN.",
        "ELEVATE_ACTIVITY_SENSITIVE": "A file of actions that a summary names first, besides"
        " those of `grants/sensitive_actions.txt`, which says how it is written.",
    },
    "The journal": {
        "ELEVATE_JOURNAL_TO": "Where each line of the journal goes as it is written, comma-separated: `stdout`,"
        " `file:/path/journal.jsonl`, `https://host/path`, `s3://bucket/prefix`."
        " See [Keep the journal outside](../how-to/keep-the-journal-outside.md).",
        "ELEVATE_JOURNAL_TOKEN": "A bearer token for every address among them.",
    },
    "How it looks": {
        "ELEVATE_DATE_TOKENS": "`off`: times as words in UTC, for servers that draw no Slack date tokens.",
    },
}
VALUES: Final = {
    "ELEVATE_ACTIVITY_SOURCE": "`auto`, `cloudwatch_logs`, `lookup_events`, `athena`, `lake`, `none`",
    "ELEVATE_LOG_FORMAT": "`text`, `json`",
    "ELEVATE_DATE_TOKENS": "`on`, `off`",
}
DEFAULTS: Final = {"ELEVATE_ACTIVITY_REGIONS": "`AWS_REGION` and `us-east-1`"}


def settings_page() -> str:
    """Every setting that the code reads, under its name in the environment."""
    parts = []
    for section, words in WORDS.items():
        parts += [
            f"## {section}",
            table(("setting", "default", "what it says"), map(setting, words.items())),
        ]
    return page(
        "Settings",
        MADE,
        "All of them are environment variables. `make run` reads a `.env` file as a shell does; nothing else"
        " looks for one. A value that is wrong stops the start with one line for each: which, and what to do."
        " An empty value counts as unset.",
        *parts,
        "## Secrets in files",
        f"{several(IN_FILES)} may stand in files instead, as Docker and Kubernetes mount them: `<NAME>_FILE` is"
        " the path of a file that holds the value alone; the end of its line does not count. Both set, or a file"
        " that cannot be read, is empty or is longer than 64 KB, stops the start. The image sets `DATABASE_URL`:"
        " beside `DATABASE_URL_FILE`, set that one empty.",
        "A source that is named without the setting that it needs stops the start.",
        "boto3 reads its own variables (`AWS_PROFILE`, `AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL` …):"
        " give the bot's machine a role, and you need none of them.",
    )


def setting(words: tuple[str, str]) -> tuple[str, str, str]:
    """One row. KeyError: the code does not read it."""
    name, says = words
    secret = " Secret." if "SecretStr" in str(fields()[name].annotation) else ""
    taken = f" One of {VALUES[name]}." if name in VALUES else ""
    return f"`{name}`", default(name), f"{says}{taken}{secret}"


def default(name: str) -> str:
    """As somebody would write it into the environment."""
    if name in DEFAULTS:
        return DEFAULTS[name]
    value: Any = fields()[name].default
    match value:
        case bool():
            return "`on`" if value else "`off`"
        case str() | int():
            return f"`{value}`"
        case _:
            return "unset"


def fields() -> dict[str, FieldInfo]:
    """By their names in the environment."""
    return {named(name, field): field for name, field in Settings.model_fields.items()}


def named(name: str, field: FieldInfo) -> str:
    """The environment's name of a field."""
    match field.validation_alias:
        case AliasChoices(choices=[first, *_]):
            return str(first)
        case str(alias):
            return alias
        case _:
            return name.upper()


# --- the command line --------------------------------------------------------------------------------


def command_line() -> str:
    """Every command, as its help has it."""
    return page(
        "The command line",
        MADE,
        "Everything runs from the checkout, or in the image, as `python -m bot …`."
        " The exit code is 0 if all is well, 1 for a finding, a refusal or a service out of reach, and 2 for"
        " a command or setting that is not what it should be. `--json` is for other programs.",
        "Whoever types is `operator:<user>@<host>` in the journal, and is treated as an administrator:"
        " mind who may log in there. Commands work beside a running bot on the same database.",
        *(part for path, command in commands() for part in described(path, command)),
    )


def commands(
    group: click.Group = cli, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """Each with the words to type, groups before their own."""
    for name, command in sorted(group.commands.items()):
        words = (*path, name)
        yield " ".join(words), command
        if isinstance(command, click.Group):
            yield from commands(command, words)


def described(path: str, command: click.Command) -> Iterator[str]:
    """What stands on the page about one."""
    yield f"{'##' if ' ' not in path else '###'} {path}"
    yield inspect.cleandoc(command.help or "")
    if isinstance(command, click.Group):
        return
    context = click.Context(command, info_name=path)
    pieces = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    options = [one for one in command.params if isinstance(one, click.Option)]
    more = ["[options]"] if options else []
    yield f"`{' '.join(['python -m bot', path, *more, *pieces])}`"
    if options:
        yield table(("option", "what it does"), (option(one, context) for one in options))


def option(one: click.Option, context: click.Context) -> tuple[str, str]:
    """One row."""
    takes = "" if one.is_flag else f" {one.make_metavar(context)}"
    says = [one.help or "", "Required." if one.required else ""]
    if isinstance(one.type, click.IntRange):
        takes = " NUMBER"
        says.append(f"{one.type.min} to {one.type.max:,}.")
    if one.show_default:
        says.append(f"Default: `{one.default}`.")
    return f"`{one.opts[0]}{takes}`", " ".join(filter(None, says))


# --- metrics -----------------------------------------------------------------------------------------

LABELS: Final = {
    "alarm": ", ".join(f"`{alarm}`" for alarm in ALARMS),
    "beat": "a loop of the process: `jobs`, `outbox` …",
    "family": "calls that share one of AWS's quotas",
    "holding": "of an assignment: `creating`, `present`, `deleting`, `standing`",
    "lane": "who goes first: `revoke`, `grant`, `status`, `person`, `refresh`",
    "level": ", ".join(f"`{level}`" for level in LOUD),
    "method": "of Slack's Web API: `chat.postMessage` …",
    "move": "[the life of a request](lifecycle.md#moves)'s word, or `ask`",
    "operation": "of AWS's: `CreateAccountAssignment` …",
    "outcome": "`ok`, or how it was not",
    "piece": "of the catalogue: `accounts`, `permission_sets`, `ous`, `tags`",
    "python": "Python's version",
    "queue": "the table: `requests`, `assignments`, `activities`, `cuts`, `outbox`",
    "refusal": "the journal's word for why",
    "service": "AWS's: `sso-admin` …",
    "side": "`start`, `end`",
    "slot": "`taken`, `waiting`",
    "state": "[the life of a request](lifecycle.md#states)'s, those that are no end",
    "sweep": "`lately`, `all`",
    "version": "Elevate's",
}


def metrics() -> str:
    """Every number on the page, its labels, and whose it is."""
    own = [
        *((series(one), str(one._type), one._labelnames, one._documentation) for one in counted()),
        *((one.name, one.type, one._labelnames, one.documentation) for one in Beats(dict).describe()),
    ]  # fmt: skip
    shared = [
        (one.name, one.type, one._labelnames, one.documentation)
        for one in (family() for family in FAMILIES)
    ]
    names = sorted({"python", "version"}.union(*(labels for _, _, labels, _ in own + shared)))
    return page(
        "Metrics",
        MADE,
        "`GET /metrics` on `PORT`, in every role, over HTTP and in Socket Mode, in Prometheus's text format."
        " No label holds a person, a request, an account, or what somebody typed."
        " How to use them: [Watch Elevate](../how-to/watch-elevate.md).",
        "## What each process counts",
        "From its start on; sum them over the processes. A histogram has `_bucket`, `_sum` and `_count`."
        " Beside these there are the library's own `process_…` and `python_info`.",
        table(("metric", "type", "labels", "what it says"), map(metric, own)),
        "## What the database says",
        "Read at each scrape, within two seconds, at a cost that does not grow with the past. Every process"
        " gives the same answer: do not sum them, take the `max`. Where the database says nothing in time,"
        " `elevate_database_up` is 0 and the others are left out.",
        table(("metric", "type", "labels", "what it says"), map(metric, shared)),
        "## Labels",
        table(("label", "what stands there"), ((f"`{name}`", LABELS[name]) for name in names)),
    )


ENDINGS: Final = {"counter": "_total", "info": "_info"}


def counted() -> list[MetricWrapperBase]:
    """What a process counts itself."""
    collectors = Meters().registry._collector_to_names
    return [each for each in collectors if isinstance(each, MetricWrapperBase)]


def series(one: MetricWrapperBase) -> str:
    """As it stands on the page."""
    return f"{one._name}{ENDINGS.get(str(one._type), '')}"


def metric(said: tuple[str, str, Sequence[str], str]) -> tuple[str, str, str, str]:
    """One row."""
    name, kind, labels, says = said
    labels = ("version", "python") if kind == "info" else labels
    says = says.removesuffix(OWN).removesuffix(SHARED).strip()
    return f"`{name}`", kind, several(labels) if labels else "", says


# --- Markdown ----------------------------------------------------------------------------------------


def page(title: str, *parts: str) -> str:
    """Parts with a blank line between them."""
    return "\n\n".join([f"# {title}", *parts]) + "\n"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A row to a line; a stroke in a cell is written so that it ends none."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(
        "| " + " | ".join(re.sub(r"\|", r"\\|", cell) for cell in line) + " |" for line in lines
    )


def several(words: Iterable[str], *, before_last: str = "and") -> str:
    """`a`, `b` and `c`."""
    *first, last = (f"`{word}`" for word in words)
    return f"{', '.join(first)} {before_last} {last}" if first else last


PAGES: Final[dict[Path, Callable[[], str]]] = {
    REFERENCE / "lifecycle.md": lifecycle,
    REFERENCE / "authority.md": authority,
    REFERENCE / "settings.md": settings_page,
    REFERENCE / "command-line.md": command_line,
    REFERENCE / "metrics.md": metrics,
}


if __name__ == "__main__":
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for path, made in PAGES.items():
        path.write_text(made(), encoding="utf-8")
