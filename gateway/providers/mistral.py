"""Mistral: chat of its own kind, and strict about what it does not know."""

from dataclasses import replace

from gateway.dialects.profiles.base import Range, Thinking
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers import compatible
from gateway.providers.row import Row

# Anything else is a 422 (shared facts on providers, section 9: the client library's own request type, August 2026). So
# is `stream_options`: it always tells usage. `reasoning_effort` is for a few models only.
_FIELDS = frozenset(
    (
        *("model", "messages", "stream", "stop", "n", "temperature", "top_p", "random_seed"),
        *("presence_penalty", "frequency_penalty", "response_format", "tools", "tool_choice", "parallel_tool_calls"),
        *("prediction", "prompt_mode", "safe_prompt", "prompt_cache_key", "metadata"),
        *("document_image_limit", "document_page_limit", "guardrails"),
    )
)
_OF_MESSAGES = compatible.OF_ANSWERS | {"name", "refusal", "annotations", "audio", "function_call"}

PROFILE = ChatProfile(
    context_too_long=compatible.TOO_LONG,
    token_limit_field="max_tokens",
    fields=_FIELDS,
    renamed={"seed": "random_seed"},
    ranges={"temperature": Range(0, 1.5)},
    renamed_choices={"required": "any"},
    # With tools in sight and none to be called, its answers are garbled (shared facts, section 9).
    tool_choices=frozenset({"auto", "required", "named"}),
    takes_developer_role=False,
    takes_user_after_tool=False,
    marks_prefix=True,
    call_id_length=9,
    dropped_of_messages=_OF_MESSAGES | {"reasoning_content", "reasoning"},
    part_forms={"file": "document_url"},
)
# Reasoning stands in the content, out and in. Which models take an effort: its documentation, August 2026.
_IN_CONTENT = replace(PROFILE, reasoning_field="content", dropped_of_messages=_OF_MESSAGES)
_MAGISTRAL = replace(_IN_CONTENT, reasons=True)
_ADJUSTABLE = replace(
    _IN_CONTENT,
    fields=_FIELDS | {"reasoning_effort"},
    thinking=Thinking(
        "effort", {"none": "none", **dict.fromkeys(("minimal", "low", "medium", "high", "xhigh", "max"), "high")}
    ),
)

ROW = Row(
    name="mistral",
    base_url="https://api.mistral.ai/v1",
    key_variable="MISTRAL_API_KEY",
    base_url_variable="MISTRAL_BASE_URL",
    profiles=(
        PROFILE.with_models(
            {r"magistral-.*": _MAGISTRAL, r"mistral-(small-(26.*|latest)|medium-3[.-]5.*)": _ADJUSTABLE}
        ),
    ),
)
