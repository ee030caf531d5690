"""Bodies for `/v1/responses` and `/v1/conversations`, and what the contract says of them."""

from functools import cache
from typing import Any

from gateway.contract.bundle import Bundle
from gateway.contract.validation import CompiledSchema
from gateway.errors import InvalidRequest

CREATE = "responses.create"


@cache
def validator(operation: str) -> CompiledSchema:
    """The check that the running server makes of an operation's bodies."""
    bundle = Bundle.load()
    return CompiledSchema(bundle.schema(bundle.operations[operation].body_schema or {}))


def verdict(body: Any, operation: str = CREATE) -> str | None:
    """None for a body that the contract accepts, or the path of the field that it refuses."""
    try:
        validator(operation).require(body)
    except InvalidRequest as refused:
        return refused.param or "the body"
    return None


def asked(*items: Any, **fields: Any) -> dict[str, Any]:
    """A request with these items as its input, or a plain text."""
    return {"model": "lab/small", "input": list(items) or "Hello", **fields}


TOOLS: dict[str, dict[str, Any]] = {
    "Function": {"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": True},
    "File search": {"type": "file_search", "vector_store_ids": ["vs_1"], "max_num_results": 5, "filters": None},
    "Computer": {"type": "computer"},
    "Computer use preview": {
        "type": "computer_use_preview",
        "environment": "browser",
        "display_width": 800,
        "display_height": 600,
    },
    "Web search": {"type": "web_search", "filters": {"allowed_domains": ["example.com"]}, "user_location": None},
    "MCP tool": {
        "type": "mcp",
        "server_label": "docs",
        "server_url": "https://example.com/mcp",
        "require_approval": {"never": {"tool_names": ["a"]}},
        "allowed_tools": ["a"],
    },
    "Code interpreter": {"type": "code_interpreter", "container": {"type": "auto"}},
    "Image generation tool": {"type": "image_generation", "quality": "low", "partial_images": 3},
    "Local shell tool": {"type": "local_shell"},
    "Shell tool": {"type": "shell", "environment": {"type": "container_auto"}},
    "Custom tool": {"type": "custom", "name": "sh", "format": {"type": "grammar", "syntax": "lark", "definition": "x"}},
    "Namespace": {
        "type": "namespace",
        "name": "agents",
        "description": "",
        "tools": [{"type": "function", "name": "spawn"}, {"type": "custom", "name": "say"}],
    },
    "Tool search tool": {"type": "tool_search", "execution": "client", "parameters": {}},
    "Web search preview": {"type": "web_search_preview_2025_03_11", "search_context_size": "low"},
    "Apply patch tool": {"type": "apply_patch", "allowed_callers": ["direct"]},
    "Programmatic tool calling": {"type": "programmatic_tool_calling"},
}
"""One of each kind, under the names that AIHubMix's page lists them by, and the one that came later."""

_SHELL_OUTPUT = {"stdout": "", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
ITEMS: dict[str, dict[str, Any]] = {
    "message": {"role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]},
    "file_search_call": {"status": "completed", "queries": ["a"], "results": None},
    "function_call": {"call_id": "call_1", "name": "look", "arguments": "", "status": "completed"},
    "function_call_output": {"call_id": "call_1", "output": "found", "status": "completed"},
    "web_search_call": {"status": "completed", "action": {"type": "search", "queries": ["a"]}},
    "computer_call": {
        "call_id": "c",
        "actions": [{"type": "wait"}],
        "pending_safety_checks": [],
        "status": "completed",
    },
    "computer_call_output": {"call_id": "c", "output": {"type": "computer_screenshot"}, "status": "completed"},
    "reasoning": {"summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "x"},
    "tool_search_call": {"call_id": None, "execution": "server", "arguments": {"q": "a"}, "status": "completed"},
    "tool_search_output": {"call_id": None, "tools": [TOOLS["Function"]], "status": "completed"},
    "compaction": {"encrypted_content": "x"},
    "image_generation_call": {"status": "completed", "result": "AA=="},
    "code_interpreter_call": {"status": "completed", "container_id": "c", "code": "1", "outputs": None},
    "local_shell_call": {"call_id": "c", "action": {"type": "exec", "command": ["ls"]}, "status": "completed"},
    "local_shell_call_output": {"output": "x", "status": None},
    "shell_call": {"call_id": "c", "action": {"commands": ["ls"]}, "status": "completed", "environment": None},
    "shell_call_output": {"call_id": "c", "output": [_SHELL_OUTPUT], "status": "completed", "max_output_length": None},
    "apply_patch_call": {"call_id": "c", "operation": {"type": "delete_file", "path": "a"}, "status": "completed"},
    "apply_patch_call_output": {"call_id": "c", "status": "failed", "output": None},
    "mcp_call": {"server_label": "docs", "name": "a", "arguments": "{}", "error": None, "output": "x"},
    "mcp_list_tools": {"server_label": "docs", "tools": [{"name": "a", "input_schema": {}}]},
    "mcp_approval_request": {"server_label": "docs", "name": "a", "arguments": "{}"},
    "mcp_approval_response": {"approval_request_id": "mcpr_1", "approve": False},
    "custom_tool_call": {"call_id": "call_2", "name": "sh", "input": "ls", "status": "completed"},
    "custom_tool_call_output": {
        "call_id": "call_2",
        "output": [{"type": "input_text", "text": "x"}],
        "status": "completed",
    },
    "program": {"call_id": "c", "code": "1", "fingerprint": "f"},
    "program_output": {"call_id": "c", "result": "1", "status": "completed"},
    "additional_tools": {"role": "developer", "tools": [TOOLS["Custom tool"]]},
    "item_reference": {"id": "msg_1"},
    "compaction_trigger": {},
    "configuration_update": {"reasoning": {"effort": "low"}},
}
"""One item of each type, as a client may send it back; the type itself is the key."""

INPUT_ONLY = ("item_reference", "compaction_trigger", "configuration_update")


def item(kind: str, **fields: Any) -> dict[str, Any]:
    """One item of a type."""
    return {"type": kind, **ITEMS[kind], **fields}
