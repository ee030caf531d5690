"""Bodies whose conversations are long, out of order, or odd."""

from collections.abc import Iterator
from typing import Any

from scripts.goldens.cases import Case
from scripts.goldens.part_bodies import PNG
from scripts.goldens.targets import FEW, chat, responses

_MARK = {"type": "ephemeral"}
_USER = {"role": "user", "content": "Hi"}
_SAID = {"role": "assistant", "content": "Hello."}
_TOOLS = [
    {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}},
    {"type": "custom", "custom": {"name": "patch"}},
]


def _call(id_: str, name: str = "look", arguments: str = '{"a":1}') -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def _calls(*calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": list(calls), **more}


def _output(id_: str, content: Any = "done", **more: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id_, "content": content, **more}


_CUSTOM = {"id": "c9", "type": "custom", "custom": {"name": "patch", "input": "a patch"}}
_DETAIL = {"type": "reasoning.text", "text": "Hm.", "signature": "sig", "format": "anthropic-claude-v1", "index": 0}
_CHAT: dict[str, list[Any]] = {
    "one user": [_USER],
    "empty": [],
    "system only": [{"role": "system", "content": "Be brief."}],
    "system twice": [{"role": "system", "content": "A"}, {"role": "developer", "content": "B"}, _USER],
    "system parts": [{"role": "system", "content": [{"type": "text", "text": "A", "cache_control": _MARK}]}, _USER],
    "system image": [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": PNG}}]}, _USER],
    "system later": [_USER, _SAID, {"role": "system", "content": "B"}, _USER],
    "developer last": [_USER, {"role": "developer", "content": "B"}],
    "two users": [_USER, {"role": "user", "content": "there", "name": "Ann"}],
    "two assistants": [_USER, _SAID, {"role": "assistant", "content": "More."}, _USER],
    "assistant first": [_SAID, _USER],
    "prefill": [_USER, {"role": "assistant", "content": "The answer is "}],
    "prefill blank": [_USER, {"role": "assistant", "content": "  "}],
    "prefill prefix": [_USER, {"role": "assistant", "content": "The", "prefix": True}],
    "assistant empty": [_USER, {"role": "assistant", "content": ""}, _USER],
    "assistant null": [_USER, {"role": "assistant", "content": None}, _USER],
    "assistant nothing": [_USER, {"role": "assistant"}, _USER],
    "assistant parts": [_USER, {"role": "assistant", "content": [{"type": "text", "text": "A"}]}, _USER],
    "assistant refusal": [_USER, {"role": "assistant", "content": None, "refusal": "No."}, _USER],
    "assistant refusal part": [_USER, {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}, _USER],
    "assistant audio": [_USER, {"role": "assistant", "audio": {"id": "audio_1"}}, _USER],
    "assistant image": [_USER, {**_SAID, "images": [{"type": "image_url", "image_url": {"url": PNG}}]}, _USER],
    "assistant notes": [_USER, {**_SAID, "annotations": [], "name": "Bot", "extra": 1}, _USER],
    "reasoning text": [_USER, {**_SAID, "reasoning_content": "Hm."}, _USER],
    "reasoning other": [_USER, {**_SAID, "reasoning": "Hm."}, _USER],
    "reasoning details": [_USER, {**_SAID, "reasoning_details": [_DETAIL]}, _USER],
    "reasoning broken seal": [
        _USER,
        {**_SAID, "reasoning_details": [{"type": "reasoning.encrypted", "data": "waystone.1.broken", "id": "x"}]},
        _USER,
    ],
    "user empty": [{"role": "user", "content": ""}],
    "user no parts": [{"role": "user", "content": []}],
    "user marked": [{**_USER, "cache_control": _MARK}],
    "marks": [
        {"role": "system", "content": "A", "cache_control": _MARK},
        *({"role": "user", "content": [{"type": "text", "text": f"{n}", "cache_control": _MARK}]} for n in range(6)),
    ],
    "call": [_USER, _calls(_call("c1")), _output("c1")],
    "call with text": [_USER, _calls(_call("c1"), content="Let me look."), _output("c1"), _USER],
    "call then assistant": [_USER, _calls(_call("c1")), _output("c1"), _SAID, _USER],
    "call then user": [_USER, _calls(_call("c1")), _output("c1"), _USER],
    "call unanswered": [_USER, _calls(_call("c1")), _USER],
    "call last": [_USER, _calls(_call("c1"))],
    "call with reasoning": [_USER, _calls(_call("c1"), reasoning_content="Hm."), _output("c1")],
    "calls": [_USER, _calls(_call("c1"), _call("c2")), _output("c1"), _output("c2")],
    "calls out of order": [_USER, _calls(_call("c1"), _call("c2")), _output("c2"), _output("c1")],
    "calls apart": [_USER, _calls(_call("c1"), _call("c2")), _output("c1"), _USER, _output("c2")],
    "calls half": [_USER, _calls(_call("c1"), _call("c2")), _output("c2")],
    "stray output": [_USER, _output("lost")],
    "second output": [_USER, _calls(_call("c1")), _output("c1"), _output("c1", "again")],
    "twice one id": [_USER, _calls(_call("c1")), _output("c1"), _calls(_call("c1")), _output("c1", "second")],
    "one id in parallel": [_USER, _calls(_call("c1"), _call("c1")), _output("c1"), _output("c1")],
    "odd ids": [_USER, _calls(_call("a|b"), _call("a b"), _call("")), _output("a|b"), _output("a b"), _output("")],
    "long ids": [_USER, _calls(_call("x" * 90), _call("x" * 91)), _output("x" * 90), _output("x" * 91)],
    "arguments empty": [_USER, _calls(_call("c1", arguments="")), _output("c1")],
    "arguments list": [_USER, _calls(_call("c1", arguments="[1]")), _output("c1")],
    "arguments broken": [_USER, _calls(_call("c1", arguments='{"a":')), _output("c1")],
    "arguments null": [_USER, _calls(_call("c1", arguments="null")), _output("c1")],
    "unknown tool": [_USER, _calls(_call("c1", "gone")), _output("c1")],
    "odd name": [_USER, _calls(_call("c1", "ns.look it")), _output("c1")],
    "custom call": [_USER, _calls(_CUSTOM), _output("c9")],
    "custom and function": [_USER, _calls(_CUSTOM, _call("c1")), _output("c1"), _output("c9")],
    "output empty": [_USER, _calls(_call("c1")), _output("c1", "")],
    "output json": [_USER, _calls(_call("c1")), _output("c1", '{"a": 1}')],
    "output list": [_USER, _calls(_call("c1")), _output("c1", "[1]")],
    "output parts": [_USER, _calls(_call("c1")), _output("c1", [{"type": "text", "text": "a"}] * 2)],
    "output no parts": [_USER, _calls(_call("c1")), _output("c1", [])],
    "output images": [
        _USER,
        _calls(_call("c1"), _call("c2")),
        _output("c1", [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": PNG}}]),
        _output("c2", [{"type": "image_url", "image_url": {"url": PNG}}]),
        _USER,
    ],
    "output error": [_USER, _calls(_call("c1")), _output("c1", "bad", is_error=True)],
    "output marked": [_USER, _calls(_call("c1")), _output("c1", "done", cache_control=_MARK)],
    "output named": [_USER, _calls(_call("c1")), _output("c1", "done", name="look")],
    "function call": [
        _USER,
        {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}},
        {"role": "function", "name": "look", "content": "done"},
    ],
    "function stray": [_USER, {"role": "function", "name": "look", "content": "done"}],
    "unknown role": [_USER, {"role": "critic", "content": "Bad."}],
    "odd texts": [{"role": "user", "content": "\x00 \u2028 \U0001f642 ä \\ud800"}],
}
_ITEM = {"type": "message", "role": "user", "content": "Hi"}


def _function(id_: str, **more: Any) -> dict[str, Any]:
    return {"type": "function_call", "call_id": id_, "name": "look", "arguments": "{}", **more}


def _function_output(id_: str, output: Any = "done", **more: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": id_, "output": output, **more}


def _thought(**more: Any) -> dict[str, Any]:
    return {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}], **more}


def _text(text: str, **more: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed", "content": [part], **more}


_PATCH = {"type": "custom_tool_call", "call_id": "c9", "name": "patch", "input": "a patch"}
_RESPONSES: dict[str, list[Any]] = {
    "message": [_ITEM],
    "empty": [],
    "easy": [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "?"},
    ],
    "system later": [_ITEM, {"role": "developer", "content": "B"}, _ITEM],
    "assistant": [_ITEM, _text("A"), _ITEM],
    "prefill": [_ITEM, _text("The answer")],
    "commentary": [_ITEM, _text("A", phase="commentary"), _text("B", phase="final_answer"), _ITEM],
    "refusal": [_ITEM, {**_text(""), "content": [{"type": "refusal", "refusal": "No."}]}, _ITEM],
    "call": [_ITEM, _function("c1"), _function_output("c1")],
    "call id": [_ITEM, _function("c1", id="fc_1", status="completed"), _function_output("c1", id="fco_1")],
    "calls": [_ITEM, _function("c1"), _function("c2"), _function_output("c2"), _function_output("c1")],
    "call spaced": [_ITEM, _function("c1", namespace="maps"), _function_output("c1")],
    "call unanswered": [_ITEM, _function("c1"), _ITEM],
    "call by program": [_ITEM, _function("c1", caller={"type": "program", "caller_id": "p"}), _function_output("c1")],
    "stray": [_ITEM, _function_output("lost")],
    "twice": [_ITEM, _function("c1"), _function_output("c1"), _function("c1"), _function_output("c1", "second")],
    "custom": [_ITEM, _PATCH, {"type": "custom_tool_call_output", "call_id": "c9", "output": "done"}],
    "output parts": [_ITEM, _function("c1"), _function_output("c1", [{"type": "input_text", "text": "a"}])],
    "output incomplete": [_ITEM, _function("c1"), _function_output("c1", "x", status="incomplete")],
    "reasoning": [_ITEM, _thought(), _text("A"), _ITEM],
    "reasoning alone": [_ITEM, _thought(encrypted_content="abc")],
    "reasoning encrypted": [_ITEM, _thought(encrypted_content="abc"), _function("c1"), _function_output("c1")],
    "reasoning null": [_ITEM, _thought(encrypted_content=None, content=[]), _text("A"), _ITEM],
    "reasoning broken seal": [_ITEM, _thought(encrypted_content="waystone.1.broken"), _text("A"), _ITEM],
    "reasoning content": [_ITEM, _thought(content=[{"type": "reasoning_text", "text": "Hm."}]), _text("A"), _ITEM],
    "reference": [_ITEM, {"type": "item_reference", "id": "msg_lost"}],
    "additional tools": [
        _ITEM,
        {
            "type": "additional_tools",
            "role": "developer",
            "tools": [{"type": "function", "name": "more", "parameters": None}],
        },
        _ITEM,
    ],
    "tool search": [
        _ITEM,
        {"type": "tool_search_call", "call_id": "t1", "arguments": {"q": "x"}, "execution": "client"},
        {"type": "tool_search_output", "call_id": "t1", "tools": [{"type": "function", "name": "found"}]},
    ],
    "compaction": [_ITEM, {"type": "compaction", "encrypted_content": "abc"}],
    "compaction trigger": [_ITEM, {"type": "compaction_trigger"}],
    "web call": [_ITEM, {"type": "web_search_call", "id": "ws_1", "status": "completed"}, _text("A"), _ITEM],
    "code call": [
        _ITEM,
        {"type": "code_interpreter_call", "id": "ci_1", "code": "1", "container_id": "c", "status": "completed"},
        _text("A"),
        _ITEM,
    ],
    "mcp call": [
        _ITEM,
        {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "m", "tools": []},
        {"type": "mcp_call", "id": "mcp_1", "server_label": "m", "name": "a", "arguments": "{}", "output": "x"},
        _ITEM,
    ],
    "mcp approval": [
        _ITEM,
        {"type": "mcp_approval_request", "id": "mcpr_1", "server_label": "m", "name": "a", "arguments": "{}"},
        {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True},
    ],
    "image call": [
        _ITEM,
        {"type": "image_generation_call", "id": "ig_1", "result": "AA==", "status": "completed"},
        _ITEM,
    ],
    "shell": [
        _ITEM,
        {"type": "shell_call", "call_id": "s1", "action": {"commands": ["ls"]}},
        {
            "type": "shell_call_output",
            "call_id": "s1",
            "output": [{"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}],
        },
    ],
    "local shell": [
        _ITEM,
        {
            "type": "local_shell_call",
            "id": "l1",
            "call_id": "l1",
            "action": {"type": "exec", "command": ["ls"], "env": {}},
            "status": "completed",
        },
        {"type": "local_shell_call_output", "id": "l1", "output": "a"},
    ],
    "patch": [
        _ITEM,
        {
            "type": "apply_patch_call",
            "call_id": "p1",
            "operation": {"type": "delete_file", "path": "a"},
            "status": "completed",
        },
        {"type": "apply_patch_call_output", "call_id": "p1", "status": "completed", "output": "ok"},
    ],
    "computer": [
        _ITEM,
        {
            "type": "computer_call",
            "id": "cu_1",
            "call_id": "u1",
            "action": {"type": "wait"},
            "pending_safety_checks": [],
            "status": "completed",
        },
        {"type": "computer_call_output", "call_id": "u1", "output": {"type": "computer_screenshot", "image_url": PNG}},
    ],
    "unknown item": [_ITEM, {"type": "yet_to_come", "text": "x"}],
}


def history_cases() -> Iterator[Case]:
    """Every case about conversations in one request."""
    bare = {name: {"messages": messages} for name, messages in _CHAT.items()}
    tools = {f"{name} with tools": {"messages": messages, "tools": _TOOLS} for name, messages in _CHAT.items()}
    yield from chat("chat-history", {**bare, **tools})
    flat = [{"type": "function", "name": "look", "parameters": None}, {"type": "custom", "name": "patch"}]
    items = {name: {"input": items} for name, items in _RESPONSES.items()}
    with_tools = {f"{name} with tools": {"input": given, "tools": flat} for name, given in _RESPONSES.items()}
    told = {f"{name} told": {"input": given, "instructions": "Be brief."} for name, given in _RESPONSES.items()}
    yield from responses("response-history", {**items, **with_tools})
    yield from responses("response-history", told, FEW)
