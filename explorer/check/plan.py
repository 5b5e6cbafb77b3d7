"""The resources of a Terraform plan: planned values, values not known yet, and references.

Addresses stay complete. A reference is resolved within its own instance: the same module instance, and the
same key of `for_each` or `count`. If it may mean one of several instances, its targets are unclear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .nodes import List, Map, Text, Unknown, mapping, sequence, text, walk

LATER = "it is known after the plan is applied"
PART = re.compile(r"""([^.\[\]]+)|\[("(?:[^"\\]|\\.)*"|[^\]]*)\]""")
MOST_STEPS = 20  # the longest chain from a reference through variables, outputs and modules to a resource
MOST_NAMED = 200  # the most resources that one expression may refer to
LITERALS = (
    "id",
    "arn",
    "invoke_arn",
    "qualified_arn",
    "response_streaming_invoke_arn",
    "execution_arn",
    "url",
)
KEYS = ("each.key", "count.index")

Instance = tuple[str, str | None]  # a name, and the key of `for_each` or `count` as written
Path = tuple[Instance, ...]  # of module calls, from the root


def parts_of(address: str) -> list[Instance]:
    """The dotted parts of an address or a reference, each with its key.

    >>> parts_of('module.worker["a.b"].aws_sqs_queue.this[0]')[1::2]
    [('worker', '"a.b"'), ('this', '0')]
    """
    parts: list[Instance] = []
    for name, key in PART.findall(address):
        if name:
            parts.append((name, None))
        elif parts:
            parts[-1] = (parts[-1][0], key)
    return parts


def split(address: str) -> tuple[Path, list[Instance]]:
    """The module path of an address, and the rest of the address."""
    parts, path = parts_of(address), []
    while len(parts) > 2 and parts[0][0] == "module":
        path.append(parts[1])
        parts = parts[2:]
    return tuple(path), parts


@dataclass(frozen=True)
class Place:
    """The context of an expression: a module instance, and the key and `for_each` of its block."""

    path: Path
    key: str | None = None
    each: Any = None


@dataclass(frozen=True)
class Targets:
    """The targets of an expression: known addresses, and sets of addresses of which one is meant."""

    addresses: tuple[str, ...] = ()
    unclear: tuple[tuple[str, ...], ...] = ()

    def __add__(self, other: Targets) -> Targets:
        return Targets(
            tuple(dict.fromkeys(self.addresses + other.addresses))[:MOST_NAMED],
            tuple(dict.fromkeys(self.unclear + other.unclear))[:MOST_NAMED],
        )


