"""What the rich replies of the APIs that are not OpenAI's are made of."""

from collections.abc import Mapping
from typing import Any

from scripts.goldens.default_replies import candidate, cohere_message, message

Event = dict[str, Any]

_LOOK = {"id": "call_a", "type": "function", "function": {"name": "look", "arguments": '{"city":"Oslo"}'}}
_PATCH = {"id": "call_b", "type": "function", "function": {"name": "patch", "arguments": '{"input":"a patch"}'}}

BLOCKS: list[Event] = [
    {"type": "thinking", "thinking": "Hm.", "signature": "sig"},
    {"type": "redacted_thinking", "data": "secret"},
    {
        "type": "text",
        "text": "Hello",
        "citations": [
            {
                "type": "web_search_result_location",
                "url": "https://a.example",
                "title": "A",
                "cited_text": "x",
                "encrypted_index": "i",
            },
            {
                "type": "char_location",
                "document_index": 0,
                "document_title": "D",
                "start_char_index": 0,
                "end_char_index": 2,
                "cited_text": "x",
            },
        ],
    },
    {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "x"}},
    {
        "type": "web_search_tool_result",
        "tool_use_id": "srv_1",
        "content": [{"type": "web_search_result", "url": "https://a.example", "title": "A", "encrypted_content": "e"}],
    },
    {"type": "server_tool_use", "id": "srv_2", "name": "code_execution", "input": {"code": "1"}},
    {
        "type": "code_execution_tool_result",
        "tool_use_id": "srv_2",
        "content": {"type": "code_execution_result", "stdout": "1", "stderr": "", "return_code": 0, "content": []},
    },
    {"type": "server_tool_use", "id": "srv_3", "name": "web_fetch", "input": {"url": "https://a.example"}},
    {
        "type": "web_fetch_tool_result",
        "tool_use_id": "srv_3",
        "content": {"type": "web_fetch_tool_result_error", "error_code": "x"},
    },
    {"type": "mcp_tool_use", "id": "mcp_1", "name": "a", "server_name": "m", "input": {"b": 1}},
    {"type": "mcp_tool_result", "tool_use_id": "mcp_1", "is_error": False, "content": [{"type": "text", "text": "x"}]},
    {"type": "tool_use", "id": "toolu_a", "name": "look", "input": {"city": "Oslo"}},
    {"type": "tool_use", "id": "toolu_b", "name": "patch", "input": {"input": "a patch"}},
]
_DELTAS: Mapping[int, list[Event]] = {
    0: [{"type": "thinking_delta", "thinking": "Hm."}, {"type": "signature_delta", "signature": "sig"}],
    2: [
        {"type": "text_delta", "text": "Hello"},
        {"type": "citations_delta", "citation": BLOCKS[2]["citations"][0]},
    ],
    3: [{"type": "input_json_delta", "partial_json": '{"query":"x"}'}],
    5: [{"type": "input_json_delta", "partial_json": '{"code":"1"}'}],
    7: [{"type": "input_json_delta", "partial_json": '{"url":"https://a.example"}'}],
    9: [{"type": "input_json_delta", "partial_json": '{"b":1}'}],
    11: [
        {"type": "input_json_delta", "partial_json": '{"city":'},
        {"type": "input_json_delta", "partial_json": '"Oslo"}'},
    ],
    12: [{"type": "input_json_delta", "partial_json": '{"input":"a patch"}'}],
}


def message_stream() -> list[Event]:
    """The events of Anthropic's answer."""
    found: list[Event] = [{"type": "message_start", "message": message([], None)}, {"type": "ping"}]
    for index, block in enumerate(BLOCKS):
        cleared: Event = {"thinking": "", "text": "", "input": {}, "signature": ""}
        start = {name: cleared.get(name, value) for name, value in block.items() if name != "citations"}
        found.append({"type": "content_block_start", "index": index, "content_block": start})
        found += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in _DELTAS.get(index, ())]
        found.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": "tool_use", "stop_sequence": None}
    return [*found, {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 7}}, {"type": "message_stop"}]


