"""Give a class, a function or a constant of the package another name, everywhere.

    python scripts/house/rename.py explorer.options.base.conditions Load Conditions

The definition, the imports of it, its uses in the files that import it, and its mentions in backticks in
those files and in `docs/` follow. A file in which the name stands for something else as well is named
and left alone.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def sources() -> list[Path]:
    """The Python files that git tracks, those of the move aside."""
    done = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in done.stdout.splitlines() if not name.startswith("scripts/house/")]


def module_of(path: Path) -> str:
    """The dotted name of a file's module."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_from(path: Path, node: ast.ImportFrom) -> str:
    """The absolute name of the module that a statement imports from."""
    if not node.level:
        return node.module or ""
    parts = module_of(path).split(".")
    package = parts if path.name == "__init__.py" else parts[:-1]
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def names(tree: ast.Module, name: str) -> tuple[bool, bool]:
    """Whether a file binds the name at its top level by a definition, and anywhere by something else."""
    defined = other = False
    tops = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            defined |= id(node) in tops
            other |= id(node) not in tops
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name:
            assigned = [t for n in tree.body if isinstance(n, ast.Assign) for t in n.targets]
            annotated = [n.target for n in tree.body if isinstance(n, ast.AnnAssign)]
            if any(node is target for target in [*assigned, *annotated]):
                defined = True
            else:
                other = True
        elif isinstance(node, ast.arg) and node.arg == name:
            other = True
    return defined, other


def rename(module: str, old: str, new: str) -> list[str]:
    """Rewrite every file that has the name; the files that need a look."""
    doubtful = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        if old not in text:
            continue
        tree = ast.parse(text)
        imports = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and imported_from(path, node) == module
        ]
        imported = any(alias.name == old and not alias.asname for node in imports for alias in node.names)
        defined, other = names(tree, old)
        if not (imported or module_of(path) == module):
            continue
        if other or (defined and module_of(path) != module):
            doubtful.append(f"{path.relative_to(ROOT)}: {old} stands for something else as well")
            continue
        word = re.compile(rf"(?<![\w.\"'-]){old}(?![\w\"'-]|=[^=])")
        path.write_text(rewritten(text, tree, word, old, new), encoding="utf-8")
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = page.read_text(encoding="utf-8")
        page.write_text(re.sub(rf"(?<=`){old}(?=[`.(])", new, text), encoding="utf-8")
    return doubtful


def rewritten(text: str, tree: ast.Module, word: re.Pattern[str], old: str, new: str) -> str:
    """The text with the name's uses in code, and its mentions in backticks, under its new name."""
    lines = text.splitlines(keepends=True)
    edits: set[tuple[int, int]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == old:
            edits.add((node.lineno, len(lines[node.lineno - 1].encode()[: node.col_offset].decode())))
        elif isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == old:
            edits.add((node.lineno, lines[node.lineno - 1].index(old, node.col_offset)))
        elif isinstance(node, ast.alias) and node.name == old and node.lineno:
            edits.add((node.lineno, len(lines[node.lineno - 1].encode()[: node.col_offset].decode())))
        elif isinstance(node, ast.Constant) and node.value == old and isinstance(node.value, str):
            continue
    for number, column in sorted(edits, reverse=True):
        line = lines[number - 1]
        assert line[column : column + len(old)] == old, (number, column, line)
        lines[number - 1] = line[:column] + new + line[column + len(old) :]
    return re.sub(rf"(?<=`){old}(?=[`.(])", new, "".join(lines))


if __name__ == "__main__":
    for line in rename(*sys.argv[1:]):
        print(line)
