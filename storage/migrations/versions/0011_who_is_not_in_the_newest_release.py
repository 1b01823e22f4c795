"""who is not counted in the newest release of a round"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("participant", sa.Column("uncounted", sa.String(), nullable=False, server_default=""))
    op.create_index(
        "people_uncounted",
        "participant",
        ["id"],
        sqlite_where=sa.text("uncounted <> ''"),
        postgresql_where=sa.text("uncounted <> ''"),
    )
    # Nobody knows any more who was left out when a release was made; most likely those who are now.
    op.execute(
        """UPDATE participant SET uncounted = ' ' || round || ' '
        WHERE left_out AND round IN (SELECT round FROM release)"""
    )


def downgrade() -> None:
    op.drop_index("people_uncounted", "participant")
    op.drop_column("participant", "uncounted")
