"""Check files: recognise each by its content, collect findings, and report unreadable files with the reason.

A file that cannot be read does not stop the check of the others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from explorer.errors import ExplorerError
from explorer.facts.suggestions import expected_one_of

from . import recognition, rules_template, suppress, template, terraform
from .baseline import Baseline
from .findings import FITS, TEMPLATE_ITSELF, Finding, Judge, Outcome
from .nodes import Map, mapping
from .parameters import ParameterFiles, Values, from_options, refuse_values
from .parse import parse
from .rules import apply_rules, worst
from .rules_function import held_environment
from .skipped import UNRESOLVED, UNSUPPORTED, Skipped
from .sources import chalice, openapi, pulumi, serverless, state_machine
from .stack import Resource, Stack, TemplateValue, is_own_to_cdk

ENDINGS = (".yaml", ".yml", ".json", ".template", ".toml", ".tf", ".tofu")
TREES = {".yaml", ".yml", ".json"}
MARKS = (  # each format that is read has one of them
    "AWS::", "Resources", "planned_values", "terraform_version", "StartAt", "x-amazon-apigateway-",
    "urn:pulumi:", "provider:", "app_name", '"@level"',
)  # fmt: skip
KEYS = (  # each JSON file that is read has one of these
    '"Resources"', '"planned_values"', '"terraform_version"', '"StartAt"', "x-amazon-apigateway-",
    "urn:pulumi:", '"provider"', '"app_name"', '"@level"',
)  # fmt: skip
SKIPPED = {"node_modules", "__pycache__", "site-packages", "venv"}  # and hidden ones
FRAMEWORK_FOLDERS = {".serverless", ".aws-sam", ".chalice"}  # hidden folders that are searched
BUILT = (".aws-sam", "build")  # output of `sam build`: a template, and a folder for each function
TWICE = {"serverless-state.json", "cloudformation-template-create-stack.json"}  # repeat others
MOST_BYTES = 64 << 20  # the largest file that is read
ZIP = b"PK\x03\x04"
PACKAGES = ("lambda.zip.unzipped", "lambda.zip.direct", "edge.package")  # limits on packages
MOST_NESTED = 10  # the deepest nesting of stacks
SOURCES = (pulumi, serverless, chalice, openapi, state_machine)  # formats other than templates and plans
PARTS = (openapi, state_machine)  # formats that may be a part of a template that names the file
Workloads = Callable[[Path, Judge], list[Finding]]


@dataclass
class Report:
    """The outcome of a check: `files` that were read, their findings, and items that were not checked.

    `resources` are pairs of file and id. `skipped` are the items that were seen and not checked.
    """

    files: list[str] = field(default_factory=list)
    all_findings: list[Finding] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    resources: set[tuple[str, str]] = field(default_factory=set)
    notes: list[suppress.Note] = field(default_factory=list)  # suppressions without effect
    baseline: Baseline | None = None  # the outcome of an earlier run

    @property
    def new(self) -> list[Finding]:
        """The findings that are not in the baseline."""
        return self.findings if self.baseline is None else self.baseline.new(self.findings)

    @property
    def newly_skipped(self) -> list[Skipped]:
        """The skipped items that are not in the baseline."""
        return self.skipped if self.baseline is None else self.baseline.newly_skipped(self.skipped)

    @property
    def findings(self) -> list[Finding]:
        """The findings that are not suppressed, by file and line."""
        return [finding for finding in self.all_findings if not finding.reason]

    @property
    def suppressed_findings(self) -> list[Finding]:
        """The suppressed findings."""
        return [finding for finding in self.all_findings if finding.reason]

    def rename(self, file: str, name: str) -> None:
        """Call a file by another name, as one that stands in for standard input."""
        self.files = [name if each == file else each for each in self.files]
        self.unreadable = [(name if each == file else each, why) for each, why in self.unreadable]
        self.resources = {(name if each == file else each, resource) for each, resource in self.resources}
        self.all_findings = [replace(f, file=name) if f.file == file else f for f in self.all_findings]
        self.skipped = [replace(s, file=name) if s.file == file else s for s in self.skipped]

    def to_dict(self) -> dict[str, Any]:
        """The report as a dict for the JSON answer."""
        return {
            "files": self.files,
            "findings": [finding.to_dict() for finding in self.findings],
            "unreadable": [{"file": file, "reason": reason} for file, reason in self.unreadable],
            "skipped": [skipped.to_dict() for skipped in self.skipped],
            "summary": self.summary,
            **({"ignores": [note.to_dict() for note in self.notes]} if self.notes else {}),
        }

    @property
    def summary(self) -> dict[str, int]:
        """Numbers of files read, resources in them, resources checked, and items skipped or unreadable.

        A finding on a whole template counts for no resource.
        """
        checked = {
            (finding.file, finding.resource)
            for finding in self.all_findings
            if finding.resource != TEMPLATE_ITSELF
        }
        return {
            "files": len(self.files),
            "resources": len(self.resources | checked),
            "checked": len(checked),
            "skipped": len(self.skipped),
            "unreadable": len(self.unreadable),
        }


class NotOursError(ExplorerError):
    """A file is readable, but has nothing to check against limits."""

    def __init__(self, message: str, line: int = 1, is_quiet: bool = False) -> None:
        super().__init__(message)
        self.line, self.is_quiet = line, is_quiet or message == recognition.NO_TEMPLATE


class Check:
    """A check of many files. `workloads` is the function that assesses a workload file (an upper layer)."""

    def __init__(
        self,
        workloads: Workloads,
        warn_at: float | None = None,
        pass_over: bool = False,
        parameters: Iterable[str] = (),
    ) -> None:
        self.workloads, self.warn_at, self.pass_over = workloads, warn_at, pass_over
        self.parameters, self.parameter_files = from_options(parameters), ParameterFiles()
        self._declared: dict[str, None] = {}  # the parameters of all templates
        self.report, self.ignores = Report(), suppress.Ignores()
        self.nested: dict[str, list[Finding]] = {}  # by file, with the parameters of their parents
        self.parts: set[Path] = set()  # files that a template includes
        self.alone: dict[str, Path] = {}  # files of a folder that a template may include
        self.packaged_sources: dict[str, Path] = {}  # of a folder; their packaged form may be there
        self.plans: set[Path] = set()  # folders with a plan
        self.own_to_cdk: set[tuple[str, str]] = set()  # files and ids of functions that CDK adds itself
        self._settings: dict[Path, suppress.Settings] = {}

    def run(self, paths: Iterable[Path]) -> Report:
        """Check files and folders. Raises ExplorerError for a path that does not exist."""
        paths = list(paths)
        for path in paths:
            if not os.path.lexists(path):
                accepted = "a template, plan, dotenv file, workload or folder"
                raise ExplorerError(f"{path}: no such file or folder; expected {accepted}")
            for file in self._inside(path) if path.is_dir() else [path]:
                self._file(file, asked_for=file == path)
        self._tidy()
        if unknown := self.parameters.values.keys() - self._declared.keys():
            expected = (
                expected_one_of(self._declared) if self._declared else "no template that was read has any"
            )
            raise ExplorerError(
                f"--parameter {min(unknown)}: no template has a parameter of that name: {expected}"
            )
        own = [finding for finding in self.report.all_findings if finding.file not in self.nested]
        self.report.all_findings = [*own, *(finding for inner in self.nested.values() for finding in inner)]
        self.report.all_findings = self._once(self.report.all_findings)
        self.report.all_findings.sort(key=lambda finding: (finding.file, finding.line, finding.rank))
        self.report.skipped = sorted(
            dict.fromkeys(self.report.skipped), key=lambda one: (one.file, one.line, one.resource, one.what)
        )
        self.report.notes = self.ignores.notes(path for path in paths if path.is_dir())
        return self.report

    def _tidy(self) -> None:
        """Drop items that are checked elsewhere: parts of templates, and source with a plan or package."""
        twice = {name for name, path in self.alone.items() if path.resolve() in self.parts}
        folders = {Path(name).parent for name in self.report.files}
        twice |= {
            name for name, path in self.packaged_sources.items() if path.parent / ".serverless" in folders
        }
        report = self.report
        report.files = [name for name in report.files if name not in twice]
        built = self._built(report)
        report.all_findings = [
            finding
            for finding in report.all_findings
            if finding.file not in twice and (finding.file not in built or finding.limit in PACKAGES)
        ]
        checked = {Path(name).parent for name in report.files}
        report.skipped = [
            one
            for one in report.skipped
            if one.file not in twice and not self._is_elsewhere(one, Path(one.file).parent, checked)
        ]

    def _once(self, findings: list[Finding]) -> list[Finding]:
        """The findings, with equal findings of CDK's own functions reported only once."""
        alike: dict[tuple[str, str, float | None], list[Finding]] = {}
        for finding in findings:
            if (
                (finding.file, finding.resource) in self.own_to_cdk
                and finding.verdict != FITS
                and not finding.reason
            ):
                alike.setdefault((finding.limit, finding.verdict, finding.value), []).append(finding)
        again = {id(one) for first, *others in alike.values() for one in others}
        more = {id(first): len(others) for first, *others in alike.values() if others}
        return [
            replace(finding, message=f"{finding.message}: a handler that CDK makes, as in {more[id(finding)]}"
                    f" more {'place' if more[id(finding)] == 1 else 'places'}")
            if id(finding) in more else finding
            for finding in findings if id(finding) not in again
        ]  # fmt: skip

    def _built(self, report: Report) -> set[str]:
        """Templates built by SAM whose source is also checked: only limits on packages count for them."""
        folders = {Path(name).parent for name in report.files}
        return {
            name
            for name in report.files
            if Path(name).parts[-3:-1] == BUILT and Path(name).parents[2] in folders
        }

    def _is_elsewhere(self, one: Skipped, folder: Path, checked: set[Path]) -> bool:
        """Whether the output of a skipped file is checked."""
        if one.reason != UNSUPPORTED:
            return False
        if one.text == recognition.TERRAFORM:
            return any(above in self.plans for above in (folder, *folder.parents))
        return any(folder / output in checked for output in ("cdk.out", ".serverless"))

    def _inside(self, folder: Path) -> Iterator[Path]:
        for at, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if _is_entered(name, Path(at)))
            exclude = self.settings(Path(at)).exclude
            for name in sorted(names):
                path = Path(at, name)
                is_candidate = name.endswith(ENDINGS) or is_dotenv(name) or recognition.known_name(name)
                if is_candidate and name not in TWICE and not _matches(path, exclude):
                    yield path

    def settings(self, folder: Path) -> suppress.Settings:
        """The settings of the nearest `.explorer-check.toml`."""
        if folder not in self._settings:
            self._settings[folder] = suppress.settings(folder.absolute())
        return self._settings[folder]

    def _file(self, path: Path, asked_for: bool) -> None:
        name = path.as_posix()
        if name in self.report.files or name in dict(self.report.unreadable):
            return
        self.settings(path.parent)  # invalid settings end the check
        content = ""
        try:
            content = _content(path)
            if not asked_for and path.suffix in TREES and not _is_worth_parsing(path, content):
                return
            findings = self._findings(path, content, asked_for)
        except NotOursError as error:
            if asked_for and not self.pass_over:
                self.report.unreadable.append((name, str(error)))
            elif not asked_for and not error.is_quiet and not self.pass_over:
                what = (name, error.line, path.name, path.name, UNSUPPORTED, str(error))
                self.report.skipped.append(Skipped(*what))
        except (ExplorerError, OSError, RecursionError) as error:
            if asked_for or looks_like_a_template(content) or _is_workload(path, content):
                self.report.unreadable.append((name, _reason(error, name)))
        else:
            self.report.files.append(name)
            self.report.all_findings += findings

    def _findings(self, path: Path, content: str, asked_for: bool) -> list[Finding]:
        judge = Judge(path.as_posix(), self._warn_at(path))
        if is_dotenv(path.name):
            return self._apply_ignores(dotenv(judge, path, content), content, path)
        if path.suffix == ".toml" and _is_workload(path, content):
            return self._apply_ignores(self.workloads(path, judge), content, path)
        if hint := recognition.by_name(path, content):
            raise NotOursError(hint.text, hint.line, hint.is_quiet)
        if path.suffix in (".toml", *recognition.CODE):
            raise NotOursError(recognition.NO_TEMPLATE)
        if recognition.is_plan_log(content):
            raise NotOursError(recognition.PLAN_LOG)
        tree = parse(recognition.unwrap(content), is_yaml_1_2=_is_yaml_1_2(path))
        findings = self._tree(judge, path, content, tree, asked_for)
        self.report.skipped += lost_keys(tree, path)
        return findings

    def _warn_at(self, path: Path) -> float | None:
        setting = self.settings(path.parent).warn_at
        return self.warn_at if self.warn_at is not None or setting is None else share(setting)

    def _tree(self, judge: Judge, path: Path, content: str, tree: Any, asked_for: bool) -> list[Finding]:
        tree = template.serverless_template(tree)
        if (plan := terraform.plan_in(tree)) is not None:
            self.plans.add(path.parent)
            stack = terraform.stack(plan, judge.file, path.parent)
            return self._apply_ignores(apply_rules(judge, stack), content, path, stack)
        if template.is_template(tree):
            return self._template(judge, path, content, tree, {}, (path,))
        for source in SOURCES:
            if source.is_one(tree, path):
                if source in PARTS and not asked_for:
                    self.alone[judge.file] = path
                if source is serverless and not asked_for:
                    self.packaged_sources[judge.file] = path
                stack = source.stack(tree, judge.file, path.parent)
                return self._apply_ignores(apply_rules(judge, stack), content, path, stack)
        hint = recognition.by_content(tree)
        raise (
            NotOursError(hint.text, hint.line, hint.is_quiet)
            if hint
            else NotOursError(recognition.NO_TEMPLATE)
        )

    def _template(
        self,
        judge: Judge,
        path: Path,
        content: str,
        tree: Map,
        arguments: Mapping[str, Any],
        above: tuple[Path, ...],
    ) -> list[Finding]:
        values = [Values(arguments)] if len(above) > 1 else self._values(path, tree)
        judged: list[tuple[str, list[Outcome]]] = []
        for one in values:
            stack = template.stack(tree, judge.file, path.parent, one.values, one.origins)
            self.report.resources |= {(stack.file, name) for name in stack.resources}
            for inner, parameters in template.nested_templates(stack):
                self._check_nested(inner, parameters, above)
            size = len(content.encode("utf-8", "surrogatepass"))
            whole = rules_template.template(judge, tree, size, stack)
            judged.append((one.origin, [*apply_rules(judge, stack), *whole]))
        return self._apply_ignores(worst(judged), content, path, stack)

    def _values(self, path: Path, tree: Map) -> list[Values]:
        """The sets of values for a template's parameters: one for each environment, at least one."""
        declared = mapping(tree.get("Parameters"))
        self._declared |= dict.fromkeys(declared)
        refuse_values(declared, self.parameters)
        own = {name: value for name, value in self.parameters.values.items() if name in declared}
        environments = self.parameter_files.of(path, declared)
        if declared.keys() <= own.keys() or not environments:
            return [Values(own, origins=dict.fromkeys(own, self.parameters.origin))]
        return [one.with_values(own, self.parameters.origin) for one in environments]

    def _check_nested(self, path: Path, arguments: Mapping[str, Any], above: tuple[Path, ...]) -> None:
        """A local nested stack, with the parameters that its parent sets."""
        path = Path(os.path.normpath(path))
        if path in above or len(above) > MOST_NESTED:
            return
        name = path.as_posix()
        try:
            content = _content(path)
            tree = parse(content)
            if not template.is_template(tree):
                return
            self.report.skipped += lost_keys(tree, path)
            findings = self._template(
                Judge(name, self._warn_at(path)), path, content, tree, arguments, (*above, path)
            )
        except (ExplorerError, OSError, RecursionError) as error:
            self.report.unreadable.append((name, _reason(error, name)))
            return
        if name not in self.report.files:
            self.report.files.append(name)
        nested_findings = self.nested.setdefault(name, [])
        nested_findings += [one for one in findings if one not in nested_findings]

    def _apply_ignores(
        self, outcomes: Iterable[Outcome], content: str, path: Path, stack: Stack | None = None
    ) -> list[Finding]:
        findings = []
        for outcome in outcomes:
            if isinstance(outcome, Skipped):
                self.report.skipped.append(outcome)
            else:
                findings.append(outcome)
        if stack:
            self.parts |= stack.read
            self.own_to_cdk |= {(stack.file, one.id) for one in stack.functions if is_own_to_cdk(one)}
            self.report.resources |= {(stack.file, name) for name in stack.resources}
        ignores = [*suppress.comments(content, path.as_posix(), stack), *self.settings(path.parent).ignores]
        return self.ignores.apply(findings, [*ignores, *(suppress.metadata(stack) if stack else [])])


