"""Every table. Times are seconds since 1970 (UTC), so that both databases hold and compare them alike."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    false,
    text,
)

HEAD = "0005"
"""The newest revision in migrations/versions, which makes these very tables (a test compares them)."""

metadata = MetaData()

keys = Table(
    "keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("hint", String, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("revoked_at", Double),
    # What becomes of an answer whose client leaves: None for what the settings say.
    Column("on_disconnect", String),
    Column("may_choose_on_disconnect", Boolean, nullable=False, server_default=false()),
)

users = Table(
    "users",
    metadata,
    Column("id", String, primary_key=True),
    Column("metadata", JSON, nullable=False),
    Column("first_seen", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
)

groups = Table(
    "groups",
    metadata,
    Column("id", String, primary_key=True),
    Column("metadata", JSON, nullable=False),
    Column("first_seen", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
)

memberships = Table(
    "memberships",
    metadata,
    Column("user_id", String, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("group_id", String, ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
    Column("first_seen", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
    Index("memberships_by_group", "group_id"),
)


def state_conditions(dialect: str) -> None:
    """Give the partial indexes, whose conditions stand here for SQLite, the same ones for the dialect in use.

    To name PostgreSQL in their definition would import its dialect wherever the tables are: 2 MB.
    """
    for table in metadata.tables.values():
        for index in table.indexes:
            index.dialect_options[dialect]["where"] = index.dialect_options["sqlite"]["where"]


def _index_of_named(column: str) -> Index:
    # Most requests name nobody; those rows need not be written here as well.
    is_named = text(f"{column} IS NOT NULL")
    name = f"usage_by_{column.removesuffix('_id')}"
    return Index(name, column, "time", sqlite_where=is_named)


def _index_of_followers() -> Index:
    follows = text("previous_id IS NOT NULL")
    return Index("responses_by_previous", "previous_id", sqlite_where=follows)


def _index_of_active_jobs() -> Index:
    # For the bounds of each key; those that are over do not count.
    is_active = text("events_until IS NULL")
    return Index("jobs_active_by_key", "key_id", sqlite_where=is_active)


def _index_of_answers_by_response() -> Index:
    is_response = text("response_id IS NOT NULL")
    return Index("idempotency_by_response", "response_id", sqlite_where=is_response)


def _index_of_ended_jobs() -> Index:
    is_over = text("events_until IS NOT NULL")
    return Index("jobs_by_end", "events_until", sqlite_where=is_over)


def _index_of_leases() -> Index:
    is_running = text("lease_until IS NOT NULL")
    return Index("idempotency_by_lease", "lease_until", sqlite_where=is_running)


# Usage outlives the keys, users and groups that it names: no foreign keys.
usage = Table(
    "usage",
    metadata,
    Column("id", String, primary_key=True),
    Column("request_id", String, nullable=False),
    Column("time", Double, nullable=False),
    Column("key_id", String, nullable=False),
    Column("user_id", String),
    Column("group_id", String),
    Column("operation", String, nullable=False),
    Column("provider", String),
    Column("model", String),
    Column("is_stream", Boolean, nullable=False),
    Column("status", Integer, nullable=False),
    Column("prompt_tokens", BigInteger),
    Column("completion_tokens", BigInteger),
    Column("cached_tokens", BigInteger),
    Column("reasoning_tokens", BigInteger),
    Column("first_event_ms", Double),
    Column("duration_ms", Double, nullable=False),
    Column("estimated", Boolean, nullable=False, server_default=false()),
    Column("given_up", Boolean, nullable=False, server_default=false()),
    Column("outcome", String),
    Index("usage_by_time", "time"),
    _index_of_named("user_id"),
    _index_of_named("group_id"),
    Index("usage_by_key", "key_id", "time"),
    Index("usage_by_model", "model", "time"),
)

# What replies have shown of how many bytes a token takes, in their prompts and in their texts.
token_ratios = Table(
    "token_ratios",
    metadata,
    Column("provider", String, primary_key=True),
    Column("model", String, primary_key=True),
    Column("prompt_bytes", Double, nullable=False),
    Column("prompt_tokens", Double, nullable=False),
    Column("completion_bytes", Double, nullable=False),
    Column("completion_tokens", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

# No foreign key to the one before: a client may delete that, and what follows it stays.
responses = Table(
    "responses",
    metadata,
    Column("id", String, primary_key=True),
    Column("key_id", String, nullable=False),
    Column("previous_id", String),
    Column("conversation_id", String),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("status", String, nullable=False),
    Column("depth", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("chain_size", BigInteger, nullable=False),
    # SQLite reads a row from its beginning, page by page: last stands what a chain is not made of.
    Column("input", LargeBinary, nullable=False),
    Column("output", LargeBinary, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("background", Boolean, nullable=False, server_default=false()),
    Index("responses_by_expiry", "expires_at"),
    Index("responses_by_key", "key_id", "created_at", "id"),
    _index_of_followers(),
)

# Responses in the background: the work that is to be done, and after its end, for a while, where its events are.
jobs = Table(
    "jobs",
    metadata,
    Column("response_id", String, primary_key=True),
    Column("key_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("created_at", Double, nullable=False),
    # Who works on it, and until when that is believed without a further sign.
    Column("owner", String),
    Column("lease_until", Double),
    Column("attempts", Integer, nullable=False),
    # Numbers what has a usage row: attempts, those included that count as never begun.
    Column("run", Integer, nullable=False),
    # The number of the first event that is not stored.
    Column("next_sequence", Integer, nullable=False),
    # When its events go; None while it is not over.
    Column("events_until", Double),
    # Sealed, with its secrets; erased at the end.
    Column("request", LargeBinary),
    Index("jobs_by_state", "state", "created_at"),
    _index_of_ended_jobs(),
    _index_of_active_jobs(),
)

job_events = Table(
    "job_events",
    metadata,
    Column("response_id", String, ForeignKey("jobs.response_id", ondelete="CASCADE"), primary_key=True),
    Column("first", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# Answers to requests with an `Idempotency-Key`, and the requests that have none yet.
idempotency = Table(
    "idempotency",
    metadata,
    # Of the gateway key and the client's.
    Column("digest", LargeBinary, primary_key=True),
    Column("key_id", String, nullable=False),
    Column("operation", String, nullable=False),
    # Of the request's body.
    Column("fingerprint", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    # The process that works on it, and until when that is believed; None once the answer is there.
    Column("owner", String),
    Column("lease_until", Double),
    # What a usage row is made of, should that process die.
    Column("request_id", String, nullable=False),
    Column("model", String),
    Column("prompt_bytes", BigInteger, nullable=False),
    # The response that the answer speaks of: with it the answer goes.
    Column("response_id", String),
    # Sealed.
    Column("answer", LargeBinary),
    Index("idempotency_by_key", "key_id"),
    Index("idempotency_by_expiry", "expires_at"),
    _index_of_leases(),
    _index_of_answers_by_response(),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", String, primary_key=True),
    Column("key_id", String, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("next_position", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
)

conversation_items = Table(
    "conversation_items",
    metadata,
    Column("conversation_id", String, ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("id", String, nullable=False),
    Column("item", LargeBinary, nullable=False),
    # The id first: so it also finds an item of which nobody says the conversation.
    UniqueConstraint("id", "conversation_id", name="conversation_items_by_id"),
)

# One row, written to find out whether anything can be.
probes = Table(
    "probes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("value", LargeBinary, nullable=False),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