class Plan:
    """The planned values by address, their unknown parts, and the references between resources."""

    def __init__(self, tree: Map) -> None:
        self.root = mapping(mapping(tree.get("planned_values") or tree.get("values")).get("root_module"))
        self.configuration = mapping(mapping(tree.get("configuration")).get("root_module"))
        self.variables = mapping(tree.get("variables"))
        self._module_blocks: dict[tuple[str, ...], dict[str, Map]] = {}
        self._targets: dict[tuple[Path, str | None, int], Targets] = {}
        self.changes = [mapping(change) for change in sequence(tree.get("resource_changes"))]
        self.unknown = {
            str(change.get("address")): mapping(mapping(change.get("change")).get("after_unknown"))
            for change in self.changes
        }

    def resources(self) -> Iterator[tuple[str, str, Map, int]]:
        """Every managed resource: address, type, values, line."""
        modules = [self.root]
        while modules:
            module = modules.pop()
            modules += [mapping(child) for child in sequence(module.get("child_modules"))]
            for resource in map(mapping, sequence(module.get("resources"))):
                address, kind = text(resource.get("address")), text(resource.get("type"))
                if address and kind and resource.get("mode") != "data":
                    yield address, kind, mapping(resource.get("values")), resource.line

    def read_later(self) -> Iterator[tuple[str, str, Map, int]]:
        """Data sources that Terraform reads only when it applies the plan, with their known values."""
        for change in self.changes:
            if change.get("mode") == "data" and (address := text(change.get("address"))):
                after = mapping(mapping(change.get("change")).get("after"))
                yield address, text(change.get("type")) or "", after, change.line

    @cached_property
    def instances(self) -> dict[tuple[Path, str], dict[str | None, str]]:
        """The addresses of the instances of a resource in a module instance, by key."""
        addresses: dict[tuple[Path, str], dict[str | None, str]] = {}
        for address, *_ in (*self.resources(), *self.read_later()):
            path, parts = split(address)
            own = ".".join(name for name, _ in parts)
            addresses.setdefault((path, own), {})[parts[-1][1] if parts else None] = address
        return addresses

    @cached_property
    def modules(self) -> dict[tuple[Path, str], list[str | None]]:
        """The keys of the instances of a module call."""
        call_keys: dict[tuple[Path, str], dict[str | None, None]] = {}
        for path, _ in self.instances:
            for depth, (name, key) in enumerate(path):
                call_keys.setdefault((path[:depth], name), {})[key] = None
        return {place: list(keys) for place, keys in call_keys.items()}

    @cached_property
    def literals(self) -> dict[str, str]:
        """Addresses by a unique AWS id or ARN, for resources that are already deployed."""
        addresses: dict[str, str] = {}
        twice = set()
        for address, _, values, _ in self.resources():
            for literal in {text(values.get(name)) for name in LITERALS}:
                if literal and len(literal) > 4:
                    twice |= {literal} if addresses.get(literal, address) != address else set()
                    addresses[literal] = address
        return {literal: address for literal, address in addresses.items() if literal not in twice}

    # Configuration --------------------------------------------------------------------------------

    def module(self, path: Path) -> Map:
        """The configuration of a module."""
        module = self.configuration
        for name, _ in path:
            call = mapping(mapping(module.get("module_calls")).get(name))
            module = mapping(call.get("module"))
        return module

    def call(self, path: Path) -> Map:
        """The block in the parent module that calls a module."""
        return mapping(mapping(self.module(path[:-1]).get("module_calls")).get(path[-1][0]))

    def module_blocks(self, path: Path) -> dict[str, Map]:
        """The blocks of resources and data sources in a module's configuration, by address."""
        names = tuple(name for name, _ in path)
        if names not in self._module_blocks:
            resources = map(mapping, sequence(self.module(path).get("resources")))
            self._module_blocks[names] = {str(one.get("address")): one for one in resources}
        return self._module_blocks[names]

    def block(self, address: str) -> tuple[Place, Map]:
        """The context of a resource, and the expressions of its arguments."""
        path, parts = split(address)
        configuration = self.module_blocks(path).get(".".join(name for name, _ in parts), Map())
        key = parts[-1][1] if parts else None
        return Place(path, key, configuration.get("for_each_expression")), mapping(
            configuration.get("expressions")
        )

    # References -----------------------------------------------------------------------------------

    def targets(self, place: Place, expression: Any, steps: int = 0) -> Targets:
        """The targets of an expression."""
        if not _refers(expression) or steps > MOST_STEPS:
            return Targets()
        cached = self._targets.get((place.path, place.key, id(expression)))
        if cached is not None:
            return cached
        self._targets[place.path, place.key, id(expression)] = Targets()  # ends self-references
        names = [name for name in map(text, sequence(expression["references"])) if name]
        targets = Targets()
        for name in _most_specific(names):
            targets += self._target(place, parts_of(name), names, steps + 1)
        self._targets[place.path, place.key, id(expression)] = targets
        return targets

    def _target(self, place: Place, parts: list[Instance], names: list[str], steps: int) -> Targets:
        if len(parts) < 2:
            return Targets()
        head, second = parts[0][0], parts[1][0]
        if head == "var":
            return self._variable(place, second, steps)
        if head == "module":
            return self._output(place, parts, names, steps)
        if head == "each" and second == "value":
            return self._each(place, steps)
        if head == "data" and len(parts) > 2:
            own = f"data.{second}.{parts[2][0]}"
            expressions = mapping(self.module_blocks(place.path).get(own, Map()).get("expressions"))
            targets = Targets()
            for part in walk(expressions):
                if isinstance(part, Map) and "references" in part:
                    targets += self.targets(Place(place.path, parts[2][1] or place.key), part, steps)
            return targets + self._one_of(place, own, parts[2][1], names)
        return self._one_of(place, f"{head}.{second}", parts[1][1], names)

    def _one_of(self, place: Place, own: str, key: str | None, names: list[str]) -> Targets:
        """The instance of a resource that is meant, or the set of its instances if that is unclear."""
        every = self.instances.get((place.path, own), {})
        if not every:
            return Targets()
        matches = self._select_key(place, list(every), key, names)
        return Targets((every[matches[0]],)) if matches else Targets(unclear=(tuple(every.values()),))

    def _select_key(
        self, place: Place, keys: list[str | None], key: str | None, names: list[str]
    ) -> list[str | None]:
        """The key that is meant, as a list of one; an empty list if it is not known."""
        if key is not None:
            return [key] if key in keys else []
        if len(keys) == 1:
            return keys
        if any(name in KEYS for name in names):
            return [place.key] if place.key in keys else []
        for name in names:
            if name.startswith("each.value"):
                candidate = self._value_of_each(place, [part for part, _ in parts_of(name)[2:]])
                candidate = f'"{candidate}"' if isinstance(candidate, str) else None
                return [candidate] if candidate in keys else []
        return []

    def _variable(self, place: Place, name: str, steps: int) -> Targets:
        if not place.path:
            return Targets()
        call, key = self.call(place.path), place.path[-1][1]
        outer = Place(place.path[:-1], key, call.get("for_each_expression"))
        return self.targets(outer, mapping(call.get("expressions")).get(name), steps)

    def _output(self, place: Place, parts: list[Instance], names: list[str], steps: int) -> Targets:
        """The targets of a module's output; for `module.m[each.key]` a plan does not name the output."""
        name, key = parts[1]
        keys = self.modules.get((place.path, name), [])
        matches = self._select_key(place, keys, key, names)
        targets = Targets()
        for one in matches or keys:
            inner = (*place.path, (name, one))
            outputs = mapping(self.module(inner).get("outputs"))
            for output in (outputs.get(parts[2][0]),) if len(parts) > 2 else outputs.values():
                targets += self.targets(Place(inner), mapping(output).get("expression"), steps)
        if matches or not keys:
            return targets
        return Targets(
            unclear=(targets.addresses, *targets.unclear) if targets.addresses else targets.unclear
        )

    def _each(self, place: Place, steps: int) -> Targets:
        """The targets of `each.value`: the instance with the same key of the resource in `for_each`."""
        names = [name for name in map(text, sequence(mapping(place.each).get("references"))) if name]
        targets = Targets()
        for name in _most_specific(names):
            if not name.startswith("each."):
                targets += self._target(place, parts_of(name), ["each.key"], steps)
        if len(targets.addresses) > 1 and not _are_of_one_resource(targets.addresses):
            return Targets(unclear=(targets.addresses, *targets.unclear))
        return targets

    def _value_of_each(self, place: Place, attributes: list[str]) -> Any:
        """The value of `each.value` if the plan shows it: a literal, or a variable of the root module."""
        each, key = mapping(place.each), place.key or ""
        plain = key.strip('"')
        names = _most_specific([name for name in map(text, sequence(each.get("references"))) if name])
        if "constant_value" in each:
            whole = each["constant_value"]
        elif not names:
            return None if attributes else plain  # a set: its value is its key
        elif len(names) == 1 and names[0].startswith("var.") and not place.path:
            whole = mapping(self.variables.get(parts_of(names[0])[1][0])).get("value")
        else:
            return None
        value = mapping(whole).get(plain) if isinstance(whole, Map) else plain
        for name in attributes:
            value = mapping(value).get(name)
        return text(value)


