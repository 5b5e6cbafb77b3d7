"""`explorer init`: asks the important questions, checks each answer, and writes a commented file."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from explorer.cli.assignments import Answers, parse_assignments, value
from explorer.cli.console import STANDARD, Json, out
from explorer.cli.manners import note
from explorer.cli.tables import SideNote
from explorer.engine.designs import OPTIONS, choices
from explorer.errors import ExplorerError
from explorer.facts.atomic_write import write_atomically
from explorer.facts.text_file import read_text
from explorer.facts.units import format_count
from explorer.workload import field_record
from explorer.workload.fields import FIELDS, SPREADS
from explorer.workload.workload import Workload


@dataclass(frozen=True)
class Question:
    """A line of the workload file: its default, its meaning, and whether the user is asked."""

    name: str
    default: Any  # None: left out unless answered
    says: str
    is_asked: bool = True
    only_if: str = ""  # asked only if this other field has a value that is not `no`


def _questions() -> Iterator[Question]:
    """The lines of the file, from the fields; for a distribution, its p50 and p99."""
    for field in FIELDS:
        if field.quantiles:
            half, most = field.quantiles
            yield Question(f"{field.path}.p50", field.suggestion, half)
            yield Question(f"{field.path}.p99", None, most)
        elif field.question and not field.table:
            default = field.default if field.suggestion is None else field.suggestion
            yield Question(
                field.path, None if default == () else default, field.question, field.is_asked, field.only_if
            )


QUESTIONS = tuple(_questions())
OTHER_FORMS = (".csv", ".htm", ".html", ".ipynb", ".json", ".md", ".pdf", ".tf", ".yaml", ".yml")
REQUIRED = {
    (f"{field.path}.p50" if field.quantiles else field.path): field.suggestion
    for field in FIELDS
    if field.default is field_record.REQUIRED
}
SECTIONS = {"": ""} | {  # in the order of the file
    field.path: field.question for field in FIELDS if field.table and field.question
}


def write(path: Path, presets: Answers, dotenv: Path | None, ask: bool, force: bool, quiet: bool) -> None:
    """Ask for all fields not in `presets`, and write the workload to `path` in one step at the end.

    Parameters: `dotenv`, a file counted as the configuration; `ask`, if false, fields get their defaults;
    `force`, overwrite; `quiet`, nothing on standard output.
    Raises ExplorerError for a wrong field, for missing answers, or if the file exists. Ctrl-C keeps the
    answers in a draft beside `path`, with which the next call continues.
    """
    if path.suffix.lower() in OTHER_FORMS:
        raise ExplorerError(f"{path}: a workload is TOML; expected a name such as {path.stem}.toml")
    if path.exists() and not force and not is_standard(path):
        raise ExplorerError(f"{path}: is there already; expected another name, or --force")
    if not path.parent.is_dir():
        raise ExplorerError(f"{path}: no such folder; expected one that is there")
    if dotenv is not None:
        presets = presets | {"configuration.dotenv": _beside(path, str(dotenv))}
    presets = dict(_configuration_field(path, name, answer) for name, answer in presets.items())
    draft = path.with_name(f"{path.name}.draft")
    if ask and not is_standard(path):
        presets = _draft_answers(draft) | presets
    answers = {"name": "workload" if is_standard(path) else path.stem} | presets
    _check(path, answers)
    is_named = "name" in presets  # else the name comes from the file's name
    try:
        for field in filter(lambda field: _is_open(field, presets), QUESTIONS if ask else ()):
            answers = _ask_until_valid(path, answers, field, quiet)
            is_named = is_named or field.name == "name"
    except KeyboardInterrupt:
        _keep(draft, path, {name: answers[name] for name in answers if name != "name" or is_named})
        raise
    text = to_toml(answers)
    Workload(str(path), path.parent, **tomllib.loads(text))
    if is_standard(path):
        print(text, end="")
        return
    write_atomically(path, text)
    draft.unlink(missing_ok=True)


def is_standard(path: Path) -> bool:
    """Whether the workload goes to standard output."""
    return str(path) == STANDARD


def _keep(draft: Path, path: Path, answers: Answers) -> None:
    """Write the answers so far, and print how to continue."""
    if not answers or is_standard(path):
        return
    lines = (f"{json.dumps(name)} = {_toml(answer)}\n" for name, answer in answers.items())
    write_atomically(draft, "".join(lines))
    again = f"explorer init {shlex.quote(str(path))}"
    print(f"\n{format_count(len(answers), 'answer')} kept in {draft}: {again} goes on", file=sys.stderr)


def _draft_answers(draft: Path) -> Answers:
    """The answers from an interrupted call."""
    if not draft.is_file():
        return {}
    try:
        answers = tomllib.loads(read_text(draft, "the answers that init kept"))
    except tomllib.TOMLDecodeError as error:
        raise ExplorerError(f"{draft}: is not TOML: {error}; without the file, init begins anew") from None
    note(f"Going on from {draft}: {format_count(len(answers), 'answer')}; without the file, init begins anew")
    return answers


def _beside(path: Path, dotenv: str) -> str:
    """The path of the dotenv file relative to the workload file."""
    return Path(os.path.relpath(dotenv, path.parent)).as_posix()


def _configuration_field(path: Path, name: str, answer: Any) -> tuple[str, Any]:
    """The field and its answer; a dotenv file may replace the size of the configuration."""
    if name != "configuration.total" or not isinstance(answer, str) or not answer:
        return name, answer
    if os.path.isfile(answer):
        return "configuration.dotenv", _beside(path, answer)
    if not re.match(r"[+-]?[.,]?\d", answer):
        raise ExplorerError(f'configuration is "{answer}": no such file; expected a dotenv, or a size')
    return name, answer


def as_tables(answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers as the tables of a workload, with the mandatory ones."""
    filled = {k: v for k, v in REQUIRED.items() if not _has_own(answers, k)} | dict(answers)
    tables: dict[str, Any] = {}
    for name, answer in filled.items():
        *path, last = name.split(".", 1)
        (tables.setdefault(path[0], {}) if path else tables)[last] = answer
    return tables


