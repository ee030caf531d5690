"""What the scripted upstream says, whole and in pieces; each script is named by a model."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

Message = dict[str, Any]

PATCH = "*** Begin\nAdd a line.\n"
STEPS = ("Look first.", " Then call.")
SIGNED: dict[str, Any] = {
    "type": "reasoning.text",
    "text": "".join(STEPS),
    "format": "test-v1",
    "index": 0,
    "signature": "sig==",
}
SUMMARY: dict[str, Any] = {"type": "reasoning.summary", "summary": "**Looking**", "format": "test-v1", "index": 0}
SEALED: dict[str, Any] = {
    "type": "reasoning.encrypted",
    "data": "b3BhcXVl",
    "format": "test-v1",
    "id": "rs_1",
    "index": 0,
}

_CALLING = {"tools": 1, "parallel-tools": 2, "interleaved": 2, "empty-arguments": 1, "reasoning-tools": 2}
_LEGACY = {"name": "f0", "arguments": '{"city":"Paris"}'}


def message(name: str, body: dict[str, Any]) -> Message:
    """The script's whole answer."""
    said: Message = {"role": "assistant", "content": last_words(body), "refusal": None, "annotations": []}
    if calls := _calls(name, body):
        said |= {"content": None, "tool_calls": calls}
    match name:
        case "refusal":
            said |= {"content": None, "refusal": "I will not."}
        case "reasoning":
            said["reasoning_content"] = "Let me think."
        case "reasoning-tools":
            said["reasoning_content"] = "".join(STEPS)
        case "reasoning-details":
            said |= {"reasoning": "".join(STEPS), "reasoning_details": [SIGNED]}
        case "reasoning-summary":
            said |= {"reasoning": SUMMARY["summary"], "reasoning_details": [SUMMARY, SEALED]}
        case "legacy-call":
            said |= {"content": None, "function_call": _LEGACY}
    return said


def finish(name: str, body: dict[str, Any]) -> str:
    """Why the script ends."""
    if _calls(name, body):
        return "tool_calls"
    return {"length": "length", "legacy-call": "function_call"}.get(name, "stop")


def deltas(name: str, body: dict[str, Any]) -> Iterator[Message]:
    """The script's answer in pieces."""
    said = message(name, body)
    yield {"role": "assistant", "content": ""}
    if "reasoning_details" in said:
        yield from _details(said)
    elif text := said.get("reasoning_content"):
        yield {"reasoning_content": text}
    text = said["content"] or ""
    for start in range(0, len(text), 8):
        yield {"content": text[start : start + 8]}
    if said["refusal"]:
        yield {"refusal": said["refusal"]}
    if "function_call" in said:
        yield {"function_call": {"name": _LEGACY["name"], "arguments": ""}}
        yield {"function_call": {"arguments": _LEGACY["arguments"]}}
    pieces = [list(_pieces(i, call)) for i, call in enumerate(said.get("tool_calls", []))]
    in_turn = zip_longest(*pieces) if name == "interleaved" else pieces
    for group in in_turn:
        yield from ({"tool_calls": [piece]} for piece in group if piece is not None)


def last_words(body: dict[str, Any]) -> str:
    """What the user said last."""
    for given in reversed(body["messages"]):
        content = given.get("content")
        if given.get("role") == "user" and content:
            return content if isinstance(content, str) else "".join(str(part.get("text", "")) for part in content)
    return "Hello."


def _calls(name: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    if name == "call":
        has_outputs = body["messages"][-1].get("role") == "tool"
        return [] if has_outputs else [_call_of(i, tool) for i, tool in enumerate(body.get("tools") or ())]
    if name == "custom":
        return [{"id": "call_0", "type": "custom", "custom": {"name": "patch", "input": PATCH}}]
    arguments = "" if name == "empty-arguments" else '{"city":"Paris"}'
    return [
        {"id": f"call_{i}", "type": "function", "function": {"name": f"f{i}", "arguments": arguments}}
        for i in range(_CALLING.get(name, 0))
    ]


def _call_of(number: int, tool: dict[str, Any]) -> dict[str, Any]:
    """A call of a tool on offer: free text, a function with one text, or one of whatever it wants."""
    kind = tool["type"]
    definition, identity = tool[kind], {"id": f"call_{number}", "type": kind}
    if kind == "custom":
        return {**identity, "custom": {"name": definition["name"], "input": PATCH}}
    properties = (definition.get("parameters") or {}).get("properties", {})
    written = '{"input": "*** Begin\\nAdd a line.\\n"}' if properties.keys() == {"input"} else '{"city":"Paris"}'
    return {**identity, "function": {"name": definition["name"], "arguments": written}}


def _details(said: Message) -> Iterator[Message]:
    for detail in said["reasoning_details"]:
        if detail["type"] != "reasoning.text":
            yield {"content": "", "reasoning": detail.get("summary"), "reasoning_details": [detail]}
            continue
        for step in STEPS:
            piece = {**detail, "text": step}
            del piece["signature"]
            yield {"content": "", "reasoning": step, "reasoning_details": [piece]}
        yield {"content": "", "reasoning_details": [{name: v for name, v in detail.items() if name != "text"}]}


def _pieces(number: int, call: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = call["type"]
    field = "input" if kind == "custom" else "arguments"
    text = call[kind][field]
    yield {"index": number, **call, kind: {**call[kind], field: ""}}
    for part in (text[:6], text[6:]):
        yield {"index": number, kind: {field: part}}
