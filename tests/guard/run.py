"""The guard: the wheel of the baseline in an environment of its own, and the tree, give the same answers.

    python tests/guard/run.py                    record both, compare, end with 1 on a difference
    python tests/guard/run.py --record-sample    write the answers that `make test` compares with

The environment and the answers of the baseline are kept under build/guard/ between runs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import compare
from side import examples, recorded, samples

COMMIT = "efa3bb96b01c5e3a5496cc7adae5b3465ea9fa9c"
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build" / "guard" / COMMIT[:12]
MOST = 20  # differences of a subject that are printed; all are in the file


def main() -> int:
    """Record, compare, and say what differs."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--tree", type=Path, default=ROOT, help="the checkout that is guarded")
    parser.add_argument(
        "--record-sample", action="store_true", help="write tests/guard/answers from the baseline"
    )
    parser.add_argument("--sample", action="store_true", help="compare the sample alone")
    parser.add_argument("--subjects", help="of these alone, such as help,signatures")
    parser.add_argument("--processes", type=int, default=2, help="that record at once")
    parser.add_argument("--again", action="store_true", help="record the baseline anew as well")
    options = parser.parse_args()
    tree = options.tree.resolve()
    python, package = environment()
    sample = options.sample or options.record_sample
    subjects = _subjects(options.subjects)
    old, new = BUILD / f"answers-{_key(tree, sample)}", BUILD.parent / f"tree-{os.getpid()}"
    if options.again:
        shutil.rmtree(old, ignore_errors=True)
    sides = [Side(python, package, old), Side(Path(sys.executable), tree, new)]
    words = ["--sample"] if sample else []
    record(sides[:1] if options.record_sample else sides, tree, subjects, words, options.processes)
    if options.record_sample:
        shutil.rmtree(HERE / "answers", ignore_errors=True)
        compare.write(compare.read(old), HERE / "answers")
        return 0
    whole = not sample and subjects == list(compare.SUBJECTS)
    code = summary(compare.read(old), compare.read(new), subjects, whole)
    if code:
        print(f"what was exported: {old / 'exported'}, {new / 'exported'}")
    else:
        shutil.rmtree(new)
    return code


def _differ(bad: list[compare.Difference]) -> Path:
    """A file of the differences in full."""
    path = BUILD.parent / "differences.txt"
    path.write_text("".join(f"{one.path}\n  - {one.old}\n  + {one.new}\n" for one in bad), encoding="utf-8")
    return path


def _subjects(text: str | None) -> list[str]:
    """The subjects that are asked for, in their order."""
    names = text.split(",") if text else list(compare.SUBJECTS)
    if unknown := [name for name in names if name not in compare.SUBJECTS]:
        raise SystemExit(f"guard: no subject {unknown[0]}: expected some of {', '.join(compare.SUBJECTS)}")
    return [name for name in compare.SUBJECTS if name in names]


# The environment of the baseline ------------------------------------------------------------------------


def environment() -> tuple[Path, Path]:
    """The Python that has the wheel of the baseline, and the folder that explorer is in there."""
    folder = BUILD / "environment"
    python = folder / "bin" / "python"
    marker = BUILD / "installed"
    if not marker.exists():
        shutil.rmtree(BUILD, ignore_errors=True)
        wheel = _wheel()
        _run(sys.executable, "-m", "venv", "--without-pip", folder)
        pip = (sys.executable, "-m", "pip", "--python", python)
        _run(*pip, "install", "-qq", "--no-index", "--no-deps", "--no-cache-dir", wheel)
        # The libraries are those of the tree's environment, behind the wheel: the versions of one lock.
        (_site(python) / "zz_libraries.pth").write_text(f"{_site(Path(sys.executable))}\n")
        marker.touch()
    came = Path(_output_of(python, "import explorer; print(explorer.__file__)"))
    if not came.is_relative_to(folder.resolve()):
        raise SystemExit(f"guard: the baseline's explorer came from {came}: expected the wheel in {folder}")
    return python, came.parents[1]