def _has_own(answers: Mapping[str, Any], name: str) -> bool:
    """Whether the distribution `name` has quantiles or samples already."""
    section, dot, _ = name.partition(".")
    own = (key.partition(".")[2] for key in answers if key.startswith(section + dot))
    return bool(dot) and any(re.fullmatch(r"p\d[\d.]*|max|samples|value", key) for key in own)


def _check(path: Path, answers: Answers) -> None:
    workload = Workload(str(path), path.parent, **as_tables(answers))
    if workload.current is not None:
        try:
            choices(workload.current.model_dump())
        except ExplorerError as error:
            raise ExplorerError(f"{path}: current: {error}") from None


def _is_open(field: Question, presets: Answers) -> bool:
    """Whether to ask for a field: not if the field, or all that it covers, has a value."""
    section, _, last = field.name.partition(".")
    if section in SPREADS and last in ("p50", "p99") and _has_own(presets, field.name):
        return False
    if field.name == "configuration.total" and "configuration.dotenv" in presets:
        return False
    return field.is_asked and field.name not in presets


def _ask_until_valid(path: Path, answers: Answers, field: Question, quiet: bool) -> Answers:
    """The answers with one more; ask again until the answer is valid."""
    if field.only_if and not answers.get(field.only_if):
        return answers
    default = answers.get(field.name, field.default)
    while True:
        text = _read(_prompt(field, default), field, quiet).strip()
        name, answer = field.name, value(field.name, text) if text else default
        if answer is None:
            return answers
        try:
            name, answer = _configuration_field(path, name, answer)
            _check(path, answers | {name: answer})
        except ExplorerError as error:
            print(str(error).removeprefix(f"{path}: "), file=sys.stderr)
        else:
            return answers | {name: answer}


def _prompt(field: Question, default: Any) -> str:
    default_text = ("yes" if default else "no") if isinstance(default, bool) else default
    return f"{field.name}: {question(field)} [{'' if default_text is None else default_text}] "


def question(field: Question) -> str:
    """The description of a field; for a current option of a concern, with the options to choose from."""
    options = list(OPTIONS.get(_key(field.name), ()))
    return field.says.replace("{options}", f"{', '.join(options[:-1])} or {''.join(options[-1:])}")


def _read(prompt: str, field: Question, quiet: bool) -> str:
    """Read one line of standard input; the prompt goes to standard error if the output is JSON."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  (a line that can be edited)
    if quiet:
        print(prompt, end="", file=sys.stderr, flush=True)
        prompt = ""
    try:
        return input(prompt)
    except EOFError:
        raise ExplorerError(
            f"init: no answer for {field.name}: expected one a line, --set {field.name}=..., or --yes"
        ) from None


def to_toml(answers: Mapping[str, Any]) -> str:
    """The text of the workload file: the answers, and all other fields as comments with defaults."""
    filled = {k: v for k, v in REQUIRED.items() if not _has_own(answers, k)} | dict(answers)
    lines = ["# A line that begins with # has its default; to change it, free it and its [table]."]
    for section, says in SECTIONS.items():
        has_answers = any(_section(name) == section for name in filled)
        if section:
            lines += ["", _with_comment(f"[{section}]", has_answers, says)]
        lines += _lines(section, filled)
    return "\n".join(lines) + "\n"


def _lines(section: str, answers: Mapping[str, Any]) -> Iterator[str]:
    questions = {field.name: field for field in QUESTIONS if _section(field.name) == section}
    more = [name for name in answers if _section(name) == section and name not in questions]
    for name in (*questions, *more):
        field = questions.get(name, Question(name, None, ""))
        answer = answers.get(name, field.default)
        text = "" if answer is None else " " + _toml(answer)
        yield _with_comment(f"{_key(name)} ={text}", name in answers, question(field))


def _with_comment(line: str, is_set: bool, says: str) -> str:
    line = line if is_set else f"# {line}"
    return f"{line:<36}# {says}" if says else line


def _section(name: str) -> str:
    section, dot, _ = name.partition(".")
    return section if dot else ""


def _key(name: str) -> str:
    key = name.partition(".")[2] or name
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def _toml(answer: Any) -> str:
    """A value in TOML: strings, numbers, booleans and lists are written as in JSON."""
    return json.dumps(answer, ensure_ascii=False).replace("\x7f", "\\u007f")


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="To write; - prints it.")] = Path(
        "workload.toml"
    ),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: defaults.")] = False,
    fields: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Such as response.p99='9 MB'."),
    ] = None,
    dotenv: Annotated[
        Path | None,
        typer.Option(help="The configuration: its variables are counted, never shown or stored."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE.toml.")] = False,
    as_json: Json = False,
) -> None:
    """Ask a few questions and write a workload file."""
    if is_standard(file) and as_json:
        raise ExplorerError("init - prints the workload itself: expected it without --json")
    write(
        file,
        parse_assignments(fields or []),
        dotenv,
        ask=not yes,
        force=force,
        quiet=as_json or is_standard(file),
    )
    if is_standard(file):
        return
    out({"path": file}, as_json, begun, file)


def begun(path: Path) -> Iterator[RenderableType]:
    """The workload that was written, and the next steps."""
    yield SideNote(f"Wrote {path}. Next: explorer recommend {shlex.quote(str(path))}")
