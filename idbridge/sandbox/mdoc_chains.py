"""Document signers that are not what they should be: each for the right key, and wrong in one thing.

Clause: ISO 18013-5, Annex B.1.
"""

from datetime import timedelta
from typing import Any, Final

from idbridge.crypto.certificates import Authority, Subject, make_document_signer
from idbridge.errors import ConfigurationError
from idbridge.model.time import Validity
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.chains import stranger
from idbridge.sandbox.key_material import crl_address, leaf_subject, leaf_validity, new_iaca
from idbridge.sandbox.services import Service

_DAY: Final = timedelta(days=1)
_MDL_READER: Final = "1.0.18013.5.1.6"


def expired(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return a signer whose certificate expired yesterday."""
    end = bench.at.replace(microsecond=0) - _DAY
    return _signer(service, bench, validity=Validity(end - 300 * _DAY, end))


def young(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return a signer that is certified since yesterday."""
    return _signer(
        service, bench, validity=Validity(bench.at.replace(microsecond=0) - _DAY, leaf_validity(bench.at).end)
    )


def outliving(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return a signer that is certified for longer than its authority."""
    start = leaf_validity(bench.at).start
    return _signer(service, bench, validity=Validity(start, start + 40 * 365 * _DAY))


def not_critical(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return a signer whose usage a reader may pass over."""
    return _signer(service, bench, critical=False)


def reader(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return the certificate of somebody who reads mdocs, in place of one who signs them."""
    return _signer(service, bench, usage=_MDL_READER)


def another_country(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return a signer that names another member state."""
    return _signer(service, bench, subject=Subject("A signer", country="MY"))


def without_country(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return a signer that names no country."""
    return _signer(service, bench, subject=Subject("A signer"))


def of_a_province(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return a signer of one part of the country."""
    return _signer(service, bench, subject=_of(service, province="Sample District"))


def another_authority(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """Return a signer of an authority that has the listed one's name and not its key."""
    return _signer(
        service, bench, issuer=new_iaca(service.source, stranger(service, bench), state=service.state, at=bench.at)
    )


def none(_service: Service, _bench: Bench) -> tuple[bytes, ...]:
    """Send no certificate."""
    return ()


def _of(service: Service, *, province: str | None = None) -> Subject:
    subject = leaf_subject(service.source, state=service.state)
    return Subject(subject.common_name, country=subject.country, province=province)


def _signer(
    service: Service,
    bench: Bench,
    *,
    subject: Subject | None = None,
    validity: Validity | None = None,
    issuer: Authority | None = None,
    **departures: Any,
) -> tuple[bytes, ...]:
    """Return the chain that the service's authority would make, but for what is given."""
    if service.keys.authority is None:
        raise ConfigurationError(f"service {service.id} has no authority to issue certificates")
    signer = make_document_signer(
        service.signer,
        subject=subject or _of(service),
        validity=validity or leaf_validity(bench.at),
        issuer=issuer or Authority(service.keys.listed[0], service.keys.authority),
        contact=service.issuer,
        crl=crl_address(service.source),
        **departures,
    )
    return (signer,)
