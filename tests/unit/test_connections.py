"""How many connections there may be, and how long each may take for a request, by a clock that is set by hand."""

import asyncio
import pickle
import resource
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.cli.connections import Connections, raise_file_limit
from gateway.settings.bounds import ConnectionBounds


class Client:
    """A connection that notes how it ended."""

    def __init__(self, connections: Connections) -> None:
        self.connections = connections
        self.end = ""
        self.is_paused = False
        self.unread = 0

    def time_out(self) -> None:
        self._ended("timed out")

    def refuse(self) -> None:
        self._ended("refused")

    def close(self) -> None:
        self._ended("closed")

    def unwritten(self) -> int:
        return self.unread

    def _ended(self, how: str) -> None:
        self.end = how
        self.connections.closed(self)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class House:
    """Connections with their clock, looked after once a second."""

    def __init__(self, loop: asyncio.AbstractEventLoop, **bounds: Any) -> None:
        self.clock = Clock()
        self.connections = Connections(ConnectionBounds(**bounds), self.clock)
        self.loop = loop

    def open(self) -> Client:
        client = Client(self.connections)
        self.connections.opened(client, self.loop)
        return client

    def at_work(self) -> Client:
        """A client whose request has come."""
        client = self.open()
        self.connections.began_head(client)
        self.connections.ended_head(client)
        return client

    def wait(self, seconds: float) -> None:
        until = self.clock.now + seconds
        while self.clock.now < until:
            self.clock.now += min(1.0, until - self.clock.now)
            self.connections.look()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def test_head_has_thirty_seconds_in_all_whatever_comes_of_it(loop: asyncio.AbstractEventLoop) -> None:
    house = House(loop)
    silent, slow = house.open(), house.open()
    for _ in range(29):
        house.wait(1)
        house.connections.began_head(slow)
    assert (silent.end, slow.end) == ("", "")
    house.wait(2)
    assert (silent.end, slow.end) == ("timed out", "timed out")


def test_head_of_a_later_request_has_its_own_thirty_seconds(loop: asyncio.AbstractEventLoop) -> None:
    house = House(loop)
    client = house.at_work()
    house.wait(100)
    house.connections.became_idle(client)
    house.wait(60)
    house.connections.began_head(client)
    house.wait(29)
    assert client.end == ""
    house.wait(2)
    assert client.end == "timed out"


def test_idle_connection_has_an_end(loop: asyncio.AbstractEventLoop) -> None:
    house = House(loop)
    client = house.at_work()
    house.connections.became_idle(client)
    house.wait(74)
    assert client.end == ""
    house.wait(2)
    assert client.end == "closed"


def test_answer_takes_as_long_as_it_takes(loop: asyncio.AbstractEventLoop) -> None:
    house = House(loop)
    client = house.at_work()
    house.wait(3600)
    assert client.end == ""


@pytest.mark.parametrize(
    ("size", "pause", "seconds", "end"),
    [
        (1, 31, 40, "timed out"),
        (1, 10, 25, ""),
        (1, 10, 40, "timed out"),
        (1023, 1, 29, ""),
        (1000, 1, 40, "timed out"),
        (1040, 1, 3600, ""),
        (40_000, 29, 3600, ""),
    ],
)
def test_body_has_thirty_seconds_between_pieces_and_a_pace(
    loop: asyncio.AbstractEventLoop, size: int, pause: int, seconds: int, end: str
) -> None:
    house = House(loop)
    client = house.at_work()
    for _ in range(0, seconds, pause):
        if not client.end:
            house.connections.took_body(client, size)
        house.wait(min(pause, seconds))
    assert client.end == end


def test_time_in_which_the_gateway_does_not_read_is_not_the_clients(loop: asyncio.AbstractEventLoop) -> None:
    house = House(loop)
    client = house.at_work()
    house.connections.took_body(client, 65_536)
    client.is_paused = True
    house.wait(600)
    client.is_paused = False
    house.connections.took_body(client, 10_000)
    house.wait(29)
    assert client.end == ""
    house.connections.ended_body(client)
    house.wait(600)
    assert client.end == ""


