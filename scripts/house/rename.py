"""Rename a class, a function or a constant of the package everywhere.

    python scripts/house/rename.py explorer.options.base.conditions Load Conditions

It updates the definition, its imports, its uses where no nearer scope binds the same name, `module.Name`,
the examples in its module's docstrings, and its reference page. It does not update names in other texts,
such as a test that patches it: run mypy and the tests afterwards.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef
Display = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
Scope = Function | ast.Lambda | ast.ClassDef | Display
Edit = tuple[int, int]  # line, and column in bytes


def sources() -> list[Path]:
    """The Python files tracked by git, except those that move modules."""
    process = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = [name for name in process.stdout.splitlines() if not name.startswith("scripts/house/")]
    return [ROOT / name for name in names if (ROOT / name).exists()]


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


def with_scopes(node: ast.AST, scopes: tuple[Scope, ...] = ()) -> Iterator[tuple[ast.AST, tuple[Scope, ...]]]:
    """Every node inside a node, with its enclosing scopes, outermost first."""
    for child in ast.iter_child_nodes(node):
        yield child, scopes
        yield from with_scopes(child, (*scopes, child) if isinstance(child, Scope) else scopes)


def bound_in(scope: Scope) -> set[str]:
    """The names that a scope itself binds, except imports; names of a class are visible only in it."""
    if isinstance(scope, ast.ClassDef):
        return set()
    if isinstance(scope, Display):
        targets = [node for each in scope.generators for node in ast.walk(each.target)]
        return {node.id for node in targets if isinstance(node, ast.Name)}
    names = {node.arg for node in ast.walk(scope.args) if isinstance(node, ast.arg)}
    if isinstance(scope, ast.Lambda):
        return names
    for node, inner in with_scopes(ast.Module(scope.body, [])):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and not inner:
            names.add(node.id)
        elif isinstance(node, Function | ast.ClassDef) and not inner:
            names.add(node.name)
    return names


def edits_of(path: Path, tree: ast.Module, lines: list[str], module: str, old: str) -> set[Edit]:
    """The positions of the name in a file."""
    here = module_of(path) == module
    nodes = list(with_scopes(tree))
    imports = [(node, imported_from(path, node)) for node, _ in nodes if isinstance(node, ast.ImportFrom)]
    aliases = [
        alias for node, origin in imports if origin == module for alias in node.names if alias.name == old
    ]
    modules = {
        alias.asname or alias.name
        for node, origin in imports
        for alias in node.names
        if f"{origin}.{alias.name}" == module
    }
    in_scope = here or any(not alias.asname for alias in aliases)
    edits = {(alias.lineno, alias.col_offset) for alias in aliases}
    for node, scopes in nodes:
        if isinstance(node, ast.Name) and node.id == old and in_scope:
            is_field = isinstance(node.ctx, ast.Store) and scopes and isinstance(scopes[-1], ast.ClassDef)
            if not is_field and not any(old in bound_in(scope) for scope in scopes):
                edits.add((node.lineno, node.col_offset))
        elif isinstance(node, Function | ast.ClassDef) and node.name == old and here and not scopes:
            edits.add((node.lineno, lines[node.lineno - 1].index(old, node.col_offset)))
        elif isinstance(node, ast.Attribute) and node.attr == old and ast.unparse(node.value) in modules:
            edits.add((node.end_lineno or 0, (node.end_col_offset or 0) - len(old.encode())))
    return edits


def rename(module: str, old: str, new: str) -> int:
    """Rewrite every file with the name; returns the number of places."""
    count = 0
    for path in sources():
        text = path.read_text(encoding="utf-8")
        if old not in text:
            continue
        lines = text.splitlines(keepends=True)
        edits = edits_of(path, ast.parse(text), lines, module, old)
        for number, column in sorted(edits, reverse=True):
            line, size = lines[number - 1].encode(), len(old.encode())
            assert line[column : column + size] == old.encode(), (path, number, line)
            lines[number - 1] = (line[:column] + new.encode() + line[column + size :]).decode()
        if module_of(path) == module:
            example = re.compile(rf"(?<![\w.\"']){old}(?=\()")
            lines = [example.sub(new, x) if x.lstrip().startswith((">>> ", "... ")) else x for x in lines]
        path.write_text("".join(lines), encoding="utf-8")
        count += len(edits)
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace(f"::: {module}.{old}\n", f"::: {module}.{new}\n"), encoding="utf-8")
    return count


if __name__ == "__main__":
    print(rename(*sys.argv[1:]), "places")
