"""Responses in the background: created, polled, streamed, resumed, cancelled, bounded."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.clients import background
from tests.clients.asking import CONVERSATIONS, RESPONSES, Document, text
from tests.clients.background import MODEL, blocks, cancel, create, look, opened, order, streamed, until
from tests.clients.contract import RESPONSES_PATH, check_error, response_events
from tests.clients.stops import wait_until
from tests.servers.gateway import RunningGateway, running_gateway
from tests.servers.paced_upstream import PacedUpstream, text_of, wanted
from tests.servers.thread import serving

pytestmark = pytest.mark.usefixtures("storage_of_module")


@pytest.fixture(scope="module")
def paced() -> PacedUpstream:
    return PacedUpstream()


@pytest.fixture(scope="module")
def paced_url(paced: PacedUpstream) -> Iterator[str]:
    with serving(paced) as url:
        yield url
