"""What is used of each source's quotas."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make its table."""
    op.create_table(
        "quota",
        sa.Column("source", sa.String(80), primary_key=True),
        sa.Column("window_s", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("uses", sa.Text, nullable=False),
        if_not_exists=True,
    )
