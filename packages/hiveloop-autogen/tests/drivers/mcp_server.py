"""An MCP server on its standard streams, with a tool that works and one that does not."""

from __future__ import annotations

import logging

from mcp.server.fastmcp import FastMCP

server = FastMCP("shop", log_level="ERROR")


@server.tool()
def stock(item: str) -> str:
    """How many there are."""
    return f"7 {item}"


@server.tool()
def broken(item: str) -> str:
    """Never works."""
    raise ValueError(f"no such item: {item}")


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    server.run()
