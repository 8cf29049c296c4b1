"""A secret may stand in a file that a variable names; whatever is wrong with it is one line without it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.secret_files import IN_FILES
from bot.settings import EVERYTHING, Need, Settings, SettingsError, load

Set = Callable[..., None]
HELD = {
    "SLACK_BOT_TOKEN": "xoxb-1-hunter2",
    "SLACK_APP_TOKEN": "xapp-1-hunter2",
    "SLACK_SIGNING_SECRET": "hunter2-signs",
    "DATABASE_URL": "sqlite:///hunter2.db",
    "ELEVATE_JOURNAL_TOKEN": "hunter2-bears",
    # 32 bytes in base64, or it is no key.
    "ELEVATE_ENCRYPTION_KEY": "hunter2hunter2hunter2hunter2hunter2hunter2x=",
}


@pytest.fixture
def held(tmp_path: Path) -> Callable[[bytes], str]:
    def write(content: bytes) -> str:
        path = tmp_path / "secret"
        path.write_bytes(content)
        return str(path)

    return write


def problem(*needs: Need) -> str:
    with pytest.raises(SettingsError) as refused:
        load(needs=needs)
    (line,) = refused.value.problems
    assert "hunter2" not in line
    assert "\n" not in line
    return line


def read(settings: Settings, name: str) -> str:
    value = getattr(settings, name.removeprefix("ELEVATE_").lower())
    return str(value.get_secret_value() if hasattr(value, "get_secret_value") else value)


def test_every_secret_may_stand_in_a_file() -> None:
    kept = {
        name.upper()
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation) or name == "database_url"
    }

    assert {name.removeprefix("ELEVATE_") for name in IN_FILES} == kept
    assert set(IN_FILES) == set(HELD)


@pytest.mark.parametrize("name", IN_FILES)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_is_read_without_the_end_of_its_line(
    environment: Set, held: Callable[[bytes], str], name: str, end: str
) -> None:
    environment(**{f"{name}_FILE": held(f"{HELD[name]}{end}".encode())})

    assert read(load(), name) == HELD[name]


def test_what_is_needed_may_stand_in_files(environment: Set, tmp_path: Path) -> None:
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"):
        (tmp_path / name).write_text(HELD[name])
        environment(**{f"{name}_FILE": str(tmp_path / name)})
    environment(ELEVATE_EMAIL_DOMAINS="example.com")

    assert load(needs=EVERYTHING).slack_app_token is None


def test_what_is_wrong_with_a_secret_in_a_file_is_told_by_the_settings_own_name(
    environment: Set, held: Callable[[bytes], str]
) -> None:
    environment(ELEVATE_ENCRYPTION_KEY_FILE=held(b"hunter2"))

    assert problem().startswith("ELEVATE_ENCRYPTION_KEY: is not a key")


@pytest.mark.parametrize("name", IN_FILES)
def test_both_are_one_too_many(environment: Set, held: Callable[[bytes], str], name: str) -> None:
    environment(**{name: HELD[name], f"{name}_FILE": held(HELD[name].encode())})

    assert problem() == f"{name} and {name}_FILE are both set: unset one of them, or set it empty"


def test_one_of_them_may_be_blank(environment: Set, held: Callable[[bytes], str]) -> None:
    environment(DATABASE_URL=" ", DATABASE_URL_FILE=held(b"sqlite:///hunter2.db"))
    assert read(load(), "DATABASE_URL") == "sqlite:///hunter2.db"

    environment(DATABASE_URL="sqlite:///other.db", DATABASE_URL_FILE="")
    assert read(load(), "DATABASE_URL") == "sqlite:///other.db"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b" \n\t\n", "the file is empty"),
        (b"x" * (64 * 1024 + 1), "longer than 64 KB"),
        (b"\xff\xfe\x00hunter2", "is no text"),
    ],
)
def test_a_file_that_holds_no_secret_is_said_in_one_line(
    environment: Set, held: Callable[[bytes], str], content: bytes, says: str
) -> None:
    environment(SLACK_BOT_TOKEN_FILE=held(content))

    line = problem(Need.SLACK)

    assert line.startswith("SLACK_BOT_TOKEN_FILE: ")
    assert says in line


def test_64_kb_are_read(environment: Set, held: Callable[[bytes], str]) -> None:
    environment(ELEVATE_JOURNAL_TOKEN_FILE=held(b"x" * 64 * 1024))

    assert len(read(load(), "ELEVATE_JOURNAL_TOKEN")) == 64 * 1024


@pytest.mark.parametrize("path", ["/nowhere/hunter2", "xoxb-1-hunter2", "/"])
def test_a_path_is_not_said_back_for_it_may_be_the_secret(environment: Set, path: str) -> None:
    environment(SLACK_BOT_TOKEN_FILE=path)

    line = problem(Need.SLACK)

    assert line.startswith("SLACK_BOT_TOKEN_FILE: cannot be read (")
    assert line.endswith("write the path of a file that the bot's user can read")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("SLACK_BOT_TOKEN", "xapp-hunter2"),
        ("SLACK_SIGNING_SECRET", "hunter2\nhunter3"),
        ("DATABASE_URL", "postgresql://elevate:hunter2@db:port/elevate"),
    ],
)
def test_what_stands_in_a_file_is_checked_like_what_is_set(
    environment: Set, held: Callable[[bytes], str], name: str, content: str
) -> None:
    environment(**{f"{name}_FILE": held(content.encode())})

    assert problem().startswith(f"{name}: ")
