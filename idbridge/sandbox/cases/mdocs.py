"""Cases about mdocs: the accepted ones, and refused twins for each of the sixteen points.

Clauses: ISO 18013-5, 9.1 and 9.3; OpenID4VP 1.0, B.2; HAIP 1.0, 5.3.1. What the device signed is in ``mdoc_sessions``.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from idbridge.codec.cbor import Tagged
from idbridge.sandbox import mdoc_chains
from idbridge.sandbox import mdoc_slips as slips
from idbridge.sandbox.edits import ABSENT, Within
from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.mdocs import ALG, X5CHAIN, Mdoc
from idbridge.sandbox.recipe import Ask

_NAME_SPACE: Final = "example.sg.pid.1"
_ES384: Final = -35
_FAR: Final = Tagged(0, "2041-01-01T00:00:00Z")
_ASK: Final = Ask(claims=("name", "birthdate", "nationality"))

SG: Final = accepted(
    "sg-mdoc-opens-account",
    "Tan Hui Ling of Singapore shows her identity as an mdoc to a bank in Bangkok",
    why="Its signer is certified by the authority that Singapore lists, and her device answered to this session.",
    to="th-bank",
    purpose="account-opening",
    source=Mdoc("sg-mdoc", "sg-tan"),
    ask=_ASK,
)
SG_DISCREET: Final = accepted(
    "sg-mdoc-without-birthdate",
    "Kavitha of Singapore shows an mdoc and keeps her date of birth and her address to herself",
    why="What is withheld has a digest and no value; the rest is as good as ever.",
    to="th-bank",
    purpose="account-opening",
    source=Mdoc("sg-mdoc", "sg-kavitha", withheld=("birth_date", "resident_address")),
    ask=_ASK,
)
SG_PROVINCE: Final = accepted(
    "sg-mdoc-of-a-district",
    "An mdoc that was signed for one district of Singapore, and says so",
    why="The element names the province that the certificate names.",
    to="th-bank",
    purpose="account-opening",
    source=Mdoc(
        "sg-mdoc",
        "sg-tan",
        chain=mdoc_chains.of_a_province,
        elements={f"{_NAME_SPACE}/issuing_jurisdiction": "Sample District"},
    ),
    ask=_ASK,
)
SG_PARTIAL: Final = accepted(
    "sg-mdoc-and-a-licence-that-is-not-there",
    "A wallet that was asked for an mdoc and a driving licence, and has the first alone",
    why="The report says that something was not returned; what was returned is judged as it stands.",
    to="th-bank",
    purpose="account-opening",
    source=Mdoc("sg-mdoc", "sg-tan", response=slips.partial),
    ask=_ASK,
)


def entries() -> Iterator[Entry]:
    """Yield the cases about mdocs."""
    yield from (SG, SG_DISCREET, SG_PROVINCE, SG_PARTIAL)
    yield from _spelling()
    yield from _response()
    yield from _headers()
    yield from _certificates()
    yield from _signature()
    yield from _security_object()
    yield from _items()
    yield from _times()
    yield from _place()


def _spelling() -> Iterator[Entry]:
    for name, spoiled, title, why in (
        ("undefined", slips.undefined, "An mdoc with an `undefined` in it", "Two readers take it for two things."),
        ("indefinite", slips.indefinite, "An mdoc of no stated length", "One document has one spelling."),
        ("member-twice", slips.status_twice, "An mdoc that states its status twice", "Readers differ in which counts."),
        ("trailing", slips.trailing, "An mdoc with an octet behind it", "What stands behind it, somebody may read."),
    ):
        yield SG.refused(f"mdoc-{name}", "input.malformed", title, why=why, octets=spoiled)
    yield SG.refused(
        "mdoc-annotated",
        "input.malformed",
        "A response with a member that no standard knows",
        why="Every member is accounted for, so that none can come to mean something.",
        response=slips.annotated,
    )
    yield SG.refused(
        "mdoc-item-of-five",
        "input.malformed",
        "An element with a fifth member",
        why="An item has four members.",
        items=slips.five_members,
    )


def _response() -> Iterator[Entry]:
    for name, change, title in (
        ("status", slips.status_ten, "An mdoc in a response that reports an error"),
        ("version", slips.version_two, "An mdoc in a response of version 2.0"),
        ("empty", slips.empty, "A response without a document"),
    ):
        yield SG.refused(
            f"mdoc-response-{name}",
            "mdoc.response_status",
            title,
            why="A wallet that says that it failed has shown nothing.",
            response=change,
        )
    yield SG.refused(
        "mdoc-twice",
        "mdoc.several_documents",
        "Two documents in one response",
        why="Which of them counts would be the reader's guess.",
        response=slips.doubled,
    )


def _headers() -> Iterator[Entry]:
    yield SG.refused(
        "mdoc-algorithm-unprotected",
        "jose.header_forbidden",
        "An mdoc that names its algorithm a second time, where nobody signed for it",
        why="Whoever carries it could name another, and readers differ in which counts.",
        unprotected={ALG: -7},
    )
    yield SG.refused(
        "mdoc-header-unknown",
        "jose.header_forbidden",
        "An mdoc with a header that does not belong there",
        why="Its signer is named by certificates, and by nothing else.",
        unprotected={34: [-16, b"\x00" * 32]},
    )
    yield SG.refused(
        "mdoc-without-certificates",
        "jose.header_forbidden",
        "An mdoc that names no signer",
        why="A key id would have to be looked up, and who answers decides.",
        unprotected={X5CHAIN: ABSENT},
    )
    yield SG.refused(
        "mdoc-detached",
        "input.malformed",
        "An mdoc without its security object",
        why="What the issuer signed would have to come from elsewhere.",
        tampered=slips.detached,
    )


def _certificates() -> Iterator[Entry]:
    profile = "issuer.certificate_profile"
    for name, code, chain, what, why in (
        ("expired", "issuer.certificate_expired", mdoc_chains.expired, "is over", "It vouched until then."),
        ("outliving", profile, mdoc_chains.outliving, "outlives its authority", "Nobody could revoke it at its end."),
        ("not-critical", profile, mdoc_chains.not_critical, "allows any use", "It may have been made for another."),
        ("reader", profile, mdoc_chains.reader, "is a reader's", "Who may read mdocs may not write them."),
        ("another-country", "issuer.unknown", mdoc_chains.another_country, "names Malaysia", "Not its territory."),
        ("without-country", "issuer.unknown", mdoc_chains.without_country, "names no country", "Nobody's territory."),
        ("another-authority", "issuer.unknown", mdoc_chains.another_authority, "is a namesake's", "A name is no key."),
    ):
        title = f"An mdoc whose signer's certificate {what}"
        yield SG.refused(f"mdoc-signer-{name}", code, title, why=why, chain=chain)
    yield SG.refused(
        "mdoc-authority-not-for-mdocs",
        profile,
        "An mdoc below an authority of Singapore that was never made for mdocs",
        why="It could certify further authorities, and does not say where it revokes.",
        service="sg-mdoc-pilot",
    )


def _signature() -> Iterator[Entry]:
    yield SG.refused(
        "mdoc-algorithm-of-another-curve",
        "jose.alg_not_allowed",
        "An mdoc that says ES384 over a key on P-256",
        why="Algorithm and curve belong together; libraries were seen to ignore that.",
        protected={ALG: _ES384},
    )
    yield SG.refused(
        "mdoc-signature-altered",
        "jose.signature_invalid",
        "One bit of the issuer's signature is another",
        why="There is no such thing as nearly signed.",
        tampered=slips.signature_changed,
    )


def _security_object() -> Iterator[Entry]:
    for name, edits, title in (
        ("version", {"version": "2.0"}, "A security object of version 2.0"),
        ("hash", {"digestAlgorithm": "SHA-1"}, "A security object whose digests collide"),
        ("without-digests", {"valueDigests": ABSENT}, "A security object without digests"),
        ("without-key", {"deviceKeyInfo": ABSENT}, "A security object that names no device"),
        ("untyped", {"docType": 7}, "A security object whose type is a number"),
    ):
        yield SG.refused(
            f"mdoc-object-{name}",
            "mdoc.mso_invalid",
            title,
            why="Without it, in the one form that is known, nothing that is shown can be checked.",
            mso=edits,
        )
    yield SG.refused(
        "mdoc-type-not-listed",
        "issuer.service_not_listed",
        "An identity service that signs a driving licence",
        why="Who may issue identities may not therefore issue everything.",
        mso={"docType": "org.iso.18013.5.1.mDL"},
    )
    yield SG.refused(
        "mdoc-renamed",
        "mdoc.doc_type_mismatch",
        "An identity passed off as a driving licence",
        why="The response says what it likes; the issuer said what it is.",
        response=slips.renamed,
    )
    yield SG.refused(
        "mdoc-status-not-known-here",
        "status.unavailable",
        "An mdoc that may have been cancelled",
        why="It refers to a revocation status, and this node holds none of that address: nobody can tell.",
        mso={"status": {"status_list": {"idx": 7, "uri": "https://status.sg.example/1"}}},
    )
    yield SG.refused(
        "mdoc-status-of-no-kind",
        "status.unavailable",
        "An mdoc whose status says nothing",
        why="An issuer that can revoke, in a way nobody understands, may have done so.",
        mso={"status": {}},
    )


def _items() -> Iterator[Entry]:
    for name, code, tampered, title in (
        ("value-changed", "mdoc.digest_mismatch", slips.value_changed, "whose name was changed"),
        ("digest-id-unknown", "mdoc.digest_unknown", slips.digest_id_unknown, "under a digest that was never made"),
        ("namespace-unknown", "mdoc.digest_unknown", slips.name_space_unknown, "in a namespace that was never signed"),
        ("shown-twice", "mdoc.digest_duplicate", slips.shown_twice, "that is shown twice"),
    ):
        why = "Every element that is shown has its own digest in what the issuer signed."
        yield SG.refused(f"mdoc-element-{name}", code, f"An mdoc with an element {title}", why=why, tampered=tampered)
    yield SG.refused(
        "mdoc-element-stated-twice",
        "mdoc.digest_duplicate",
        "An mdoc whose issuer states one element twice, with two values",
        why="Which of the two is true, the reader would guess.",
        items=slips.one_element_twice,
    )
    yield SG.refused(
        "mdoc-random-short",
        "mdoc.random_short",
        "An mdoc whose hidden elements can be guessed",
        why="A digest over too little randomness hides nothing.",
        items=slips.short_random,
    )


def _times() -> Iterator[Entry]:
    yield SG.refused(
        "mdoc-expired",
        "time.expired",
        "An mdoc that ended two minutes ago",
        why="The leeway is one minute, and libraries were seen to grant five.",
        ends=timedelta(minutes=-2),
    )
    yield SG.refused(
        "mdoc-signed-tomorrow",
        "time.issued_in_future",
        "An mdoc that was signed tomorrow",
        why="Its issuer's clock, or its issuer, is wrong.",
        signed=timedelta(days=1),
    )
    yield SG.refused(
        "mdoc-not-yet",
        "time.not_yet_valid",
        "An mdoc that begins tomorrow",
        why="It was made in advance.",
        mso={"validityInfo": Within({"validFrom": Tagged(0, "2040-01-01T00:00:00Z"), "validUntil": _FAR})},
    )
    yield SG.refused(
        "mdoc-ends-before-it-begins",
        "time.claim_malformed",
        "An mdoc that ends before it begins",
        why="A period that is none contains no instant.",
        ends=timedelta(days=-31),
    )
    yield SG.refused(
        "mdoc-instant-of-fractions",
        "time.claim_malformed",
        "An mdoc whose end is a fraction of a second",
        why="Two readers round it to two instants.",
        mso={"validityInfo": Within({"validUntil": Tagged(0, "2040-01-01T00:00:00.5Z")})},
    )
    yield SG.refused(
        "mdoc-without-end",
        "time.claim_missing",
        "An mdoc that never ends",
        why="A period has an end.",
        mso={"validityInfo": Within({"validUntil": ABSENT})},
    )
    yield SG.refused(
        "mdoc-signed-before-its-certificate",
        "mdoc.signed_outside_certificate",
        "An mdoc that was signed before its signer was certified",
        why="Somebody had the key before the authority knew of it.",
        chain=mdoc_chains.young,
    )


def _place() -> Iterator[Entry]:
    yield SG.refused(
        "mdoc-of-another-country",
        "mdoc.country_mismatch",
        "An mdoc of Singapore that says that Malaysia issued it",
        why="A state's signer speaks for its own country; libraries were seen not to compare.",
        elements={f"{_NAME_SPACE}/issuing_country": "MY"},
    )
    yield SG_PROVINCE.refused(
        "mdoc-of-another-district",
        "mdoc.country_mismatch",
        "An mdoc of one district under the certificate of another",
        why="A district's signer speaks for its own part of the country.",
        elements={f"{_NAME_SPACE}/issuing_jurisdiction": "Another District"},
    )
