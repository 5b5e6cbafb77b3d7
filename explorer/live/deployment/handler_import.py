"""The user's own work, imported as a function imports it, before anything is made for it.

It runs in a process of its own, beside the files that are shipped and with nothing of this machine's
environment, so that what would fail at every call on the endpoint fails here, in one line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from explorer.errors import ExplorerError
from explorer.facts import catalogue

IMPORT_S = 60.0  # more than AWS gives it: this machine may be busy
SDK = {"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"}
ON_LAMBDA = frozenset(SDK | {"certifi"})  # which the SDK imports where it is installed
PROBE = r"""
import importlib, inspect, json, os, sys
module_name, function, answer_file = sys.argv[1:4]
sys.path.insert(0, os.getcwd())
before = set(sys.modules)
answer = {"problem": None, "has_check": False, "packages": []}
def takes(value, arguments, shape):
    name = getattr(value, "__name__", type(value).__name__)
    if not callable(value):
        return f"is {type(value).__name__}: expected a function {shape}"
    called = value if inspect.isroutine(value) or inspect.isclass(value) else type(value).__call__
    if inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called):
        return f"is asynchronous: expected a plain function {shape}"
    if inspect.isgeneratorfunction(called):
        return f"yields: expected a function {shape} that returns its answer"
    try:
        inspect.signature(value).bind(*[None] * arguments)
    except TypeError as error:
        return f"cannot be called as {shape}: {error}"
    except ValueError:
        pass  # a built-in function that does not tell
try:
    module = importlib.import_module(module_name)
except BaseException as error:
    words = [] if isinstance(error, SystemExit) else str(error).split()
    kind = type(error).__name__
    answer["problem"] = "importing it raised " + (f"{kind}: {' '.join(words)}" if words else kind)
else:
    problem = None
    if not hasattr(module, function):
        problem = f"{module_name}.py defines no function {function}(body, context)"
    elif why := takes(getattr(module, function), 2, f"{function}(body, context)"):
        problem = f"{function} {why}"
    elif hasattr(module, "check") and function != "check":
        answer["has_check"] = True
        why = takes(module.check, 1, "check(body)")
        problem = why and f"check {why}"
    answer["problem"] = problem
    new = {name.partition(".")[0] for name in set(sys.modules) - before}
    own = lambda place: os.path.realpath(place).startswith(os.path.realpath(os.getcwd()) + os.sep)
    def is_package(name):
        place = getattr(sys.modules.get(name), "__file__", None)
        return place and name not in sys.stdlib_module_names and not own(place)
    answer["packages"] = sorted(filter(is_package, new))
with open(answer_file, "w") as file:
    json.dump(answer, file)
os._exit(0)  # whatever threads the import has begun
"""


@dataclass(frozen=True)
class HandlerImport:
    """What importing the work has shown.

    Parameters
    ----------
    has_check : whether a `check(body)` lies beside it
    packages : modules that it imports and that neither Python nor Lambda brings along
    """

    has_check: bool
    packages: tuple[str, ...] = ()


def imported(
    text: str, module: str, function: str, shipped: Mapping[str, bytes], env: Mapping[str, str]
) -> HandlerImport:
    """Import the work as a function would.

    Parameters
    ----------
    text : how the user named it
    module, function : what is imported, and what is called
    shipped : the files that lie beside it
    env : the variables that the function has

    Raises ExplorerError, with the reason in one line, where it could not be called with a body and a context.
    """
    with tempfile.TemporaryDirectory(prefix="explorer-handler-") as folder:
        code, answer = Path(folder) / "code", Path(folder) / "answer.json"
        for name, content in shipped.items():
            place = code / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        run = [sys.executable, "-c", PROBE, module, function, str(answer)]
        try:
            subprocess.run(
                run, cwd=code, env=_environment(env, folder), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=IMPORT_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            most = catalogue.limit("lambda.init").value
            raise ExplorerError(
                f'handler is "{text}": importing it took more than {IMPORT_S:g} s: expected at most '
                f"{most:g}, the time that Lambda gives it"
            ) from None
        if not answer.exists():
            raise ExplorerError(f'handler is "{text}": importing it ended the process: expected a module')
        report = json.loads(answer.read_text())
    if report["problem"]:
        problem = report["problem"].replace(f"{code}{os.sep}", "")
        raise ExplorerError(f'handler is "{text}": {problem}{_remedy(problem)}')
    return HandlerImport(report["has_check"], tuple(p for p in report["packages"] if p not in ON_LAMBDA))


def _remedy(problem: str) -> str:
    if "ModuleNotFoundError" not in problem:
        return ""
    return ": expected what Python, boto3 and the one file that is shipped bring along"


def _environment(own: Mapping[str, str], folder: str) -> dict[str, str]:
    import boto3

    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "HOME": folder,
        "TMPDIR": folder,
        "PYTHONPATH": str(Path(boto3.__file__).parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **own,
    }
