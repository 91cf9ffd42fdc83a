"""A client and a server of MCP, each in a process of its own; neither is instrumented."""

import asyncio
import os
import sys

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

SERVER = """
from mcp.server.mcpserver import MCPServer
server = MCPServer("demo")

@server.tool()
def add(a: int, b: int) -> int:
    "Add two numbers."
    return a + b

server.run()
"""


async def main() -> None:
    """Call one tool."""
    parameters = StdioServerParameters(command=sys.executable, args=["-c", SERVER], env=dict(os.environ))
    async with Client(stdio_client(parameters)) as client:
        await client.list_tools()
        answer = await client.call_tool("add", {"a": 1, "b": 2})
        sys.stdout.write("failed\n" if answer.is_error else "added\n")


if __name__ == "__main__":
    asyncio.run(main())