def lost_keys(tree: Any, path: Path) -> list[Skipped]:
    """Keys that occur twice in one mapping of a document: the last one counts, the first is lost."""
    return [
        Skipped(
            path.as_posix(),
            first,
            path.name,
            f"the first {key}",
            UNRESOLVED,
            f"{key} stands twice in one mapping, on line {first} and on line {second}: the last one counts",
        )
        for key, first, second in getattr(tree, "duplicate_keys", ())
    ]


def _is_yaml_1_2(path: Path) -> bool:
    """Whether `yes` and `no` are text: for the Serverless Framework and editors of state machines.

    CloudFormation and SAM read YAML 1.1, also for the definition of a state machine in a template.
    """
    return path.stem.startswith("serverless") or ".asl" in path.suffixes


def _is_workload(path: Path, content: str) -> bool:
    return path.suffix == ".toml" and "requests_per_month" in content


def dotenv(judge: Judge, path: Path, content: str) -> list[Finding]:
    """Check a dotenv file as the environment of one function; no value is kept."""
    import io

    from dotenv.parser import parse_stream

    from explorer.facts.encoding import environment_size

    from .resolve import Scope

    variables = {}
    for entry in parse_stream(io.StringIO(content)):
        if entry.error:
            raise ExplorerError(f"line {entry.original.line} is not NAME=value")
        if entry.key is not None:
            variables[entry.key] = entry.value or ""
    size = environment_size(variables)
    file = Resource(path.name, "", Map(), 1, Map(), Scope(Map()))
    return [held_environment(judge, file, TemplateValue(size, 1))]


