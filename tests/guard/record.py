"""The answers of one version of the package, a file a subject, for a comparison with another's.

Run as a script, by the Python that has the version and in the environment that `side.recorded` gives it.
It needs the package's public surface alone: `import explorer`, and the command line as `python -m explorer`
has it, here called within the process. Nothing of the machine, the folder or the day stands in an answer.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import enum
import hashlib
import inspect
import io
import json
import math
import os
import pickle
import re
import runpy
import sys
import tempfile
import traceback
import types
import typing
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import cases
import numpy as np
import workloads
from compare import SUBJECTS
from typer.core import TyperGroup

import explorer as ex
from explorer.live.deployment.package import zip_files

SDK = "aws_durable_execution_sdk_python"  # shipped along, and not of this project
SPECIAL = r"__(call|enter|exit|aenter|aexit|len|iter|getitem)__"  # methods that are public by their names
DIGITS = 13  # of a number that is kept for good
Answer = Any


# Commands ---------------------------------------------------------------------------------------------


def command(*words: str, typed: str = "") -> dict[str, Answer]:
    """What a command prints and how it ends: JSON as values, anything else as lines."""
    out, err, before = _stream(), _stream(), (sys.argv, sys.stdin)
    sys.argv, sys.stdin = ["explorer", *words], _stream(typed)
    answer: dict[str, Answer] = {"exit": 0}
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            runpy.run_module("explorer", run_name="__main__")
    except SystemExit as end:
        answer["exit"] = end.code
    except Exception as error:
        answer |= unexpected(error)
    finally:
        sys.argv, sys.stdin = before
    for name, stream in (("out", out), ("err", err)):
        stream.flush()
        if text := stream.buffer.getvalue().decode():  # type: ignore[attr-defined]
            answer[name] = _read(text) if name == "out" else text.splitlines()
    return answer


def _stream(text: str = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", newline="" if text else None)


def _read(text: str) -> Answer:
    with contextlib.suppress(ValueError):
        if text[0] in "{[":
            return json.loads(text)
    return text.splitlines()


def unexpected(error: Exception) -> dict[str, Answer]:
    """An error that is no answer: it fails the guard on either side."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    print(f"unexpected {type(error).__name__}: {error} ({place.name}, line {place.lineno})", file=sys.stderr)
    return {"unexpected": f"{type(error).__name__}: {error}"}


def answer_or_mistake(ask: Callable[[], Answer]) -> Answer:
    """What a call of the public interface gives, or the mistake that it names."""
    try:
        return ask()
    except ex.ExplorerError as error:
        return {"error": f"{type(error).__name__}: {error}"}
    except Exception as error:
        return unexpected(error)


def case(command_case: cases.Case) -> dict[str, Answer]:
    """The answer of a case, which runs in a folder of its own."""
    with _folder(command_case.files):
        answer = command(*command_case.words, typed=command_case.typed)
        for name in command_case.reads:
            path = Path(name)
            answer[name] = path.read_text(encoding="utf-8").splitlines() if path.exists() else None
        new_files = sorted(path.as_posix() for path in Path().rglob("*") if path.is_file())
        return {**answer, "made": [name for name in new_files if name not in command_case.files]}


