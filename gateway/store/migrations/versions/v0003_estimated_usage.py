"""Usage that was estimated, attempts that were given up, ratios to estimate by, and what writing is tried with."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns, of which earlier rows have neither, and make the tables."""
    for name in ("estimated", "given_up"):
        op.add_column("usage", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "token_ratios",
        sa.Column("provider", sa.String, primary_key=True),
        sa.Column("model", sa.String, primary_key=True),
        sa.Column("prompt_bytes", sa.Double, nullable=False),
        sa.Column("prompt_tokens", sa.Double, nullable=False),
        sa.Column("completion_bytes", sa.Double, nullable=False),
        sa.Column("completion_tokens", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_table(
        "probes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
