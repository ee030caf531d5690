"""What the short path passes between surface and dialect: requests and replies in which nothing is unusual."""

from collections.abc import Mapping

from gateway.neutral.events import Usage
from gateway.neutral.generation import Generation
from gateway.neutral.json import JsonObject
from gateway.neutral.values import value


@value
class BriefRequest:
    """A request for a plain answer of one text, in chat's terms.

    `body` is that of a chat request, whose model and metadata are the client's or not there. `generation` is the
    request as its surface reads it, for an answer that repeats some of it; `paths` say where the client wrote the
    settings that it has under another name.
    """

    body: JsonObject
    metadata: Mapping[str, str] | None = None
    generation: Generation | None = None
    paths: Mapping[str, str] | None = None


@value
class BriefReply:
    """A plain answer in which nothing is to be repaired.

    `body` is the upstream's, as a chat client may have it; `text` all that it says, where that was asked for, and
    `model` the upstream's own name of who says it.
    """

    body: bytes
    usage: Usage
    text: str = ""
    model: str = ""
    service_tier: str | None = None
    text_bytes: int = 0
    """How many bytes of the body are the texts of the answer."""
