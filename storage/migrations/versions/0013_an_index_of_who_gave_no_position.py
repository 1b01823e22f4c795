"""an index that those who gave no position are counted by"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

LIVE = sa.text("current AND status <> 'answered' AND item = 'position'")


def upgrade() -> None:
    op.create_index(
        "counted_nonresponse",
        "answer",
        ["round", "dilemma", "status", "after_results", "participant", "item", "current"],
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )


def downgrade() -> None:
    op.drop_index("counted_nonresponse", "answer")