@contextlib.contextmanager
def _folder(files: Mapping[str, str | bytes]) -> Iterator[Path]:
    """A folder with these files, as the current one."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for name, content in files.items():
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
            yield Path(folder)
        finally:
            os.chdir(before)


# Subjects with an answer a workload -------------------------------------------------------------------


def recommend(inquiry: workloads.Inquiry) -> Answer:
    region = ("--region", inquiry.region) if inquiry.region else ()
    return command("recommend", f"{inquiry.name}.toml", *region, "--json")


def assess(inquiry: workloads.Inquiry) -> Answer:
    return {
        design: command("assess", f"{inquiry.name}.toml", "--design", design, "--json")
        for design in inquiry.designs
    }


def cost(inquiry: workloads.Inquiry) -> Answer:
    """Bills, times and comparisons in Python, where money is exact."""
    w = ex.Workload.load(f"{inquiry.name}.toml")
    designs = {design: design for design in inquiry.designs}

    def of(design: str) -> Answer:
        bill = ex.cost(w, design)
        lines = [[getattr(line, name) for name in ("id", "quantity", "usd", "free")] for line in bill.lines]
        seconds = ex.latency(w, design)
        return {"total": bill.total_usd, "region": bill.region, "lines": lines, "latency": seconds}

    return {
        "compare": answer_or_mistake(lambda: ex.compare(w, designs)),
        **{design: answer_or_mistake(lambda design=design: of(design)) for design in designs},
    }


def forecast(inquiry: workloads.Inquiry) -> Answer:
    growth = [word for rate in inquiry.growth for word in ("--growth", rate)]
    months = ("--months", str(inquiry.months))
    design = ("--design", inquiry.designs[-1]) if inquiry.months == 24 else ()
    return command("forecast", f"{inquiry.name}.toml", *growth, *months, *design, "--json")


def sweep(inquiry: workloads.Inquiry) -> Answer:
    """Winner, runner-up, money and chance at each point of a small grid."""
    w = ex.Workload.load(f"{inquiry.name}.toml")

    def answer() -> Answer:
        result = ex.sweep(w, inquiry.grid)
        best = [design for design, _ in result.wins() if design][:3]
        return {
            "axes": result.axes,
            "runner_up": _names(result.designs, result.runner_up),
            "wins": [[str(design), points] for design, points in result.wins()],
            **shared(result),
            "those that win": shared(ex.sweep(w, inquiry.grid, best)) if best else None,
        }

    def shared(result: Any) -> Answer:
        return {
            "winner": _names(result.designs, result.winner),
            "monthly_usd": result.monthly_usd,
            "breach_probability": result.breach_probability,
        }

    return answer_or_mistake(answer)


def _names(designs: Iterable[Any], index: np.ndarray) -> list[str]:
    """Designs by what they are: the order in which they are listed is no answer."""
    every = [*map(str, designs), "nothing"]
    return [every[number] for number in index.ravel()]


def check(inquiry: workloads.Inquiry) -> Answer:
    growth = [word for rate in inquiry.growth for word in ("--growth", rate)]
    ahead = (*growth, "--months", str(inquiry.months), "--all") if inquiry.months > 6 else ()
    return command("check", f"{inquiry.name}.toml", *ahead, "--json")


def report(inquiry: workloads.Inquiry) -> Answer:
    name = f"{inquiry.name}.md"
    answer = command("report", f"{inquiry.name}.toml", "-o", name, "--json")
    path = Path(name)
    return {**answer, "text": path.read_text(encoding="utf-8").splitlines() if path.exists() else None}


def pickles(inquiry: workloads.Inquiry) -> Answer:
    """What a workload, a design and a bill are after they were pickled, and that they are the same."""
    w = ex.Workload.load(f"{inquiry.name}.toml")
    copy = pickle.loads(pickle.dumps(w))
    answer = {"text": copy.to_toml().splitlines(), "source": copy.source, "fields": copy.model_dump()}
    answer["same text"], answer["same fields"] = w.to_toml() == copy.to_toml(), repr(w) == repr(copy)

    def nearest_design() -> Answer:
        r = ex.recommend(w)
        design, bill = (pickle.loads(pickle.dumps(value)) for value in (r.nearest, r.bill))
        return {
            "design": str(design),
            "same design": design == r.nearest and hash(design) == hash(r.nearest),
            "bill": [[line.id, line.quantity, line.usd] for line in bill.lines],
            "same bill": bill == r.bill and bill.total_usd == r.bill.total_usd,
            "same answer": ex.recommend(copy).to_dict() == r.to_dict(),
        }

    return {**answer, **answer_or_mistake(nearest_design)}


EACH = {
    "recommend": recommend,
    "assess": assess,
    "cost": cost,
    "forecast": forecast,
    "sweep": sweep,
    "check": check,
    "report": report,
    "pickles": pickles,
}


# Subjects of their own --------------------------------------------------------------------------------


def bad(few: bool) -> Answer:
    return {
        name: case(command_case) for name, command_case in cases.BAD.items() if not (few and name in SLOW)
    }


def bill(few: bool) -> Answer:
    return {name: case(command_case) for name, command_case in cases.bills().items()}


def init(few: bool) -> Answer:
    return {name: case(command_case) for name, command_case in cases.INIT.items()}


def human(few: bool) -> Answer:
    """What a person reads."""
    beside = {"usage.csv": cases.USAGE, "statements.toml": _example("statements")}
    return {
        name: case(cases.Case(words, beside))
        for name, words in cases.HUMAN.items()
        if not (few and words[:1] == ("sensitivity",))
    }


def plain(few: bool) -> Answer:
    """Further commands as JSON, and what else the package gives in Python."""
    answers = {
        name: command(*words, "--json")
        for name, words in cases.PLAIN.items()
        if not (few and words[0] in ("limits", "prices", "sensitivity"))
    }
    w = ex.Workload.load("statements")
    frames = {
        "limits": ex.limits,
        "prices": ex.prices,
        "breaches": ex.breaches,
        "sensitivity": lambda: ex.sensitivity(w).to_dict(),
        "regret": lambda: ex.regret(w, samples=300).to_dict(),
        "simulate": lambda: ex.simulate(2.0, 1.5, 2.5, duration_s=5000).to_dict(),
        "environment_size": lambda: [ex.environment_size(v) for v in ({}, {"A": "1"}, {"Ä": 'a "quote"\n€'})],
        "encoded_size": lambda: {
            f"{size} {door} {binary} {way}": ex.encoded_size(size, binary=binary, door=door, direction=way)
            for size in (0, 1, 4_718_592)
            for door in ("function-url", "http-api", "rest-api", "alb")
            for binary in (False, True)
            for way in ("request", "response")
        },
        "examples": lambda: {name: path.name for name, path in ex.examples().items()},
        "replace": lambda: w.replace({"client.waits": "5 s", "response": "2 MB"}).to_toml().splitlines(),
        "frames of recommend": lambda: {
            name: list(getattr(ex.recommend(w), name).columns)
            for name in ("findings", "alternatives", "rejected", "break_evens", "assumptions", "changes")
        },
        "bill": lambda: ex.bill({"lambda.request_arm": 3e6, "nat.nat_hour": 730}, discount=0.1).to_frame(),
    }
    if few:
        for name in ("limits", "prices", "sensitivity", "regret"):
            frames.pop(name)
    return answers | {f"ex.{name}": answer_or_mistake(ask) for name, ask in frames.items()}


def templates(few: bool) -> Answer:
    """`check` of templates, dotenv files and plans, in every format."""
    sample_files = {f"samples/{name}": text for name, text in SAMPLES.items()}
    forms = ("json", "text") if few else ("json", "text", "sarif", "junit", "github")
    return {
        f"{name}, {form}": case(
            cases.Case(("check", *words, "--format", form), {**cases.TEMPLATES, **sample_files})
        )
        for name, words in cases.CHECKS.items()
        for form in forms
    }


def helps(few: bool) -> Answer:
    """`--help` of every command, found by walking them."""
    return {name: command(*name.split()[1:], "--help") for name in _commands()}


def _commands() -> list[str]:
    """Every command and group, such as "explorer cloud start": the group is caught as it is called."""
    caught: list[Any] = []

    def keep(group: Any, *_: Any, **__: Any) -> None:
        caught.append(group)
        raise SystemExit(0)

    before, TyperGroup.main = TyperGroup.main, keep  # type: ignore[method-assign]
    try:
        command()
    finally:
        TyperGroup.main = before  # type: ignore[method-assign]

    def below(name: str, one: Any) -> Iterator[str]:
        yield name
        if hasattr(one, "list_commands"):
            context = one.context_class(one, info_name=name)
            for inner in one.list_commands(context):
                yield from below(f"{name} {inner}", one.get_command(context, inner))

    return list(below("explorer", caught[0]))


def export(few: bool) -> Answer:
    """The exported folders, and the zips that are shipped, by the SHA-256 of their bytes.

    What a few are compared by must hold on another machine: not what another zlib packs, nor the SDK that
    is shipped along.
    """
    answers = {}
    for number, (name, design) in enumerate(cases.DESIGNS):
        design_option = ("--design", design) if design else ()
        folder = Path(EXPORTS or ".", f"export-{number:02}")
        with _folder({}):
            answer = command("export", name, "-o", "out", *design_option, "--json")
            files = {path.relative_to("out").as_posix(): path.read_bytes()
                     for path in sorted(Path("out").rglob("*")) if path.is_file()}  # fmt: skip
        if EXPORTS:
            for place, content in files.items():
                (folder / place).parent.mkdir(parents=True, exist_ok=True)
                (folder / place).write_bytes(content)
        try:
            plan = ex.live.plan(ex.Workload.load(name), design or None)
        except ex.ExplorerError as error:  # what cannot be deployed is an answer too
            answers[f"{number:02} {name} {design}"] = {**answer, "refused": str(error)}
            continue
        packed = zip_files(plan.shipped)
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            entries = {
                entry.filename: [
                    _digest(archive.read(entry)), *map(str, entry.date_time),
                    entry.external_attr, entry.compress_type,
                ]
                for entry in archive.infolist()
            }  # fmt: skip
        answers[f"{number:02} {name} {plan.design}"] = {
            **answer,
            "folder": {place: _digest(content) for place, content in _own(files, few).items()},
            "zip": _own(entries, few),
            "estimate": plan.estimate,
            **({} if few else {"zip as bytes": _digest(packed)}),
        }
        if few:
            answer["out"]["files"] = [file for file in answer["out"]["files"] if SDK not in file]
    return answers


def _own(files: Mapping[str, Any], few: bool) -> dict[str, Any]:
    return {name: content for name, content in files.items() if not (few and SDK in name)}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


# Signatures -------------------------------------------------------------------------------------------


def signatures(few: bool) -> Answer:
    """Every public name: functions with what they take, classes with all that is public of them."""
    names = {f"ex.{name}": getattr(ex, name) for name in ex.__all__ if name != "__version__"}
    names |= {f"ex.live.{name}": getattr(ex.live, name) for name in ex.live.__all__}
    w = ex.Workload.load("passwords")
    r = ex.recommend(w)
    instances = {
        "a finding": _rows(r, "findings", "found")[0],
        "an alternative": _rows(r, "alternatives", "others")[0],
        "a reason": _rows(r, "rejections", "reasons")[0],
        "an assumption": _rows(r, "assumptions", "assumed")[0],
        "a line of a bill": r.bill.lines[0],
        "a plan": ex.live.plan(w),
        "a simulation": ex.simulate(2.0, 0.1, duration_s=100),
        "what sensitivity gives": ex.sensitivity(w),
        "what regret gives": ex.regret(w, samples=100),
        "a picture of decisions": ex.decision_map(w, points=5) if _takes(ex.decision_map, "points") else None,
    }
    names |= {f"type of {name}": type(value) for name, value in instances.items() if value is not None}
    answers = {name: _describe(value) for name, value in names.items()}
    return answers | {"ex": sorted(ex.__all__), "dir": dir(ex), "ex.live": sorted(ex.live.__all__)}


def _rows(r: Any, name: str, before: str) -> Any:
    """The rows of an answer; in the baseline they may be a recommendation's own, under another name."""
    return getattr(r.answer, name) if hasattr(r, "answer") else getattr(r, before)


