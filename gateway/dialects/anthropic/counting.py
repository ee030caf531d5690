"""Counts tokens with Anthropic: `POST /v1/messages/count_tokens`.

https://docs.claude.com/en/api/messages-count-tokens (August 2026). It refuses limit, stream, metadata and sampling, and
tools that it runs itself.
"""

from gateway.dialects.base import CountCalls, Counting, Origin, Outbound
from gateway.neutral.json import count_or_none, object_or_empty, objects_in, parse, text_or_empty, written

_PATH = "/v1/messages/count_tokens"
_FIELDS = frozenset(
    ("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "cache_control")
)
_RUN_THERE = ("web_search", "web_fetch", "code_execution", "tool_search_tool", "mcp_toolset")


def count_calls(sent: Outbound, origin: Origin) -> CountCalls | None:
    """The request as it would be sent, without what has no part in its input."""
    body = object_or_empty(parse(sent.body))
    if any(text_or_empty(tool.get("type")).startswith(_RUN_THERE) for tool in objects_in(body.get("tools"))):
        return None
    counted = {name: value for name, value in body.items() if name in _FIELDS}
    return CountCalls([Outbound(_PATH, written(counted), headers=sent.headers)])


def read_count(body: bytes) -> int | None:
    """The tokens of the input."""
    return count_or_none(object_or_empty(parse(body)).get("input_tokens"))


COUNTING = Counting(count_calls, read_count)
