"""What the documentation says is there, is there; and what is made from the code is what the code says."""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import click
import pytest
import yaml

from blocks.refusals import DOUBTS, WHYS
from bot.commands.all import cli
from bot.gauges import FAMILIES
from bot.policy_file import load
from tests.reference import PAGES, ROOT, WORDS, commands, fields

DOCS = ROOT / "docs"
TEXTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")
COMMAND = re.compile(r"python -m bot((?: [a-z][a-z-]*)+)")
YAML = re.compile(r"^( *)```yaml\n(\1version: 1\n.*?)^\1```", re.MULTILINE | re.DOTALL)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def source_of(test: str) -> str:
    path = ROOT / "tests" / test
    return path.read_text(encoding="utf-8") if path.exists() else ""


def anchors_in(path: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_nowhere(page: Path, target: str) -> bool:
    file, _, anchor = target.partition("#")
    found = (page.parent / file).resolve() if file else page
    if not found.exists() or not found.is_relative_to(ROOT):
        return True
    return bool(anchor) and anchor not in anchors_in(found)


def is_there(words: list[str]) -> bool:
    """Whether these words begin with a command that can be run; what follows is its own business."""
    found: click.Command = cli
    for word in words:
        match found:
            case click.Group(commands=known) if word in known:
                found = known[word]
            case click.Group():
                return False
            case _:
                return True
    return True


def policy_files() -> Iterator[tuple[str, str]]:
    for path in TEXTS:
        for _, text in YAML.findall(path.read_text(encoding="utf-8")):
            yield name_of(path), dedent(text)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_that_is_made_from_the_code_says_what_the_code_says(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path](), "write it anew: make docs"


def test_every_setting_is_explained_and_nothing_else_is() -> None:
    explained = [name for words in WORDS.values() for name in words]

    assert sorted(explained) == sorted(fields())


def test_every_command_says_what_it_does() -> None:
    silent = [path for path, command in commands() if not command.help]

    assert silent == []


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_every_link_leads_somewhere(path: Path) -> None:
    links = LINK.findall(path.read_text(encoding="utf-8"))

    assert [link for link in links if leads_nowhere(path, link)] == []


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_every_command_that_is_named_is_there(path: Path) -> None:
    named = COMMAND.findall(path.read_text(encoding="utf-8"))

    assert [words for words in named if not is_there(words.split())] == []


@pytest.mark.parametrize(("where", "text"), list(policy_files()))
def test_every_policy_file_that_is_shown_is_taken(where: str, text: str) -> None:
    assert load(text, source=where)


def test_every_page_is_reached_from_the_readme() -> None:
    reached, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        links = (link.partition("#")[0] for link in LINK.findall(page.read_text(encoding="utf-8")))
        found = {(page.parent / link).resolve() for link in links if link.endswith(".md")}
        ahead.extend(found - reached)

    assert set(TEXTS) - reached == set()


def test_every_test_that_answers_a_threat_is_there() -> None:
    page = text_of("explanation/threat-model.md")

    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", page)
    missing = [(file, name) for file, name in named if f"def {name}(" not in source_of(file)]
    assert missing == []
    assert page.count("::test_") == len(named) > 60


def test_every_threat_is_answered_by_a_test() -> None:
    page = text_of("explanation/threat-model.md")
    tables = re.findall(r"^\| threat \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", page, re.MULTILINE)

    rows = [row for table in tables for row in table.splitlines()]
    assert [row for row in rows if "::test_" not in row.split("|")[3]] == []
    assert len(rows) > 40


def test_every_scope_of_the_manifest_is_explained() -> None:
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
    page = text_of("reference/slack.md")

    scopes = manifest["oauth_config"]["scopes"]["bot"]
    assert [scope for scope in scopes if f"`{scope}`" not in page] == []


def test_every_doubt_about_somebody_has_its_cure() -> None:
    page = text_of("how-to/when-somebody-is-refused.md")

    assert [words for words in DOUBTS.values() if words not in page] == []


def test_every_reason_of_the_last_check_has_its_cure() -> None:
    page = text_of("how-to/when-a-grant-fails.md")

    assert [words for words in WHYS.values() if words not in page] == []


def test_every_number_that_an_alert_or_a_query_asks_for_is_there() -> None:
    known = set(re.findall(r"`(elevate_\w+)`", text_of("reference/metrics.md")))
    parts = {f"{name}{part}" for name in known for part in ("_bucket", "_sum", "_count")}

    asked = set(re.findall(r"\belevate_\w+", text_of("how-to/elevate.rules.yml")))
    asked |= set(re.findall(r"\belevate_\w+", text_of("how-to/watch-elevate.md")))
    assert asked - known - parts == set()
    assert len(asked) > 15


def test_every_alert_says_what_to_do() -> None:
    (group,) = yaml.safe_load(text_of("how-to/elevate.rules.yml"))["groups"]
    rows = [
        row.split("|")[1] for row in text_of("how-to/watch-elevate.md").splitlines() if "|" in row
    ]

    names = [rule["alert"] for rule in group["rules"]]
    assert [name for name in names if not any(f"`{name}`" in row for row in rows)] == []
    assert {rule["labels"]["severity"] for rule in group["rules"]} == {"page", "warn"}
    assert all(rule["expr"] and rule["annotations"]["summary"] for rule in group["rules"])
    assert len(names) == len(set(names))


def test_what_the_database_says_is_never_summed() -> None:
    shared = [family().name for family in FAMILIES]
    asked = text_of("how-to/elevate.rules.yml") + text_of("how-to/watch-elevate.md")

    summed = re.findall(r"\bsum(?: by \([\w, ]+\))? ?\((?:\w+\()*(elevate_\w+)", asked)
    assert set(summed) & set(shared) == set()
    assert len(summed) > 5
