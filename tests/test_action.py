"""The action for GitHub: what it uses is pinned, its environment is its own, and made once."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from tests.support.paths import ROOT

TEXT = (ROOT / "action.yml").read_text()
STEPS = yaml.safe_load(TEXT)["runs"]["steps"]

FAKE = """#!/bin/bash
# In place of Python: makes what `venv` and pip would, and counts.
if [ "$2" = venv ]; then
  mkdir -p "$4/bin"; cp "$0" "$4/bin/python"; echo made >> "$COUNT"
else
  printf '#!/bin/bash\\necho explorer 0\\n' > "$(dirname "$0")/explorer"; chmod +x "$(dirname "$0")/explorer"
fi
"""


@pytest.mark.parametrize(
    ("path", "count"),
    [("action.yml", 3), (".github/workflows/tests.yml", 4), (".github/workflows/newest.yml", 2)],
)
def test_every_action_is_named_by_its_commit(path, count):
    references = re.findall(r"uses: (\S+)", (ROOT / path).read_text())
    assert len(references) == count and all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one) for one in references)


def test_nothing_of_the_jobs_own_environment_is_changed():
    setup = next(step for step in STEPS if "setup-python" in step.get("uses", ""))
    assert setup["with"]["update-environment"] is False
    assert "GITHUB_PATH" not in TEXT and "GITHUB_ENV" not in TEXT


@pytest.fixture
def install(tmp_path):
    """Runs the action's own step in a runner's folders; how often an environment was made."""
    script = next(step["run"] for step in STEPS if step.get("name") == "Install")
    here, tools = tmp_path / "action", tmp_path / "tools" / "Python" / "3.13.1" / "x64" / "bin"
    for folder in (here / "explorer", here / "data", tools):
        folder.mkdir(parents=True)
    (here / "pyproject.toml").write_text("")
    (here / "explorer" / "a.py").write_text("")
    (tools / "python3").write_text(FAKE)
    (tools / "python3").chmod(0o755)
    own, count = tmp_path / "own", tmp_path / "count"
    env = {
        "HERE": here,
        "OWN": own,
        "VERSION": "3.13",
        "RUNNER_TOOL_CACHE": tmp_path / "tools",
        "COUNT": count,
    }

    def run():
        run = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        env_text = os.environ | {name: str(value) for name, value in env.items()}
        process = subprocess.run(run, env=env_text, capture_output=True, text=True)
        assert process.returncode == 0 and process.stdout == "explorer 0\n", process.stderr
        return len(count.read_text().splitlines())

    return run, here, own


def test_an_environment_is_made_once_and_again_when_the_action_has_changed(install):
    run, here, own = install
    assert run() == 1 and run() == 1
    (here / "explorer" / "a.py").write_text("changed = True\n")
    assert run() == 2 and run() == 2
    (own / "bin" / "explorer").write_text("#!/nowhere\n")  # a Python that is gone since
    assert run() == 3


BREACHES = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Export:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handle
      Timeout: 60
      Events:
        Get:
          Type: HttpApi
          Properties: {Path: /export, Method: get}
"""


@pytest.fixture
def check(tmp_path):
    """Runs the action's check as a runner does, in the environment that is its own."""
    script = next(step["run"] for step in STEPS if step.get("id") == "check")
    own, outputs = tmp_path / "own", tmp_path / "outputs"
    (own / "bin").mkdir(parents=True)
    command = own / "bin" / "explorer"
    command.write_text(f'#!/bin/bash\nexec "{sys.executable}" -m explorer "$@"\n')
    command.chmod(0o755)
    (tmp_path / "template.yaml").write_text(BREACHES)
    inputs = dict.fromkeys(("WARN_AT", "PARAMETERS", "BASELINE", "GROWTH"), "")
    inputs |= {"OWN": own, "PATHS": "template.yaml", "FAIL_ON": "breach", "MONTHS": "12"}
    inputs |= {"SARIF": tmp_path / "check.sarif", "GITHUB_OUTPUT": outputs, "PYTHONPATH": ROOT}

    def run(**changes):
        outputs.write_text("")
        env = os.environ | {name: str(value) for name, value in (inputs | changes).items()}
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        process = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True)
        return process.returncode, process.stdout + process.stderr, outputs.read_text()

    return run


def test_what_a_baseline_knows_does_not_fail_the_step(check, tmp_path):
    command = [sys.executable, "-m", "explorer", "check", "template.yaml", "--json"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    baseline = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    (tmp_path / "known.json").write_text(baseline.stdout)
    code, printed, _ = check()
    assert code == 1 and "::error file=template.yaml,line=8" in printed
    code, printed, _ = check(BASELINE="known.json")
    assert code == 0 and "::error" not in printed
