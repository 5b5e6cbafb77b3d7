"""Imports the user's own work as a function does, before anything is created.

The import runs in a separate process, beside the shipped files and without this machine's environment. What
would fail at every call of the endpoint fails here instead, in one line.
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

IMPORT_S = 60.0  # more than Lambda allows: this machine may be busy
SDK = {"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"}
ON_LAMBDA = frozenset(SDK | {"certifi"})  # the SDK imports it where it is installed
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
        pass  # a built-in function without a signature
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
os._exit(0)  # also ends the threads that the import has started
"""


@dataclass(frozen=True)
class HandlerImport:
    """What the import of the work found.

    Parameters
    ----------
    has_check : whether the module has a `check(body)`
    packages : imported modules that are part of neither Python nor Lambda
    """

    has_check: bool
    packages: tuple[str, ...] = ()


def import_handler(
    text: str, module: str, function: str, shipped: Mapping[str, bytes], env: Mapping[str, str]
) -> HandlerImport:
    """Import the work as a function would.

    Parameters
    ----------
    text : the handler as the user named it
    module, function : the module that is imported, and the function that is called
    shipped : the files beside it
    env : the environment variables of the function

    Raises ExplorerError, with the reason in one line, if it could not be called with a body and a context.
    """
    with tempfile.TemporaryDirectory(prefix="explorer-handler-") as folder:
        code, answer = Path(folder) / "code", Path(folder) / "answer.json"
        for name, content in shipped.items():
            path = code / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        run = [sys.executable, "-c", PROBE, module, function, str(answer)]
        try:
            subprocess.run(
                run, cwd=code, env=_environment(env, folder), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=IMPORT_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            limit_s = catalogue.limit("lambda.init").value
            raise ExplorerError(
                f'handler is "{text}": importing it took more than {IMPORT_S:g} s: expected at most '
                f"{limit_s:g}, the time that Lambda gives it"
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
    return ": expected only the standard library, boto3 and the one shipped file"


def _environment(variables: Mapping[str, str], folder: str) -> dict[str, str]:
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
        **variables,
    }
