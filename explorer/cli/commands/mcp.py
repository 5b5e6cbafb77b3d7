"""`explorer mcp`: the same answers for agents, over the Model Context Protocol."""

from __future__ import annotations

from explorer.cli.console import Json
from explorer.facts.extras import require


def mcp(as_json: Json = False) -> None:
    """Serve agents on standard input and output: recommend, assess, bill, forecast, check, limits, explain.

    Started by the agent, not by hand. What it prints is the protocol's JSON, with --json or without.
    """
    require("explorer mcp", "mcp")
    from explorer.cli.commands.agent_tools import server

    server().run("stdio")
