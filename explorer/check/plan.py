"""The resources of a Terraform plan: what is planned, what is not known yet, and who refers to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from .nodes import List, Map, Unknown, mapping, sequence, text

UNPLANNED = Unknown("it is known after the plan is applied")
INDEX = re.compile(r"\[[^\]]*\]")
MOST_STEPS = 20  # from a reference through modules to a resource


class Plan:
    """The planned values by address, what is unknown of them, and who refers to whom."""

    def __init__(self, tree: Map) -> None:
        self.root = mapping(mapping(tree.get("planned_values") or tree.get("values")).get("root_module"))
        self.configuration = mapping(mapping(tree.get("configuration")).get("root_module"))
        self._written: dict[tuple[str, ...], dict[str, Map]] = {}
        changes = [mapping(change) for change in sequence(tree.get("resource_changes"))]
        self.unknown = {
            str(change.get("address")): mapping(mapping(change.get("change")).get("after_unknown"))
            for change in changes
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

    @cached_property
    def planned(self) -> dict[str, list[str]]:
        """The addresses of each resource, one for each index."""
        found: dict[str, list[str]] = {}
        for address, *_ in self.resources():
            found.setdefault(INDEX.sub("", address), []).append(address)
        return found

    def module(self, path: tuple[str, ...]) -> Map:
        """The configuration of a module."""
        found = self.configuration
        for name in path:
            call = mapping(mapping(found.get("module_calls")).get(name))
            found = mapping(call.get("module"))
        return found

    def written(self, path: tuple[str, ...]) -> dict[str, Map]:
        """The expressions of the resources of a module, by address."""
        if path not in self._written:
            resources = map(mapping, sequence(self.module(path).get("resources")))
            self._written[path] = {
                str(one.get("address")): mapping(one.get("expressions")) for one in resources
            }
        return self._written[path]

    def expression(self, address: str, name: str) -> tuple[tuple[str, ...], Any]:
        """The module path of a resource, and its expression for one argument."""
        parts = INDEX.sub("", address).split(".")
        path: list[str] = []
        while len(parts) > 3 and parts[0] == "module":
            path.append(parts[1])
            parts = parts[2:]
        return tuple(path), self.written(tuple(path)).get(".".join(parts), Map()).get(name)

    def referred(self, path: tuple[str, ...], expression: Any, steps: int = 0) -> str | None:
        """The address of the first resource that an expression refers to."""
        for said in sequence(mapping(expression).get("references")):
            parts = INDEX.sub("", text(said) or "").split(".")
            if steps > MOST_STEPS or len(parts) < 2:
                continue
            found = self._step(path, parts, steps + 1)
            if found:
                return found
        return None

    def _step(self, path: tuple[str, ...], parts: list[str], steps: int) -> str | None:
        if parts[0] == "var" and path:
            call = mapping(mapping(self.module(path[:-1]).get("module_calls")).get(path[-1]))
            return self.referred(path[:-1], mapping(call.get("expressions")).get(parts[1]), steps)
        if parts[0] == "module" and len(parts) > 2:
            inner = (*path, parts[1])
            output = mapping(mapping(self.module(inner).get("outputs")).get(parts[2]))
            return self.referred(inner, output.get("expression"), steps)
        own = ".".join(parts[:2])
        if own in self.written(path):
            return "".join(f"module.{name}." for name in path) + own
        return None


class Block:
    """The arguments of one resource."""

    def __init__(self, plan: Plan, address: str, values: Map) -> None:
        self.plan, self.address, self.values = plan, address, values
        self.unknown = plan.unknown.get(address, Map())

    def value(self, name: str) -> Any:
        """An argument, unknown if the plan does not know it; what is not written has its default."""
        if self.unknown.get(name) is True:
            return UNPLANNED if self.is_written(name) else None
        return self.values.get(name)

    def is_written(self, name: str) -> bool:
        """Whether the configuration gives an argument or block."""
        return self.plan.expression(self.address, name)[1] is not None

    def inner(self, block: str, name: str) -> Any:
        """An argument of a block of which there is one."""
        unknown = self.unknown.get(block)
        first = mapping((sequence(unknown) or [None])[0])
        if unknown is True or first.get(name) is True:
            return UNPLANNED if self.is_written(block) else None
        return mapping((sequence(self.values.get(block)) or [None])[0]).get(name)

    def variables(self) -> Any:
        """The environment; a variable that is known later counts with its name alone."""
        known = self.inner("environment", "variables")
        later = mapping(mapping((sequence(self.unknown.get("environment")) or [None])[0]).get("variables"))
        names = [name for name, is_so in later.items() if is_so is True]
        if known is UNPLANNED or (known is None and not names):
            return known
        return Map({**mapping(known), **dict.fromkeys(names, UNPLANNED)}, mapping(known).line)

    def layers(self) -> Any:
        """The layers, those that are known later too."""
        later = self.unknown.get("layers")
        return List([UNPLANNED] * len(later)) if isinstance(later, list) and later else self.value("layers")

    def refers(self, name: str) -> Any:
        """What an argument refers to, as a Ref; else its value."""
        path, expression = self.plan.expression(self.address, name)
        address = self.plan.referred(path, expression)
        if address is None:
            return self.value(name)
        index = INDEX.findall(self.address)[-1:]  # that of the same index where there are many
        every = self.plan.planned.get(address, [address])
        return Map({"Ref": next((one for one in every if index and one.endswith(index[0])), every[0])})
