"""Adapts a Responses body to what is particular to one upstream."""

from collections.abc import Iterator

from gateway.dialects.base import Origin
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.dialects.report import Report
from gateway.dialects.settings import (
    drop_with_reasoning,
    effort_value,
    exclude_settings,
    move_into_ranges,
    rename_settings,
    take_token_limit,
)
from gateway.errors import InvalidRequest
from gateway.neutral.json import Json, JsonObject, list_or_empty, object_or_empty, objects_in
from gateway.neutral.prompt import unknown_prompt
from gateway.neutral.settings import PLACES, TOKEN_LIMIT

_ENCRYPTED = "reasoning.encrypted_content"
_INLINE = "data:"
# The gateway itself sends it, so that nothing is kept there, though a row may drop it from chat.
_ALWAYS = frozenset({"store"})


def adapt_body(body: JsonObject, origin: Origin, report: Report) -> None:
    """Adapt the body to this upstream; what had to go is reported. Raises `InvalidRequest`."""
    profile = ResponsesProfile.own(origin.profile)
    if not profile.keeps_prompts and body.get("prompt") is not None:
        raise unknown_prompt(body["prompt"], origin.provider)
    if profile.thinking is not None and _effort(body) is not None:
        _adapt_effort(body, profile, report)
    if profile.dropped_reasoning:
        drop_with_reasoning(body, profile, _effort(body), report)
    _adapt_settings(body, profile, report)
    for name, value in profile.defaults.items():
        if body.get(name) is None:
            body[name] = value
    if not profile.takes_developer_role:
        body["input"] = _without_developers(body.get("input"))
    if not profile.takes_image_urls:
        _refuse_addresses(body.get("input"), origin)
    if profile.asks_encrypted_reasoning and _may_reason(body):
        included = body.get("include") or []
        if isinstance(included, list) and _ENCRYPTED not in included:
            body["include"] = [*included, _ENCRYPTED]


def _adapt_settings(body: JsonObject, profile: ResponsesProfile, report: Report) -> None:
    if profile.max_answer_tokens is not None:
        body[PLACES[TOKEN_LIMIT]] = take_token_limit(body, profile, report, places=PLACES)
    exclude_settings(body, profile, report, places=PLACES, kept=_ALWAYS)
    move_into_ranges(body, profile, report)
    rename_settings(body, profile, report, PLACES)


def _effort(body: JsonObject) -> Json:
    return object_or_empty(body.get("reasoning")).get("effort")


def _adapt_effort(body: JsonObject, profile: ResponsesProfile, report: Report) -> None:
    assert profile.thinking is not None
    word = effort_value(_effort(body), profile.thinking)
    settings = {name: value for name, value in object_or_empty(body.get("reasoning")).items() if name != "effort"}
    if word is not None:
        settings["effort"] = word
    else:
        report.drop_setting("reasoning_effort")
    if settings:
        body["reasoning"] = settings
    else:
        del body["reasoning"]


def _without_developers(given: Json) -> Json:
    if not isinstance(given, list):
        return given
    return [{**item, "role": "system"} if item.get("role") == "developer" else item for item in objects_in(given)]


def _refuse_addresses(given: Json, origin: Origin) -> None:
    for place, part in _parts(given):
        url = part.get("image_url") if part.get("type") == "input_image" else None
        if isinstance(url, str) and not url.startswith(_INLINE):
            who = f"{origin.model} at {origin.provider}"
            why = f"{who} fetches no images by their address: send the data, as a data: URL; see {place}."
            raise InvalidRequest(why, param=place, code="unsupported_value")


def _parts(given: Json) -> Iterator[tuple[str, JsonObject]]:
    """The parts of all contents and outputs, with their places."""
    for i, item in enumerate(list_or_empty(given)):
        for field in ("content", "output"):
            for j, part in enumerate(list_or_empty(object_or_empty(item).get(field))):
                if isinstance(part, dict):
                    yield f"input[{i}].{field}[{j}]", part


def _may_reason(body: JsonObject) -> bool:
    """Whether the request itself shows that its model reasons.

    OpenAI refuses the wish for encrypted reasoning where a model has none to give. Reasoning brings it by default
    since 2026 (shared facts on the Responses API, section 1.7), so where nothing shows it, nothing need be requested.
    """
    if any(value is not None for value in object_or_empty(body.get("reasoning")).values()):
        return True
    return any(item.get("type") == "reasoning" for item in objects_in(body.get("input")))
