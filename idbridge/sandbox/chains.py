"""Certificate chains that do not lead to the issuer: each for the right key, and wrong in one thing.

Clauses: RFC 5280 sections 4.1.2.5, 4.2.1.4, 4.2.1.12 and 6.1; SD-JWT VC section 2.5.
"""

from datetime import timedelta
from typing import Final

from idbridge.crypto.certificates import Authority, Subject, make_leaf
from idbridge.crypto.signer import FileSigner
from idbridge.errors import ConfigurationError
from idbridge.model.time import Validity
from idbridge.model.trust import LeafRule
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.key_material import leaf_rule, leaf_subject, leaf_validity, new_authority
from idbridge.sandbox.services import Service

_ANOTHER_USAGE: Final = LeafRule(extended_key_usage="1.3.6.1.4.1.32473.9.9")
_DAY: Final = timedelta(days=1)


def own(service: Service, _bench: Bench) -> tuple[bytes, ...]:
    """Return the certificates that the service holds."""
    return service.keys.chain


def expired(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return a leaf that expired yesterday."""
    end = bench.at.replace(microsecond=0) - _DAY
    return _leaf(service, bench, validity=Validity(end - 90 * _DAY, end))


def another_usage(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return a leaf for another use than the list demands."""
    return _leaf(service, bench, rule=_ANOTHER_USAGE)


def another_name(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return a leaf that the authority made out to another issuer."""
    return _leaf(service, bench, issuer_name="https://sandbox.another.example")


def another_country(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return a leaf that names another member state."""
    return _leaf(service, bench, country="MY")


def another_authority(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return a leaf of an authority that has the listed one's name and not its key."""
    return _leaf(
        service,
        bench,
        authority=new_authority(service.source, stranger(service, bench), state=service.state, at=bench.at),
    )


def another_key(service: Service, bench: Bench, algorithm: str) -> FileSigner:
    """Return another key of the service, for ``algorithm``."""
    return bench.region.keys.maker.make(algorithm, name=f"another/{service.id}/{algorithm}")


def certifying(signer: FileSigner, service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return a leaf for ``signer`` as the service's authority would make it."""
    return _leaf(service, bench, signer=signer)


def stranger(service: Service, bench: Bench, number: int = 0) -> FileSigner:
    """Return a key of nobody, for the algorithm of the service's authority; another one for another number."""
    algorithm = service.source["material"]["algorithm"]
    return bench.region.keys.maker.make(algorithm, name=f"stranger/{service.id}/{number}")


def _leaf(
    service: Service,
    bench: Bench,
    *,
    authority: Authority | None = None,
    validity: Validity | None = None,
    rule: LeafRule | None = None,
    issuer_name: str | None = None,
    country: str | None = None,
    signer: FileSigner | None = None,
) -> tuple[bytes, ...]:
    """Return a chain for the service's own key or ``signer``, as its authority would make it but for what is given."""
    subject = leaf_subject(service.source, state=service.state)
    leaf = make_leaf(
        signer or service.signer,
        subject=Subject(subject.common_name, country=country or subject.country),
        validity=validity or leaf_validity(bench.at),
        issuer=authority or _listed_authority(service),
        uris=(issuer_name or service.issuer,),
        rule=rule or leaf_rule(service.source),
    )
    return (leaf,)


def _listed_authority(service: Service) -> Authority:
    if service.keys.authority is None:
        raise ConfigurationError(f"service {service.id} has no authority to issue certificates")
    return Authority(service.keys.listed[0], service.keys.authority)