def _wheel() -> Path:
    """The wheel of the commit, built from what git archives of it."""
    source, built = BUILD / "source", BUILD / "wheel"
    source.mkdir(parents=True)
    packed = BUILD / "source.tar"
    _run("git", "-C", ROOT, "archive", "--format=tar", "-o", packed, COMMIT)
    with tarfile.open(packed) as archive:
        archive.extractall(source, filter="data")
    packed.unlink()
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", built, cwd=source)
    return next(built.glob("*.whl"))


def _site(python: Path) -> Path:
    return Path(_output_of(python, "import sysconfig; print(sysconfig.get_path('purelib'))"))


def _output_of(python: Path, code: str) -> str:
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    words = [str(python), "-c", code]
    process = subprocess.run(words, env=clean, capture_output=True, text=True, cwd=BUILD, check=False)
    if process.returncode:
        raise SystemExit(f"guard: {python} -c {code!r}: {process.stderr}")
    return process.stdout.strip()


def _run(*words: str | Path, cwd: Path | None = None) -> None:
    process = subprocess.run(
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False
    )
    if process.returncode:
        raise SystemExit(f"guard: {' '.join(map(str, words))}\n{process.stdout}{process.stderr}")


# Recording --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Side:
    """One version, and where its answers go."""

    python: Path
    package: Path
    out: Path

    def marker(self, subject: str) -> Path:
        """A file that is there once a subject's answers all are."""
        return self.out / f"{subject}.done"

    def missing(self, subjects: list[str]) -> list[str]:
        """The subjects without answers."""
        return [subject for subject in subjects if not self.marker(subject).exists()]


def record(sides: list[Side], tree: Path, subjects: list[str], words: list[str], processes: int) -> None:
    """Record every side in parts; subjects that are there already are kept."""
    began = time.monotonic()
    missing = {side: side.missing(subjects) for side in sides}
    jobs = [(side, f"{n}/{processes}") for side in sides if missing[side] for n in range(processes)]

    def work(job: tuple[Side, str]) -> str:
        side, part = job
        some = ("--subjects", ",".join(missing[side]))
        return recorded(side.python, side.package, side.out, tree, "--part", part, *some, *words)

    with ThreadPoolExecutor(processes) as pool:
        for messages in pool.map(work, jobs):
            print(messages, end="", file=sys.stderr)
    for side in sides:
        for subject in missing[side]:
            side.marker(subject).touch()
    remark = "" if missing[sides[0]] else "; the answers of the baseline were there"
    print(f"recorded in {time.monotonic() - began:.0f} s with {processes} processes{remark}")


def _key(tree: Path, sample: bool) -> str:
    """A name for all that the answers of the baseline depend on."""
    inputs = [HERE / f"{name}.py" for name in ("record", "cases", "workloads", "side")]
    for folder in (examples(tree), samples(tree)):
        inputs += sorted(path for path in folder.rglob("*") if path.is_file())
    digest = hashlib.sha256(f"{sys.version} {sample}".encode())
    for path in inputs:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


# What came of it --------------------------------------------------------------------------------------


def summary(before: compare.Answers, after: compare.Answers, subjects: list[str], whole: bool) -> int:
    """A line a subject; the differences that nobody accepts; 1 if there are any."""
    lines = compare.accepted(HERE / "accepted.txt")
    every, bad = [], []
    print(f"{'subject':<12} {'answers':>8} {'differ':>8} {'accepted':>9}")
    for subject in subjects:
        differences = compare.compared(before, after, subject)
        unaccepted = compare.refused(differences, lines)
        every, bad = every + differences, bad + unaccepted
        count, accepted = len(differences), len(differences) - len(unaccepted)
        print(f"{subject:<12} {len(before.get(subject, ())):>8} {count:>8} {accepted:>9}")
        for one in unaccepted[:MOST]:
            print(f"    {one}")
        if len(unaccepted) > MOST:
            print(f"    and {len(unaccepted) - MOST} more")
    idle = [line for line in lines if whole and not any(line.covers(one) for one in every)]
    for line in idle:
        print(f"accepted.txt: nothing matches {line.pattern}: expected a difference, or no such line")
    print(f"{len(bad)} differences that are not accepted" + (f": all in {_differ(bad)}" if bad else ""))
    return 1 if bad or idle else 0


if __name__ == "__main__":
    sys.exit(main())
