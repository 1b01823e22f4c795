"""the role in which somebody of the staff did something"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit", sa.Column("role", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("audit", "role")
