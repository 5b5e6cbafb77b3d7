"""Move modules and single definitions of the package to other modules, and rewrite every import.

    python scripts/house/move.py scripts/house/moves.txt facts workload ...

The table has a section for each room: a line `[room]`, then lines of these forms (names without `explorer.`):

    old.module -> new.module                  the whole module (a package: its `__init__`)
    old.module : name other -> new.module     these top-level definitions in it
    old.module : name=other -> new.module     the same with another name
    cut old.module : name                     a definition to remove
    doc new.module "text"                     the docstring of a module with several origins
    drop old.module                           a module of which nothing remains
    path old/file new/file                    a file or folder that is not a module, also tests

The script carries out only the sections named on the command line. Definitions keep their names and text.
Imports of our own modules become relative between files of one folder and absolute elsewhere. A name that a
module only re-exports is imported from the module that defines it. If a module is used by its own name
(`facts.limit(...)`), that name changes with the module.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "explorer"
CODE = ("explorer", "tests", "benchmarks", "scripts", "docs")
TEXTS = ("README.md", "CHANGELOG.md", "mkdocs.yml", "pyproject.toml", "Makefile", "data/README.md")
DOTTED = re.compile(rf"\b{PACKAGE}\.[a-z_]+(?:\.\w+)*")
SHIPPED = "explorer.live.functions"  # at the root of a zip: its files import each other without a package


@dataclass
class Binding:
    """The meaning of a local name: a module, or a name in one."""

    module: str
    name: str = ""  # empty: the module itself
    type_checking: bool = False


@dataclass
class Module:
    """One file before the move."""

    name: str
    path: Path
    source: str
    tree: ast.Module = field(init=False)
    definitions: dict[str, ast.stmt] = field(default_factory=dict)
    bindings: dict[str, Binding] = field(default_factory=dict)
    passed_on: set[str] = field(default_factory=set)  # re-exported by a package
    contents: dict[str, str] = field(default_factory=dict)  # a contents page: name -> module

    def __post_init__(self) -> None:
        self.tree = ast.parse(self.source)
        for statement in self.tree.body if self.path.name == "__init__.py" else ():
            if isinstance(statement, ast.ImportFrom) and statement.module:
                self.passed_on |= {alias.asname or alias.name for alias in statement.names}

    @property
    def package(self) -> str:
        """The package to which relative imports refer."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


def names_of(statement: ast.stmt) -> list[str]:
    """The names defined by a top-level statement."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]


def is_type_checking(node: ast.AST) -> bool:
    """Whether a statement is `if TYPE_CHECKING`."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


