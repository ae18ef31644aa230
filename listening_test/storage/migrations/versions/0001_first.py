"""The first schema: study version, session, page, presentation, rating, event, answer."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "study_version",
        sa.Column("sha256", sa.String, primary_key=True),
        sa.Column("study", sa.String, nullable=False),
        sa.Column("snapshot", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("frozen_at", sa.String),
    )
    op.create_table(
        "session",
        sa.Column("token", sa.String, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column(
            "study_version", sa.String, sa.ForeignKey("study_version.sha256"), nullable=False
        ),
        sa.Column("mark", sa.String, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("seed", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("plan", sa.JSON, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("next_seq", sa.BigInteger, nullable=False),
        sa.Column("completion_code", sa.String, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("updated_at", sa.String, nullable=False),
        sa.Column("completed_at", sa.String),
        sa.UniqueConstraint("study_version", "mark", "number"),
    )
    op.create_table(
        "page",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "session_token", sa.String, sa.ForeignKey("session.token"), nullable=False, index=True
        ),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("part", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("passage", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("repeat", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("comment", sa.String, nullable=False),
        sa.Column("first_at", sa.String),
        sa.Column("done_at", sa.String),
        sa.UniqueConstraint("session_token", "number"),
    )
    op.create_table(
        "presentation",
        sa.Column("token", sa.String, primary_key=True),
        sa.Column("page_id", sa.Integer, sa.ForeignKey("page.id"), nullable=False, index=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("label", sa.String, nullable=False),
        sa.Column("system", sa.String, nullable=False),
        sa.Column("shown", sa.String, nullable=False),
        sa.Column("audio", sa.String, nullable=False),
        sa.Column("start", sa.JSON, nullable=False),
        sa.Column("comment", sa.String, nullable=False),
        sa.Column("plays", sa.Integer, nullable=False),
    )
    op.create_table(
        "rating",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("page_id", sa.Integer, sa.ForeignKey("page.id"), nullable=False),
        sa.Column("presentation", sa.String, nullable=False),
        sa.Column("question", sa.String, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("changes", sa.Integer, nullable=False),
        sa.Column("client", sa.String, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.Float),
        sa.Column("at", sa.String),
        sa.UniqueConstraint("page_id", "presentation", "question"),
    )
    op.create_table(
        "event",
        sa.Column("arrival", sa.Integer, primary_key=True),
        sa.Column("session_token", sa.String, sa.ForeignKey("session.token"), nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("client", sa.String, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.Float, nullable=False),
        sa.Column("received_at", sa.String, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("page", sa.BigInteger),
        sa.Column("stimulus", sa.String),
        sa.Column("question", sa.String),
        sa.Column("value", sa.Float),
        sa.Column("data", sa.JSON, nullable=False),
        sa.UniqueConstraint("session_token", "id"),
        sa.Index("event_in_order", "session_token", "client", "seq"),
    )
    op.create_table(
        "answer",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("session_token", sa.String, sa.ForeignKey("session.token"), nullable=False),
        sa.Column("step", sa.String, nullable=False),
        sa.Column("question", sa.String, nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("at", sa.String, nullable=False),
        sa.UniqueConstraint("session_token", "step", "question"),
    )
