"""What Anthropic refuses in a request for a message, as the shared facts on providers have it in section 4."""

import re
from collections.abc import Iterator
from typing import Any

_Object = dict[str, Any]

_FIELDS = frozenset(
    (
        *("model", "messages", "max_tokens", "system", "temperature", "top_p", "top_k", "stop_sequences", "thinking"),
        *("output_config", "tools", "tool_choice", "metadata", "service_tier", "container", "inference_geo", "stream"),
        "cache_control",
    )
)
_TOOL = frozenset(
    (
        *("name", "description", "input_schema", "strict", "cache_control", "type", "eager_input_streaming"),
        *("defer_loading", "input_examples", "allowed_callers"),
    )
)
_BLOCKS: dict[str, tuple[set[str], set[str]]] = {
    "text": ({"text"}, {"cache_control", "citations"}),
    "image": ({"source"}, {"cache_control"}),
    "document": ({"source"}, {"title", "context", "citations", "cache_control"}),
    "tool_use": ({"id", "name", "input"}, {"cache_control", "caller"}),
    "tool_result": ({"tool_use_id"}, {"content", "is_error", "cache_control"}),
    "thinking": ({"thinking", "signature"}, set()),
    "redacted_thinking": ({"data"}, set()),
    "server_tool_use": ({"id", "name", "input"}, {"cache_control"}),
    "web_search_tool_result": ({"tool_use_id", "content"}, {"cache_control"}),
    "bash_code_execution_tool_result": ({"tool_use_id", "content"}, {"cache_control"}),
}
_OF_ROLE = {
    "user": {"text", "image", "document", "tool_result"},
    "system": {"text"},
    "assistant": _BLOCKS.keys() - {"image", "document", "tool_result"},
}
_SOURCES = {
    "base64": {"media_type", "data"},
    "url": {"url"},
    "text": {"media_type", "data"},
}
_IMAGES = {"image/jpeg", "image/png", "image/gif", "image/webp"}
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_KEYWORDS = ("minimum", "maximum", "minLength", "maxLength", "pattern", "multipleOf", "uniqueItems", "maxItems")


def complaints(body: _Object, *, is_newest: bool = False) -> Iterator[str]:
    """Everything that is wrong with a request. The newest models take less: no sampling, no budget, no prefill."""
    for name in body.keys() - _FIELDS:
        yield f"{name}: Extra inputs are not permitted"
    for name in ("model", "messages", "max_tokens"):
        if name not in body:
            yield f"{name}: Field required"
            return
    if not isinstance(body["max_tokens"], int) or body["max_tokens"] < 0:
        yield "max_tokens: Input should be a valid integer"
    yield from _about_sampling(body, is_newest=is_newest)
    yield from _about_thinking(body, is_newest=is_newest)
    yield from _about_tools(body)
    yield from _about_form(body)
    yield from _about_text(body.get("system", "x"), "system")
    yield from _about_messages(body, is_newest=is_newest)
    marks = str(body).count("'cache_control': {")
    if marks > 4:
        yield f"A maximum of 4 blocks with cache_control may be provided. Found {marks}."
    yield from _about_lifetimes(body)


def _about_lifetimes(body: _Object) -> Iterator[str]:
    """Of what is cached, in the order of the prefix, the longer lifetimes come first."""
    content = [
        block
        for message in body["messages"]
        for outer in _blocks(message["content"])
        for block in (*(_blocks(outer.get("content", [])) if outer["type"] == "tool_result" else ()), outer)
    ]
    has_shorter = False
    for cached in (*(body.get("tools") or ()), *_blocks(body.get("system", [])), *content, body):
        if (control := cached.get("cache_control")) is None:
            continue
        lifetime = control.get("ttl", "5m")
        if lifetime not in ("5m", "1h"):
            yield f"cache_control.ephemeral.ttl: Input should be '5m' or '1h': {lifetime!r}"
        if lifetime == "1h" and has_shorter:
            yield "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block."
        has_shorter = has_shorter or lifetime == "5m"


