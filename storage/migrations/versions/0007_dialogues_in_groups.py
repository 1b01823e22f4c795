"""dialogues in groups: where each stands, and who takes part"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "group_session",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("chat_hash", sa.String(), nullable=True),
        sa.Column("thread", sa.Integer(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("posts", sa.String(), nullable=False),
        sa.Column("card", sa.String(), nullable=False),
        sa.Column("gone", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("away", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code"),
        sa.UniqueConstraint("chat_hash"),
    )
    op.create_index(op.f("ix_group_session_until"), "group_session", ["until"], unique=False)
    op.create_index(op.f("ix_group_session_begun_at"), "group_session", ["begun_at"], unique=False)
    op.create_table(
        "group_seat",
        sa.Column("session", sa.String(), nullable=False),
        sa.Column("seat", sa.String(), nullable=False),
        sa.Column("participant", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("position_after", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["group_session.code"]),
        sa.ForeignKeyConstraint(["participant"], ["participant.id"]),
        sa.PrimaryKeyConstraint("session", "seat"),
        sa.UniqueConstraint("session", "participant"),
    )
    op.create_index(op.f("ix_group_seat_participant"), "group_seat", ["participant"], unique=False)


def downgrade() -> None:
    op.drop_table("group_seat")
    op.drop_table("group_session")
