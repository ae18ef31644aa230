"""How many sessions there are of each type and state, so that the progress page counts none."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table, and count what is there."""
    op.create_table(
        "session_count",
        sa.Column("study_version", sa.String, sa.ForeignKey("study_version.sha256")),
        sa.Column("mark", sa.String),
        sa.Column("state", sa.String),
        sa.Column("sessions", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("study_version", "mark", "state"),
    )
    op.execute(
        "INSERT INTO session_count (study_version, mark, state, sessions) "
        "SELECT study_version, mark, state, count(*) FROM session "
        "GROUP BY study_version, mark, state"
    )
