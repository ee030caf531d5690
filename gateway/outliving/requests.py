"""Requests whose answers may outlive their clients: those with an idempotency key, and those that are drained."""

from gateway.auth import ABORT
from gateway.http import Body, Request
from gateway.outliving.answer import Answer, OutlivingAnswers, Produce
from gateway.outliving.idempotency.requests import KEY_HEADER, IdempotentRequests
from gateway.outliving.policy import on_disconnect


class OutlivingRequests:
    """What the operations that generate call for requests with `may_outlive`."""

    def __init__(self, answers: OutlivingAnswers, idempotent: IdempotentRequests) -> None:
        self._answers = answers
        self._idempotent = idempotent

    async def answer(self, request: Request[Body], produce: Produce[Body]) -> Answer:
        """The answer of `produce`, or the one that is kept. Raises what `produce` raises, and errors of the headers."""
        action = on_disconnect(request)
        key = request.headers.get(KEY_HEADER)
        if key is not None:
            return await self._idempotent.answer(request, produce, key)
        if action == ABORT:
            return await produce(request)
        # `BACKGROUND` means `DRAIN` here.
        self._answers.require_room()
        return await self._answers.answer(request, produce)
