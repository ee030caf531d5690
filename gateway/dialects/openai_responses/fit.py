"""Fits a Responses request to what is particular to one upstream."""

from collections.abc import Iterator
from typing import Any

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat.efforts import word_for
from gateway.dialects.openai_chat.fields import bring_within, leave_out, leave_out_with_reasoning
from gateway.dialects.profiles import Facts
from gateway.errors import InvalidRequest

_Body = dict[str, Any]
_ENCRYPTED = "reasoning.encrypted_content"
_INLINE = "data:"
# That nothing is kept there is for the gateway to say, whatever a row says about chat.
_ALWAYS = frozenset({"store"})


def fit(body: _Body, origin: Origin, dropped: list[str]) -> None:
    """Meet what is particular to this upstream; what had to go is added to `dropped`. Raises `InvalidRequest`."""
    facts = origin.facts
    if facts.thinking is not None and _effort(body) is not None:
        _fit_effort(body, facts, dropped)
    if facts.dropped_reasoning:
        leave_out_with_reasoning(body, facts, _effort(body), dropped)
    leave_out(body, facts.dropped - _ALWAYS, dropped)
    bring_within(body, facts, dropped)
    for name, value in facts.defaults.items():
        if body.get(name) is None:
            body[name] = value
    if not facts.takes_developer_role:
        body["input"] = _without_developers(body.get("input"))
    if not facts.takes_image_urls:
        _refuse_addresses(body.get("input"), origin)
    if facts.asks_encrypted_reasoning and _may_reason(body):
        asked = body.get("include") or []
        if isinstance(asked, list) and _ENCRYPTED not in asked:
            body["include"] = [*asked, _ENCRYPTED]


def _effort(body: _Body) -> Any:
    settings = body.get("reasoning")
    return settings.get("effort") if isinstance(settings, dict) else None


def _fit_effort(body: _Body, facts: Facts, dropped: list[str]) -> None:
    assert facts.thinking is not None
    word = word_for(_effort(body), facts.thinking)
    settings = {name: value for name, value in body["reasoning"].items() if name != "effort"}
    if word is not None:
        settings["effort"] = word
    else:
        dropped.append("reasoning.effort")
    if settings:
        body["reasoning"] = settings
    else:
        del body["reasoning"]


def _without_developers(given: Any) -> Any:
    if not isinstance(given, list):
        return given
    return [{**item, "role": "system"} if item.get("role") == "developer" else item for item in given]


def _refuse_addresses(given: Any, origin: Origin) -> None:
    for place, part in _parts(given):
        url = part.get("image_url") if part.get("type") == "input_image" else None
        if isinstance(url, str) and not url.startswith(_INLINE):
            who = f"{origin.model} at {origin.provider}"
            why = f"{who} fetches no images by their address: send the data, as a data: URL; see {place}."
            raise InvalidRequest(why, param=place, code="unsupported_value")


def _parts(given: Any) -> Iterator[tuple[str, _Body]]:
    """The parts of all contents and outputs, with their places."""
    for i, item in enumerate(given if isinstance(given, list) else ()):
        for field in ("content", "output"):
            content = item.get(field)
            for j, part in enumerate(content if isinstance(content, list) else ()):
                if isinstance(part, dict):
                    yield f"input[{i}].{field}[{j}]", part


def _may_reason(body: _Body) -> bool:
    """Whether the request itself shows that its model reasons.

    OpenAI refuses the wish for encrypted reasoning where a model has none to give. Reasoning brings it by default
    since 2026 (shared facts on the Responses API, section 1.7), so where nothing shows it, nothing need be asked.
    """
    settings, items = body.get("reasoning"), body.get("input")
    if isinstance(settings, dict) and any(value is not None for value in settings.values()):
        return True
    return isinstance(items, list) and any(item.get("type") == "reasoning" for item in items)
