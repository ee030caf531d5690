"""Writes a prompt as a generateContent request."""

from urllib.parse import quote

from gateway.dialects.base import Origin, Outbound
from gateway.dialects.gemini.messages import STATES, write_messages
from gateway.dialects.gemini.settings import SettingsWriter
from gateway.dialects.gemini.structured_output import answer_by_call
from gateway.dialects.gemini.tools import SEARCH_OPTIONS, WrittenTools, write_tools
from gateway.dialects.gemini.types import GenerateContentRequest
from gateway.dialects.profiles.gemini import GeminiProfile
from gateway.dialects.report import Report
from gateway.dialects.settings import PendingSettings
from gateway.dialects.structured_output import requested_format, require_known_format
from gateway.dialects.turns.kept_tools import KeptTools, toolbox_of
from gateway.dialects.turns.turns import read_turns
from gateway.neutral.generation import Generation
from gateway.neutral.json import object_or_none, written
from gateway.neutral.prompt import Prompt

_TUNED = "tunedModels/"
_kept: KeptTools[WrittenTools] = KeptTools()


def encode_request(generation: Generation, origin: Origin) -> Outbound:
    """The request for the upstream. Raises `InvalidRequest` for what it cannot do."""
    report = Report(generation.prompt, origin)
    request, headers = _request(generation.prompt, GeminiProfile.own(origin.profile), report)
    path = _path(origin.model, is_stream=generation.is_stream)
    return Outbound(path, written(request), report.dropped, headers)


def _path(model: str, *, is_stream: bool) -> str:
    name = model.removeprefix("models/")
    if name.startswith(_TUNED):
        path = f"/{_TUNED}{quote(name.removeprefix(_TUNED), safe='')}"
    else:
        path = f"/models/{quote(name, safe='')}"
    return f"{path}:streamGenerateContent?alt=sse" if is_stream else f"{path}:generateContent"


def _request(prompt: Prompt, profile: GeminiProfile, report: Report) -> tuple[GenerateContentRequest, dict[str, str]]:
    """The body, and the headers that it needs."""
    require_known_format(prompt, report, is_rewritten=True)
    toolbox = toolbox_of(prompt)
    request = write_messages(read_turns(prompt, toolbox, profile, report, STATES), profile, report)
    pending = PendingSettings(prompt.settings, profile, report)
    search = object_or_none(pending.take(SEARCH_OPTIONS))
    tools = WrittenTools()
    if prompt.tools or prompt.tool_choice is not None or search is not None:
        tools = _kept.get(
            prompt,
            profile,
            report,
            lambda part: write_tools(prompt, search, toolbox, profile, part),
            # A format of the answer may add to them.
            is_all=search is None and prompt.output_format is None,
        )
    output_format = requested_format(prompt.output_format)
    if output_format is not None and tools.tools and not profile.takes_formats_with_tools:
        output_format = answer_by_call(tools, output_format, profile, report)
    if tools.tools:
        request["tools"] = tools.tools
    if tools.config:
        request["toolConfig"] = tools.config
    shows_reasoning = prompt.reasoning_summary is not None and profile.thinking is not None
    writer = SettingsWriter(pending, profile, report)
    return request, writer.write(request, output_format, shows_reasoning=shows_reasoning)
