"""The one stage behind connexion's routing: authenticate, validate, dispatch, answer; compiled at start."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog
from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware
from connexion.operations import AbstractOperation
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.auth import KeyRing, Principal
from gateway.contract.body import BodyReader, ClientLeft
from gateway.contract.bundle import Bundle, OperationSpec
from gateway.contract.parameters import compile_query
from gateway.contract.security import compile_security
from gateway.contract.sending import Client, Presence, client_of, send_reply, send_stream
from gateway.errors import GatewayError, InternalError, Stopped, Unauthenticated
from gateway.http import Reply, Request, StreamReply, error_reply

log = structlog.get_logger(__name__)
Handler = Callable[[Request[Any]], Awaitable[Reply | StreamReply]]


class Dispatch:
    """What every operation is compiled with."""

    def __init__(self, bundle: Bundle, keys: KeyRing, max_body_bytes: int) -> None:
        self.bundle = bundle
        self.keys = keys
        self.max_body_bytes = max_body_bytes
        self.literal: dict[tuple[str, str], Operation] = {}
        """The operations on paths without parameters, by method and path."""


class Operation:
    """One operation of the contract as an ASGI application.

    The order of the checks is part of the contract: path and method (routing has done them), key, media type, size,
    schema; then, in the handler, model and metadata.
    """

    def __init__(self, spec: OperationSpec, handler: Handler, dispatch: Dispatch) -> None:
        self._id = spec.id
        self._handler = handler
        self._keys = dispatch.keys
        self._secrets = compile_security(spec, dispatch.bundle)
        self._read_query = compile_query(spec, dispatch.bundle)
        self._body = BodyReader(spec, dispatch.bundle, dispatch.max_body_bytes) if spec.body_schema else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = f"req_{os.urandom(12).hex()}"
        client = client_of(scope)
        presence = Presence(client)
        try:
            reply = await self._answer(request_id, scope, receive, client, presence)
            reply.headers.append((b"x-request-id", request_id.encode()))
            if isinstance(reply, StreamReply):
                await send_stream(reply, send, presence)
            else:
                presence.stop()
                await send_reply(reply, send, client)
        except ClientLeft:
            log.debug("client_left_before_its_request_was_read", request_id=request_id)
        except asyncio.CancelledError:
            if not presence.has_left:
                raise
            presence.absorb()
        finally:
            presence.stop()

    async def _answer(
        self, request_id: str, scope: Scope, receive: Receive, client: Client | None, presence: Presence
    ) -> Reply | StreamReply:
        try:
            headers = dict(scope["headers"])
            principal = self._known(headers) or await self._authenticate(headers)
            query = self._read_query(scope["query_string"]) if self._read_query else {}
            body = None
            if self._body is not None:
                data = None if client is None else client.take_body()
                if data is None:
                    data = await self._body.receive(headers, receive)
                body = self._body.read(headers, data)
            presence.watch()
            path = scope.get("path_params", {})
            key_id = "" if principal is None else principal.key_id
            return await self._handler(Request(request_id, self._id, key_id, body, path, query, client))
        except GatewayError as error:
            return error_reply(error)
        except ClientLeft:
            raise
        except asyncio.CancelledError:
            if not presence.absorb_cut():
                raise
            return error_reply(Stopped())
        except Exception:
            log.exception("unhandled_error", operation=self._id, request_id=request_id)
            return error_reply(InternalError())

    def _known(self, headers: dict[bytes, bytes]) -> Principal | None:
        """Whose request it is, as far as memory knows by its first secret, which nearly always is the only one."""
        for read in self._secrets or ():
            if secret := read(headers):
                return self._keys.lookup(secret)
        return None

    async def _authenticate(self, headers: dict[bytes, bytes]) -> Principal | None:
        if self._secrets is None:
            return None
        message = "No key was sent. Send one as `Authorization: Bearer sk-gateway-…`."
        for read in self._secrets:
            if not (secret := read(headers)):
                continue
            principal = await self._keys.find(secret)
            if principal is not None:
                return principal
            message = "The key is not valid."
        raise Unauthenticated(message)


class ContractAPI(RoutedAPI[Operation]):
    """connexion's list of one document's operations, each compiled once."""

    def __init__(self, *args: Any, dispatch: Dispatch, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dispatch = dispatch
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> Operation:
        spec = self._dispatch.bundle.operations[operation.operation_id]
        compiled = Operation(spec, operation.function, self._dispatch)
        if "{" not in spec.path:
            self._dispatch.literal[spec.method.upper(), spec.path] = compiled
        return compiled


class ContractMiddleware(RoutedMiddleware[ContractAPI]):
    """The stage in connexion's pipeline, placed right behind its routing."""

    def __init__(self, app: ASGIApp, *, dispatch: Dispatch) -> None:
        super().__init__(app)
        self.api_cls = partial(ContractAPI, dispatch=dispatch)
