"""Tools whose names an upstream does not allow stay apart, in whichever order they are offered."""

from itertools import permutations
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.dialects.turns.toolbox import Toolbox
from gateway.neutral.tools import FunctionTool
from gateway.surfaces.openai_chat import OpenAIChatSurface

TRANSLATED = ["anthropic-messages", "gemini", "bedrock-converse", "cohere"]
NAMES = ["a.b", "a_b", "a:b", "a/b", "x" * 70, "x" * 64, "7", "_7"]


def named(document: Any) -> list[str]:
    """Everything that is called `name` below the tools of a request."""
    if isinstance(document, dict):
        own = [document["name"]] if isinstance(document.get("name"), str) else []
        return own + [name for value in document.values() for name in named(value)]
    return [name for value in document for name in named(value)] if isinstance(document, list) else []


@pytest.mark.parametrize("dialect", TRANSLATED)
@pytest.mark.parametrize("names", [*permutations(["a.b", "a_b", "a:b"]), NAMES, NAMES[::-1]], ids=range(8))
def test_no_tool_is_lost(dialect: str, names: list[str]) -> None:
    tools = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in names]
    body: Any = {"model": "lab/m", "messages": [{"role": "user", "content": "Hi"}], "tools": tools}
    outbound = DIALECTS[dialect].encode(
        OpenAIChatSurface().read(body), Origin("lab", "m", DIALECTS[dialect].profile_type())
    )
    document = orjson.loads(outbound.body)
    sent = named(document.get("tools") or document.get("toolConfig"))
    assert len({*sent}) == len(names)
    if "a_b" in names:
        assert "a_b" in sent


@given(st.lists(st.text("ab._:/-é", min_size=1, max_size=4), unique=True, max_size=8))
def test_every_flat_name_leads_back_to_its_tool(names: list[str]) -> None:
    toolbox = Toolbox([FunctionTool(name, name, name) for name in names])
    assert len(toolbox) == len(names)
    for name in names:
        tool = toolbox.tool(toolbox.name_of(None, name))
        assert tool is not None
        assert tool.name == name
