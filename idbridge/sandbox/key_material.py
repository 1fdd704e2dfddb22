"""Key material of the pretend services: made at start, never committed, and marked by where it lies.

Makes what a source document asks for under ``material``: keys that the list names themselves (``jwk``, ``jwks``), a
signing certificate that it names (``certificate``), or an authority and one leaf below it (``authority``; ``iaca`` for
one that certifies the signers of mdocs).
"""

from datetime import datetime, timedelta
from typing import Final

from idbridge.crypto.certificates import Authority, Subject, make_authority, make_document_signer, make_iaca, make_leaf
from idbridge.crypto.seeded_keys import RANDOM, KeyMaker
from idbridge.crypto.signer import FileSigner
from idbridge.errors import ConfigurationError
from idbridge.model.region import Format, MemberState
from idbridge.model.time import Validity
from idbridge.model.trust import LeafRule
from idbridge.sandbox.services import ServiceKeys
from idbridge.sandbox.sources import Table

_BEFORE: Final = timedelta(days=365)
_AUTHORITY_LIFE: Final = timedelta(days=10 * 365)
_LEAF_LIFE: Final = timedelta(days=2 * 365)


def make_keys(
    source: Table, *, state: MemberState, at: datetime, maker: KeyMaker = RANDOM, owner: str = "service"
) -> ServiceKeys:
    """Return new key material for the service that ``source`` describes, valid around ``at``.

    ``maker`` makes its keys, under names that begin with ``owner``: ``service/sg-login/0``.

    Raises:
        ConfigurationError: The source document asks for a kind of material that is not known.
    """
    material = source["material"]
    name = f"{owner}/{source['id']}"
    signers = tuple(maker.make(material["algorithm"], name=f"{name}/{number}") for number in range(material["count"]))
    if material["kind"] in ("jwk", "jwks"):
        return ServiceKeys(signers)
    if material["kind"] == "certificate":
        certificate = make_leaf(
            signers[0],
            subject=leaf_subject(source, state=state),
            validity=leaf_validity(at),
            issuer=None,
            uris=(source["issuer"],),
        )
        return ServiceKeys(signers, listed=(certificate,), chain=(certificate,))
    if material["kind"] in ("authority", "iaca"):
        above = maker.make(material["algorithm"], name=f"{name}/authority")
        return _under_authority(source, signers[0], above, state=state, at=at)
    raise ConfigurationError(f"service {source['id']} asks for key material of an unknown kind")


def _under_authority(
    source: Table, signer: FileSigner, above: FileSigner, *, state: MemberState, at: datetime
) -> ServiceKeys:
    mdocs = Format.MDOC.value in source["formats"]
    make = new_iaca if source["material"]["kind"] == "iaca" else new_authority
    authority = make(source, above, state=state, at=at)
    leaf = (_document_signer if mdocs else _leaf)(source, signer, authority, state=state, at=at)
    return ServiceKeys((signer,), listed=(authority.certificate,), chain=(leaf,), authority=authority.signer)


def _leaf(source: Table, signer: FileSigner, authority: Authority, *, state: MemberState, at: datetime) -> bytes:
    return make_leaf(
        signer,
        subject=leaf_subject(source, state=state),
        validity=leaf_validity(at),
        issuer=authority,
        uris=(source["issuer"],),
        rule=leaf_rule(source),
    )


def _document_signer(
    source: Table, signer: FileSigner, authority: Authority, *, state: MemberState, at: datetime
) -> bytes:
    return make_document_signer(
        signer,
        subject=leaf_subject(source, state=state),
        validity=leaf_validity(at),
        issuer=authority,
        contact=source["issuer"],
        crl=crl_address(source),
    )


def new_iaca(source: Table, signer: FileSigner, *, state: MemberState, at: datetime) -> Authority:
    """Return ``signer`` as an authority for signers of mdocs, under the name that the authority of a service has."""
    subject = Subject(f"{source['name']['en']} authority", country=state.value, organisation=source["name"]["en"])
    return make_iaca(
        signer,
        subject=subject,
        validity=authority_validity(at),
        contact=source["issuer"],
        crl=crl_address(source),
    )


def crl_address(source: Table) -> str:
    """Return where the authority of a service says that its revocation lists are."""
    return f"{source['issuer']}/crl"


def new_authority(source: Table, signer: FileSigner, *, state: MemberState, at: datetime) -> Authority:
    """Return ``signer`` as an authority, under the name that the authority of a service has."""
    subject = Subject(f"{source['name']['en']} authority", country=state.value, organisation=source["name"]["en"])
    return make_authority(signer, subject=subject, validity=authority_validity(at))


def leaf_subject(source: Table, *, state: MemberState) -> Subject:
    """Return whom the signing certificate of a service names."""
    return Subject(source["name"]["en"], country=state.value)


def leaf_rule(source: Table) -> LeafRule:
    """Return what the list demands of a leaf."""
    return LeafRule(**source.get("leaf_rule", {}))


def authority_validity(at: datetime) -> Validity:
    """Return the validity of an authority that is in force at ``at``."""
    return Validity(_whole(at) - _BEFORE, _whole(at) + _AUTHORITY_LIFE)


def leaf_validity(at: datetime) -> Validity:
    """Return the validity of a leaf that is in force at ``at``."""
    return Validity(_whole(at) - _BEFORE, _whole(at) + _LEAF_LIFE)


def _whole(at: datetime) -> datetime:
    """Certificates count whole seconds (RFC 5280 section 4.1.2.5)."""
    return at.replace(microsecond=0)