def test_longest_waiting_makes_room_and_idle_ones_count(loop: asyncio.AbstractEventLoop) -> None:
    house = House(loop, most=3)
    busy = house.at_work()
    house.wait(1)
    idle = house.at_work()
    house.connections.became_idle(idle)
    house.wait(1)
    silent = house.open()
    house.wait(1)
    first = house.open()
    assert (busy.end, idle.end, silent.end) == ("", "closed", "")
    second = house.open()
    assert (busy.end, silent.end, first.end, second.end) == ("", "closed", "", "")


def test_answer_that_is_not_read_ends_and_makes_room(loop: asyncio.AbstractEventLoop) -> None:
    house = House(loop, most=2)
    stuck, slow = house.at_work(), house.at_work()
    for client in (stuck, slow):
        client.unread = 100_000
        house.connections.paused(client)
    for _ in range(59):
        slow.unread -= 1
        house.wait(1)
    assert (stuck.end, slow.end) == ("", "")
    house.wait(3)
    assert (stuck.end, slow.end) == ("closed", "")
    house.at_work()
    house.wait(6)
    new = house.open()
    assert (slow.end, new.end) == ("closed", "")


def test_rest_of_a_body_that_is_answered_has_an_end_and_makes_room(loop: asyncio.AbstractEventLoop) -> None:
    house = House(loop, most=2)
    first, second = house.at_work(), house.at_work()
    for client in (first, second):
        house.connections.took_body(client, 1000)
        house.connections.lingers(client)
    house.open()
    assert (first.end, second.end) == ("closed", "")
    for _ in range(6):
        house.connections.took_body(second, 100_000)
        house.wait(1)
    assert second.end == "closed"


def test_where_all_are_at_work_the_new_one_is_refused_and_room_comes_back(loop: asyncio.AbstractEventLoop) -> None:
    house = House(loop, most=2)
    busy = [house.at_work(), house.at_work()]
    extra = Client(house.connections)
    with capture_logs() as logs:
        assert not house.connections.opened(extra, loop)
        house.wait(6)
    assert extra.end == "refused"
    assert [client.end for client in busy] == ["", ""]
    assert logs == [
        {"event": "connection_limit_reached", "log_level": "warning", "limit": 2, "closed": 0, "refused": 1}
    ]
    house.connections.closed(busy[0])
    assert house.connections.opened(Client(house.connections), loop)


def test_limit_is_logged_at_once_and_then_by_numbers(loop: asyncio.AbstractEventLoop) -> None:
    house = House(loop, most=1)
    with capture_logs() as logs:
        for _ in range(60):
            house.open()
            house.wait(0.5)
    assert [entry["closed"] for entry in logs] == [1, 19, 20]


def test_surplus_has_an_end_too(loop: asyncio.AbstractEventLoop) -> None:
    house = House(loop, most=1)
    house.at_work()
    surplus = [house.open() for _ in range(200)]
    assert sum(client.end == "" for client in surplus) == 64
    assert surplus[-1].end == ""


def test_flood_of_silent_connections_never_is_more_than_the_limit(loop: asyncio.AbstractEventLoop) -> None:
    house = House(loop, most=100)
    busy = house.at_work()
    flood = [house.open() for _ in range(2000)]
    assert sum(client.end == "" for client in flood) == 99
    assert busy.end == ""


def test_limit_is_half_of_what_the_file_limit_leaves(loop: asyncio.AbstractEventLoop) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
    try:
        house = House(loop)
        flood = [house.open() for _ in range(300)]
        there = sum(client.end == "" for client in flood)
        assert 50 < there < 150
        raise_file_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(hard, 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_counting_begins_anew_in_a_worker() -> None:
    travelled = pickle.loads(pickle.dumps(Connections(ConnectionBounds(most=7))))
    assert travelled.bounds.most == 7
