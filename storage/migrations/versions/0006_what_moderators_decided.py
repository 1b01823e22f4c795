"""what moderators decided about own words, and which texts they have to see first"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WAITING = sa.text("text_state = 'waiting' AND current")


def upgrade() -> None:
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Integer(), nullable=False),
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("theme", sa.String(), nullable=False),
        sa.Column("moderator", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["answer"], ["answer.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_answer"), ["answer"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_batch"), ["batch"], unique=False)
    # Not in a batch: on SQLite that would write the whole table anew.
    op.add_column("answer", sa.Column("alarm", sa.String(), nullable=True))
    op.create_index("texts_that_wait", "answer", ["alarm", "id"], sqlite_where=WAITING, postgresql_where=WAITING)


def downgrade() -> None:
    op.drop_index("texts_that_wait", "answer", sqlite_where=WAITING, postgresql_where=WAITING)
    op.drop_column("answer", "alarm")
    op.drop_table("decision")
