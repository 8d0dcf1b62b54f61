"""Incidents, and when the process was last known to run."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make their tables."""
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("severity", sa.String(10), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("capabilities", sa.Text, nullable=False),
        sa.Column("told", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.create_index("incidents_ended_at", "incidents", ["ended_at"], if_not_exists=True)
    op.create_table(
        "presence",
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("word", sa.String(10), nullable=False),
        if_not_exists=True,
    )
