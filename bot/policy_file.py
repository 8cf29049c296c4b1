"""Policy files: YAML or JSON in, every problem with its line; the canonical text out."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn

import yaml

from grants.drafts import Draft, Node, PolicyProblem, PolicyProblems, Table, Unread, shown
from grants.grammar import drafted
from grants.model import Catalogue, Lane
from grants.policy import PolicyBook
from grants.policy_text import export
from grants.ports import Directory
from grants.resolving import NOTHING, resolve

__all__ = ["PolicyProblem", "PolicyProblems", "export", "load", "load_book", "read"]

LARGEST: Final = 256 * 1024
DEEPEST: Final = 20
STDIN: Final = "-"

_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,8})", re.ASCII)
_TRUE: Final = ("yes", "true", "on")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def read(name: str) -> bytes:
    """The bytes of a policy file, `-` is standard input; not many more than are taken."""
    try:
        if name == STDIN:
            return sys.stdin.buffer.read(LARGEST + 1)
        with Path(name).open("rb") as file:
            return file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise PolicyProblems([PolicyProblem(0, f"cannot be read: {why}", name)]) from None


def load(raw: str | bytes, *, source: str, scp: bool = False) -> Draft:
    """The policies as written. PolicyProblems, all at once, where anything is wrong.

    `scp`: whether a service control policy is named here, by which sessions can be cut.
    """
    file = _File(source)
    root = file.root(file.text(raw))
    try:
        draft = drafted(root, source=source, scp=scp)
    except PolicyProblems as found:
        raise PolicyProblems((*file.problems, *found.problems), draft=found.draft) from None
    if file.problems:
        raise PolicyProblems(file.problems, draft=draft)
    return draft


def load_book(
    raw: str | bytes,
    *,
    source: str,
    catalogue: Catalogue,
    directory: Directory,
    lane: Lane = Lane.PERSON,
    held: PolicyBook = NOTHING,
    scp: bool = False,
) -> PolicyBook:
    """The policies with their names looked up; the problems of both steps at once."""
    problems: tuple[PolicyProblem, ...] = ()
    try:
        draft = load(raw, source=source, scp=scp)
    except PolicyProblems as found:
        if found.draft is None:
            raise
        draft, problems = found.draft, found.problems
    try:
        book = resolve(draft, catalogue=catalogue, directory=directory, lane=lane, held=held)
    except PolicyProblems as found:
        raise PolicyProblems((*problems, *found.problems), draft=draft) from None
    if problems:
        raise PolicyProblems(problems, draft=draft)
    return book


@dataclass(frozen=True, slots=True)
class _File:
    """Makes a tree of YAML's events: nothing is constructed, no alias ever followed."""

    source: str
    problems: list[PolicyProblem] = field(default_factory=list)

    def text(self, raw: str | bytes) -> str:
        data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
        if len(data) > LARGEST:
            self.stop(
                0, f"is larger than {LARGEST // 1024} KiB; split what it grants, or use groups"
            )
        try:
            text = data.decode("utf-8").removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.stop(line, "is not UTF-8 here; save the file as UTF-8")
        return text.replace("\t", " ") if "\t" in text and _is_json(text) else text

    def root(self, text: str) -> Node:
        try:
            loader = yaml.SafeLoader(text)
            return self.document(loader, _events(loader))
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            self.stop(line, "holds a character that YAML does not take; delete it")
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.stop(mark.line + 1 if mark else 0, _unreadable(error))
        except (yaml.YAMLError, ValueError, OverflowError, RecursionError):
            self.stop(0, "cannot be read as YAML; look for odd escapes and directives")

    def document(self, loader: yaml.SafeLoader, events: Iterator[yaml.Event]) -> Node:
        next(events)
        if isinstance(next(events), yaml.StreamEndEvent):
            self.stop(1, "is empty; a policy file begins with version: 1")
        root = self.node(loader, next(events), events, depth=1)
        next(events)
        more = next(events)
        if not isinstance(more, yaml.StreamEndEvent):
            self.stop(_line(more), "holds a second document; keep one and delete the --- before it")
        return root

    def node(
        self,
        loader: yaml.SafeLoader,
        event: yaml.Event,
        events: Iterator[yaml.Event],
        *,
        depth: int,
    ) -> Node:
        line = _line(event)
        if depth > DEEPEST:
            self.stop(line, f"is nested deeper than {DEEPEST} levels")
        self.refuse_extras(event, line)
        match event:
            case yaml.MappingStartEvent():
                entries = []
                while not isinstance(event := next(events), yaml.MappingEndEvent):
                    key = self.node(loader, event, events, depth=depth + 1)
                    value = self.node(loader, next(events), events, depth=depth + 1)
                    entries.append((key, value))
                return Node(Table(tuple(entries)), line)
            case yaml.SequenceStartEvent():
                items = []
                while not isinstance(event := next(events), yaml.SequenceEndEvent):
                    items.append(self.node(loader, event, events, depth=depth + 1))
                return Node(tuple(items), line)
            case yaml.ScalarEvent():
                return self.scalar(loader, event, line)
            case _:
                return Node(Unread(), line)

    def refuse_extras(self, event: yaml.Event, line: int) -> None:
        anchor = getattr(event, "anchor", None)
        tag = getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent):
            self.note(line, f"the alias {shown(f'*{anchor}')} is not taken; write it out")
        elif anchor:
            self.note(line, f"the anchor {shown(f'&{anchor}')} is not taken; delete it")
        if tag:
            self.note(line, f"the YAML tag {shown(tag)} is not taken; delete it")

    def scalar(self, loader: yaml.SafeLoader, event: yaml.ScalarEvent, line: int) -> Node:
        text: str = event.value
        if not event.implicit[0]:
            return self.quoted(text, line)
        resolved: str = loader.resolve(yaml.ScalarNode, text, event.implicit)  # type: ignore[no-untyped-call]  # types-PyYAML left it out
        match resolved.rpartition(":")[2]:
            case "null":
                return Node(None, line, text)
            case "bool":
                return Node(text.lower() in _TRUE, line, text)
            case "int" if _WHOLE.fullmatch(text):
                return Node(int(text), line, text)
            case "int" | "float":
                return Node(Unread("a number"), line, text)
            case "timestamp":
                return Node(Unread("a date"), line, text)
            case _:
                return Node(text, line, text)

    def quoted(self, text: str, line: int) -> Node:
        """JSON writes an emoji as two escapes; half of one is no character."""
        if not _SURROGATE.search(text):
            return Node(text, line)
        try:
            return Node(text.encode("utf-16", "surrogatepass").decode("utf-16"), line)
        except UnicodeDecodeError:
            self.note(line, "holds half of a character; write both escapes or the character itself")
            return Node(Unread(), line)

    def note(self, line: int, message: str) -> None:
        self.problems.append(PolicyProblem(line, message, self.source))

    def stop(self, line: int, message: str) -> NoReturn:
        """Nothing behind this can be read."""
        self.note(line, message)
        raise PolicyProblems(self.problems)


def _events(loader: yaml.SafeLoader) -> Iterator[yaml.Event]:
    while loader.check_event():
        event: yaml.Event = loader.get_event()  # type: ignore[no-untyped-call]  # as above
        yield event


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _is_json(text: str) -> bool:
    """JSON may be indented with tabs; inside its strings there are none."""
    with suppress(ValueError, RecursionError):
        json.loads(text)
        return True
    return False


def _unreadable(error: yaml.MarkedYAMLError) -> str:
    problem = str(error.problem or error.context or "")
    if "\\t" in problem:
        return "has a tab where YAML takes none; indent with spaces"
    clean = "".join(sign if sign.isprintable() else "�" for sign in problem[:200])
    return f"cannot be read as YAML: {clean}; look at the indentation, quotes and brackets here"
