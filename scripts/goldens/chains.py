"""Conversations of several requests: reasoning that goes back to its author and to others, and what is remembered."""

from collections.abc import Iterator, Sequence

from scripts.goldens.cases import CHAT, RESPONSES, Case, Document, Reply, Step
from scripts.goldens.default_replies import (
    candidate,
    chunks,
    cohere_message,
    completion,
    converse,
    converse_frames,
    message,
    message_events,
    response,
)
from scripts.goldens.frames import events, named_events, plain
from scripts.goldens.rich_replies import RICH

_CONVERSATIONS = "/v1/conversations"
_CALL = {"id": "call_a", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
_THINKING = {"type": "thinking", "thinking": "Hm.", "signature": "sig"}
_REASONING = {"type": "reasoning", "id": "rs_u", "summary": [], "encrypted_content": "enc"}
_ITEM_CALL = {
    "type": "function_call",
    "id": "fc_u",
    "call_id": "call_a",
    "name": "look",
    "arguments": "{}",
    "status": "completed",
}
_COHERE = {"tool_plan": "I look.", "content": [{"type": "thinking", "thinking": "Hm."}], "tool_calls": [_CALL]}
_DETAIL = {"type": "reasoning.text", "text": "Hm.", "signature": "sig", "format": "anthropic-claude-v1", "index": 0}
_MISTRAL = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "Hi"}]
_CONVERSE = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "sig"}}}
_TOOL_USE = {"toolUse": {"toolUseId": "call_a", "name": "look", "input": {}}}

