"""The commands of the live endpoint, and of the local cloud that it runs on."""

from __future__ import annotations

import typer

from .cloud import local
from .commands import deploy, destroy, export, stacks
from .load import bench


def add_to(app: typer.Typer) -> None:
    """Make these commands commands of `app`."""
    for command in (deploy, bench, destroy, stacks, export):
        app.command()(command)
    app.add_typer(local, name="cloud")
