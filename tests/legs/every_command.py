"""Every command with the core alone: what works works, what needs an extra says so before anything is made.

Run by any Python that has the core: `python tests/legs/every_command.py`. With `--block` what the extras
bring is hidden first. `scripts/legs.py` runs it in environments of its own; `tests/cli/test_core_alone.py`
with `--block`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Iterable
from importlib.abc import MetaPathFinder
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[1] / "ingest" / "ingest_samples"
WORKLOAD = 'requests_per_month = 1e6\nresponse = "1 MB"\nruntime = "1 s"\n'
SAMPLED = 'requests_per_month = 1e6\nruntime = "1 s"\nresponse = {samples = "sizes.parquet"}\n'
TEMPLATE = {"Resources": {"Store": {"Type": "AWS::S3::Bucket"}}}
FUNCTION = {"Type": "AWS::Lambda::Function", "Properties": {"Timeout": 30}}

WORKS = [  # what is typed, and the exit code
    ("--version", 0),
    ("--help", 0),
    ("init new.toml --yes", 0),
    ("recommend w.toml", 0),
    ("recommend w.toml --all", 0),
    ("recommend w.toml --json", 0),
    ("assess w.toml --design door=function-url", 0),
    ("report w.toml -o w.html", 0),
    ("report w.toml -o w.md", 0),
    ("bill usage.csv", 0),
    ("check template.json", 0),
    ("check w.toml", 0),
    ("forecast w.toml --growth response=1%", 0),
    ("sensitivity w.toml --samples 100", 0),
    ("sweep w.toml --axis runtime=1s:2s:2", 0),
    ("simulate --arrival-rps 1 --warm-s 1 --duration-s 100", 0),
    ("stacks", 0),
    ("cloud status", 0),
    ("cloud stop", 0),
    ("explain lambda.timeout", 0),
    ("limits furl", 0),
    ("prices alb", 0),
]
MISSING = [  # what is typed, and the extras that the message names
    ("recommend sampled.toml", "samples"),
    ("report w.toml -o w.pdf", "pdf"),
    ("report w.toml -o w.ipynb", "notebooks"),
    ("report w.toml -o reports --form html --form pdf", "pdf"),
    ("report w.toml -o w2.html --measured run.parquet", "samples"),
    ("report w.toml -o w2.html --figures", "notebooks"),
    ("ingest reports.txt -o mine.toml", "logs"),
    ("sweep w.toml --axis runtime=1s:2s:2 -o sweep.parquet", "samples"),
    ("deploy w.toml", "aws,cloud"),
    ("deploy w.toml --target aws --yes", "aws"),
    ("bench stack --jobs 1 -o run2.parquet", "aws"),
    ("destroy stack --yes", "aws"),
    ("stacks --target aws", "aws"),
    ("export w.toml -o own", "aws"),
    ("cloud start", "cloud"),
    ("limits --refresh", "aws"),
    ("prices --refresh", "aws"),
    ("app w.toml --no-browser", "notebooks"),
    ("lab --no-open", "notebooks"),
    ("mcp", "mcp"),
]


class Hidden(MetaPathFinder):
    """Hides what the extras bring, as if it were not installed."""

    def __init__(self, libraries: Iterable[str]) -> None:
        self.libraries = set(libraries)

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Refuse what is hidden."""
        if name.partition(".")[0] in self.libraries:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def main(hide: bool) -> int:
    """Run all of them, say what is not as it should be, and return how many."""
    from typer.testing import CliRunner

    from explorer.cli.main import COMMANDS, app
    from explorer.facts.extras import LIBRARIES

    if hide:
        sys.meta_path.insert(0, Hidden(LIBRARIES))
    failures, count = [], 0
    for name in COMMANDS:
        count += 1
        result = CliRunner().invoke(app, [name, "--help"])
        if result.exit_code or "Usage: explorer" not in result.stdout:
            failures.append(f"{name} --help: exit code {result.exit_code}: {result.output[-300:]}")
    for words, code in WORKS:
        count += 1
        result = CliRunner().invoke(app, words.split())
        if result.exit_code != code or (result.exception and not isinstance(result.exception, SystemExit)):
            failures.append(f"{words}: exit code {result.exit_code}: {_describe_failure(result)}")
    for words, extras in MISSING:
        count += 1
        before = _files()
        result = CliRunner().invoke(app, words.split())
        line = result.stderr
        is_one_line = "not installed: " in line and f"[{extras}]" in line and line.count("\n") == 1
        if result.exit_code != 2 or result.stdout or not is_one_line:
            failures.append(
                f"{words}: exit code {result.exit_code}, expected [{extras}]: {_describe_failure(result)}"
            )
        if new_files := _files() - before:
            failures.append(f"{words}: made {sorted(new_files)} before it refused")
    print("\n".join(failures))
    print(f"{count - len(failures)} passed, {len(failures)} failed")
    return len(failures)


def _describe_failure(result: object) -> str:
    exception = getattr(result, "exception", None)
    if exception is None or isinstance(exception, SystemExit):
        return getattr(result, "output", "")[-500:]
    return "".join(traceback.format_exception(exception)[-3:])


def _files() -> set[str]:
    return {str(path) for path in Path().rglob("*")}


def prepare(folder: Path) -> None:
    """The files that the commands read."""
    (folder / "w.toml").write_text(WORKLOAD)
    (folder / "sampled.toml").write_text(SAMPLED)
    (folder / "sizes.parquet").write_bytes(b"PAR1")
    (folder / "run.parquet").write_bytes(b"PAR1")
    (folder / "usage.csv").write_text("id,quantity\nlambda.request_x86,3e6\n")
    (folder / "reports.txt").write_bytes((SAMPLES / "reports.txt").read_bytes())
    resources = {"Resources": {**TEMPLATE["Resources"], "Work": FUNCTION}}
    (folder / "template.json").write_text(json.dumps(resources))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as here:
        prepare(Path(here))
        os.chdir(here)
        failed = main("--block" in sys.argv)
        os.chdir("/")
    sys.exit(1 if failed else 0)
