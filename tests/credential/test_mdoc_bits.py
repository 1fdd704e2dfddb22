"""Every bit of an mdoc is covered by something: a signature, a digest, the certificates, or its one spelling.

All 22,936 bits of one sample were flipped once, by hand, and refused; here one bit of each octet is, and all those of
the parts that nobody signs.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from idbridge.codec import base64url, cbor
from idbridge.model.check import decisive
from idbridge.reasons import Indication
from idbridge.sandbox import mdoc_slips as slips
from idbridge.sandbox.mdocs import Mdoc
from tests.verify.pretend import NOON, asked, verifier

# What no signature covers, by name; nothing of it decides anything, and the report does not repeat it.
UNSIGNED = {
    "documentErrors": "the name and code of a document that the wallet says it did not return",
    "kid": "a key id beside the certificates, which is never read",
}
SAMPLE = Mdoc("sg-mdoc", "sg-tan")


def flipped(octets: bytes, bits: Iterator[int]) -> Iterator[bytes]:
    for bit in bits:
        changed = bytearray(octets)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


@pytest.mark.filterwarnings("default")  # the library warns of odd certificates before it refuses them
def test_a_flipped_bit_of_each_octet_is_refused_with_a_reason() -> None:
    request = asked(SAMPLE)
    octets = base64url.decode(request.credential)
    said: Counter[str] = Counter()

    for changed in flipped(octets, (8 * place + place * 5 % 8 for place in range(len(octets)))):
        report = verifier().verify(replace(request, credential=base64url.encode(changed)), at=NOON)
        assert report.indication is not Indication.PASSED
        refused = decisive(report.checks)
        said[refused.reason.code if refused is not None and refused.reason is not None else ""] += 1

    assert "" not in said
    assert said["mdoc.digest_mismatch"]
    assert said["holder.signature_invalid"]
    assert said["jose.signature_invalid"]


def accepted_flips(source: Mdoc, part: bytes) -> int:
    """How many flipped bits of ``part``, which is somewhere in what is shown, are accepted."""
    request = asked(source)
    octets = base64url.decode(request.credential)
    start = octets.index(part)
    bits = iter(range(8 * start, 8 * (start + len(part))))
    reports = (
        verifier().verify(replace(request, credential=base64url.encode(changed)), at=NOON)
        for changed in flipped(octets, bits)
    )
    return sum(report.indication is Indication.PASSED for report in reports)


def test_the_bits_that_nobody_signs_are_those_that_are_named() -> None:
    kid = b"key id of sixteen"

    assert accepted_flips(replace(SAMPLE, unprotected={4: kid}), kid) == 8 * len(kid)
    name = cbor.encode("org.iso.18013.5.1.mDL") + b"\x00"  # an ASCII name stays text, whatever its lower bits are
    assert 0 < accepted_flips(replace(SAMPLE, response=slips.partial), name) < 8 * len(name)
    assert set(UNSIGNED) == {"documentErrors", "kid"}


def test_what_a_wallet_says_that_nobody_signed_never_shows_in_the_report() -> None:
    plain = verifier().verify(asked(SAMPLE), at=NOON)
    with_errors = verifier().verify(asked(replace(SAMPLE, response=slips.partial)), at=NOON)

    told = {check.id: check.note for check in with_errors.checks} | {"mdoc.2": ""}
    assert told == {check.id: check.note for check in plain.checks}
    assert "mDL" not in str([check.note for check in with_errors.checks])
