"""Who may read the schema `gis` with other people's tools, on PostgreSQL.

The geometry, the indexes and the views are not here: `deploy.gis.schema` makes them after the
migrations, whenever PostGIS is there, which may be later than this.
"""

import sqlalchemy as sa
from alembic import op

from deploy.gis import schema
from schemas import column_types as types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.create_table(
        "gis_readers",
        sa.Column("role", sa.String(length=63), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("areas", sa.String(length=2000), server_default=sa.text("''"), nullable=False),
        sa.Column("added_at", types.UtcMicros(), nullable=False),
        sa.PrimaryKeyConstraint("role", name=op.f("pk_gis_readers")),
    )


def downgrade() -> None:
    schema.remove(op.get_bind())