def _takes(function: Callable[..., Any], name: str) -> bool:
    return name in inspect.signature(function).parameters


def _describe(value: Any) -> Answer:
    if not inspect.isclass(value):
        return _signature(value) if callable(value) else type(value).__name__
    own = [kind for kind in value.__mro__ if kind.__module__.split(".")[0] == "explorer"]
    hidden = ("_", "model_")  # what pydantic adds
    members = {n: _member(value, n) for kind in own for n in vars(kind) if not n.startswith(hidden)}
    fields = getattr(value, "model_fields", {})
    for name, field in fields.items():
        default = "<factory>" if field.default_factory else _default(field.default)
        members[name] = f"{_plain(field.annotation)}{'' if field.is_required() else ' = ' + default}"
    for kind in reversed(own):
        for name, annotation in vars(kind).get("__annotations__", {}).items():
            if not name.startswith("_") and name not in fields:
                members.setdefault(name, _plain(annotation))
    public = [kind for kind in value.__mro__[1:] if kind not in own or kind.__name__ in ex.__all__]
    bases = [kind.__name__ for kind in public if kind is not object]
    special = sorted({n for kind in own for n in vars(kind) if re.fullmatch(SPECIAL, n)})
    return {"called": _signature(value), "bases": bases, "members": members, "special": special}


