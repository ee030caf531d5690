"""How a request ended where its status does not say it, such as `stopped`."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; rows that are there have nothing in it."""
    op.add_column("usage", sa.Column("outcome", sa.String))
