"""Access certificates of the pretend nodes: made at start, under an authority that only pretend wallets know.

In the sandbox they name this machine beside the node, because a sandbox node may be reached under no other name.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from idbridge.crypto.certificates import Subject, make_authority, make_leaf
from idbridge.crypto.seeded_keys import RANDOM, KeyMaker
from idbridge.crypto.signer import FileSigner
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox.key_material import authority_validity, leaf_validity

_ALGORITHM: Final = "ES256"
_THIS_MACHINE: Final = "localhost"


@dataclass(frozen=True, slots=True)
class Access:
    """What a pretend node asks wallets with: its certificate (DER), its key, and the authority that wallets know."""

    certificate: bytes
    authority: bytes
    signer: FileSigner = field(repr=False)


def new_access(
    node_url: str, *, state: MemberState, environment: Environment, at: datetime, maker: KeyMaker = RANDOM
) -> Access:
    """Return a new access certificate for the node of ``state``, valid around ``at``; ``maker`` makes its keys."""
    above = make_authority(
        maker.make(_ALGORITHM, name=f"access/{state}/authority"),
        subject=Subject("Pretend wallet access authority", country=state.value),
        validity=authority_validity(at),
    )
    signer = maker.make(_ALGORITHM, name=f"access/{state}")
    hosts = [urlsplit(node_url).hostname or ""]
    if environment is Environment.SANDBOX:
        hosts.append(_THIS_MACHINE)
    subject = Subject(f"Node of {state.value}", country=state.value)
    leaf = make_leaf(signer, subject=subject, validity=leaf_validity(at), issuer=above, dns_names=hosts)
    return Access(leaf, above.certificate, signer)
