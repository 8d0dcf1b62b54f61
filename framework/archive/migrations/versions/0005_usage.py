"""What each consumer used, by day."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make its table."""
    op.create_table(
        "usage",
        sa.Column("consumer", sa.String(40), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("what", sa.String(90), primary_key=True),
        sa.Column("total", sa.Float(53), nullable=False),
        if_not_exists=True,
    )
    op.create_index("usage_day", "usage", ["day"], if_not_exists=True)