# Who answers with reasoning, and what: plain and, where it differs in kind, streamed.
_THINKERS: dict[str, tuple[str, Reply, Reply | None]] = {
    "anthropic": (
        "anthropic/claude-sonnet-4-5",
        plain(message([_THINKING, {"type": "tool_use", "id": "call_a", "name": "look", "input": {}}], "tool_use")),
        message_events(
            (
                {"type": "thinking", "thinking": ""},
                [{"type": "thinking_delta", "thinking": "Hm."}, {"type": "signature_delta", "signature": "s"}],
            ),
            ({"type": "tool_use", "id": "call_a", "name": "look", "input": {}}, []),
            stop_reason="tool_use",
        ),
    ),
    "anthropic redacted": (
        "anthropic/claude-opus-4-8",
        plain(message([{"type": "redacted_thinking", "data": "x"}, _THINKING, {"type": "text", "text": "Hi"}])),
        None,
    ),
    "anthropic hosted": ("anthropic/claude-sonnet-4-5", plain(RICH["anthropic"].plain), None),
    "bedrock": (
        "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        plain(converse([_CONVERSE, _TOOL_USE], "tool_use")),
        converse_frames(
            (None, [{"reasoningContent": {"text": "Hm."}}, {"reasoningContent": {"signature": "s"}}]),
            ({"toolUse": {"toolUseId": "call_a", "name": "look"}}, [{"toolUse": {"input": "{}"}}]),
            stop_reason="tool_use",
        ),
    ),
    "bedrock redacted": (
        "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        plain(converse([{"reasoningContent": {"redactedContent": "eA=="}}, {"text": "Hi"}])),
        None,
    ),
    "bedrock unsigned": (
        "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        plain(converse([{"reasoningContent": {"reasoningText": {"text": "Hm."}}}, {"text": "Hi"}])),
        None,
    ),
    "bedrock nova": ("bedrock/amazon.nova-2-lite-v1:0", plain(converse([_CONVERSE, _TOOL_USE], "tool_use")), None),
    "bedrock oss": ("bedrock/openai.gpt-oss-120b-1:0", plain(converse([_CONVERSE, _TOOL_USE], "tool_use")), None),
    "bedrock r1": ("bedrock/deepseek.r1-v1:0", plain(converse([_CONVERSE, {"text": "Hi"}])), None),
    "gemini": (
        "gemini/gemini-3-pro-preview",
        plain(
            candidate(
                [
                    {"text": "Hm.", "thought": True},
                    {"functionCall": {"name": "look", "args": {}}, "thoughtSignature": "c2ln"},
                ]
            )
        ),
        events(
            candidate([{"text": "Hm.", "thought": True}], None),
            candidate([{"functionCall": {"name": "look", "args": {}, "id": "f"}, "thoughtSignature": "c2ln"}]),
            ends=False,
        ),
    ),
    "gemini text": (
        "gemini/gemini-3-pro-preview",
        plain(candidate([{"text": "Hi", "thoughtSignature": "c2ln"}])),
        None,
    ),
    "gemini parts": ("gemini/gemini-3-pro-preview", plain(RICH["gemini"].plain), None),
    "cohere": ("cohere/command-a-reasoning-08-2025", plain(cohere_message(_COHERE, "TOOL_CALL")), None),
    "chat": (
        "plain-openai-chat/m",
        plain(completion({"content": None, "reasoning_content": "Hm.", "tool_calls": [_CALL]}, "tool_calls")),
        chunks(
            {"role": "assistant"},
            {"reasoning_content": "Hm."},
            {"tool_calls": [{"index": 0, **_CALL}]},
            finish_reason="tool_calls",
        ),
    ),
    "deepseek": (
        "deepseek/deepseek-reasoner",
        plain(completion({"content": "", "reasoning_content": "Hm.", "tool_calls": [_CALL]}, "tool_calls")),
        None,
    ),
    "openrouter": (
        "openrouter-chat/any",
        plain(
            completion(
                {"content": "Hi", "reasoning": "Hm.", "reasoning_details": [_DETAIL], "tool_calls": [_CALL]},
                "tool_calls",
            )
        ),
        None,
    ),
    "mistral": (
        "mistral/magistral-medium",
        plain(completion({"content": _MISTRAL, "tool_calls": [_CALL]}, "tool_calls")),
        None,
    ),
    "groq": ("groq/openai/gpt-oss-120b", plain(completion({"content": "Hi", "reasoning": "Hm."})), None),
    "openai": (
        "openai-responses/gpt-5.1",
        plain(response([_REASONING, _ITEM_CALL])),
        named_events(
            {"type": "response.created", "response": response([], "in_progress")},
            {"type": "response.output_item.done", "output_index": 0, "item": _REASONING},
            {"type": "response.output_item.done", "output_index": 1, "item": _ITEM_CALL},
            {"type": "response.completed", "response": response([_REASONING, _ITEM_CALL])},
        ),
    ),
}
_OTHERS = (
    *("anthropic/claude-sonnet-4-5", "anthropic-two/claude-sonnet-4-5", "openai-responses/gpt-5.1"),
    *(
        "openai-chat/gpt-5.1",
        "plain-openai-chat/m",
        "gemini/gemini-3-pro-preview",
        "cohere/command-a-reasoning-08-2025",
    ),
    *("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "deepseek/deepseek-reasoner", "mistral/magistral-medium"),
)
_CHAT_TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]
_TOOLS = [{"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}]
_ASK = {"role": "user", "content": "Hi"}
_GO_ON = {"role": "user", "content": "Go on."}
_OUTPUT = {"type": "function_call_output", "call_id": "{{0:output.1.call_id}}", "output": "done"}
_INCLUDE = ["reasoning.encrypted_content"]


def chain_cases() -> Iterator[Case]:
    """Every case of several steps."""
    for name, (model, reply, stream) in _THINKERS.items():
        for first, is_stream in ((reply, False), (stream, True)):
            if first is None:
                continue
            # What makes ids of its own for calls makes them at random, and the other one shortens them by a hash.
            others = [other for other in _OTHERS if not (name.startswith("gemini") and other.startswith("mistral"))]
            for target in (model, *(other for other in others if other != model)):
                for kind, steps in _continued(model, target, first, is_stream=is_stream):
                    yield Case(f"chain {name} {kind}{' stream' if is_stream else ''} to {target}", steps)
    yield from _memory()
    yield from _conversations()
    yield Case("models list", [Step("/v1/models", method="GET"), Step("/v1/models/openai-chat/gpt-4.1", method="GET")])


def _continued(model: str, target: str, first: Reply, *, is_stream: bool) -> Iterator[tuple[str, Sequence[Step]]]:
    """The ways to go on with an answer, at another provider or the same."""
    chat = {"model": model, "messages": [_ASK], "tools": _CHAT_TOOLS, "stream": is_stream}
    told = {"role": "tool", "tool_call_id": "{{0:choices.0.message.tool_calls.0.id}}", "content": "done"}
    said = [_ASK, "{{0:choices.0.message}}"]
    asked = {"model": target, "tools": _CHAT_TOOLS}
    yield "chat output", [Step(CHAT, chat, [first]), Step(CHAT, {**asked, "messages": [*said, told]})]
    yield "chat user", [Step(CHAT, chat, [first]), Step(CHAT, {**asked, "messages": [*said, told, _GO_ON]})]
    begun = {"model": model, "input": [_ASK], "tools": _TOOLS, "stream": is_stream, "include": _INCLUDE}
    asked = {"model": target, "tools": _TOOLS}
    given = [_ASK, "{{*0:output}}", _OUTPUT]
    yield "items", [Step(RESPONSES, {**begun, "store": False}, [first]), Step(RESPONSES, {**asked, "input": given})]
    more = {**asked, "input": [*given, _GO_ON], "store": False}
    yield "items of another", [Step(RESPONSES, begun, [first]), Step(RESPONSES, more, key="second")]
    previous = {**asked, "previous_response_id": "{{0:id}}", "input": [_OUTPUT]}
    again = {**asked, "previous_response_id": "{{1:id}}", "input": "And now?", "instructions": "Be brief."}
    yield "previous", [Step(RESPONSES, begun, [first]), Step(RESPONSES, previous), Step(RESPONSES, again)]
    held = {"conversation": "{{0:id}}"}
    late = {**_OUTPUT, "call_id": "{{1:output.1.call_id}}"}
    yield (
        "conversation",
        [
            Step(_CONVERSATIONS, {"items": [{"type": "message", "role": "developer", "content": "Be brief."}]}),
            Step(RESPONSES, {**begun, **held}, [first]),
            Step(RESPONSES, {**asked, **held, "input": [late]}),
            Step(f"{_CONVERSATIONS}/{{{{0:id}}}}/items?order=asc", method="GET"),
        ],
    )


def _memory() -> Iterator[Case]:
    """Stored answers: read, listed, referred to, deleted, and not there for others."""
    model = {"model": "anthropic/claude-sonnet-4-5"}
    rich = plain(RICH["anthropic"].plain)
    asked = {**model, "input": [_ASK], "tools": _TOOLS, "instructions": "Be brief.", "metadata": {"a": "b"}}
    one = f"{RESPONSES}/{{{{0:id}}}}"
    begun = [Step(RESPONSES, asked, [rich])]
    after = {**model, "previous_response_id": "{{0:id}}", "input": "And?"}
    reads = [
        *(
            Step(path, method="GET")
            for path in (one, f"{one}?stream=true", f"{one}/input_items", f"{one}/input_items?limit=1")
        ),
        *(Step(f"{one}/input_items?{query}", method="GET") for query in ("order=asc", "after=msg_lost", "limit=0")),
        Step(one, method="GET", key="second"),
        Step(f"{one}/cancel", {}),
        Step(RESPONSES, after),
        Step(f"{RESPONSES}/{{{{10:id}}}}/input_items?order=asc", method="GET"),
    ]
    yield Case("memory read", [*begun, *reads])
    yield Case("memory other key", [*begun, Step(RESPONSES, after, key="second")])
    gone = [Step(one, method="DELETE"), Step(one, method="DELETE"), Step(one, method="GET"), Step(RESPONSES, after)]
    yield Case("memory deleted", [*begun, *gone])
    unkept = [Step(RESPONSES, {**asked, "store": False}, [rich]), Step(one, method="GET"), Step(RESPONSES, after)]
    yield Case("memory not stored", unkept)
    for number in range(4):
        for key in ("first", "second"):
            reference = {"type": "item_reference", "id": f"{{{{0:output.{number}.id}}}}"}
            given = {**model, "input": [reference, _GO_ON]}
            yield Case(f"memory reference {number} {key}", [*begun, Step(RESPONSES, given, key=key)])
    twice = {**model, "input": [{"type": "item_reference", "id": "{{0:output.0.id}}"}] * 2}
    yield Case("memory reference twice", [*begun, Step(RESPONSES, twice)])
    yield from _memory_of_failures(asked, begun, after)


def _memory_of_failures(asked: Document, begun: Sequence[Step], after: Document) -> Iterator[Case]:
    one = f"{RESPONSES}/{{{{0:id}}}}"
    streamed = {**asked, "stream": True}
    yield Case("memory streamed", [Step(RESPONSES, streamed), Step(one, method="GET"), Step(RESPONSES, after)])
    failed = plain({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}, 529)
    yield Case("memory failed", [Step(RESPONSES, asked, [failed]), Step(RESPONSES, {**streamed}, [failed])])
    cut = [
        Step(RESPONSES, streamed, [named_events({"type": "message_start", "message": message([], None)}, is_cut=True)])
    ]
    yield Case("memory cut", [*cut, Step(one, method="GET"), Step(RESPONSES, after)])
    both = {**after, "conversation": "conv_x"}
    yield Case("memory two pasts", [*begun, Step(RESPONSES, both)])


def _conversations() -> Iterator[Case]:
    one = f"{_CONVERSATIONS}/{{{{0:id}}}}"
    items = [{"type": "message", "role": "user", "content": f"{number}"} for number in range(3)]
    made = Step(_CONVERSATIONS, {"metadata": {"a": "b"}, "items": items})
    lists = ("", "?limit=1", "?limit=2&order=asc", "?after=msg_lost", "?limit=0", "?order=odd")
    yield Case(
        "conversation kept",
        [
            made,
            Step(one, method="GET"),
            Step(one, {"metadata": {"c": "d"}}),
            *(Step(f"{one}/items{query}", method="GET") for query in lists),
            Step(f"{one}/items", {"items": [*items, _ITEM_CALL, _REASONING]}),
            Step(f"{one}/items/{{{{9:data.0.id}}}}", method="GET"),
            Step(f"{one}/items/{{{{9:data.0.id}}}}", method="DELETE"),
            Step(f"{one}/items/msg_lost", method="GET"),
            Step(f"{one}/items/msg_lost", method="DELETE"),
            Step(one, method="GET", key="second"),
            Step(one, method="DELETE"),
            Step(one, method="GET"),
        ],
    )
    for name, body in (("nothing", {}), ("odd items", {"items": [7]}), ("odd metadata", {"metadata": 7})):
        yield Case(f"conversation {name}", [Step(_CONVERSATIONS, body), Step(f"{one}/items", {"items": []})])
    reference = {"type": "item_reference", "id": "{{0:output.0.id}}"}
    held = {"items": [reference, {"type": "item_reference", "id": "msg_lost"}]}
    asked = {"model": "anthropic/claude-sonnet-4-5", "input": "Hi"}
    yield Case(
        "conversation references",
        [Step(RESPONSES, asked), Step(_CONVERSATIONS, {"items": [reference]}), Step(_CONVERSATIONS, held)],
    )
    kept = {**asked, "conversation": {"id": "{{0:id}}"}}
    failed = plain({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}, 529)
    listed = Step(f"{one}/items", method="GET")
    yield Case("conversation failed", [made, Step(RESPONSES, kept, [failed]), listed, Step(RESPONSES, kept), listed])
    yield Case("conversation unkept", [made, Step(RESPONSES, {**kept, "store": False}), listed])
    yield Case("conversation of another", [made, Step(RESPONSES, kept, key="second")])
