"""The one stage behind connexion's routing: authenticate, validate, dispatch, answer; compiled at start."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import structlog
from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware
from connexion.operations import AbstractOperation
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.access_log import Access
from gateway.auth import ABORT, KeyRing, Principal
from gateway.contract.body import BodyLimits, BodyReader, ClientLeft, Headers
from gateway.contract.bundle import Bundle, OperationSpec
from gateway.contract.coding import CODING
from gateway.contract.parameters import compile_headers, compile_query
from gateway.contract.security import compile_security, credential_headers, require_one_credential
from gateway.contract.sending import Client, Presence, client_of, send_reply, send_stream
from gateway.errors import GatewayError, Header, InternalError, Stopped, Unauthenticated
from gateway.http import Reply, Request, StreamReply, error_reply

log = structlog.get_logger(__name__)
Handler = Callable[[Request[Any]], Awaitable[Reply | StreamReply]]


class Dispatch:
    """What every operation is compiled with."""

    def __init__(self, bundle: Bundle, keys: KeyRing, body_limits: BodyLimits) -> None:
        self.bundle = bundle
        self.keys = keys
        self.body_limits = body_limits
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
        self._credentials = credential_headers(spec, dispatch.bundle)
        self._read_query = compile_query(spec, dispatch.bundle)
        self._checked_headers = compile_headers(spec, dispatch.bundle)
        self._body = BodyReader(spec, dispatch.bundle, dispatch.body_limits) if spec.body_schema else None
        self._in_flight = dispatch.body_limits.in_flight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = client_of(scope)
        access = Access() if client is None else client.access
        presence = Presence(client, self._in_flight)
        try:
            reply = await self._answer(access, scope, receive, client, presence)
            if isinstance(reply, StreamReply):
                await send_stream(reply, send, presence)
            else:
                presence.stop()
                await send_reply(reply, send, client)
        except ClientLeft:
            log.debug("client_left_before_its_request_was_read")
        except asyncio.CancelledError:
            if not presence.has_left:
                raise
            presence.absorb()
        finally:
            presence.stop()
            self._in_flight.held -= presence.body_bytes

    async def _answer(
        self, access: Access, scope: Scope, receive: Receive, client: Client | None, presence: Presence
    ) -> Reply | StreamReply:
        try:
            fields = scope["headers"]
            headers = dict(fields)
            principal = self._known(headers, fields) or await self._authenticate(headers)
            if principal is not None:
                access.key = principal.name or principal.key_id
            query = self._read_query(scope["query_string"]) if self._read_query else {}
            has_declared = False
            for name in self._checked_headers:
                if name in headers:
                    self._checked_headers[name](fields)
                    has_declared = True
            body, is_large = None, False
            if self._body is not None:
                body, is_large = await self._read(self._body, headers, receive, client, presence)
            presence.watch()
            path = scope.get("path_params", {})
            key_id = "" if principal is None else principal.key_id
            request = Request(
                access, self._id, key_id, body, path, query, is_large, client, headers, principal, presence
            )
            # Found out without a call: most requests may not. The headers that are declared are those of such answers.
            request.may_outlive = has_declared or (principal is not None and principal.on_disconnect != ABORT)
            return await self._handler(request)
        except GatewayError as error:
            access.code = error.code
            return error_reply(error)
        except ClientLeft:
            raise
        except asyncio.CancelledError:
            if not presence.absorb_cut():
                raise
            return error_reply(Stopped())
        except Exception:
            log.exception("unhandled_error", operation=self._id)
            access.code = InternalError.code
            return error_reply(InternalError())

    async def _read(
        self, reader: BodyReader, headers: Headers, receive: Receive, client: Client | None, presence: Presence
    ) -> tuple[object, bool]:
        """The request's body, and whether it is one that takes long. Raises a `GatewayError`, or `ClientLeft`.

        Its bytes are held no longer than that: the answer may take long.
        """
        data = None if client is None else client.take_body()
        if data is None:
            data = await reader.receive(headers, receive, presence)
        else:
            presence.body_bytes = len(data)
            self._in_flight.held += presence.body_bytes
            if self._in_flight.held > self._in_flight.most:
                self._in_flight.refuse()
        if CODING in headers:
            data = await reader.decoded(headers, data, presence)
        if len(data) > reader.at_once_bytes:
            return await reader.read_large(headers, data)
        return reader.read(headers, data)

    def _known(self, headers: dict[bytes, bytes], fields: Sequence[Header]) -> Principal | None:
        """Whose request it is, as far as memory knows by its first secret, which nearly always is the only one.

        Raises `InvalidRequest` where fields of one credential header differ.
        """
        if len(headers) != len(fields):
            require_one_credential(fields, self._credentials)
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