CONVERSE_BLOCKS: list[Event] = [
    {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "sig"}}},
    {"reasoningContent": {"redactedContent": "c2VjcmV0"}},
    {"text": "Hello"},
    {
        "citationsContent": {
            "content": [{"text": "cited"}],
            "citations": [
                {"title": "A", "location": {"web": {"url": "https://a.example"}}, "sourceContent": [{"text": "x"}]}
            ],
        }
    },
    {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
    {
        "toolUse": {
            "toolUseId": "srv_1",
            "name": "nova_code_interpreter",
            "input": {"snippet": "1"},
            "type": "server_tool_use",
        }
    },
    {"toolResult": {"toolUseId": "srv_1", "content": [{"json": {"stdOut": "1", "stdErr": ""}}], "status": "success"}},
    {"toolUse": {"toolUseId": "tooluse_a", "name": "look", "input": {"city": "Oslo"}}},
    {"toolUse": {"toolUseId": "tooluse_b", "name": "patch", "input": {"input": "a patch"}}},
]
_CONVERSE_DELTAS: list[tuple[Any, list[Event]]] = [
    (None, [{"reasoningContent": {"text": "Hm."}}, {"reasoningContent": {"signature": "sig"}}]),
    (None, [{"reasoningContent": {"redactedContent": "c2Vj"}}, {"reasoningContent": {"redactedContent": "cmV0"}}]),
    (None, [{"text": "Hel"}, {"text": "lo"}]),
    (None, [{"text": "cited"}, {"citation": {"title": "A", "location": {"web": {"url": "https://a.example"}}}}]),
    ({"image": {"format": "png"}}, [{"image": {"source": {"bytes": "AAAA"}}}]),
    (
        {"toolUse": {"toolUseId": "srv_1", "name": "nova_grounding", "type": "server_tool_use"}},
        [{"toolUse": {"input": '{"query":"x"}'}}],
    ),
    ({"toolResult": {"toolUseId": "srv_1", "status": "success"}}, [{"toolResult": [{"json": {"stdOut": "1"}}]}]),
    (
        {"toolUse": {"toolUseId": "tooluse_a", "name": "look"}},
        [{"toolUse": {"input": '{"city":'}}, {"toolUse": {"input": '"Oslo"}'}}],
    ),
    ({"toolUse": {"toolUseId": "tooluse_b", "name": "patch"}}, [{"toolUse": {"input": '{"input":"a patch"}'}}]),
]


def converse_stream() -> list[Any]:
    """The frames of Bedrock's answer: pairs of type and payload."""
    found: list[Any] = [["messageStart", {"role": "assistant"}]]
    for index, (start, deltas) in enumerate(_CONVERSE_DELTAS):
        if start is not None:
            found.append(["contentBlockStart", {"contentBlockIndex": index, "start": start}])
        found += [["contentBlockDelta", {"contentBlockIndex": index, "delta": delta}] for delta in deltas]
        found.append(["contentBlockStop", {"contentBlockIndex": index}])
    usage = {"inputTokens": 8, "outputTokens": 7, "totalTokens": 15, "cacheReadInputTokens": 2}
    metadata = {"usage": usage, "metrics": {"latencyMs": 5}, "serviceTier": {"type": "flex"}}
    return [*found, ["messageStop", {"stopReason": "tool_use"}], ["metadata", metadata]]


