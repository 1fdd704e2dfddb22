"""Cases about W3C credentials: accepted ones of both versions and three formats, and refused twins of the credential.

What is said twice, withheld or taken back is in ``w3c_contents``, what the holder signed in ``w3c_presentations``.
Clauses: VC Data Model 2.0, section 4; VC Data Model 1.1, section 6.3.1; VC-JOSE-COSE, section 3.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from idbridge.credential.vc_model import Version
from idbridge.sandbox import forgeries
from idbridge.sandbox.cases import logins
from idbridge.sandbox.edits import ABSENT, After
from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.recipe import Ask
from idbridge.sandbox.statuses import GOOD, w3c_reference
from idbridge.sandbox.w3c import Vc, by_did_key

_ASK: Final = Ask(claims=("name", "birthdate", "nationality"))
_VISIT: Final = Ask(claims=("name", "nationality"))
STRANGER: Final = "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"
_TYPES: Final = ["VerifiableCredential", "LionPassIdentity"]
_DAY: Final = 86_400

SG: Final = accepted(
    "sg-vc-opens-account",
    "Tan Hui Ling of Singapore shows a W3C credential from a web wallet to a bank in Bangkok",
    why="Singapore lists the key, and the key that the credential calls hers signed the presentation.",
    to="th-bank",
    purpose="account-opening",
    source=Vc("sg-vc", "sg-tan"),
    ask=_ASK,
)
SG_BY_DID: Final = accepted(
    "sg-vc-issuer-by-did-key",
    "A W3C credential whose issuer is called by a DID of a key that Singapore lists",
    why="The name is only a name: it leads to the service that lists the key.",
    to="th-bank",
    purpose="account-opening",
    source=Vc("sg-vc", "sg-tan", called=by_did_key),
    ask=_ASK,
)
SG_IN_FORCE: Final = accepted(
    "sg-vc-in-force",
    "A W3C credential of Singapore that the status list of its state calls good",
    why="The list is Singapore's own, current, for this purpose, and the bit is not set.",
    to="th-bank",
    purpose="account-opening",
    source=Vc("sg-vc", "sg-tan", document={"credentialStatus": w3c_reference(GOOD)}),
    ask=_ASK,
)
SG_ALONE: Final = accepted(
    "sg-vc-visits-building",
    "A W3C credential of Singapore without presentation, at a reception in Bangkok",
    why="Anyone with a copy could show it, and for a visit that will do.",
    to="th-tower",
    purpose="building-visit",
    source=Vc("sg-vc", "sg-tan", alone=True),
    ask=_VISIT,
)
SG_SD: Final = accepted(
    "sg-vc-sd-jwt-opens-account",
    "Kavitha of Singapore shows a W3C credential and keeps her address to herself",
    why="What is withheld has a digest and no value, and her key signed for what is shown.",
    to="th-bank",
    purpose="account-opening",
    source=Vc("sg-vc-sd", "sg-kavitha", withheld=("address",), bound=True),
    ask=_ASK,
)
SG_SD_PRESENTED: Final = accepted(
    "sg-vc-sd-jwt-in-presentation",
    "The same kind of credential inside a presentation instead of under a key binding",
    why="The holder signs once, the one or the other.",
    to="th-bank",
    purpose="account-opening",
    source=Vc("sg-vc-sd", "sg-kavitha"),
    ask=_ASK,
)
TH: Final = accepted(
    "th-vc-opens-account",
    "Thanaporn of Thailand shows a W3C credential of version 1.1 to a bank in Singapore",
    why="Its claims say what its members say, and Thailand lists both of its types together.",
    to="sg-bank",
    purpose="account-opening",
    source=Vc("th-vc", "th-thanaporn"),
    ask=_ASK,
)


def entries() -> Iterator[Entry]:
    """Yield the cases about W3C credentials themselves."""
    yield from (SG, SG_BY_DID, SG_IN_FORCE, SG_ALONE, SG_SD, SG_SD_PRESENTED, TH)
    yield from _envelopes()
    yield from _issuers()
    yield from _model()
    yield from _times()


def _envelopes() -> Iterator[Entry]:
    yield TH.refused(
        "vc-member-twice",
        "input.malformed",
        "A W3C credential of Thailand that names its issuer twice",
        why="Two readers would pick different ones.",
        seal=forgeries.member_repeated,
    )
    yield SG.refused(
        "vc-typ-jwt",
        "jose.typ_mismatch",
        "A W3C credential of version 2.0 whose `typ` is JWT",
        why="The type keeps a credential from serving as something else.",
        header={"typ": "JWT"},
    )
    yield SG.refused(
        "vc-cty-of-presentation",
        "jose.typ_mismatch",
        "A W3C credential that says that it contains a presentation",
        why="What is in the envelope is what the envelope says.",
        header={"cty": "vp"},
    )
    yield TH.refused(
        "th-vc-cty-of-presentation",
        "jose.typ_mismatch",
        "A W3C credential of version 1.1 that says that it contains a presentation",
        why="What is in the envelope is what the envelope says.",
        header={"cty": "vp"},
    )
    yield SG.refused(
        "vc-alg-none",
        "jose.alg_none",
        "A W3C credential that is not signed and says so",
        why="A good presentation does not replace the issuer's signature.",
        seal=forgeries.unsecured,
    )
    for twin, state in ((SG, "Singapore"), (TH, "Thailand"), (SG_SD, "Singapore, disclosable")):
        yield twin.refused(
            f"{twin.case.name}-signature-changed",
            "jose.signature_invalid",
            f"One bit of the signature of a W3C credential is another ({state})",
            why="There is no such thing as nearly signed.",
            seal=forgeries.signature_changed,
        )
    yield TH.refused(
        "vp-declared-as-login",
        "issuer.unknown",
        "A W3C presentation of version 1.1 that the request calls a login",
        why="What is called a login is judged as one, and nobody lists the holder as a provider.",
        body={"format": "id_token"},
    )
    yield logins.SG.refused(
        "login-with-credential-inside",
        "oidc.token_confusion",
        "A login of Singapore with a whole W3C credential in it",
        why="Singapore lists this provider for logins, and a login is no credential.",
        token={"vc": {"@context": [Version.V1.value], "type": _TYPES, "credentialSubject": {"number": "1"}}},
    )


def _issuers() -> Iterator[Entry]:
    yield SG.refused(
        "vc-issuer-by-stranger-did",
        "issuer.unknown",
        "A W3C credential whose issuer is called by a DID of a key that nobody lists",
        why="A key is not trusted because it stands in a name.",
        document={"issuer": STRANGER},
    )
    yield SG.refused(
        "vc-issuer-by-did-web",
        "input.format_unsupported",
        "A W3C credential whose issuer is called by a DID that would have to be looked up",
        why="Looking it up would ask a stranger, and tell who is being verified.",
        document={"issuer": "did:web:pid.sg.example"},
    )
    yield SG_BY_DID.refused(
        "vc-issuer-by-did-of-another-key",
        "issuer.did_mismatch",
        "A W3C credential whose issuer is called by one listed key and that another one signed",
        why="The name and the signature speak of two keys.",
        called_by=1,
    )
    yield SG.refused(
        "vc-issuer-missing",
        "issuer.missing",
        "A W3C credential without issuer",
        why="Nobody answers for it.",
        document={"issuer": ABSENT},
    )
    yield TH.refused(
        "vc-of-one-type-of-two",
        "issuer.service_not_listed",
        "A W3C credential of Thailand with one of the two types that are listed together",
        why="The types of a credential count together, so that none comes in beside another.",
        document={"type": ["VerifiableCredential", "ChangIdentity"]},
    )
    yield SG.refused(
        "vc-of-one-type-more",
        "issuer.service_not_listed",
        "A W3C identity of Singapore that is a diploma as well",
        why="Who may issue identities may not therefore issue everything.",
        document={"type": [*_TYPES, "Diploma"]},
    )


def _model() -> Iterator[Entry]:
    yield SG.refused(
        "vc-context-of-old-version",
        "w3c.context_invalid",
        "A W3C credential of version 2.0 with the context of version 1.1",
        why="The members of one version mean something else in the other.",
        document={"@context": [Version.V1.value]},
    )
    yield SG.refused(
        "vc-context-redefines",
        "w3c.context_invalid",
        "A W3C credential whose context gives `validUntil` another meaning",
        why="Two readers, of which one follows contexts, would read two credentials.",
        document={"@context": [Version.V2.value, {"validUntil": "https://schemas.example/printed-on"}]},
    )
    yield SG.refused(
        "vc-without-type",
        "w3c.type_invalid",
        "A W3C credential that says no more than that it is one",
        why="The list says which types a service may issue.",
        document={"type": ["VerifiableCredential"]},
    )
    yield SG.refused(
        "vc-id-number",
        "w3c.malformed",
        "A W3C credential whose `id` is a number",
        why="An identifier is one URL.",
        document={"id": 7},
    )
    yield SG.refused(
        "vc-of-two-subjects",
        "w3c.malformed",
        "A W3C credential about two people at once",
        why="Nobody could tell whose name and whose birthday it states.",
        document={"credentialSubject": [{"number": "1"}, {"number": "2"}]},
    )
    yield SG.refused(
        "vc-evidence-without-type",
        "w3c.malformed",
        "A W3C credential with evidence of no kind",
        why="A member that is not of the required form is refused, not read around.",
        document={"evidence": {}},
    )
    yield SG.refused(
        "vc-with-embedded-proof",
        "input.format_unsupported",
        "A W3C credential with a proof inside, beside the signature around it",
        why="Nobody here would look at the proof, and somebody could rely on it.",
        document={"proof": {"type": "DataIntegrityProof"}},
    )


def _times() -> Iterator[Entry]:
    for twin, state in ((SG, "Singapore"), (TH, "Thailand"), (SG_SD, "Singapore, disclosable")):
        yield twin.refused(
            f"{twin.case.name}-expired",
            "time.expired",
            f"A W3C credential that expired three weeks ago ({state})",
            why="Genuine, and out of date.",
            life=timedelta(days=9),
        )
    for twin, name, change, code, title in (
        (
            SG,
            "vc-ends-before-it-begins",
            {"validUntil": "2026-01-02T00:00:00Z"},
            "time.claim_malformed",
            "ended before it began",
        ),
        (SG, "vc-without-end", {"validUntil": ABSENT}, "time.claim_missing", "never ends"),
        (SG, "vc-end-in-words", {"validUntil": "next summer"}, "time.claim_malformed", "ends in words"),
    ):
        yield twin.refused(
            name, code, f"A W3C credential of Singapore that {title}", why="Its end is not known.", document=change
        )
    yield SG.refused(
        "vc-signature-expired",
        "time.expired",
        "A W3C credential whose signature expired yesterday, before what it signs",
        why="Both ends count, and the earlier one comes first.",
        around={"exp": After(-_DAY)},
    )
    yield SG.refused(
        "vc-not-yet-signed",
        "time.issued_in_future",
        "A W3C credential that will be signed tomorrow",
        why="Nobody can have it yet.",
        around={"iat": After(_DAY)},
    )
    yield SG.refused(
        "vc-iat-as-text",
        "time.claim_malformed",
        "A W3C credential that writes `iat` as a date",
        why="Times of a JWT are numbers; published examples get this wrong.",
        around={"iat": "2026-01-01T00:00:00Z"},
    )