def _member(kind: type, name: str) -> str:
    value = inspect.getattr_static(kind, name)
    if isinstance(value, property) or type(value).__name__ == "cached_property":
        reads = value.fget if isinstance(value, property) else value.func
        return f"property{_signature(reads)}"
    if isinstance(value, classmethod | staticmethod):
        return f"{type(value).__name__}{_signature(value.__func__)}"
    if isinstance(value, types.FunctionType):
        return f"method{_signature(value)}"
    return f"{type(value).__name__}: {_default(value)}"


def _signature(value: Any) -> str:
    try:
        return _plain(inspect.signature(value))
    except (TypeError, ValueError):
        return "(...)"


def _default(value: Any) -> str:
    if isinstance(value, str | int | float | bool | tuple | enum.Enum) or value is None:
        return _plain(value)
    return type(value).__name__


def _plain(value: Any) -> str:
    """As text, without the modules that names are in and without addresses."""
    text = repr(value) if isinstance(value, int | float | tuple) else str(value)
    if inspect.isclass(value) and not typing.get_args(value):
        text = value.__name__
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    text = re.sub(r"\b(?:explorer|typing|collections\.abc|pathlib)(?:\.\w+)*\.(?=\w)", "", text)
    text = re.sub(r"Annotated\[(\w+), \w+\([^()]*\)\]", r"\1", text)
    text = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])", "", text)  # a module beside, such as around.BreakEven
    return re.sub(r"Optional\[([\w.]+)\]", r"\1 | None", text)