def _most_specific(names: list[str]) -> list[str]:
    """The references that are not a prefix of another; plans list `a.b.c` and then `a.b`."""
    return [
        name
        for name in dict.fromkeys(names)
        if not any(other != name and other.startswith((f"{name}.", f"{name}[")) for other in names)
    ]


def _are_of_one_resource(addresses: tuple[str, ...]) -> bool:
    kinds = [split(address)[1][0][0] for address in addresses]
    return len(set(kinds)) == len(kinds)  # if all types differ, the reader knows which is meant


class Block:
    """The arguments of one resource, each with its references."""

    def __init__(self, plan: Plan, address: str, values: Map, line: int) -> None:
        self.plan, self.address, self.values, self.line = plan, address, values, line
        self.unknown = plan.unknown.get(address, Map())
        self.place, self.expressions = plan.block(address)

    def names(self) -> Iterator[str]:
        """The names of the arguments that have a planned value or will be known later."""
        yield from dict.fromkeys((*self.values, *self.unknown, *self.expressions))

    def argument(self, name: str) -> Any:
        """An argument or block as a tree; None if it is not in the configuration and AWS alone sets it."""
        expression = self.expressions.get(name)
        if self.unknown.get(name) is True and expression is None:
            return None
        if name not in self.values and name not in self.unknown:
            return self._later(expression) if _refers(expression) else None
        return self._tree(self.values.get(name), self.unknown.get(name), expression)

    def _tree(self, value: Any, unknown: Any, expression: Any) -> Any:
        if unknown is True:
            return self._later(expression)
        if isinstance(value, Map) or isinstance(unknown, Map):
            return self._map(mapping(value), mapping(unknown), expression)
        if isinstance(value, list) or isinstance(unknown, list):
            return self._list(sequence(value), sequence(unknown), expression)
        if isinstance(value, str) and _refers(expression):
            return self._text_with_references(value, expression)
        if isinstance(value, str) and not self.plan.configuration:
            address = self.plan.literals.get(value) or self.plan.literals.get(value.partition("/")[0])
            return Text(value, (address,)) if address and address != self.address else value
        return value

    def _map(self, value: Map, unknown: Map, expression: Any) -> Map:
        whole = _refers(expression)
        expressions = Map() if whole else mapping(expression)
        trees = {
            name: self._tree(
                value.get(name), unknown.get(name), expression if whole else expressions.get(name)
            )
            for name in dict.fromkeys((*value, *unknown))
        }
        for name, inner in expressions.items():
            if name not in trees and _refers(inner):
                trees[name] = self._later(inner)
        return Map({name: tree for name, tree in trees.items() if tree is not None}, self.line)

    def _list(self, value: list[Any], unknown: list[Any], expression: Any) -> List:
        many = expression if isinstance(expression, list) else None
        rows = [
            (
                value[index] if index < len(value) else None,
                unknown[index] if index < len(unknown) else None,
            )
            for index in range(max(len(value), len(unknown)))
        ]
        alone = self.plan.targets(self.place, expression).addresses if _refers(expression) else ()
        if len(alone) == len(rows) > 1 and all(later is True for _, later in rows):
            return List([Unknown(LATER, refers=(address,)) for address in alone], self.line)  # in equal order
        return List(
            [
                self._tree(one, later, expression if many is None else _written_for(one, index, many))
                for index, (one, later) in enumerate(rows)
            ],
            self.line,
        )

    def _later(self, expression: Any) -> Unknown:
        targets = self.plan.targets(self.place, expression)
        why = LATER
        if targets.unclear and not targets.addresses:
            among = ", ".join(targets.unclear[0][:3])
            more = " ..." if len(targets.unclear[0]) > 3 else ""
            why = f"which of {among}{more} it is, the plan does not say"
        return Unknown(why, refers=targets.addresses)

    def _text_with_references(self, value: str, expression: Any) -> str:
        """A known text with its references; if these are unclear, the text itself may name the resource."""
        targets = self.plan.targets(self.place, expression)
        addresses = targets.addresses
        for among in targets.unclear:
            literal = self.plan.literals.get(value) or self.plan.literals.get(value.partition("/")[0])
            addresses += (literal,) if literal in among else ()
        return Text(value, addresses) if addresses else value


def _refers(expression: Any) -> bool:
    return isinstance(expression, Map) and "references" in expression


def _written_for(value: Any, index: int, expressions: list[Any]) -> Any:
    """The expressions of one of several blocks: those with equal constants, else those at its index."""
    if len(expressions) == 1:
        return expressions[0]
    agree = [one for one in expressions if _agrees(mapping(value), mapping(one))]
    if len(agree) == 1:
        return agree[0]
    return expressions[index] if index < len(expressions) else None


def _agrees(value: Map, expressions: Map) -> bool:
    return all(
        value.get(name) == mapping(one)["constant_value"]
        for name, one in expressions.items()
        if "constant_value" in mapping(one) and isinstance(mapping(one)["constant_value"], str | bool)
    )
