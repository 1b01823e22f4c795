"""own words masked once, since when a round is closed, and whose a correction is"""

import sqlalchemy as sa
from alembic import op

from conversations.mask import mask

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("answer", sa.Column("masked", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("correction") as table:
        table.add_column(sa.Column("participant", sa.String(), nullable=True))
        table.create_foreign_key("correction_participant", "participant", ["participant"], ["id"])
        table.create_index("ix_correction_participant", ["participant"])
    op.add_column("roundstate", sa.Column("closed_at", sa.DateTime(), nullable=True))
    op.execute("UPDATE roundstate SET closed_at = CURRENT_TIMESTAMP WHERE state = 'closed'")
    conn = op.get_bind()
    for name, column in (("answer", "masked"), ("correction", "text")):
        write = sa.text(f"UPDATE {name} SET {column} = :masked WHERE id = :id")  # noqa: S608  names of ours
        for number, own in conn.execute(sa.text(f"SELECT id, text FROM {name} WHERE text <> ''")).all():  # noqa: S608
            conn.execute(write, {"masked": mask(own), "id": number})


def downgrade() -> None:
    op.drop_column("roundstate", "closed_at")
    op.drop_index("ix_correction_participant", "correction")
    with op.batch_alter_table("correction") as table:
        table.drop_constraint("correction_participant", type_="foreignkey")
        table.drop_column("participant")
    op.drop_column("answer", "masked")
