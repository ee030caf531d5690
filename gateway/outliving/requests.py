"""Requests whose answers may outlive their clients: those with an idempotency key, and those that are drained."""

from collections.abc import Awaitable
from functools import partial
from typing import Protocol

from gateway.auth import ABORT, BACKGROUND
from gateway.background.service import Background
from gateway.http import Body, Request
from gateway.outliving.answer import Answer, OutlivingAnswers, Produce
from gateway.outliving.idempotency.requests import KEY_HEADER, IdempotentRequests
from gateway.outliving.policy import on_disconnect
from gateway.surfaces.base import Surface
from gateway.surfaces.extensions import extensions


class Create(Protocol[Body]):
    """What an operation answers its requests by."""

    def __call__(self, request: Request[Body], surface: Surface[Body]) -> Awaitable[Answer]: ...


class OutlivingRequests:
    """What the operations that generate call for requests with `may_outlive`."""

    def __init__(self, answers: OutlivingAnswers, idempotent: IdempotentRequests, background: Background) -> None:
        self._answers = answers
        self._idempotent = idempotent
        self._background = background

    async def answer(self, request: Request[Body], create: Create[Body], surface: Surface[Body]) -> Answer:
        """The answer of `create`, or the one that is kept. Raises what `create` raises, and errors of the headers."""
        produce: Produce[Body] = partial(create, surface=surface)
        action = on_disconnect(request)
        key = request.headers.get(KEY_HEADER)
        if key is not None:
            return await self._idempotent.answer(request, produce, key)
        # One in the background has nothing to do with its client's connection.
        if action == ABORT or extensions(request.body).get("background") is True:
            return await produce(request)
        if action == BACKGROUND and (adoption := self._background.adoption(request)) is not None:
            return await self._answers.answer(request, partial(adoption.produce, surface=surface), adoption)
        return await self._answers.answer(request, produce)
