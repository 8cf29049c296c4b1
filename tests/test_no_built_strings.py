"""No format and no SQL is made of words: what people type is a value, never a part of the sentence."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("bot", "handlers", "grants", "storage", "blocks")
RUNS_SQL = {"text", "exec_driver_sql", "literal_column", "execute", "executescript", "DDL"}
"""SQLAlchemy's ways, and a driver's, to take SQL as text."""
BUILT = {
    # the pragmas of one tuple of ours, and the one word with which a transaction begins
    ("storage/engine.py", 'connection.execute(f"PRAGMA {pragma}")'),
    ("storage/engine.py", "connection.exec_driver_sql(begin)"),
    # members of our own enums, written out so that PostgreSQL sees that its partial index fits
    ("storage/outbox.py", 'literal_column(f""{Sending.DROPPED}"")'),
    ("storage/outbox.py", 'literal_column(f""{Sending.WAITING}"")'),
    # conditions of indexes, each written in that file
    ("storage/tables.py", "text(where)"),
}


def sources() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


def formats(tree: ast.AST) -> Iterator[ast.expr]:
    """`words.format(…)` and `words % …`, where the words are not written right there."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr="format" | "format_map")):
                if not is_literal(value):
                    yield node
            case ast.BinOp(left=left, op=ast.Mod()):
                if not is_literal(left) and not is_number(node.right):
                    yield node
            case _:
                pass


def built_sql(tree: ast.AST) -> Iterator[ast.expr]:
    """SQL as text that is not written right there; expressions of SQLAlchemy's are no text."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]):
                if name in RUNS_SQL and is_text(first, of_text=name != "execute"):
                    yield node
            case _:
                pass


def is_text(node: ast.expr, *, of_text: bool) -> bool:
    """Not a literal; of what takes expressions too, only what is plainly put together."""
    if of_text:
        return not is_literal(node)
    return isinstance(node, ast.JoinedStr | ast.BinOp)


def is_literal(node: ast.expr) -> bool:
    """Written there, or at the head of the file under a name in capitals."""
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


def is_number(node: ast.expr) -> bool:
    """What leaves a remainder."""
    return ast.unparse(node).isdigit() or ast.unparse(node).startswith("timedelta(")


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_format_and_no_sql_is_made_of_words(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    name = str(path.relative_to(ROOT))

    # Only storage speaks SQL; a migration takes no word from anybody.
    speaks = name.startswith("storage/") and "migrations" not in name
    found = [*formats(tree), *(built_sql(tree) if speaks else ())]

    assert {(name, ast.unparse(node).replace("'", '"')) for node in found} - BUILT == set()


@pytest.mark.parametrize(
    "source",
    [
        "words.format(x)",
        "(a + b).format_map(x)",
        "f'{a}'.format(x)",
        "words % x",
        "words % (x, y)",
        "text(f'SELECT {x}')",
        "text(words)",
        "sqlalchemy.text('SELECT ' + x)",
        "connection.exec_driver_sql('SELECT %s' % x)",
        "connection.execute(f'DROP TABLE {x}')",
        "literal_column(x)",
    ],
)
def test_what_is_made_of_words_is_found(source: str) -> None:
    tree = ast.parse(source)

    assert [*formats(tree), *built_sql(tree)] != []


@pytest.mark.parametrize(
    "source",
    ["'{}'.format(x)", "'%s' % x", "n % 60", "text('SELECT 1')", "connection.execute(select(a))"],
)
def test_what_is_written_there_is_not(source: str) -> None:
    tree = ast.parse(source)

    assert [*formats(tree), *built_sql(tree)] == []
