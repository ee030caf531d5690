"""What a golden is made of: cases of steps, each one request of a client with the replies that upstreams give."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
WAYSTONE_CHAT = "/api/gateway/v1/chat/completions"
WAYSTONE_RESPONSES = "/api/gateway/v1/responses"
SURFACES = (CHAT, RESPONSES, WAYSTONE_CHAT, WAYSTONE_RESPONSES)


@dataclass(frozen=True)
class Reply:
    """What an upstream answers. `is_cut`: it closes the connection before the end of the body that it announced.

    The body is sent in so many `pieces`, with a moment in between.
    """

    body: bytes
    content_type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    is_cut: bool = False
    pieces: int = 1

    def as_document(self) -> Document:
        """As JSON values."""
        try:
            body = {"text": self.body.decode()}
        except UnicodeDecodeError:
            body = {"base64": base64.b64encode(self.body).decode()}
        return {
            **body,
            "content_type": self.content_type,
            "status": self.status,
            "headers": dict(self.headers),
            "is_cut": self.is_cut,
            "pieces": self.pieces,
        }

    @classmethod
    def from_document(cls, document: Document) -> "Reply":
        """The inverse of `as_document`."""
        fields = dict(document)
        text = fields.pop("text", None)
        body = text.encode() if text is not None else base64.b64decode(fields.pop("base64"))
        return cls(body, **fields)


@dataclass(frozen=True)
class Step:
    """One request of a client. Without `replies`, the upstream gives the default reply of the API that is called.

    In `path` and in texts of `body`, `{{N:a.0.b}}` stands for a value of step N's reply, from 0; the element
    `{{*N:a}}` of a list stands for all elements of that value. A body that is a text is sent as it is.
    """

    path: str
    body: Any = None
    replies: Sequence[Reply] = ()
    method: str = "POST"
    key: str = "first"
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_document(self) -> Document:
        """As JSON values."""
        return {
            "path": self.path,
            "body": self.body,
            "replies": [reply.as_document() for reply in self.replies],
            "method": self.method,
            "key": self.key,
            "headers": dict(self.headers),
        }

    @classmethod
    def from_document(cls, document: Document) -> "Step":
        """The inverse of `as_document`."""
        replies = [Reply.from_document(reply) for reply in document["replies"]]
        return cls(**{**document, "replies": replies})


@dataclass(frozen=True)
class Case:
    """Steps that belong together, under a name that is unique in a golden."""

    name: str
    steps: Sequence[Step]


def single(name: str, path: str, body: Any, *replies: Reply) -> Case:
    """A case of one request."""
    return Case(name, [Step(path, body, replies)])