ALONE: dict[str, Callable[[bool], Answer]] = {
    "bad": bad,
    "bill": bill,
    "init": init,
    "human": human,
    "plain": plain,
    "templates": templates,
    "help": helps,
    "export": export,
    "signatures": signatures,
}
assert (*EACH, *ALONE) == SUBJECTS
FEW = {  # how many workloads of the sample have an answer in the subjects that take long
    "sweep": 10,
    "check": 12,
    "report": 6,
    "pickles": 6,
}
MANY = {"pickles": 48}  # the same of the whole
SLOW = ("sensitivity: no risk", "report: no benchmark")  # cases that the sample leaves out


# Everything -------------------------------------------------------------------------------------------


def tidy(value: Any, digits: int | None = None) -> Any:
    """A value as JSON has it, without the day and the version; with so many digits of each number."""
    if isinstance(value, Mapping):
        return {
            str(key): _day_of_age(inner) if key == "age_days" and inner is not None else tidy(inner, digits)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [tidy(inner, digits) for inner in value]
    if isinstance(value, np.ndarray):
        return {"shape": list(value.shape), "values": tidy(value.ravel().tolist(), digits)}
    if hasattr(value, "to_dict") and hasattr(value, "columns"):  # a frame
        return {"index": tidy(list(value.index), digits), "rows": tidy(value.to_dict("records"), digits)}
    if isinstance(value, Decimal | np.generic):
        return tidy(float(value) if isinstance(value, Decimal) else value.item(), digits)
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return value if digits is None else float(f"{value:.{digits}g}")
    if isinstance(value, str):
        return VERSION.sub("VERSION", value)
    return value if value is None or isinstance(value, bool | int) else str(value)


VERSION = re.compile(rf"(?<![\d.]){re.escape(ex.__version__)}(?![\d.])")


def _day_of_age(days: int) -> str:
    """The day that an age is counted from."""
    return (datetime.date.today() - datetime.timedelta(days=int(days))).isoformat()


def _example(name: str) -> str:
    return next(inquiry.text for inquiry in INQUIRIES if inquiry.name == name)


def _recorded(subject: str, few: bool, part: int, parts: int) -> dict[str, Answer]:
    """The answers of a subject, or every so many of them."""
    if subject in ALONE:
        mine = list(ALONE).index(subject) % parts == part
        answers = answer_or_mistake(lambda: ALONE[subject](few)) if mine else {}
        return {"all": answers} if {"error", "unexpected"} & answers.keys() else answers
    subset = INQUIRIES[: (FEW if few else MANY).get(subject)]
    by_workload = {}
    for number, inquiry in enumerate(subset):
        if number % parts == part:
            by_workload[inquiry.name] = answer_or_mistake(lambda inquiry=inquiry: EACH[subject](inquiry))
    return by_workload


def main() -> None:
    """Write the answers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--package", type=Path, required=True, help="where explorer must come from")
    parser.add_argument("--examples", type=Path, required=True, help="the folder of the example workloads")
    parser.add_argument("--samples", type=Path, required=True, help="the folder of templates to check")
    parser.add_argument("--sample", action="store_true", help="thirty workloads, and less of the rest")
    parser.add_argument("--part", default="0/1", help="0/2 and 1/2: halves")
    parser.add_argument("--subjects", default=",".join(SUBJECTS))
    options = parser.parse_args()
    came = Path(ex.__file__).resolve().parents[1]
    if came != options.package.resolve():
        raise SystemExit(f"record: explorer came from {came}: expected {options.package}")
    global INQUIRIES, SAMPLES, EXPORTS
    examples = workloads.examples(options.examples)
    # The examples are first, and the rest by turns: the first few of a sample are of many kinds.
    INQUIRIES = [
        *examples,
        *workloads.generated(workloads.SAMPLE if options.sample else range(workloads.COUNT)),
    ]
    SAMPLES = {path.relative_to(options.samples).as_posix(): path.read_text(encoding="utf-8")
               for path in sorted(options.samples.rglob("*")) if path.is_file()}  # fmt: skip
    out = options.out.resolve()
    EXPORTS = None if options.sample else out / "exported"
    out.mkdir(parents=True, exist_ok=True)
    digits = DIGITS if options.sample else None
    part, parts = map(int, options.part.split("/"))
    beside = {f"{inquiry.name}.toml": inquiry.text for inquiry in INQUIRIES}
    beside |= {name: text for inquiry in INQUIRIES for name, text in inquiry.files.items()}
    with _folder(beside):
        for subject in options.subjects.split(","):
            answers = tidy(_recorded(subject, options.sample, part, parts), digits)
            path = out / f"{subject}.{part}.json"
            path.write_text(json.dumps(answers, ensure_ascii=False, allow_nan=False), encoding="utf-8")


INQUIRIES: list[workloads.Inquiry] = []
SAMPLES: dict[str, str] = {}
EXPORTS: Path | None = None

if __name__ == "__main__":
    main()
