"""The registry as it first was: relying parties, their clients and keys, and what was changed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "registry",
        sa.Column("id", sa.SmallInteger, sa.CheckConstraint("id = 1", name="registry_one_row"), primary_key=True),
        sa.Column("environment", sa.String(16), nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "relying_parties",
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.String(20), nullable=False),
        sa.Column("changed_at", sa.String(20), nullable=False),
    )
    op.create_table(
        "oidc_clients",
        sa.Column("id", sa.String(128), primary_key=True),
        sa.Column("relying_party", sa.String(63), sa.ForeignKey("relying_parties.id"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("oidc_clients_of_party", "oidc_clients", ["relying_party"])
    op.create_table(
        "api_keys",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("relying_party", sa.String(63), sa.ForeignKey("relying_parties.id"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("last_four", sa.String(4)),
        sa.Column("created_at", sa.String(20)),
        sa.Column("expires_at", sa.String(20)),
    )
    op.create_index("api_keys_of_party", "api_keys", ["relying_party"])
    op.create_table(
        "registry_changes",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("at", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("relying_party", sa.String(63), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed", sa.Text, nullable=False),
    )
    op.create_index("registry_changes_of_party", "registry_changes", ["relying_party"])
