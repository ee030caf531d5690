"""connexion's pipeline, cut down to what it is needed for, with our stage in it."""

from collections.abc import Awaitable, Mapping, Sequence
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

from gateway.contract.cors import Cors
from gateway.contract.handlers import Handler
from gateway.contract.methods import AllowedMethods
from gateway.contract.sending import note_error, send_error
from gateway.contract.stage import ContractMiddleware, Dispatch
from gateway.contract.upgrades import is_websocket
from gateway.errors import GatewayError, InternalError, MethodNotAllowed, NotFound, UpgradeRequired

log = structlog.get_logger(__name__)


class Shortcut:
    """Hands a request on a path without parameters straight to its operation.

    It is a look-up, where the way through connexion is two routers, a copy of the scope, a regular expression for each
    path before the right one and a wrapped `send`: 40 µs a request. Everything else goes that way. A slash at the end
    of a path is left out, without a redirect: that would be built from the Host header, which anybody can write.
    """

    def __init__(self, app: ASGIApp, *, dispatch: Dispatch) -> None:
        self._app = app
        self._operations = dispatch.literal

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http" and not scope.get("root_path"):
            if scope["method"] == "GET" and _wants_websocket(scope):
                return send_error(UpgradeRequired(), scope, send)
            operation = self._operations.get((scope["method"], scope["path"]))
            if operation is None and scope["raw_path"].endswith(b"/") and len(scope["path"]) > 1:
                scope = {**scope, "path": scope["path"][:-1], "raw_path": scope["raw_path"][:-1]}
                operation = self._operations.get((scope["method"], scope["path"]))
            if operation is not None:
                return operation(scope, receive, send)
        return self._app(scope, receive, send)


class ExactRouting(RoutingMiddleware):
    """connexion's routing without redirects."""

    def add_api(self, *args: Any, **kwargs: Any) -> None:
        super().add_api(*args, **kwargs)
        self.router.redirect_slashes = False
        for route in self.router.routes:
            if isinstance(route, Mount) and isinstance(route.app, Router):
                route.app.redirect_slashes = False


def build_pipeline(
    handlers: Mapping[str, Handler], dispatch: Dispatch, fallback: ASGIApp, origins: Sequence[str] = ()
) -> ASGIApp:
    """The ASGI application: errors to the envelope, routing by the contract, our stage; `fallback` for other paths.

    `origins` are those of pages that may call it from a browser.
    """
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
        return _response(_as_gateway_error(error, scope["path"], allowed), scope)

    async def crashed(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
        log.error("unhandled_error", path=request.scope["path"], exc_info=error)
        return _response(InternalError(), request.scope)

    pipeline.add_error_handler(HTTPException, refused)
    pipeline.add_error_handler(Exception, crashed)
    application = Shortcut(pipeline, dispatch=dispatch)
    return Cors(application, origins, allowed.on) if origins else application


def _as_gateway_error(error: Exception, path: str, allowed: AllowedMethods) -> GatewayError:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return NotFound(f"There is nothing at {path[:200]}. See /docs for what there is.")
    if status == 405:
        methods = allowed.on(path) or "GET, HEAD"
        return MethodNotAllowed(f"{path[:200]} takes {methods} only.", methods)
    return InternalError()


def _wants_websocket(scope: Scope) -> bool:
    return any(name == b"upgrade" and is_websocket(value) for name, value in scope["headers"])


def _response(error: GatewayError, scope: Scope) -> ConnexionResponse:
    note_error(error, scope)
    headers = {name.decode(): value.decode("latin-1") for name, value in error.headers}
    return ConnexionResponse(status_code=error.status, mimetype="application/json", body=error.body(), headers=headers)