def _about_sampling(body: _Object, *, is_newest: bool) -> Iterator[str]:
    for name in ("temperature", "top_p"):
        if not 0 <= body.get(name, 0) <= 1:
            yield f"{name}: range: 0..1"
    if is_newest and body.keys() & {"temperature", "top_p", "top_k"}:
        yield "sampling parameters are not supported on this model"
    for stop in body.get("stop_sequences", ()):
        if not stop.strip():
            yield "stop_sequences: each stop sequence must contain non-whitespace"
    if body.get("service_tier", "auto") not in ("auto", "standard_only"):
        yield "service_tier: Input should be 'auto' or 'standard_only'"
    if (body.get("metadata") or {}).keys() - {"user_id"}:
        yield "metadata: Extra inputs are not permitted"


def _about_thinking(body: _Object, *, is_newest: bool) -> Iterator[str]:
    thinking = body.get("thinking") or {"type": "disabled"}
    effort = (body.get("output_config") or {}).get("effort", "high")
    if effort not in ("low", "medium", "high", "xhigh", "max"):
        yield f"output_config.effort: {effort!r}"
    if thinking["type"] != "enabled":
        return
    if is_newest:
        yield '"thinking.type.enabled" is not supported for this model'
    if not 1024 <= thinking.get("budget_tokens", 0) < body["max_tokens"]:
        yield "`max_tokens` must be greater than `thinking.budget_tokens`"
    if body.get("temperature", 1) != 1 or "top_k" in body:
        yield "`temperature` may only be set to 1 when thinking is enabled"
    if (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
        yield "Thinking may not be enabled when tool_choice forces tool use."
    last = next((message for message in reversed(body["messages"]) if message["role"] == "assistant"), None)
    kinds = [block["type"] for block in _blocks(last["content"])] if last else []
    if "tool_use" in kinds and kinds[0] not in ("thinking", "redacted_thinking"):
        yield f"Expected `thinking` or `redacted_thinking`, but found `{kinds[0]}`."


def _about_tools(body: _Object) -> Iterator[str]:
    tools = body.get("tools") or []
    names = [tool.get("name") for tool in tools]
    yield from _about_choice(body.get("tool_choice"), names)
    if len(set(names)) < len(names):
        yield "tools: Tool names must be unique."
    for tool in tools:
        if re.search(r"_20\d{6}$", tool.get("type", "")):
            continue
        if not _NAME.fullmatch(tool.get("name") or ""):
            yield f"tools.name: {tool.get('name')!r}"
        if tool.keys() - _TOOL:
            yield f"tools: Extra inputs are not permitted: {sorted(tool.keys() - _TOOL)}"
        if (tool.get("input_schema") or {}).get("type") != "object":
            yield "tools.input_schema.type: Field required"
        if tool.get("strict"):
            yield from _about_schema(tool["input_schema"])


def _about_choice(choice: Any, names: list[str]) -> Iterator[str]:
    if choice is None:
        return
    if not names:
        yield "tool_choice: may only be specified while providing tools"
    if choice["type"] not in ("auto", "any", "none", "tool"):
        yield f"tool_choice: {choice}"
    if choice["type"] == "tool" and choice.get("name") not in names:
        yield "tool_choice: Tool not found in provided tools"
    if choice["type"] == "none" and "disable_parallel_tool_use" in choice:
        yield "tool_choice.none.disable_parallel_tool_use: Extra inputs are not permitted"


def _about_form(body: _Object) -> Iterator[str]:
    form = (body.get("output_config") or {}).get("format")
    if form is None:
        return
    if form.keys() != {"type", "schema"} or form["type"] != "json_schema":
        yield f"output_config.format: {form}"
    yield from _about_schema(form["schema"])


def _about_schema(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for inner in schema:
            yield from _about_schema(inner)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        yield "For 'object' type, 'additionalProperties' must be explicitly set to false"
    for name in schema.keys() & set(_KEYWORDS):
        yield f"For '{schema.get('type')}' type, property '{name}' is not supported"
    for name, inner in schema.items():
        if name in ("properties", "$defs", "definitions"):
            yield from _about_schema(list(inner.values()))
        elif name in ("anyOf", "allOf", "items"):
            yield from _about_schema(inner)


def _about_messages(body: _Object, *, is_newest: bool) -> Iterator[str]:
    messages = body["messages"]
    if not messages:
        yield "messages: at least one message is required"
        return
    if messages[0]["role"] != "user":
        yield 'messages: first message must use the "user" role'
    before: _Object = {"role": "", "content": []}
    for number, message in enumerate(messages):
        if message.keys() != {"role", "content"} or message["role"] not in _OF_ROLE:
            yield f"messages.{number}: {sorted(message)} of {message.get('role')!r}"
            return
        if message["role"] == before["role"]:
            yield f"messages.{number}: two turns of one role (the API takes them; Bedrock and Vertex do not)"
        if message["role"] == "system" and (not is_newest or before["role"] != "user"):
            yield "role 'system' is not supported on this model"
        for block in _blocks(message["content"]):
            yield from (f"messages.{number}: {complaint}" for complaint in _about_block(block, message["role"]))
        yield from _about_results(before, message, number)
        before = message
    yield from _about_the_end(body, is_newest=is_newest)


def _about_the_end(body: _Object, *, is_newest: bool) -> Iterator[str]:
    uses = [block for message in body["messages"] for block in _of_type(message, "tool_use")]
    if len({block["id"] for block in uses}) < len(uses):
        yield "messages: `tool_use` ids must be unique"
    if uses and not body.get("tools"):
        yield "Requests which include `tool_use` or `tool_result` blocks must define tools"
    last = body["messages"][-1]
    if last["role"] != "assistant":
        return
    final = _blocks(last["content"])[-1]
    if final["type"] == "tool_use":
        yield "`tool_use` ids were found without `tool_result` blocks immediately after"
    if final["type"] == "text" and final["text"] != final["text"].rstrip():
        yield "messages: final assistant content cannot end with trailing whitespace"
    if final["type"] == "text" and (is_newest or (body.get("thinking") or {}).get("type") == "enabled"):
        yield "This model does not support assistant message prefill."


def _about_results(before: _Object, message: _Object, number: int) -> Iterator[str]:
    """All results of an answer's calls, and nothing else, come first in the next message."""
    wanted = sorted(block["id"] for block in _of_type(before, "tool_use"))
    given = sorted(block["tool_use_id"] for block in _of_type(message, "tool_result"))
    if wanted != given:
        yield f"messages.{number}: `tool_use` ids {wanted} were found with `tool_result` blocks of {given}"
    kinds = [block["type"] for block in _blocks(message["content"])]
    if kinds[: len(given)] != ["tool_result"] * len(given):
        yield f"messages.{number}: tool results come first: {kinds}"


def _about_block(block: _Object, role: str) -> Iterator[str]:
    kind = block.get("type")
    if kind not in _OF_ROLE[role]:
        yield f"a block of type {kind!r} in a message of {role}"
        return
    needed, allowed = _BLOCKS[kind]
    fields = block.keys() - {"type"}
    if not needed <= fields or fields - needed - allowed:
        yield f"{kind}: {sorted(fields)}"
        return
    if kind == "text":
        yield from _about_text(block["text"], "text content blocks")
    if kind in ("image", "document"):
        yield from _about_source(block["source"], kind)
    if kind == "tool_use" and (not isinstance(block["input"], dict) or not _NAME.fullmatch(block["name"])):
        yield "tool_use.input: Input should be a valid dictionary"
    for name in ("id", "tool_use_id"):
        if name in block and not _ID.fullmatch(block[name]):
            yield f"{name}: String should match pattern '^[a-zA-Z0-9_-]+$'"
    if kind == "tool_result":
        inner = block.get("content", "x")
        if inner == [] or (isinstance(inner, list) and {one["type"] for one in inner} - {"text", "image", "document"}):
            yield f"tool_result.content: {inner!r:.80}"
        yield from (told for one in _blocks(inner) for told in _about_block(one, "user"))
    if kind == "thinking" and not block["signature"]:
        yield "thinking.signature: Field required"


def _about_source(source: _Object, kind: str) -> Iterator[str]:
    if source.get("type") not in _SOURCES or source.keys() - {"type"} != _SOURCES[source["type"]]:
        yield f"{kind}.source: {source!r:.80}"
        return
    media = source.get("media_type")
    allowed = {"image": _IMAGES, "document": {"application/pdf", "text/plain"}}[kind]
    if media is not None and media not in allowed:
        yield f"{kind}.source.media_type: {media}"


def _about_text(text: Any, place: str) -> Iterator[str]:
    for value in [text] if isinstance(text, str) else [block["text"] for block in text]:
        if not value.strip():
            yield f"{place}: text must contain non-whitespace text"


def _of_type(message: _Object, kind: str) -> list[_Object]:
    return [block for block in _blocks(message["content"]) if block["type"] == kind]


def _blocks(content: Any) -> list[_Object]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content
