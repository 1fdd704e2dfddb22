"""The tables of the registry. What a registration may be, ``form.py`` decides; here it is text under an id.

Nothing in them is personal, and nothing opens anything: of keys and secrets there are digests, and whoever changed
something is a digest of the subject under which an operator signed in. ``migrations`` make them; a test compares.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)

METADATA: Final = MetaData()
_NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")

# One row: which environment this is, and a number that grows with each change.
REGISTRY: Final = Table(
    "registry",
    METADATA,
    Column("id", SmallInteger, CheckConstraint("id = 1", name="registry_one_row"), primary_key=True),
    Column("environment", String(16), nullable=False),
    Column("revision", BigInteger, nullable=False),
)
PARTIES: Final = Table(
    "relying_parties",
    METADATA,
    Column("id", String(63), primary_key=True),
    Column("document", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", String(20), nullable=False),
    Column("changed_at", String(20), nullable=False),
)
CLIENTS: Final = Table(
    "oidc_clients",
    METADATA,
    Column("id", String(128), primary_key=True),
    Column("relying_party", String(63), ForeignKey("relying_parties.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Index("oidc_clients_of_party", "relying_party"),
)
API_KEYS: Final = Table(
    "api_keys",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("relying_party", String(63), ForeignKey("relying_parties.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("last_four", String(4)),
    Column("created_at", String(20)),
    Column("expires_at", String(20)),
    Index("api_keys_of_party", "relying_party"),
)
CHANGES: Final = Table(
    "registry_changes",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("at", String(20), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("act", String(16), nullable=False),
    Column("relying_party", String(63), nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed", Text, nullable=False),
    Index("registry_changes_of_party", "relying_party"),
)
# One row for each log of this node: how far it has come. Files of a backup are behind it, and are not gone on with.
LOG_HEADS: Final = Table(
    "log_heads",
    METADATA,
    Column("origin", String(255), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", String(43), nullable=False),
)
