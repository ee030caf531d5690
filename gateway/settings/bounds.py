"""How much one caller may ask of the gateway: every bound that an operator can move, with its default."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from gateway.settings.options import SECONDS, Number, Seconds, Section, filled

_MiB = 1024 * 1024
Whole = Annotated[int, Number]


class SchemaBounds(Section):
    """The JSON Schema of a response format, where the gateway itself holds the answer to it.

    That is where a provider does not: it is told of the schema in words or as a tool, and its answer is validated.
    """

    bytes: Whole = Field(default=256 * 1024, ge=1, le=16 * _MiB, description="a whole number of bytes up to 16777216")
    """The schema as JSON without blanks."""
    patterns: Whole = Field(default=50, ge=0, le=10_000, description="a whole number from 0 to 10000")
    """Regular expressions: `pattern`, and the keys of `patternProperties`."""
    pattern_bytes: Whole = Field(
        default=200_000, ge=1_000, le=10 * _MiB, description="a whole number of bytes from 1000 to 10485760"
    )
    """One of them when compiled: enough for e-mail addresses and IBANs. No look-around or back-reference is taken."""
    nesting: Whole = Field(default=100, ge=1, le=200, description="a whole number from 1 to 200")
    """Objects and lists inside each other."""
    properties: Whole = Field(default=5_000, ge=1, le=100_000, description="a whole number from 1 to 100000")
    """Entries of all `properties` together; OpenAI takes as many."""
    cpu_seconds: Annotated[float, Number] = Field(
        default=2.0, ge=0.1, le=60, allow_inf_nan=False, description="seconds, from 0.1 to 60"
    )
    """Processor time for compiling it (else a 400), and for validating one answer (else a 502)."""


class ConnectionBounds(Section):
    """The connections of clients, before any key is looked at. They are each worker's own."""

    most: Whole = Field(default=10_000, ge=1, le=1_000_000, description="a whole number from 1 to 1000000")
    """Connections at once; half of what the limit on open files leaves, where that is less."""
    head_bytes: Whole = Field(
        default=128 * 1024, ge=1024, le=16 * _MiB, description="a whole number of bytes from 1024 to 16777216"
    )
    """Request line and headers (else a 431). Clients send one to four KiB; cookies of a browser on the same host may
    come along."""
    head_seconds: Seconds = Field(default=30.0, description=SECONDS)
    """For all of them, from the connection's begin or their first byte on."""
    idle_seconds: Seconds = Field(default=75.0, description=SECONDS)
    """Between two requests. A request that crosses a closing connection fails, so the client should close first."""
    body_pause_seconds: Seconds = Field(default=30.0, description=SECONDS)
    """Between two pieces of a body."""
    answer_pause_seconds: Seconds = Field(default=60.0, description=SECONDS)
    """In which a client takes nothing of an answer that waits for it; then the connection is closed."""
    body_bytes_per_second: Whole = Field(
        default=1024, ge=0, le=2**31, description="a whole number of bytes from 0 to 2147483648"
    )
    """Of a body on average, once it has taken as long as a pause may."""


class RequestBounds(Section):
    """What one request may consist of, else a 413; the operations of every surface have the same.

    Values are what a process has work with, however few bytes they take: the default is what it parses, validates and
    frees within 50 ms.
    """

    values: Whole = Field(default=100_000, ge=100, le=10_000_000, description="a whole number from 100 to 10000000")
    """Objects, lists, texts, numbers, true, false and null in a body, wherever they stand; and as many in what a
    response continues."""
    nesting: Whole = Field(default=250, ge=10, le=250, description="a whole number from 10 to 250")
    """Objects and lists inside each other in a body."""
    messages: Whole = Field(default=10_000, ge=1, le=1_000_000, description="a whole number from 1 to 1000000")
    """`messages` of a chat."""
    items: Whole = Field(default=10_000, ge=1, le=1_000_000, description="a whole number from 1 to 1000000")
    """`input` of a response, and `items` that are added to a conversation."""
    parts: Whole = Field(default=10_000, ge=1, le=1_000_000, description="a whole number from 1 to 1000000")
    """Parts of all messages and items together, and the calls of tools in messages."""
    tools: Whole = Field(default=1_024, ge=1, le=100_000, description="a whole number from 1 to 100000")
    """`tools`, those inside a namespace or an item counted, too."""
    properties: Whole = Field(default=20_000, ge=1, le=1_000_000, description="a whole number from 1 to 1000000")
    """Entries of all `properties` in the schemas of tools and of the output format together."""
    bytes_in_flight: Whole = Field(
        default=256 * _MiB, ge=_MiB, le=2**40, description="a whole number of bytes from 1048576 to 1099511627776"
    )
    """Bodies that a worker holds at once, from their first byte to the end of the answer (else a 503); `max_body_bytes`
    at least. One takes two to five times as much memory."""


class Bounds(Section):
    """All of them."""

    request: Annotated[RequestBounds, BeforeValidator(filled)] = Field(
        default=RequestBounds(), description="a mapping of bounds, such as `tools: 1024`"
    )

    connections: Annotated[ConnectionBounds, BeforeValidator(filled)] = Field(
        default=ConnectionBounds(), description="a mapping of bounds, such as `most: 10000`"
    )

    answer_schema: Annotated[SchemaBounds, BeforeValidator(filled)] = Field(
        default=SchemaBounds(), description="a mapping of bounds, such as `patterns: 50`"
    )
