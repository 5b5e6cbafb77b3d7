"""Each word is written in one place: what is accepted, key=value, money, limits, how designs differ."""

import ast
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from explorer.facts.locations import PACKAGE

SUGGESTIONS, PAIRS, UNITS, PHRASES = (
    "facts/suggestions.py",
    "facts/key_value.py",
    "facts/units.py",
    "analysis/phrases.py",
)
SOURCES = sorted(PACKAGE.rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def suggests(node: ast.AST) -> bool:
    """`difflib`, however it is imported, and its function."""
    imported = (
        {alias.name for alias in node.names} if isinstance(node, ast.Import | ast.ImportFrom) else set()
    )
    module = node.module if isinstance(node, ast.ImportFrom) else ""
    return "difflib" in imported or module == "difflib"


def lists_what_is_accepted(node: ast.AST) -> bool:
    """A text that ends in "expected one of " and goes on with names."""
    return any(
        isinstance(before, ast.Constant)
        and str(before.value).endswith(("expected one of ", "expected an id such as "))
        and isinstance(after, ast.FormattedValue)
        for before, after in neighbours(node)
    )


def writes_a_pair(node: ast.AST) -> bool:
    """`f"{key}={value}"` and nothing around it."""
    return isinstance(node, ast.JoinedStr) and [
        part.value if isinstance(part, ast.Constant) else None for part in node.values
    ] == [None, "=", None]


def reads_a_pair(node: ast.AST) -> bool:
    """`text.partition("=")`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "partition"
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value == "="
    )


def says_money_without_its_sign(node: ast.AST) -> bool:
    """`format_usd(abs(...))`: the sign is about to be said in words or put before."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "format_usd"
        and any(
            isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == "abs"
            for argument in node.args
            for inner in ast.walk(argument)
        )
    )


def titles_a_limit(node: ast.AST) -> bool:
    """`f"{row.service}: {row.name}"`."""
    attributes = [
        part.value.attr
        for part in getattr(node, "values", ())
        if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Attribute)
    ]
    return isinstance(node, ast.JoinedStr) and attributes[:2] == ["service", "name"]


def compares_designs(node: ast.AST) -> bool:
    """`... for concern, option in ids.items() if option != others[concern]`, joined."""
    return (
        isinstance(node, ast.comprehension)
        and ast.unparse(node.iter).endswith((".ids.items()", "_ids(choices).items()"))
        and any("!=" in ast.unparse(test) for test in node.ifs)
    )


def lists_a_design(node: ast.AST) -> bool:
    """`", ".join(design.ids.values())`."""
    return isinstance(node, ast.Call) and ast.unparse(node).endswith(".ids.values())") and is_join(node)


def is_join(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr == "join"


def makes_a_plural(node: ast.AST) -> bool:
    """`"" if count == 1 else "s"`, or the other way round."""
    return isinstance(node, ast.IfExp) and {
        part.value for part in (node.body, node.orelse) if isinstance(part, ast.Constant)
    } == {"", "s"}


def neighbours(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    values = node.values if isinstance(node, ast.JoinedStr) else []
    return list(pairwise(values))


WORDS = {  # what writes a word: the one place that may, and reviewed exceptions, which may only shrink
    suggests: (SUGGESTIONS, set()),
    lists_what_is_accepted: (SUGGESTIONS, set()),
    writes_a_pair: (PAIRS, {"live/client/signing.py"}),  # of an address' query
    reads_a_pair: (
        PAIRS,
        {
            PHRASES,
            "cli/console.py",
            "workload/axes.py",
            "check/parameters.py",
        },  # whose values keep their spaces
    ),
    says_money_without_its_sign: (UNITS, set()),
    titles_a_limit: ("facts/records.py", set()),
    compares_designs: (PHRASES, set()),
    lists_a_design: (PHRASES, set()),
    makes_a_plural: (UNITS, set()),
}


@pytest.mark.parametrize("writes", WORDS, ids=lambda writes: writes.__name__)
def test_a_word_is_written_in_one_place(writes):
    home, exceptions = WORDS[writes]
    places = {name(path) for path in SOURCES if any(map(writes, ast.walk(parsed(path))))}
    assert places - {home} <= exceptions


@pytest.mark.parametrize(
    ("writes", "code"),
    [
        (suggests, "import difflib"),
        (suggests, "from difflib import get_close_matches"),
        (lists_what_is_accepted, "f'x is {x}: expected one of {names}'"),
        (writes_a_pair, "f'{concern}={option}'"),
        (reads_a_pair, "text.partition('=')"),
        (says_money_without_its_sign, "format_usd(abs(usd))"),
        (titles_a_limit, "f'{row.service}: {row.name}'"),
        (compares_designs, "[o for c, o in design.ids.items() if o != other.ids[c]]"),
        (lists_a_design, "', '.join(design.ids.values())"),
        (makes_a_plural, "f\"{n} part{'' if n == 1 else 's'}\""),
    ],
)
def test_a_second_place_would_be_seen(writes, code):
    assert any(map(writes, ast.walk(ast.parse(code))))
