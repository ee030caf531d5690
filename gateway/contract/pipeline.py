"""connexion's pipeline, cut down to what it is needed for, with our stage in it."""

from collections.abc import Awaitable, Mapping
from functools import partial
from typing import Any

import structlog
from connexion.lifecycle import ConnexionRequest, ConnexionResponse
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.main import ConnexionMiddleware
from connexion.middleware.routing import RoutingMiddleware
from connexion.resolver import Resolver
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.contract.forthcoming import not_yet
from gateway.contract.handlers import Handler
from gateway.contract.methods import AllowedMethods
from gateway.contract.stage import ContractMiddleware, Dispatch
from gateway.errors import GatewayError, InternalError, MethodNotAllowed, NotFound

log = structlog.get_logger(__name__)


class Shortcut:
    """Hands a request on a path without parameters straight to its operation.

    It is a look-up, where the way through connexion is two routers, a copy of the scope, a regular expression for each
    path before the right one and a wrapped `send`: 40 µs a request. Everything else goes that way.
    """

    def __init__(self, app: ASGIApp, *, dispatch: Dispatch) -> None:
        self._app = app
        self._operations = dispatch.literal

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http" and not scope.get("root_path"):
            operation = self._operations.get((scope["method"], scope["path"]))
            if operation is not None:
                return operation(scope, receive, send)
        return self._app(scope, receive, send)


class ExactRouting(RoutingMiddleware):
    """connexion's routing without redirects: a path with a slash too many is not found.

    The redirect would be built from the Host header, which anybody can write.
    """

    def add_api(self, *args: Any, **kwargs: Any) -> None:
        super().add_api(*args, **kwargs)
        self.router.redirect_slashes = False
        for route in self.router.routes:
            if isinstance(route, Mount) and isinstance(route.app, Router):
                route.app.redirect_slashes = False


def build_pipeline(handlers: Mapping[str, Handler], dispatch: Dispatch, fallback: ASGIApp) -> ASGIApp:
    """The ASGI application: errors to the envelope, routing by the contract, our stage; `fallback` for other paths."""
    pipeline = ConnexionMiddleware(
        fallback,
        middlewares=[
            ExceptionMiddleware,
            ExactRouting,
            partial(ContractMiddleware, dispatch=dispatch),
        ],
        resolver=Resolver(handlers.__getitem__),
    )
    pipeline.add_api(dispatch.bundle.routing_view())
    allowed = AllowedMethods(dispatch.bundle)

    async def refused(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
        scope = request.scope
        is_unknown = isinstance(error, HTTPException) and error.status_code in (404, 405)
        upgrade = request.headers.get("upgrade", "")
        forthcoming = not_yet(scope["method"], scope["path"], upgrade) if is_unknown else None
        return _response(forthcoming or _as_gateway_error(error, scope["path"], allowed))

    async def crashed(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
        log.error("unhandled_error", path=request.scope["path"], exc_info=error)
        return _response(InternalError())

    pipeline.add_error_handler(HTTPException, refused)
    pipeline.add_error_handler(Exception, crashed)
    return Shortcut(pipeline, dispatch=dispatch)


def _as_gateway_error(error: Exception, path: str, allowed: AllowedMethods) -> GatewayError:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return NotFound(f"There is nothing at {path[:200]}. See /docs for what there is.")
    if status == 405:
        methods = allowed.on(path) or "GET, HEAD"
        return MethodNotAllowed(f"{path[:200]} takes {methods} only.", methods)
    return InternalError()


def _response(error: GatewayError) -> ConnexionResponse:
    headers = {name.decode(): value.decode("latin-1") for name, value in error.headers}
    return ConnexionResponse(status_code=error.status, mimetype="application/json", body=error.body(), headers=headers)