class House:
    """All modules, where each name is now, and where it will be."""

    def __init__(self, table: Path, rooms: list[str]) -> None:
        self.whole: dict[str, str] = {}
        self.single: dict[tuple[str, str], str] = {}
        self.renamed: dict[tuple[str, str], str] = {}
        self.cut: set[tuple[str, str]] = set()
        self._everything: set[str] = set()
        self.docs: dict[str, str] = {}
        self.dropped: set[str] = set()
        self.paths: list[tuple[str, str]] = []
        self.read(table, rooms)
        self.modules = {module.name: module for module in map(self.load, self.files("explorer"))}
        for module in self.modules.values():
            self.index(module)

    def read(self, table: Path, rooms: list[str]) -> None:
        """Read the sections `rooms` of the table of moves."""
        in_room, sections = False, set()
        for number, line in enumerate(table.read_text(encoding="utf-8").splitlines(), 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("["):
                sections.add(line.strip("[]"))
                in_room = line.strip("[]") in rooms
            elif not in_room:
                continue
            elif match := re.fullmatch(r'doc (\S+) "(.*)"', line):
                self.docs[f"{PACKAGE}.{match[1]}"] = match[2]
            elif match := re.fullmatch(r"drop (\S+)", line):
                self.dropped.add(f"{PACKAGE}.{match[1]}")
            elif match := re.fullmatch(r"path (\S+) (\S+)", line):
                self.paths.append((match[1], match[2]))
            elif match := re.fullmatch(r"cut (\S+)\s*:\s*(.+)", line):
                self.cut |= {(f"{PACKAGE}.{match[1]}", name) for name in match[2].split()}
            elif match := re.fullmatch(r"(\S+)\s*:\s*(.+?)\s*->\s*(\S+)", line):
                for row in match[2].split():
                    name, equals, other = row.partition("=")
                    self.single[f"{PACKAGE}.{match[1]}", name] = f"{PACKAGE}.{match[3]}"
                    if equals:
                        self.renamed[f"{PACKAGE}.{match[1]}", name] = other
            elif match := re.fullmatch(r"(\S+)\s*->\s*(\S+)", line):
                self.whole[f"{PACKAGE}.{match[1]}"] = f"{PACKAGE}.{match[2]}"
            else:
                raise SystemExit(f"{table}:{number}: {line!r} is none of the forms")
        if missing := set(rooms) - sections:
            raise SystemExit(f"{table}: no section {sorted(missing)}")

    def files(self, *folders: str) -> list[Path]:
        """The Python files tracked by git in a folder."""
        process = subprocess.run(
            ["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return [ROOT / line for line in process.stdout.splitlines() if line.endswith(".py")]

    def load(self, path: Path) -> Module:
        """Parse a file as a module."""
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        return Module(".".join(parts), path, path.read_text(encoding="utf-8"))

    def index(self, module: Module) -> None:
        """Find the names that a module defines, imports and re-exports."""
        if module.name.startswith(SHIPPED):
            return
        for statement in module.tree.body:
            for name in names_of(statement):
                module.definitions[name] = statement
                if name == "_CONTENTS" and isinstance(statement, ast.Assign):
                    pages = ast.literal_eval(statement.value)
                    for key, value in pages.items():
                        inner, real = value if isinstance(value, tuple) else (value, key)
                        module.contents[key] = f"{module.name}.{inner}:{real}"
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self.bind(module, statement, module.bindings)
            elif is_type_checking(statement):
                for inner in ast.walk(statement):
                    if isinstance(inner, ast.Import | ast.ImportFrom):
                        self.bind(module, inner, module.bindings, True)

    def base(self, module: Module, node: ast.ImportFrom) -> str:
        """The absolute name of the module that a statement imports from."""
        if not node.level:
            return node.module or ""
        parts = module.package.split(".")
        parts = parts[: len(parts) - node.level + 1]
        return ".".join([*parts, *([node.module] if node.module else [])])

    def bind(
        self, module: Module, node: ast.Import | ast.ImportFrom, into: dict[str, Binding], types: bool = False
    ) -> None:
        """The local names of an import statement."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                into[alias.asname or alias.name.split(".")[0]] = Binding(alias.name, "", types)
            return
        base = self.base(module, node)
        for alias in node.names:
            inner = f"{base}.{alias.name}"
            is_module = inner in self.modules and not self.defines(base, alias.name)
            binding = Binding(inner, "", types) if is_module else Binding(base, alias.name, types)
            into[alias.asname or alias.name] = binding

    def defines(self, module: str, name: str) -> bool:
        """Whether a module defines this name or lists it on its contents page."""
        entry = self.modules.get(module)
        return entry is not None and (
            name in entry.definitions or name in entry.contents or name in entry.passed_on
        )

    # Where a name goes ---------------------------------------------------------------------------

    def origin(self, module: str, name: str) -> Binding:
        """The module that defines a name today."""
        entry = self.modules.get(module)
        if entry is None or module == PACKAGE:
            return Binding(module, name)
        if name in entry.definitions:
            return Binding(module, name)
        if name in entry.contents:
            inner, _, real = entry.contents[name].partition(":")
            return self.origin(inner, real)
        if name in entry.bindings:
            passed = entry.bindings[name]
            return self.origin(passed.module, passed.name) if passed.name else passed
        if f"{module}.{name}" in self.modules:
            return Binding(f"{module}.{name}")
        return Binding(module, name)

    def goal(self, module: str, name: str = "") -> Binding:
        """The future place of a name or a module."""
        if not name:
            return Binding(self.whole.get(module, module))
        page = self.whole.get(module, "")
        if page and self.is_package(page) and name in self.modules[module].passed_on:
            return Binding(page, name)  # stays a page of public names
        origin = self.origin(module, name)
        moves = (origin.module, origin.name) in self.single or origin.module in self.whole
        if not (moves or module in self.whole or module in self.dropped):
            return Binding(module, name)  # nothing in it moves now: keep it as written
        if not origin.name:
            return self.goal(origin.module)
        new = self.single.get((origin.module, origin.name)) or self.whole.get(origin.module, origin.module)
        return Binding(new, self.renamed.get((origin.module, origin.name), origin.name))

    # Rewriting -----------------------------------------------------------------------------------

    def rewritten(self, module: Module, new_name: str, top_level: bool) -> str:
        """The new text of a file with its imports, and the module names that it will use.

        `top_level`: rewrite imports outside functions too; otherwise `assembled` creates them.
        """
        if module.name.startswith(SHIPPED):
            return module.source
        edits: list[tuple[int, int, str]] = []
        starts = offsets(module.source)
        tops = {id(n) for s in module.tree.body for n in ([s] if not is_type_checking(s) else ast.walk(s))}
        for scope, nodes in scopes(module.tree):
            local: dict[str, Binding] = {}
            statements = [n for n in nodes if isinstance(n, ast.Import | ast.ImportFrom)]
            for node in statements:
                self.bind(module, node, local)
            uses = list(ast.walk(scope))
            renames = self.renames(module, local, uses, edits, starts)
            for node in statements:
                if id(node) in tops and not top_level:
                    continue
                text = self.import_text(module, node, new_name, renames)
                if text is not None:
                    start = starts[node.lineno - 1]
                    end = starts[node.end_lineno or node.lineno]
                    line = module.source[start:end]
                    if module.source[start : start + node.col_offset].strip():
                        raise SystemExit(f"{module.path}:{node.lineno}: more than one statement on the line")
                    comment = re.search(r"\s*# (noqa|type:)[^\n]*$", line.rstrip("\n"))
                    indent = " " * node.col_offset
                    body = "\n".join(indent + row for row in text.splitlines())
                    edits.append((start, end, body + (comment[0] if comment else "") + "\n"))
        self.new_names(module, edits, starts)
        imports = [n for n in ast.walk(module.tree) if isinstance(n, ast.Import | ast.ImportFrom)]
        import_spans = [(starts[n.lineno - 1], starts[n.end_lineno or n.lineno]) for n in imports]
        for match in DOTTED.finditer(module.source):
            if not any(start <= match.start() < end for start, end in import_spans):
                edits.append((match.start(), match.end(), self.in_strings(match[0])))
        text = module.source
        for start, end, replacement in sorted(set(edits), reverse=True):
            text = text[:start] + replacement + text[end:]
        return text

    def renames(
        self,
        module: Module,
        local: dict[str, Binding],
        uses: list[ast.AST],
        edits: list[tuple[int, int, str]],
        starts: list[int],
    ) -> dict[str, dict[str, str]]:
        """Edits for uses of modules by name: alias -> new module -> name used there."""
        new_names: dict[str, dict[str, str]] = {}
        for alias, binding in local.items():
            if binding.name or not binding.module.startswith(f"{PACKAGE}."):
                continue
            stem = binding.module.rpartition(".")[2]
            inner = {id(n.value): n.attr for n in uses if isinstance(n, ast.Attribute)}
            places = [n for n in uses if isinstance(n, ast.Name) and n.id == alias]
            goals: dict[str, list[ast.Name]] = defaultdict(list)
            for place in places:
                if isinstance(place.ctx, ast.Store):
                    print(f"{module.path}:{place.lineno}: {alias} is a module and a variable: look")
                attribute = inner.get(id(place))
                entry = self.modules.get(binding.module)
                is_package = entry is not None and entry.path.name == "__init__.py"
                own = is_package or (binding.module, attribute) in self.single
                goal = self.goal(binding.module, attribute or "" if own else "")
                if not goal.module.startswith(f"{PACKAGE}."):  # a library that it imports
                    goal = self.goal(binding.module)
                goals[goal.module].append(place)
            if not places:
                goals[self.goal(binding.module).module] = []
            keep = alias != stem and len(goals) == 1
            new_names[alias] = {}
            for goal_module, nodes in goals.items():
                name = alias if keep else goal_module.rpartition(".")[2]
                new_names[alias][goal_module] = name
                if name == alias:
                    continue
                names = {n.id for n in uses if isinstance(n, ast.Name)} | {
                    n.arg for n in uses if isinstance(n, ast.arg)
                }
                if name in names and name not in local:
                    print(f"{module.path}: {alias} becomes {name}, which is in use there: look")
                for node in nodes:
                    start = position(module.source, starts, node)
                    edits.append((start, start + len(alias), name))
        return new_names

    def new_names(self, module: Module, edits: list[tuple[int, int, str]], starts: list[int]) -> None:
        """Edits for definitions with a new name, in their own module."""
        for (home, name), other in self.renamed.items():
            if home != module.name:
                continue
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Name) and node.id == name:
                    start = position(module.source, starts, node)
                    edits.append((start, start + len(name), other))
                elif isinstance(node, ast.FunctionDef) and node.name == name:
                    start = module.source.index(f"def {name}(", starts[node.lineno - 1]) + len("def ")
                    edits.append((start, start + len(name), other))
                elif isinstance(node, ast.arg) and node.arg == name:
                    print(f"{module.path}:{node.lineno}: {name} is a parameter too: look")

    def import_text(
        self,
        module: Module,
        node: ast.Import | ast.ImportFrom,
        new_name: str,
        renames: dict[str, dict[str, str]],
    ) -> str | None:
        """A rewritten import statement; None if it does not change."""
        if isinstance(node, ast.Import):
            if not any(a.name.startswith(f"{PACKAGE}.") for a in node.names):
                return None
            rows = []
            for alias in node.names:
                name = self.goal(alias.name).module if alias.name.startswith(f"{PACKAGE}.") else alias.name
                rows.append(f"import {name}" + (f" as {alias.asname}" if alias.asname else ""))
            return "\n".join(rows)
        base = self.base(module, node)
        if base.split(".")[0] != PACKAGE:
            return None
        groups: dict[str, list[str]] = defaultdict(list)
        plain: list[str] = []
        local: dict[str, Binding] = {}
        self.bind(module, node, local)
        goals = [(b, self.goal(b.module, b.name)) for b in local.values() if b.name]
        stays = all((b.module, b.name) == (g.module, g.name) for b, g in goals)
        modules = [
            (b.module, goal, local_name)
            for name, b in local.items()
            if not b.name
            for goal, local_name in renames[name].items()
        ]
        stays &= all(
            old == goal and goal.rpartition(".")[2] == local_name for old, goal, local_name in modules
        )
        if stays and new_name == module.name:
            return None
        for name, binding in local.items():
            if not binding.name:
                for goal_module, local_name in renames[name].items():
                    parent, _, stem = goal_module.rpartition(".")
                    groups[parent].append(stem if stem == local_name else f"{stem} as {local_name}")
                continue
            goal = self.goal(binding.module, binding.name)
            if not goal.name:  # a module imported by way of another module
                parent, _, stem = goal.module.rpartition(".")
                if not parent:
                    plain.append(f"import {stem}")
                    continue
                groups[parent].append(stem if stem == name else f"{stem} as {name}")
            else:
                groups[goal.module].append(goal.name if goal.name == name else f"{goal.name} as {name}")
        for alias in node.names:  # `import x as x` re-exports a name
            if alias.asname == alias.name and alias.name in local:
                for names in groups.values():
                    if alias.name in names:
                        names[names.index(alias.name)] = f"{alias.name} as {alias.name}"
        return "\n".join(
            plain
            + [
                f"from {relative(source, new_name, self.is_package(new_name))} import {', '.join(names)}"
                for source, names in groups.items()
            ]
        )

    def is_package(self, name: str) -> bool:
        """Whether it will contain modules, so that its text belongs in an `__init__`."""
        return any(other.startswith(f"{name}.") for other in self.everything())

    def in_strings(self, text: str) -> str:
        """Rewrite dotted names of our modules in strings and prose."""

        def new(match: re.Match[str]) -> str:
            parts = match[0].split(".")
            if parts[1] in self.modules[PACKAGE].contents and len(parts) == 2:
                return match[0]  # the public name
            for length in range(len(parts), 1, -1):
                module = ".".join(parts[:length])
                if module in self.modules and (length == len(parts) or module != PACKAGE):
                    rest = parts[length:]
                    if rest:
                        goal = self.goal(module, rest[0])
                        where = [goal.module, goal.name] if goal.name else [goal.module]
                        return ".".join([*where, *rest[1:]])
                    return self.goal(module).module
            return match[0]

        return DOTTED.sub(new, text)

    # Putting a module together from pieces --------------------------------------------------------

    def assembled(self, target: str, sources: list[Module]) -> str:
        """The text of a module assembled from definitions of other modules."""
        runtime: dict[str, set[str]] = defaultdict(set)
        types: dict[str, set[str]] = defaultdict(set)
        plain: set[str] = set()
        plain_types: set[str] = set()
        bodies: list[str] = []
        doc = self.docs.get(target, "")
        for source in sources:
            text = self.rewritten(source, target, top_level=False)
            tree = ast.parse(text)
            lines = text.splitlines(keepends=True)
            previous = 0
            mine: list[tuple[ast.stmt, str]] = []
            for old, new in zip(source.tree.body, tree.body, strict=True):
                start, end = previous, new.end_lineno or new.lineno
                previous = end
                if isinstance(old, ast.Import | ast.ImportFrom) or is_type_checking(old):
                    continue
                if isinstance(old, ast.Expr) and isinstance(old.value, ast.Constant):
                    if not doc and self.whole.get(source.name) == target:
                        doc = old.value.value
                    continue
                names = names_of(old)
                homes = {self.single.get((source.name, n)) or self.whole.get(source.name, source.name)
                         for n in names} or {self.whole.get(source.name, source.name)}  # fmt: skip
                if names and (names[0] == "__all__" or (source.name, names[0]) in self.cut):
                    continue
                if len(homes) > 1:
                    raise SystemExit(f"{source.path}:{old.lineno}: {names} go to {sorted(homes)}")
                if homes == {target}:
                    mine.append((new, "".join(lines[start:end])))
            local: dict[str, Binding] = {}
            for old in source.tree.body:
                if isinstance(old, ast.Import | ast.ImportFrom):
                    self.bind(source, old, local)
                elif is_type_checking(old):
                    for inner in ast.walk(old):
                        if isinstance(inner, ast.Import | ast.ImportFrom):
                            self.bind(source, inner, local, True)
            originals = {new: old for (home, old), new in self.renamed.items() if home == source.name}
            stems = {}
            for alias, binding in local.items():
                if not binding.name and binding.module.startswith(f"{PACKAGE}."):
                    stem = binding.module.rpartition(".")[2]
                    new_stem = self.goal(binding.module).module.rpartition(".")[2]
                    stems[new_stem if alias == stem else alias] = (alias, binding)
            for statement, body in mine:
                bodies.append(body)
                for node in ast.walk(statement):
                    if not isinstance(node, ast.Name):
                        continue
                    name = node.id
                    old_name = originals.get(name, name)
                    if old_name in source.definitions and name not in names_of(statement):
                        home = self.goal(source.name, old_name).module
                        if home != target:
                            runtime[home].add(name)
                    elif name in stems and (name not in local or stems[name][0] == name):
                        alias, binding = stems[name]
                        goal = self.goal(binding.module).module
                        parent, _, stem = goal.rpartition(".")
                        where = types if binding.type_checking else runtime
                        where[parent].add(stem if stem == name else f"{stem} as {name}")
                    elif name in local:
                        binding = local[name]
                        where = types if binding.type_checking else runtime
                        if not binding.name:
                            suffix = "" if binding.module.split(".")[0] == name else f" as {name}"
                            (plain_types if binding.type_checking else plain).add(
                                f"import {binding.module}{suffix}"
                            )
                            continue
                        goal = self.goal(binding.module, binding.name)
                        if goal.module == target:
                            continue
                        if not goal.name:
                            parent, _, stem = goal.module.rpartition(".")
                            where[parent].add(stem if stem == name else f"{stem} as {name}")
                        else:
                            where[goal.module].add(
                                goal.name if goal.name == name else f"{goal.name} as {name}"
                            )
        types = {m: names - runtime.get(m, set()) for m, names in types.items()}
        is_package = self.is_package(target)
        if plain_types or any(types.values()):
            runtime["typing"].add("TYPE_CHECKING")

        def rows(groups: dict[str, set[str]], indent: str = "") -> list[str]:
            return [
                f"{indent}from {relative(m, target, is_package)} import {', '.join(sorted(names))}\n"
                for m, names in sorted(groups.items())
                if names
            ]

        head = [f'"""{doc}"""\n\n', "from __future__ import annotations\n\n"]
        head += [f"{row}\n" for row in sorted(plain)] + rows(runtime)
        if plain_types or any(types.values()):
            head += [
                "\nif TYPE_CHECKING:\n",
                *(f"    {row}\n" for row in sorted(plain_types)),
                *rows(types, "    "),
            ]
        return "".join(head) + "\n" + "".join(bodies)

    # The move --------------------------------------------------------------------------------------

    def carry_out(self) -> None:
        """Write every file at its new place, and rewrite the other files."""
        targets: dict[str, list[Module]] = defaultdict(list)
        for module in self.modules.values():
            homes = set() if module.name in self.dropped else {self.whole.get(module.name, module.name)}
            homes |= {new for (old, _), new in self.single.items() if old == module.name}
            for home in homes:
                targets[home].append(module)
        split = {old for old, _ in self.single} | {old for old, _ in self.cut}
        texts: dict[str, str] = {}
        for target, sources in targets.items():
            (first, *others) = sources
            if not others and first.name not in split:
                texts[target] = self.contents_page(first, self.rewritten(first, target, top_level=True))
            else:
                order = {name: i for i, name in reversed([*enumerate([*self.whole, *self.modules])])}
                sources.sort(key=lambda m: (self.whole.get(m.name) != target, order[m.name]))
                texts[target] = self.assembled(target, sources)
        for room, doc in self.docs.items():
            if room not in texts:
                texts[room] = f'"""{doc}"""\n'
        outside = {path: self.outside(path) for path in self.files(*CODE[1:])}
        old_paths: set[Path] = set()
        for old, new in self.whole.items():
            if old in self.modules and self.modules[old].path != self.place(new):
                source, goal = self.modules[old].path, self.place(new)
                if source.exists() and not goal.exists():
                    goal.parent.mkdir(parents=True, exist_ok=True)
                    git("mv", str(source), str(goal))
                old_paths.add(source)
        for name in self.dropped:
            old_paths.add(self.modules[name].path)
        for target, text in texts.items():
            place = self.place(target)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        new_paths = {self.place(target) for target in texts}
        for path in old_paths - new_paths:
            if path.exists():
                git("rm", "-qf", str(path))
        for path, text in outside.items():
            path.write_text(text, encoding="utf-8")
        pages = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "notebooks").glob("*.ipynb")]
        for path in [*(ROOT / t for t in TEXTS), *pages, *(ROOT / "explorer").rglob("*.ipynb")]:
            old_text = path.read_text(encoding="utf-8")
            path.write_text(self.in_paths(self.in_strings(old_text)), encoding="utf-8")
        for old, new in self.paths:
            (ROOT / new).parent.mkdir(parents=True, exist_ok=True)
            git("mv", old, new)
        git("add", "-A", "explorer", "tests", "docs", "benchmarks", "scripts")

    def contents_page(self, module: Module, text: str) -> str:
        """A page of public names, with their future modules."""
        for name, place in module.contents.items():
            inner, _, real = place.partition(":")
            goal = self.goal(inner, real)
            home = goal.module.removeprefix(f"{self.whole.get(module.name, module.name)}.")
            row = (
                f'"{name}": ("{home}", "{goal.name}"),' if module.name == PACKAGE else f'"{name}": "{home}",'
            )
            text = re.sub(rf'"{name}": (\(.*?\)|".*?"),', lambda _, row=row: row, text)
        return text

    def outside(self, path: Path) -> str:
        """The rewritten text of a file outside the package."""
        module = self.load(path)
        self.modules.pop(module.name, None)
        return self.rewritten(module, module.name, top_level=True)

    def place(self, name: str) -> Path:
        """The path of a new module."""
        path = ROOT.joinpath(*name.split("."))
        if self.is_package(name):
            return path / "__init__.py"
        return path.with_suffix(".py")

    def everything(self) -> set[str]:
        """Every future module."""
        if not self._everything:
            stays = self.modules.keys() - self.whole.keys() - self.dropped
            self._everything = {*self.whole.values(), *self.single.values(), *stays, *self.docs}
        return self._everything

    def in_paths(self, text: str) -> str:
        """Rewrite paths of our files in prose."""
        for old, new in self.whole.items():
            if old in self.modules and old != new:
                before = self.modules[old].path.relative_to(ROOT).as_posix()
                text = text.replace(before, self.place(new).relative_to(ROOT).as_posix())
        return text


def relative(source: str, here: str, is_package: bool) -> str:
    """The name of a module in an import by another: relative within one folder."""
    folder = here if is_package else here.rpartition(".")[0]
    if source == folder and folder.startswith(PACKAGE) and folder != PACKAGE:
        return "."
    if source.rpartition(".")[0] == folder and folder.startswith(PACKAGE):
        return f".{source.rpartition('.')[2]}"
    return source


def offsets(source: str) -> list[int]:
    """The offset of each line's beginning in a text."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def position(source: str, starts: list[int], node: ast.expr) -> int:
    """The position of a name in the text; the parser counts columns in bytes."""
    start = starts[node.lineno - 1]
    line = source[start : starts[node.lineno]]
    return start + len(line.encode()[: node.col_offset].decode())


def scopes(tree: ast.Module) -> list[tuple[ast.AST, list[ast.AST]]]:
    """The module and each function, with their own statements, without those of inner functions."""
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]

    def own(node: ast.AST) -> list[ast.AST]:
        nodes: list[ast.AST] = []
        for child in ast.iter_child_nodes(node):
            nodes.append(child)
            if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                nodes += own(child)
        return nodes

    return [(scope, own(scope)) for scope in (tree, *functions)]


def git(*arguments: str) -> None:
    """Run git in the checkout."""
    subprocess.run(["git", *arguments], cwd=ROOT, check=True)


if __name__ == "__main__":
    House(Path(sys.argv[1]), sys.argv[2:]).carry_out()
