"""Policy files that mean harm, or mean nothing: each is an error that says what to do."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.policy_file import DEEPEST, LARGEST, load, read
from grants.drafts import PolicyProblems

EXAMPLE = (Path(__file__).parent.parent / "policies.example.yml").read_text()


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(PolicyProblems) as caught:
        load(text, source="p.yml")
    return [str(problem) for problem in caught.value.problems]


def read_safely(raw: str | bytes) -> None:
    try:
        load(raw, source="p.yml")
    except PolicyProblems as problems:
        found = problems.problems
    else:
        return
    assert found
    assert all(str(problem).isprintable() for problem in found)


def test_an_alias_bomb_is_not_followed() -> None:
    bomb = "version: 1\na: &a [x, x]\n" + "".join(
        f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )

    assert 'p.yml:2: the anchor "&a" is not taken; delete it' in problems(bomb)
    assert 'p.yml:3: the alias "*a" is not taken; write it out' in problems(bomb)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "p.yml:1: is empty"),
        ("# nothing but a comment\n", "p.yml:1: is empty"),
        ("version: 1\n---\nversion: 1\n", "p.yml:2: holds a second document"),
        ("version: 1\n\tsettings: {}\n", "p.yml:2: has a tab"),
        ("version: 1\nsettings: [\n", "p.yml:3: cannot be read as YAML"),
        ("version: 1\nx: \0\n", "p.yml:2: holds a character"),
        (b"version: 1\n# \xff\n", "p.yml:2: is not UTF-8"),
        ("x: " + "[" * DEEPEST, "p.yml:1: is nested deeper than 20"),
        ("[" * 100_000, "p.yml:1: is nested deeper than 20"),
        ("#" * (LARGEST + 1), "p.yml: is larger than 256 KiB"),
        ("é" * (LARGEST // 2 + 1), "p.yml: is larger than 256 KiB"),
        ('x: "\\UFFFFFFFF"', "p.yml: cannot be read as YAML"),
        ("just words", "p.yml:1: the file"),
    ],
)
def test_what_cannot_be_read_is_one_line(text: str | bytes, says: str) -> None:
    (problem,) = problems(text)

    assert problem.startswith(says)


def test_tags_that_make_objects_are_refused() -> None:
    found = problems("version: 1\nsettings: !!python/object/apply:os.system [exit]\n")

    assert "p.yml:2: the YAML tag" in found[0]


def test_half_a_character_is_refused() -> None:
    text = 'version: 1\nsettings:\n  ticket_pattern: "\\ud83d"\n'

    assert problems(text) == [
        "p.yml:3: holds half of a character; write both escapes or the character itself"
    ]


def test_what_was_written_is_said_back_without_control_signs() -> None:
    (problem,) = problems('version: 1\n"\\e[31m\\u202e": 1\n')

    assert problem.isprintable()


def test_a_file_that_is_not_there_is_a_problem_too(tmp_path: Path) -> None:
    with pytest.raises(PolicyProblems, match="cannot be read: No such file"):
        read(str(tmp_path / "policies.yml"))


def test_no_more_is_read_than_tells_that_it_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "policies.yml"
    path.write_bytes(b"#" * (LARGEST + 1000))

    assert problems(read(str(path))) == [
        "p.yml: is larger than 256 KiB; split what it grants, or use groups"
    ]


# Whatever else there is


@given(st.binary(max_size=300))
def test_any_bytes_are_a_draft_or_problems(raw: bytes) -> None:
    read_safely(raw)


@given(st.text(alphabet="ab01:-?,[]{}#&*!|>'\"%@`~<= \n\t\\xuU.é\u2028", max_size=120))
@example("? ? ?\n: :\n")
@example("%TAG ! tag:x\n--- !a b")
@example("%YAML 1." + "9" * 5000 + "\n---\n")
@example('"\\U00110000"')
@example("0b" + "1" * 5000)
@example(":".join(["1"] * 5000))
def test_any_yaml_is_a_draft_or_problems(text: str) -> None:
    read_safely(text)


PIECES = """\
version: 1
settings:
eligibility:
approval:
  - name: a
    who: {groups: [a]}
    accounts: [1]
    tags: {a: {b: c}}
    ous: [[], {}, {id: {}}]
  admins: []
    permission_sets: {a: b}
    approvals: [1]
  reminder: {}
  ? {a: b}
~:
-
    approvers: {users: {}}
    name: [a]
    proof: 1e400
  ticket_url: [a]
""".splitlines()


@given(st.lists(st.sampled_from(PIECES), max_size=15).map("\n".join))
def test_any_mixture_of_our_own_lines_is_a_draft_or_problems(text: str) -> None:
    read_safely(text)


@given(st.data())
def test_a_damaged_example_is_a_draft_or_problems(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(EXAMPLE)))
    patch = data.draw(st.text(max_size=5))
    cut = data.draw(st.integers(0, 40))

    read_safely(EXAMPLE[:at] + patch + EXAMPLE[at + cut :])
