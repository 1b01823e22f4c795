"""an index that summaries are counted by, in the place of a table of codes that nobody read"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

LIVE = sa.text("current AND status = 'answered'")


def upgrade() -> None:
    op.create_index(
        "counted_answers",
        "answer",
        [
            *("round", "item", "dilemma", "code", "after_results", "language", "participant", "group"),
            *("current", "status"),
        ],
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    op.drop_table("answercode")


def downgrade() -> None:
    op.create_table(
        "answercode",
        sa.Column("answer", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("round", sa.String(), nullable=False),
        sa.Column("dilemma", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["answer"], ["answer.id"]),
        sa.PrimaryKeyConstraint("answer", "code"),
    )
    op.create_index("code_of_item", "answercode", ["round", "dilemma", "item", "code", "answer"])
    op.drop_index("counted_answers", "answer")
