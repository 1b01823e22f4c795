"""up to which answer a release counted, so that it can be counted again"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("release", sa.Column("through", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("release", "through")
