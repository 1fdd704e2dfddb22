"""The node's own keys: the listed key under which it signs, and the state key of its pairwise subjects.

A node signs only under a key that its state lists for it, so that a practice key can never serve a live node. The
pairwise key says of itself for which environment it was made, because no list names it.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Final

from idbridge.assertion.node import Node
from idbridge.assertion.pseudonym import PairwiseKey
from idbridge.codec import base64url, strict_json
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import FileSigner, load_signer, read_private
from idbridge.errors import ConfigurationError, InputError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, ServiceType
from idbridge.model.trust import ServiceStatus, TrustService
from idbridge.trust.snapshot import TrustSnapshot
from idbridge_gateway.settings import Settings
from idbridge_gateway.verdict import Issuing

PAIRWISE_SCHEMA: Final = "idbridge-pairwise-key-1"
_PAIRWISE_MEMBERS: Final = frozenset({"schema", "environment", "key"})


def load_issuing(settings: Settings, snapshot: TrustSnapshot, *, at: datetime) -> Issuing:
    """Return what this node makes assertions with.

    Raises:
        ConfigurationError: A key file is missing, open to others or of another environment, or the node's state does
            not list the key for this node.
    """
    node = Node(settings.node_url, settings.state, settings.environment)
    signer = load_signer(settings.assertion_key_file)
    listed = _listed_key(signer, snapshot, node=node, at=at)
    if listed is not None:
        signer = load_signer(settings.assertion_key_file, algorithm=signer.algorithm, kid=listed.kid)
    elif node.environment is Environment.LIVE or node.state in snapshot.lists:
        raise ConfigurationError(
            f"{node.state} does not list the key in {settings.assertion_key_file} for assertions of {node.issuer}"
        )
    return Issuing(node, signer, read_pairwise_key(settings.pairwise_key_file, environment=settings.environment))


def read_pairwise_key(path: Path, *, environment: Environment) -> PairwiseKey:
    """Return the pairwise key of ``path``.

    Raises:
        ConfigurationError: The file is missing, open to others, of another form or of another environment.
    """
    try:
        document = strict_json.parse_object(read_private(path), max_bytes=LIMITS.key_file_bytes)
        if document.keys() != _PAIRWISE_MEMBERS or document["schema"] != PAIRWISE_SCHEMA:
            raise ConfigurationError(f"{path} does not have the members of {PAIRWISE_SCHEMA}")
        if document["environment"] != environment.value:
            raise ConfigurationError(f"{path} is of another environment than this node")
        return PairwiseKey(base64url.decode(str(document["key"])))
    except InputError:
        raise ConfigurationError(f"{path} holds no pairwise key") from None


def pairwise_key_text(key: PairwiseKey, *, environment: Environment) -> str:
    """Return what the file of a pairwise key holds. Whoever writes it gives the file mode 0600."""
    members = {"schema": PAIRWISE_SCHEMA, "environment": environment.value, "key": base64url.encode(key.octets)}
    return json.dumps(members)


def _listed_key(signer: FileSigner, snapshot: TrustSnapshot, *, node: Node, at: datetime) -> PublicKey | None:
    """Return the key of ``signer`` as the node's own state lists it for assertions of this node, granted at ``at``."""
    own = thumbprint(signer.public_jwk)
    for service in snapshot.by_thumbprint(own):
        if _serves(service, node, at=at) and signer.algorithm in service.profile.algorithms:
            return next(key for key in service.keys if key.thumbprint == own)
    return None


def _serves(service: TrustService, node: Node, *, at: datetime) -> bool:
    period = service.status_at(at)
    return (
        service.service_type is ServiceType.ASSERTION
        and (service.member_state, service.issuer) == (node.state, node.issuer)
        and period is not None
        and period.status is ServiceStatus.GRANTED
    )
