"""The upstreams of the tests, on one server."""

from starlette.applications import Starlette
from starlette.routing import Mount, Route

from tests.servers.chat_upstream import ChatUpstream
from tests.servers.responses_upstream import ResponsesUpstream
from tests.servers.told_upstream import ToldUpstream


def upstreams_app(chat: ChatUpstream, responses: ResponsesUpstream, told: ToldUpstream) -> Starlette:
    """The chat upstream as it is alone, and below `/v1`, by the names of their providers, what else is scripted.

    Those have no list of models, so that the names of the first go on to be its own alone.
    """
    to_chat = Route("/chat/completions", chat.complete, methods=["POST"])
    to_responses = Route("/responses", responses.create, methods=["POST"])
    to_told = Route("/chat/completions", told.complete, methods=["POST"])
    others = [
        Mount("/v1/native", routes=[to_responses]),
        Mount("/v1/both", routes=[to_chat, to_responses]),
        Mount("/v1/drops", routes=[to_chat]),
        Mount("/v1/told", routes=[to_told]),
    ]
    return Starlette(routes=[*others, *chat.app.routes])
