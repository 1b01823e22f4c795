"""how fast somebody answered, and who is left out of releases for it"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("participant", sa.Column("pace", sa.String(), nullable=False, server_default="normal"))
    op.add_column("participant", sa.Column("left_out", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "people_left_out",
        "participant",
        ["id"],
        sqlite_where=sa.text("left_out"),
        postgresql_where=sa.text("left_out"),
    )


def downgrade() -> None:
    op.drop_index("people_left_out", "participant")
    op.drop_column("participant", "left_out")
    op.drop_column("participant", "pace")