_GROUNDING = {
    "webSearchQueries": ["x"],
    "groundingChunks": [
        {"web": {"uri": "https://a.example", "title": "A"}},
        {"retrievedContext": {"uri": "gs://b/c", "title": "C", "text": "x"}},
        {"maps": {"uri": "https://m.example", "title": "M"}},
    ],
    "groundingSupports": [
        {"segment": {"startIndex": 0, "endIndex": 5, "text": "Hello"}, "groundingChunkIndices": [0, 1, 2]}
    ],
}
_CHOSEN = {"token": "Hel", "tokenId": 1, "logProbability": -0.5}
_PARTS: list[Event] = [
    {"text": "Hm.", "thought": True},
    {"text": "Hello", "thoughtSignature": "c2ln"},
    {"executableCode": {"language": "PYTHON", "code": "1"}},
    {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
    {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
    {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["x"]}, "id": "t1"}},
    {"toolResponse": {"toolType": "GOOGLE_SEARCH_WEB", "response": {}, "id": "t1"}},
    {"functionCall": {"name": "look", "args": {"city": "Oslo"}, "id": "f1"}, "thoughtSignature": "c2ln"},
    {"functionCall": {"name": "patch", "args": {"input": "a patch"}}},
]
GEMINI_PLAIN = candidate(
    _PARTS,
    groundingMetadata=_GROUNDING,
    citationMetadata={"citationSources": [{"startIndex": 0, "endIndex": 2, "uri": "https://c.example"}]},
    urlContextMetadata={
        "urlMetadata": [{"retrievedUrl": "https://u.example", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"}]
    },
    logprobsResult={"topCandidates": [{"candidates": [_CHOSEN]}], "chosenCandidates": [_CHOSEN]},
    avgLogprobs=-0.5,
)
_PARTIAL = {"willContinue": True, "partialArgs": [{"jsonPath": "$.city", "stringValue": "Os", "willContinue": True}]}
GEMINI_STREAM = [
    *(candidate([part], None) for part in _PARTS),
    candidate([{"functionCall": {"name": "look", "id": "f2", "willContinue": True}}], None),
    candidate([{"functionCall": {"id": "f2", **_PARTIAL}}], None),
    candidate(
        [
            {
                "functionCall": {
                    "id": "f2",
                    "willContinue": True,
                    "partialArgs": [{"jsonPath": "$.list[1].a", "numberValue": 3}],
                }
            }
        ],
        None,
    ),
    candidate([{"functionCall": {"id": "f2"}}], None),
    candidate([{"text": "", "thoughtSignature": "c2ln"}], groundingMetadata=_GROUNDING),
]

COHERE_PLAIN = cohere_message(
    {
        "tool_plan": "I will look.",
        "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Hello"}],
        "citations": [
            {
                "start": 0,
                "end": 3,
                "text": "Hel",
                "type": "TEXT_CONTENT",
                "content_index": 1,
                "sources": [
                    {"type": "document", "id": "d1", "document": {"title": "A", "url": "https://a.example"}},
                    {"type": "tool", "id": "t1", "tool_output": {"a": "b"}},
                ],
            }
        ],
        "tool_calls": [_LOOK, _PATCH],
    },
    "TOOL_CALL",
)
COHERE_PLAIN["logprobs"] = [{"token_ids": [1], "text": "Hel", "logprobs": [-0.5]}]


def cohere_stream() -> list[Event]:
    """The events of Cohere's answer."""

    def delta(kind: str, index: int, fields: Any) -> Event:
        return {"type": kind, "index": index, "delta": {"message": fields}}

    cited = COHERE_PLAIN["message"]["citations"][0]
    end = {"finish_reason": "TOOL_CALL", "usage": {"billed_units": {"input_tokens": 9, "output_tokens": 7}}}
    return [
        {"type": "message-start", "id": "up1", "delta": {"message": {"role": "assistant"}}},
        delta("tool-plan-delta", 0, {"tool_plan": "I will look."}),
        delta("content-start", 0, {"content": {"type": "thinking", "thinking": ""}}),
        delta("content-delta", 0, {"content": {"thinking": "Hm."}}),
        {"type": "content-end", "index": 0},
        delta("content-start", 1, {"content": {"type": "text", "text": ""}}),
        {**delta("content-delta", 1, {"content": {"text": "Hello"}}), "logprobs": COHERE_PLAIN["logprobs"][0]},
        {"type": "content-end", "index": 1},
        delta("citation-start", 0, {"citations": cited}),
        {"type": "citation-end", "index": 0},
        delta("tool-call-start", 0, {"tool_calls": {**_LOOK, "function": {"name": "look", "arguments": ""}}}),
        delta("tool-call-delta", 0, {"tool_calls": {"function": {"arguments": '{"city":"Oslo"}'}}}),
        {"type": "tool-call-end", "index": 0},
        delta("tool-call-start", 1, {"tool_calls": _PATCH}),
        {"type": "tool-call-end", "index": 1},
        {"type": "message-end", "delta": end},
    ]
