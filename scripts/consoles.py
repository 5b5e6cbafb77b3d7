"""Update the output of commands on the pages of the documentation: `make outputs`, after an answer changed.

The script replaces a `console` block with a single command by the command's current output. It leaves blocks
with `...` or an error unchanged.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"(^```console\n\$ ([^\n]+)\n)(.*?)(^```)", re.MULTILINE | re.DOTALL)
TITLED = re.compile(r'^```\w+ title="([\w./-]+)"\n(.*?)^```', re.MULTILINE | re.DOTALL)
PLAIN = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "PYTHONPATH": str(ROOT)}


def again(text: str) -> str:
    """A page with current outputs."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in TITLED.findall(text):
            Path(folder, name).write_text(content, encoding="utf-8")
        return BLOCK.sub(lambda block: _again(block, folder), text)


def _again(block: re.Match[str], folder: str) -> str:
    begin, command, output, end = block.groups()
    if "..." in output or "\n$ " in output or output.startswith("error: "):
        return block[0]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | PLAIN | {"PATH": path}
    process = subprocess.run(["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True)
    lines = (line.rstrip() for line in (process.stdout + process.stderr).rstrip().splitlines())
    return begin + "".join(f"{line}\n" for line in lines) + end


if __name__ == "__main__":
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        before = page.read_text(encoding="utf-8")
        after = again(before)
        if after != before:
            page.write_text(after, encoding="utf-8")
            print(f"Wrote {page.relative_to(ROOT)}")
