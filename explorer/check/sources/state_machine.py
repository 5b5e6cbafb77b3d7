"""A file with a state machine's definition, in the Amazon States Language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..nodes import Map, mapping
from ..resolve import Scope
from ..stack import Resource, Stack


def is_one(tree: Any, path: Path) -> bool:
    """Whether a tree is a definition."""
    fields = mapping(tree)
    return "StartAt" in fields and isinstance(fields.get("States"), Map)


def stack(tree: Map, file: str, folder: Path | None = None) -> Stack:
    """One state machine; the file does not say whether it is a Standard or an Express one."""
    scope = Scope(Map())
    properties = Map({"Definition": tree}, 1, {"Definition": tree.at("TimeoutSeconds")})
    name = Path(file).name
    machine = Resource(name, "AWS::StepFunctions::StateMachine", properties, 1, Map(), scope)
    return Stack(file, {name: machine}, scope, folder)
