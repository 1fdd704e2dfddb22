"""Lists of others, brought to be imported: good, or bad in one named detail.

Nothing of an import is trusted until the operator lists it; what a refused one must leave as it was is the node.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from idbridge.codec import cbor
from idbridge.codec.cbor import Tagged
from idbridge.crypto import cose
from idbridge.crypto.certificates import Authority, Subject, make_authority, make_leaf
from idbridge.crypto.listed import listed_certificate
from idbridge.crypto.signer import FileSigner
from idbridge.errors import IdBridgeError
from idbridge.model.time import Validity, instant_text
from idbridge.model.trust import LeafRule
from idbridge.sandbox.drill import finding, xml_lists
from idbridge.sandbox.drill.arena import HOUR, Scene
from idbridge.sandbox.drill.finding import Finding
from idbridge.sandbox.drill.xml_lists import Moved, Operator, XmlList, as_sent
from idbridge.trust.importers.imported import Offer, Terms
from idbridge.trust.importers.list_of_lists import import_list_of_lists
from idbridge.trust.importers.trusted_list import import_trusted_list
from idbridge.trust.importers.vical import SIGNING, import_vical

DAY: Final = timedelta(days=1)
YEAR: Final = timedelta(days=365)
HOME: Final = "https://lists.example/lotl.xml"
FIRST_PIVOT: Final = "https://lists.example/pivot-10.xml"
SECOND_PIVOT: Final = "https://lists.example/pivot-20.xml"
_ES256: Final = -7
_CHAIN: Final = 33
_DATE: Final = 0


def _imported(scene: Scene, read: Callable[[], object]) -> Finding:
    kept = scene.current()
    try:
        read()
    except IdBridgeError as refusal:
        return finding.answered(refusal, unchanged=scene.current() == kept)
    return finding.accepted(unchanged=True)


def operator(
    scene: Scene, key: str, *, starts: timedelta = -YEAR, ends: timedelta = YEAR, rule: LeafRule | None = None
) -> Operator:
    """Return one of the spare keys with a certificate in force from ``starts`` to ``ends``, counted from now."""
    signer = scene.arena.spare[key]
    validity = Validity(scene.at + starts, scene.at + ends)
    leaf = make_leaf(signer, subject=Subject("Scheme operator", "SG"), validity=validity, issuer=None, rule=rule)
    return Operator(signer, leaf)


def issuing_authority(scene: Scene, name: str = "Issuing authority", signer: FileSigner | None = None) -> Authority:
    """Return an authority that a list of others may name."""
    validity = Validity(scene.at - YEAR, scene.at + YEAR)
    key = signer or scene.region.keys.maker.make("ES256", name=f"import/{name}")
    return make_authority(key, subject=Subject(name, "SG"), validity=validity)


@dataclass(frozen=True, slots=True)
class XmlImport:
    """A trusted list in XML of Singapore, signed by a pinned certificate.

    ``starts`` and ``ends`` are when that is in force, counted from now; ``signed_by`` is the spare key that signs;
    ``territory`` is what the list says, ``pointers`` to how many others it points, ``moved`` what is done to the text
    on the way.
    """

    starts: timedelta = -YEAR
    ends: timedelta = YEAR
    signed_by: str = "list"
    territory: str = "SG"
    pointers: int = 0
    moved: Moved = as_sent

    def struck(self, scene: Scene) -> Finding:
        """Import it."""
        pinned = operator(scene, "list", starts=self.starts, ends=self.ends)
        signs = pinned if self.signed_by == "list" else operator(scene, self.signed_by)
        issued = scene.at - HOUR
        listed = (issuing_authority(scene).certificate,)
        pointers = tuple((f"https://lists.example/{number}.xml", pinned.certificate) for number in range(self.pointers))
        made = XmlList(7, self.territory, issued, issued + 90 * DAY, listed, pointers=pointers)
        text = self.moved(xml_lists.signed(made.text(), signs, at=issued))
        terms = Terms((pinned.certificate,), territory="SG")
        return _imported(scene, lambda: import_trusted_list(Offer(text.encode(), "list.xml", scene.at), terms))


Pivots = Mapping[str, bytes]


def all_there(pivots: Pivots) -> Pivots:
    """Change nothing."""
    return pivots


def first_missing(pivots: Pivots) -> Pivots:
    """Keep the first pivot back."""
    return {name: octets for name, octets in pivots.items() if name != FIRST_PIVOT}


def first_not_signed(pivots: Pivots) -> Pivots:
    """Take the signature off the first pivot."""
    text = pivots[FIRST_PIVOT].decode()
    return {**pivots, FIRST_PIVOT: (text[: text.index("<ds:Signature ")] + "</TrustServiceStatusList>").encode()}


def first_again(pivots: Pivots) -> Pivots:
    """Serve the first pivot in the place of the second, so that the walk turns in a circle."""
    return {**pivots, SECOND_PIVOT: pivots[FIRST_PIVOT]}


@dataclass(frozen=True, slots=True)
class PivotImport:
    """A list of lists whose signer changed twice; ``served`` is what becomes of the two pivots that lead to it.

    ``named`` are the pivots that the list names, newest first.
    """

    served: Callable[[Pivots], Pivots] = all_there
    named: tuple[str, ...] = (SECOND_PIVOT, FIRST_PIVOT)

    def struck(self, scene: Scene) -> Finding:
        """Import it."""
        first, second, third = (operator(scene, f"role-{number}") for number in (1, 2, 3))
        pivots = {
            FIRST_PIVOT: self._signed(scene, 10, by=first, names=second, pivots=()),
            SECOND_PIVOT: self._signed(scene, 20, by=second, names=third, pivots=(FIRST_PIVOT,)),
        }
        octets = self._signed(scene, 30, by=third, names=third, pivots=self.named)
        terms, served = Terms((first.certificate,), territory="SG"), self.served(pivots)
        return _imported(scene, lambda: import_list_of_lists(Offer(octets, "lotl.xml", scene.at), terms, pivots=served))

    @staticmethod
    def _signed(scene: Scene, sequence: int, *, by: Operator, names: Operator, pivots: tuple[str, ...]) -> bytes:
        issued = scene.at - HOUR
        made = XmlList(
            sequence,
            "SG",
            issued,
            issued + 90 * DAY,
            kind=xml_lists.OF_LISTS,
            information=(*pivots, "https://lists.example/"),
            pointers=((HOME, names.certificate),),
        )
        return xml_lists.signed(made.text(), by, at=issued).encode()


Members = dict[str, Any]


def as_it_was(value: Any) -> Any:
    """Change nothing."""
    return value


def own_certificate(_scene: Scene, leaf: bytes) -> bytes:
    """Return the certificate of the signer."""
    return leaf


def certificate_of_authority(scene: Scene, _leaf: bytes) -> bytes:
    """Return a certificate of the same key that makes it an authority."""
    return issuing_authority(scene, signer=scene.arena.spare["list"]).certificate


def shared_identifier(members: Members) -> Members:
    """Let two keys be called by one key identifier."""
    first, second = members["certificateInfos"]
    ski = first["ski"]
    swapped = second["certificate"].replace(second["ski"], ski)
    return {**members, "certificateInfos": [first, {**second, "certificate": swapped, "ski": ski}]}


def without_next_update(members: Members) -> Members:
    """Leave out when the next edition is due."""
    return {name: value for name, value in members.items() if name != "nextUpdate"}


def indefinite(payload: bytes) -> bytes:
    """Write the map without its length."""
    return b"\xbf" + payload[1:] + b"\xff"


def member_twice(payload: bytes) -> bytes:
    """Write a member a second time."""
    return bytes([payload[0] + 1]) + payload[1:] + cbor.encode("version") + cbor.encode("1.0")


def tag_bomb(_payload: bytes) -> bytes:
    """Write nothing but tags within tags."""
    return b"\xd8\x18" * 10_000 + b"\x00"


def nested(_payload: bytes) -> bytes:
    """Write arrays within arrays."""
    return b"\x81" * 100_000 + b"\x00"


@dataclass(frozen=True, slots=True)
class VicalImport:
    """A VICAL with two authorities, signed by a pinned certificate.

    ``members`` changes what it says and ``encoded`` its octets, both before it is signed; ``certificate`` is the one
    that it brings along; ``starts`` and ``ends`` are when the signer's is in force.
    """

    members: Callable[[Members], Members] = as_it_was
    encoded: Callable[[bytes], bytes] = as_it_was
    certificate: Callable[[Scene, bytes], bytes] = own_certificate
    starts: timedelta = -YEAR
    ends: timedelta = YEAR

    def struck(self, scene: Scene) -> Finding:
        """Import it."""
        signer = operator(scene, "list", starts=self.starts, ends=self.ends, rule=LeafRule(extended_key_usage=SIGNING))
        certificate = self.certificate(scene, signer.certificate)
        payload = self.encoded(cbor.encode(self.members(_members(scene))))
        protected = cbor.encode({1: _ES256})
        signature = signer.signer.sign(cose.signature_octets(protected=protected, payload=payload))
        octets = cbor.encode([protected, {_CHAIN: certificate}, payload, signature])
        terms = Terms((certificate,))
        return _imported(scene, lambda: import_vical(Offer(octets, "list.vical", scene.at), terms))


def _members(scene: Scene) -> Members:
    return {
        "version": "1.0",
        "vicalProvider": "Islands",
        "date": _tdate(scene.at - DAY),
        "vicalIssueID": 7,
        "nextUpdate": _tdate(scene.at + 30 * DAY),
        "certificateInfos": [_entry(issuing_authority(scene, name)) for name in ("One", "Other")],
    }


def _entry(authority: Authority) -> Members:
    return {
        "certificate": authority.certificate,
        "serialNumber": Tagged(2, b"\x01" * 16),
        "ski": listed_certificate(authority.certificate).key_identifier,
        "docType": ["org.iso.18013.5.1.mDL"],
        "issuingAuthority": "Registry of the Islands",
        "issuingCountry": "SG",
    }


def _tdate(moment: datetime) -> Tagged:
    return Tagged(_DATE, instant_text(moment))
