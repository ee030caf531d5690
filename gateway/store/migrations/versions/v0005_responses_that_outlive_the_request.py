"""Responses in the background, answers kept for idempotency keys, and what becomes of answers whose clients leave."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the tables and columns. What is there keeps its meaning: nothing of it is of the background."""
    op.add_column("keys", sa.Column("on_disconnect", sa.String))
    op.add_column("keys", sa.Column("may_choose_on_disconnect", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("responses", sa.Column("background", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index("responses_by_key", "responses", ["key_id", "created_at", "id"])
    _add_jobs()
    _add_idempotency()


def _add_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("response_id", sa.String, primary_key=True),
        sa.Column("key_id", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("owner", sa.String),
        sa.Column("lease_until", sa.Double),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("next_sequence", sa.Integer, nullable=False),
        sa.Column("events_until", sa.Double),
        sa.Column("request", sa.LargeBinary),
    )
    op.create_index("jobs_by_state", "jobs", ["state", "created_at"])
    is_over = sa.text("events_until IS NOT NULL")
    op.create_index("jobs_by_end", "jobs", ["events_until"], sqlite_where=is_over, postgresql_where=is_over)
    is_active = sa.text("events_until IS NULL")
    op.create_index("jobs_active_by_key", "jobs", ["key_id"], sqlite_where=is_active, postgresql_where=is_active)
    op.create_table(
        "job_events",
        sa.Column("response_id", sa.String, sa.ForeignKey("jobs.response_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("first", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )


def _add_idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("key_id", sa.String, nullable=False),
        sa.Column("operation", sa.String, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("owner", sa.String),
        sa.Column("lease_until", sa.Double),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("model", sa.String),
        sa.Column("prompt_bytes", sa.BigInteger, nullable=False),
        sa.Column("response_id", sa.String),
        sa.Column("answer", sa.LargeBinary),
    )
    op.create_index("idempotency_by_key", "idempotency", ["key_id"])
    op.create_index("idempotency_by_expiry", "idempotency", ["expires_at"])
    is_response = sa.text("response_id IS NOT NULL")
    op.create_index(
        *("idempotency_by_response", "idempotency", ["response_id"]),
        sqlite_where=is_response,
        postgresql_where=is_response,
    )
    is_running = sa.text("lease_until IS NOT NULL")
    op.create_index(
        *("idempotency_by_lease", "idempotency", ["lease_until"]),
        sqlite_where=is_running,
        postgresql_where=is_running,
    )
