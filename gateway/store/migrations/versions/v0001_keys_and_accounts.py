"""Keys, users, groups, memberships and usage."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "keys",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String),
        sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("hint", sa.String, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double),
        sa.Column("revoked_at", sa.Double),
    )
    _entities("users")
    _entities("groups")
    op.create_table(
        "memberships",
        sa.Column("user_id", sa.String, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("group_id", sa.String, sa.ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("first_seen", sa.Double, nullable=False),
        sa.Column("last_seen", sa.Double, nullable=False),
    )
    op.create_index("memberships_by_group", "memberships", ["group_id"])
    _usage()


def _entities(name: str) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("metadata", sa.JSON, nullable=False),
        sa.Column("first_seen", sa.Double, nullable=False),
        sa.Column("last_seen", sa.Double, nullable=False),
    )


def _usage() -> None:
    op.create_table(
        "usage",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("key_id", sa.String, nullable=False),
        sa.Column("user_id", sa.String),
        sa.Column("group_id", sa.String),
        sa.Column("operation", sa.String, nullable=False),
        sa.Column("provider", sa.String),
        sa.Column("model", sa.String),
        sa.Column("is_stream", sa.Boolean, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger),
        sa.Column("completion_tokens", sa.BigInteger),
        sa.Column("cached_tokens", sa.BigInteger),
        sa.Column("reasoning_tokens", sa.BigInteger),
        sa.Column("first_event_ms", sa.Double),
        sa.Column("duration_ms", sa.Double, nullable=False),
    )
    op.create_index("usage_by_time", "usage", ["time"])
    for column in ("user", "group"):
        named = sa.text(f"{column}_id IS NOT NULL")
        columns = [f"{column}_id", "time"]
        op.create_index(f"usage_by_{column}", "usage", columns, sqlite_where=named, postgresql_where=named)
    op.create_index("usage_by_key", "usage", ["key_id", "time"])
    op.create_index("usage_by_model", "usage", ["model", "time"])