def share(value: str) -> float:
    """Parse a share such as "80%" or 0.8. Raises ExplorerError."""
    text = value.strip()
    try:
        fraction = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        fraction = 0.0
    if not 0 < fraction <= 1:
        raise ExplorerError(
            f'warn-at is "{value}": expected a share above 0 and up to 100%, such as 80% or 0.8'
        )
    return fraction


def is_dotenv(name: str) -> bool:
    """Whether a file is a dotenv file, by its name."""
    return name == ".env" or name.startswith(".env.") or name.endswith(".env")


def looks_like_a_template(content: str) -> bool:
    """Whether an invalid text was meant to be a template."""
    marks = (
        "AWSTemplateFormatVersion",
        "AWS::Lambda::",
        "AWS::Serverless",
        '"planned_values"',
        "urn:pulumi:",
    )
    return any(mark in content for mark in marks)


def _is_entered(name: str, at: Path) -> bool:
    """Whether to search a folder; in SAM's output only the built template, no function code."""
    if at.name == ".aws-sam":
        return name == "build"
    if at.parts[-2:] == BUILT:
        return False
    return name in FRAMEWORK_FOLDERS or not (name.startswith((".", "asset.")) or name in SKIPPED)


def _is_worth_parsing(path: Path, content: str) -> bool:
    marks = KEYS if path.suffix == ".json" else MARKS
    has_known_name = recognition.known_name(path.name) is not None or path.name.endswith(".tf.json")
    return has_known_name or any(mark in content for mark in marks)


def _matches(path: Path, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(path.as_posix(), pattern) or path.match(pattern) for pattern in patterns)


def _content(path: Path) -> str:
    if not path.is_file():
        raise ExplorerError("is not a file")
    if path.stat().st_size > MOST_BYTES:
        raise NotOursError(f"is larger than {MOST_BYTES >> 20} MB")
    content = path.read_bytes()
    if content[:4] == ZIP:
        raise NotOursError(f"is a zip: {recognition.BINARY_PLAN}")
    coding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(coding)
    except UnicodeDecodeError:
        raise NotOursError("is not text in UTF-8") from None


def _reason(error: Exception, name: str) -> str:
    if isinstance(error, RecursionError):
        return "its values refer to one another too deeply"
    message = error.strerror if isinstance(error, OSError) else str(error)
    return " ".join((message or str(error)).split()).removeprefix(f"{name}: ")
