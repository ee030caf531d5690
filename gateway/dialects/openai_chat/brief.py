"""Chat completions on the short path: the same requests and replies, where nothing in them is unusual."""

from collections.abc import Mapping

import orjson

from gateway.dialects.base import Origin, Outbound
from gateway.dialects.openai_chat.fast_path import usual_text, usual_usage
from gateway.dialects.openai_chat.provider_parameters import adapt_body, is_adapted
from gateway.dialects.openai_chat.request import PATH
from gateway.dialects.openai_chat.settings import has_two_limits
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.report import Report
from gateway.neutral.brief import BriefReply, BriefRequest
from gateway.neutral.json import Json, JsonObject, is_too_deep, text_or_empty, text_or_none, written


class ChatBrief:
    """What the chat dialect has for the short path."""

    def encode(self, brief: BriefRequest, metadata: Mapping[str, str] | None, origin: Origin) -> Outbound:
        profile = ChatProfile.own(origin.profile)
        body: JsonObject = {**brief.body, "model": origin.model}
        if metadata:
            body["metadata"] = {**metadata}
        else:
            body.pop("metadata", None)
        if not is_adapted(profile) and not has_two_limits(body):
            return Outbound(PATH, written(body))
        report = Report.of_body(origin, brief.paths)
        return Outbound(PATH, written(adapt_body(body, profile, origin, report)), report.dropped)

    def read(self, body: bytes, *, is_text: bool) -> BriefReply | None:
        try:
            document: Json = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(document, dict) or (usage := usual_usage(document)) is None:
            return None
        content: str = document["choices"][0]["message"]["content"]  # type: ignore[index,call-overload,assignment]
        size = len(content.encode())
        if not is_text:
            return BriefReply(body, usage, text_bytes=size)
        text = None if is_too_deep(body, document) else usual_text(document)
        if text is None:
            return None
        model, tier = text_or_empty(document.get("model")), text_or_none(document.get("service_tier"))
        return BriefReply(body, usage, text, model, tier, size)
