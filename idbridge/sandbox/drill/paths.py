"""Certificate chains made to wear a verifier out: each for the right key, and too much of something."""

from collections.abc import Iterable
from typing import Final

from idbridge.crypto.certificates import Authority, make_leaf
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.sandbox import chains
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.key_material import leaf_rule, leaf_subject, leaf_validity, new_authority
from idbridge.sandbox.services import Service

_NAMESAKES: Final = LIMITS.path_namesakes + 1


def namesakes(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return a leaf of an unlisted authority, and several authorities of one name."""
    others = [
        new_authority(service.source, chains.stranger(service, bench, number), state=service.state, at=bench.at)
        for number in range(_NAMESAKES)
    ]
    return (_leaf(service, bench, others[0]), *(other.certificate for other in others))


def too_many(service: Service, _bench: Bench) -> tuple[bytes, ...]:
    """Return the own leaf with more certificates behind it than anybody looks at."""
    return service.keys.chain * (LIMITS.path_candidates + 1)


def many_names(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return a leaf of the listed authority with more names than anybody compares."""
    if service.keys.authority is None:
        raise ConfigurationError(f"service {service.id} has no authority to issue certificates")
    further = (f"{service.issuer}/{number}" for number in range(LIMITS.certificate_names))
    return (_leaf(service, bench, Authority(service.keys.listed[0], service.keys.authority), further),)


def _leaf(service: Service, bench: Bench, authority: Authority, further: Iterable[str] = ()) -> bytes:
    return make_leaf(
        service.signer,
        subject=leaf_subject(service.source, state=service.state),
        validity=leaf_validity(bench.at),
        issuer=authority,
        uris=(service.issuer, *further),
        rule=leaf_rule(service.source),
    )
