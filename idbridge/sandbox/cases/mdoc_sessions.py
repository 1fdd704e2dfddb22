"""Cases about what the device signed: that the mdoc is shown by whom it was issued to, here and now.

Clauses: ISO 18013-5, 9.1.3; OpenID4VP 1.0, B.2.6.
"""

from collections.abc import Iterator
from typing import Final

from idbridge.sandbox import mdoc_slips as slips
from idbridge.sandbox.case import Kind
from idbridge.sandbox.cases.mdocs import SG
from idbridge.sandbox.edits import ABSENT, Within
from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.mdocs import Mdoc
from idbridge.sandbox.recipe import Ask, Nonce
from idbridge.sandbox.replays import the_same

_OWN: Final = {"example.device.1": {"battery": "full"}}
_ALLOWED: Final = {"deviceKeyInfo": Within({"keyAuthorizations": {"dataElements": {"example.device.1": ["battery"]}}})}

SG_OWN: Final = accepted(
    "sg-mdoc-with-an-element-of-the-device",
    "A wallet adds an element of its own, as its issuer allowed it to",
    why="The issuer named the element; it is still the holder's word, and never released as the issuer's.",
    to="th-bank",
    purpose="account-opening",
    source=Mdoc("sg-mdoc", "sg-tan", own=_OWN, mso=_ALLOWED),
    ask=Ask(claims=("name",)),
)


def entries() -> Iterator[Entry]:
    """Yield the cases about device authentication and sessions."""
    yield SG_OWN
    yield from _proofs()
    yield from _keys()
    yield from _sessions()


def _proofs() -> Iterator[Entry]:
    for name, change, title in (
        ("twice", slips.proven_twice, "A device that sends a signature and a MAC"),
        ("not", slips.unproven, "A device that sends neither signature nor MAC"),
        ("payload", slips.payload_carried, "A device that carries along what it signed"),
        ("key", slips.key_of_its_own, "A device that brings a certificate of its own"),
    ):
        why = "One proof, over what the relying party knows itself, under the key that the issuer named."
        yield SG.refused(f"mdoc-proof-{name}", "mdoc.device_auth_invalid", title, why=why, proven=change)
    yield SG.refused(
        "mdoc-without-device",
        "mdoc.device_auth_invalid",
        "A response in which no device signed",
        why="A copy of the document would do.",
        response=slips.deviceless,
    )
    yield SG.refused(
        "mdoc-issuer-signed-alone",
        "holder.binding_missing",
        "What the issuer signed, without any device",
        why="Singapore's list demands the device; whether it is there is not for the sender to decide.",
        alone=True,
    )
    yield SG.refused(
        "mdoc-mac",
        "mdoc.mac_key_missing",
        "A device that answers with a MAC to a relying party that gave it no key",
        why="Only the reader that ran the session can check it.",
        proven=slips.as_mac,
    )
    yield SG_OWN.refused(
        "mdoc-element-not-authorised",
        "mdoc.element_not_authorised",
        "A wallet adds an element that its issuer did not allow",
        why="Four of four libraries were seen to accept it.",
        mso={},
    )


def _keys() -> Iterator[Entry]:
    yield SG.refused(
        "mdoc-of-another-device",
        "holder.signature_invalid",
        "Kavitha shows the document of Tan Hui Ling from her own phone",
        why="The issuer named the other phone's key.",
        device_by="sg-kavitha",
    )
    yield SG.refused(
        "mdoc-device-key-unreadable",
        "holder.key_missing",
        "A document whose device key is no point of any curve",
        why="Under such a key anything may verify.",
        mso={"deviceKeyInfo": {"deviceKey": {1: 2, -1: 1, -2: b"\x00" * 32, -3: b"\x00" * 32}}},
    )
    yield SG.refused(
        "mdoc-device-key-private",
        "holder.key_missing",
        "A document that carries the device's private key",
        why="Everybody who was ever shown it has the key.",
        mso={"deviceKeyInfo": Within({"deviceKey": Within({-4: b"\x01" * 32})})},
    )


def _sessions() -> Iterator[Entry]:
    mismatch = "mdoc.session_mismatch"
    for name, took, title in (
        ("address", {"response_uri": "https://sandbox.bank.th.example/answer/"}, "the address with a slash more"),
        ("client", {"client_id": "x509_san_dns:https://sandbox.bank.th.example"}, "the client id with a prefix"),
        (
            "api",
            {"client_id": ABSENT, "response_uri": ABSENT, "origin": "https://sandbox.bank.th.example"},
            "a browser",
        ),
    ):
        why = "The session is another one; the note says in which input, so that nobody has to guess."
        yield SG.refused(f"mdoc-session-{name}", mismatch, f"A device that answered to {title}", why=why, took=took)
    yield SG.refused(
        "mdoc-of-another-request",
        "holder.signature_invalid",
        "A device that answers another nonce",
        why="It is genuine, and from another occasion.",
        nonce=Nonce.ANOTHER,
    )
    yield SG.refused(
        "mdoc-for-another-relying-party",
        "holder.audience_mismatch",
        "An mdoc that was shown to a tower in Singapore",
        why="A relying party may not pass on what it was shown.",
        audience_of="sg-tower",
    )
    yield SG.refused(
        "mdoc-without-session",
        "mdoc.session_missing",
        "A relying party that does not say how it asked",
        why="Without the session nobody can tell whose device answered.",
        expected={"session": ABSENT},
    )
    yield SG.refused(
        "mdoc-without-nonce",
        "mdoc.session_missing",
        "A relying party that sent no nonce",
        why="The same presentation would do tomorrow.",
        nonce=Nonce.NONE,
    )
    yield SG.refused(
        "mdoc-replayed",
        "holder.replayed",
        "The same mdoc a second time",
        why="A nonce counts once.",
        kind=Kind.SEQUENCE,
        before=the_same,
    )
