"""Writes a prompt as a request to Cohere's chat."""

from collections.abc import Mapping

from gateway.dialects.base import Origin, Outbound
from gateway.dialects.cohere.messages import write_messages
from gateway.dialects.cohere.settings import write_settings
from gateway.dialects.cohere.structured_output import plan_format, require_object_schema, response_format
from gateway.dialects.cohere.tools import OfferedTools, offered_tools
from gateway.dialects.cohere.types import ChatRequest
from gateway.dialects.profiles.cohere import CohereProfile
from gateway.dialects.report import Report
from gateway.dialects.structured_output import require_known_format
from gateway.dialects.turns.kept_tools import KeptTools, toolbox_of
from gateway.neutral.generation import Generation
from gateway.neutral.json import written

PATH = "/v2/chat"
_kept: KeptTools[OfferedTools] = KeptTools()


def encode_request(generation: Generation, origin: Origin) -> Outbound:
    """The request for the upstream. Raises `InvalidRequest` for what Cohere cannot do."""
    report = Report(generation.prompt, origin)
    return Outbound(PATH, written(_body(generation, origin, report)), report.dropped)


def _body(generation: Generation, origin: Origin, report: Report) -> Mapping[str, object]:
    prompt, profile = generation.prompt, CohereProfile.own(origin.profile)
    require_known_format(prompt, report, is_rewritten=True)
    settings = write_settings(prompt.settings, profile, report)
    toolbox = toolbox_of(prompt)
    messages = write_messages(prompt, toolbox, profile, report)
    request: ChatRequest = {"model": origin.model, "stream": generation.is_stream, "messages": messages}
    plan = plan_format(prompt, profile)
    if plan is not None:
        require_object_schema(plan.format, report)
    offered = _kept.get(
        prompt,
        profile,
        report,
        lambda part: offered_tools(prompt, toolbox, plan, profile, part),
        is_all=plan is None,
    )
    if offered.tools:
        request["tools"] = offered.tools
    if offered.is_strict:
        request["strict_tools"] = True
    if offered.choice is not None:
        request["tool_choice"] = offered.choice
    # Cohere refuses a safety mode beside tools or documents.
    if (offered.tools or settings.get("documents")) and settings.pop("safety_mode", None) is not None:
        report.drop_setting("safety_mode")
    if plan is not None and plan.method == "native":
        request["response_format"] = response_format(plan.format)
    return {**settings, **request}
