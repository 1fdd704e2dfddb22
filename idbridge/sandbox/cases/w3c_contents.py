"""Cases about what a W3C credential says: twice and differently, withheld by its holder, or taken back by its state.

Clauses: VC Data Model 1.1, section 6.3.1; VC-JOSE-COSE, sections 3.1.3 and 3.2; RFC 9901, section 7.1; Bitstring Status
List v1.0, section 3.2.
"""

from collections.abc import Iterator
from typing import Final

from idbridge.credential.vc_model import Version
from idbridge.sandbox import slips
from idbridge.sandbox.cases.w3c_credentials import SG, SG_BY_DID, SG_IN_FORCE, SG_SD, SG_SD_PRESENTED, STRANGER, TH
from idbridge.sandbox.edits import After
from idbridge.sandbox.entry import Entry
from idbridge.sandbox.statuses import GOOD, REVOKED, reference, w3c_reference

_DAY: Final = 86_400


def entries() -> Iterator[Entry]:
    """Yield the cases about what W3C credentials say."""
    yield from _status()
    yield from _claims()
    yield from _disclosures()


def _status() -> Iterator[Entry]:
    yield SG_IN_FORCE.refused(
        "vc-revoked",
        "status.revoked",
        "A W3C credential of Singapore that its state took back",
        why="Genuine, and cancelled.",
        document={"credentialStatus": w3c_reference(REVOKED)},
    )
    yield SG_IN_FORCE.refused(
        "vc-revoked-in-one-of-two-lists",
        "status.revoked",
        "A W3C credential that one of the two entries it names calls revoked",
        why="All that are named have to be good.",
        document={"credentialStatus": [w3c_reference(GOOD), w3c_reference(REVOKED)]},
    )
    yield SG_IN_FORCE.refused(
        "vc-status-of-unknown-kind",
        "status.unavailable",
        "A W3C credential whose status is of a kind that nobody reads here",
        why="It may have been cancelled, and nobody can tell.",
        document={"credentialStatus": {"type": "SampleStatus2019"}},
    )
    yield SG_IN_FORCE.refused(
        "vc-status-without-type",
        "w3c.malformed",
        "A W3C credential whose status says nothing",
        why="A status that cannot be read is none.",
        document={"credentialStatus": {"id": "https://sandbox.status.sg.example/bitstring#0"}},
    )
    for name, edits, place in (
        ("vc-status-beside-it", {"around": {"credentialStatus": w3c_reference(REVOKED)}}, "beside it"),
        ("vc-status-claim-inside", {"document": {"status": reference(REVOKED)}}, "inside, as a claim"),
    ):
        yield TH.refused(
            name,
            "status.unavailable",
            f"A W3C credential of version 1.1 whose status stands {place}",
            why="Nobody looks for it there, and it may have been taken back.",
            **edits,
        )


def _claims() -> Iterator[Entry]:
    yield SG.refused(
        "vc-iss-contradicts",
        "w3c.claims_contradict",
        "A W3C credential whose `iss` names somebody else than its issuer",
        why="One reader would look up the one, and one the other.",
        around={"iss": "https://sandbox.pid.th.example"},
    )
    for name, edits, what in (
        ("vc-exp-contradicts", {"exp": After(_DAY)}, "when it ends"),
        ("vc-nbf-contradicts", {"nbf": After(-_DAY)}, "when it begins"),
        ("vc-sub-contradicts", {"sub": STRANGER}, "who it is about"),
        ("vc-jti-contradicts", {"jti": "urn:uuid:1"}, "what it is called"),
    ):
        yield TH.refused(
            name,
            "w3c.claims_contradict",
            f"A W3C credential of version 1.1 that says in two ways {what}",
            why="A claim and the member that it stands for say the same.",
            around=edits,
        )
    yield SG.refused(
        "vc-ends-by-version-1-1",
        "w3c.claims_contradict",
        "A W3C credential of version 2.0 with an end as version 1.1 writes it, which is past",
        why="What stands in the wrong place nobody would heed.",
        document={"expirationDate": "2020-01-01T00:00:00Z"},
    )
    yield TH.refused(
        "vc-ends-by-version-2-0",
        "w3c.claims_contradict",
        "A W3C credential of version 1.1 with an end as version 2.0 writes it, which is past",
        why="What stands in the wrong place nobody would heed.",
        document={"validUntil": "2020-01-01T00:00:00Z"},
    )
    yield SG.refused(
        "vc-wraps-another",
        "w3c.claims_contradict",
        "A W3C credential of version 2.0 with one of version 1.1 in it",
        why="A reader of the old version would read the other one.",
        around={"vc": {"@context": [Version.V1.value]}},
    )
    yield SG.refused(
        "vc-for-another-audience",
        "holder.audience_mismatch",
        "A W3C credential that the issuer made for somebody else",
        why="An audience may be left out, and counts where it stands.",
        around={"aud": "https://sandbox.tower.sg.example"},
    )


def _disclosures() -> Iterator[Entry]:
    yield SG_SD.refused(
        "vc-disclosure-unreferenced",
        "sd_jwt.disclosure_unreferenced",
        "A disclosure of a W3C credential that no digest refers to",
        why="Nobody signed it.",
        slip=slips.unreferenced_disclosure,
    )
    yield SG_SD_PRESENTED.refused(
        "vc-disclosure-collides",
        "sd_jwt.disclosure_collision",
        "A disclosure that says something else than a member in plain sight",
        why="Two readers could pick different ones.",
        slip=slips.disclosure_overrides_claim,
    )
    yield SG_SD.refused(
        "vc-validity-disclosed",
        "sd_jwt.disclosure_forbidden_claim",
        "A W3C credential whose end the holder may withhold",
        why="The holder would decide when it ends.",
        slip=slips.validity_disclosed,
    )
    yield SG_SD.refused(
        "vc-sd-jwt-bound-by-another",
        "holder.signature_invalid",
        "Tan Hui Ling shows Kavitha's W3C credential, bound with her own key",
        why="The issuer named Kavitha's key.",
        shown_by="sg-tan",
    )
    yield SG_BY_DID.refused(
        "vc-kid-of-another-key",
        "jose.kid_unknown",
        "A W3C credential whose `kid` spells out a key that nobody lists",
        why="A key id chooses among listed keys and brings none along.",
        header={"kid": f"{STRANGER}#{STRANGER.removeprefix('did:key:')}"},
    )
    yield SG_BY_DID.refused(
        "vc-issuer-by-did-jwk-of-another-key",
        "issuer.did_mismatch",
        "A W3C credential of an issuer by DID that another of its listed keys signed",
        why="The name spells out the one, and the signature is of the other.",
        key=1,
    )
