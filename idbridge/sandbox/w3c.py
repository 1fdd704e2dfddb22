"""W3C credentials of the pretend providers, alone or in a presentation: good, or bad in one named detail.

The format is that of the service's listing, and so are the names of what is said of a person. Clauses: VC-JOSE-COSE,
section 3; VC Data Model 1.1, section 6.3.1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from idbridge.credential.vc_model import CREDENTIAL, CREDENTIALS, ENVELOPED, PRESENTATION, SUBJECT, Version
from idbridge.crypto.did_key import did_jwk, did_key
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner
from idbridge.model.region import Format
from idbridge.model.time import instant_text
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.draft import Draft, Seal, json_text, sealed
from idbridge.sandbox.edits import ABSENT, Edits, edited
from idbridge.sandbox.full_logins import nested
from idbridge.sandbox.issuance import Issuance, Slip, prepared
from idbridge.sandbox.parties import Registration
from idbridge.sandbox.people import claims_of
from idbridge.sandbox.recipe import Shown
from idbridge.sandbox.services import Service
from idbridge.sandbox.slips import faultless
from idbridge.sandbox.wallet import binding_claims, combined, without

_AGE: Final = timedelta(days=30)
_LIFE: Final = timedelta(days=5 * 365)
_OLD: Final = Format.JWT_VC_JSON
_SD: Final = Format.VC_SD_JWT
_ID: Final = "urn:uuid:00000000-0000-4000-8000-00000000000"
_IN_SIGHT: Final = frozenset({"id"})

Named = Callable[[FileSigner], str]
Entries = Callable[[list[Any]], list[Any]]


def by_did_key(signer: FileSigner) -> str:
    """Call somebody by a ``did:key`` of a key."""
    return did_key(parse_jwk(signer.public_jwk))


def by_did_jwk(signer: FileSigner) -> str:
    """Call somebody by a ``did:jwk`` of a key."""
    return did_jwk(parse_jwk(signer.public_jwk))


def as_they_are(entries: list[Any]) -> list[Any]:
    """Put in the credentials in their envelopes."""
    return entries


def without_any(_entries: list[Any]) -> list[Any]:
    """Put in nothing."""
    return []


def once_too_often(entries: list[Any]) -> list[Any]:
    """Put in more credentials than anybody shows at once."""
    return entries * 9


def unenveloped(_entries: list[Any]) -> list[Any]:
    """Put in a credential with a proof of its own, which is no signature over the whole."""
    return [{"@context": [Version.V2.value], "type": [CREDENTIAL], "proof": {"type": "DataIntegrityProof"}}]


def in_cose(entries: list[Any]) -> list[Any]:
    """Call the envelope one of COSE."""
    return [{**one, "id": one["id"].replace("vc+jwt,", "vc+cose;base64,")} for one in entries]


@dataclass(frozen=True, slots=True)
class Vc:
    """A credential that ``service`` issued to ``person``, and how it is shown.

    Of the issuer: ``document`` and ``around`` are edits to the credential and to the claims around it, which in version
    2.0 are the same; ``about`` are edits to what is said of the person, ``header`` to the header; it is good for
    ``life``, from a month ago; ``slip`` is what it builds wrong, ``seal`` how it signs, ``key`` with which of its keys,
    ``signed_by`` another service that signs instead, ``called`` the name that it goes by, if not its address, of the
    key ``called_by``. Of the holder: ``withheld`` is kept back, ``shown_by`` is whose wallet signs, ``alone`` whether
    nobody does; ``vp`` and ``vp_claims`` are edits to the presentation and to the claims around it, ``vp_header`` to
    its header, ``vp_seal`` how it is signed, ``entries`` what is put in; ``beside`` is one more credential in it,
    ``audience_of`` the relying party that it is for, and ``bound`` says that a key binding is made in its place.
    """

    service: str
    person: str
    level: str | None = None
    document: Edits = field(default_factory=dict)
    around: Edits = field(default_factory=dict)
    about: Edits = field(default_factory=dict)
    header: Edits = field(default_factory=dict)
    life: timedelta = _LIFE
    slip: Slip = faultless
    seal: Seal = sealed
    key: int = 0
    signed_by: str | None = None
    called: Named | None = None
    called_by: int = 0
    withheld: tuple[str, ...] = ()
    alone: bool = False
    bound: bool = False
    shown_by: str | None = None
    beside: "Vc | None" = None
    vp: Edits = field(default_factory=dict)
    vp_claims: Edits = field(default_factory=dict)
    vp_header: Edits = field(default_factory=dict)
    vp_seal: Seal = sealed
    entries: Entries = as_they_are
    audience_of: str | None = None

    def shown(self, bench: Bench, *, to: Registration) -> Shown:
        """Return what the relying party ``to`` receives."""
        nonce, now = "" if self.alone else bench.nonce(), int(bench.at.timestamp())
        issued = self.issued(bench, number=0)
        if self.alone:
            return Shown(issued, None)
        audience = bench.region.registration(self.audience_of).audience if self.audience_of else to.audience
        holder = bench.region.wallet(self.shown_by or self.person)
        if self.bound:
            claims = edited(
                binding_claims(issued, audience=audience, nonce=nonce, now=now), self.vp_claims, at=bench.at
            )
            header = edited({"alg": holder.algorithm, "typ": "kb+jwt"}, self.vp_header, at=bench.at)
            return Shown(f"{issued}{self.vp_seal(Draft(header, json_text(claims), holder))}", nonce)
        held = [issued, *([self.beside.issued(bench, number=1)] if self.beside is not None else [])]
        said = {"iat": now, "exp": now + 120, "aud": audience, "nonce": nonce}
        return Shown(self._presented(held, said, holder, bench), nonce)

    def _presented(self, held: list[str], said: Mapping[str, Any], holder: FileSigner, bench: Bench) -> str:
        """Return the presentation of ``held`` that ``holder`` signs, with the claims ``said`` around it."""
        old = self._format(bench) is _OLD
        version = Version.V1 if old else Version.V2
        document = {
            "@context": [version.value],
            "type": [PRESENTATION],
            CREDENTIALS: self.entries(list(held) if old else [_enveloped(one) for one in held]),
        }
        document = edited(document, self.vp, at=bench.at)
        named = by_did_jwk(holder)
        claims = {"iss": named, **said, "vp": document} if old else {"holder": named, **said, **document}
        header = {"alg": holder.algorithm, "typ": "JWT" if old else "vp+jwt"}
        payload = json_text(edited(claims, self.vp_claims, at=bench.at))
        return self.vp_seal(Draft(edited(header, self.vp_header, at=bench.at), payload, holder))

    def _format(self, bench: Bench) -> Format:
        return Format(bench.region.service(self.service).source["formats"][0])

    def issued(self, bench: Bench, *, number: int) -> str:
        """Return the credential as the issuer hands it to the wallet, the ``number``th that it made."""
        service, form = bench.region.service(self.service), self._format(bench)
        signer = bench.region.service(self.signed_by).signer if self.signed_by else service.keys.signers[self.key]
        typ = "JWT" if form is _OLD else form.value
        header = edited({"alg": signer.algorithm, "typ": typ, "kid": signer.kid}, self.header, at=bench.at)
        document = self._document(service, bench, version=Version.V1 if form is _OLD else Version.V2, number=number)
        if form is not _SD:
            return self.seal(Draft(header, json_text(self._claims(document, bench, old=form is _OLD)), signer))
        issuance = self.slip(self._hidden(document, bench))
        payload = json_text(edited(issuance.payload, self.around, at=bench.at))
        return combined(self.seal(Draft(header, payload, signer)), without(issuance.disclosures, self.withheld))

    def _document(self, service: Service, bench: Bench, *, version: Version, number: int) -> dict[str, Any]:
        """Return the credential as the model writes it."""
        begins, claim_map = bench.at.replace(microsecond=0) - _AGE, service.claim_map
        person = bench.everybody.people[self.person]
        flat: dict[str, Any] = {**claims_of(person, claim_map), claim_map["acr"]: self.level or service.top_level}
        subject = {"id": by_did_jwk(bench.region.wallet(self.person)), **nested(flat, key_values=())[SUBJECT]}
        first, last = ("validFrom", "validUntil") if version is Version.V2 else ("issuanceDate", "expirationDate")
        named = self.called(service.keys.signers[self.called_by]) if self.called is not None else service.issuer
        document = {
            "@context": [version.value, "https://schemas.example/identity/v1"],
            "id": f"{_ID}{number}",
            "type": [CREDENTIAL, *service.credential_type.split(" ")],
            "issuer": named,
            first: instant_text(begins),
            last: instant_text(begins + self.life),
            SUBJECT: edited(subject, self.about, at=bench.at),
        }
        return edited(document, self.document, at=bench.at)

    def _claims(self, document: Mapping[str, Any], bench: Bench, *, old: bool) -> dict[str, Any]:
        """Return the claims that are signed: the credential itself, or one of version 1.1 in ``vc`` and beside it."""
        begins = int((bench.at - _AGE).timestamp())
        if not old:
            return edited({**document, "iat": begins}, self.around, at=bench.at)
        said = {
            "iss": document.get("issuer"),
            "sub": document[SUBJECT].get("id") if isinstance(document[SUBJECT], dict) else ABSENT,
            "jti": document.get("id"),
            "nbf": begins,
            "exp": begins + int(self.life.total_seconds()),
            "vc": document,
        }
        return edited(said, self.around, at=bench.at)

    def _hidden(self, document: Mapping[str, Any], bench: Bench) -> Issuance:
        """Return the credential with all that is said of the person disclosable, member by member."""
        subject = document[SUBJECT]
        plain = {name: value for name, value in subject.items() if name in _IN_SIGHT}
        about = {name: value for name, value in subject.items() if name not in _IN_SIGHT}
        inner = prepared(plain, about, randomness=bench.randomness)
        said = {name: value for name, value in inner.payload.items() if name != "_sd_alg"}
        begins = int((bench.at - _AGE).timestamp())
        payload = {**document, SUBJECT: said, "iat": begins, "_sd": [], "_sd_alg": "sha-256"}
        outer = prepared({}, {}, randomness=bench.randomness)
        return Issuance({**payload, "_sd": outer.payload["_sd"]}, inner.disclosures, bench.randomness)


def _enveloped(text: str) -> dict[str, str]:
    kind = Format.VC_SD_JWT if "~" in text else Format.VC_JWT
    return {"@context": Version.V2.value, "type": ENVELOPED, "id": f"data:application/{kind.value},{text}"}
