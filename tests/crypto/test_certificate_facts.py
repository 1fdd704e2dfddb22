"""Facts of a certificate for people to read."""

import pytest

from idbridge.crypto.certificate_facts import certificate_facts
from idbridge.errors import IssuerError
from tests.crypto.chains import ROOT, YEAR


@pytest.mark.parametrize("octets", [b"", b"\x30\x00", ROOT.certificate[:-1]])
def test_octets_that_are_no_certificate_have_no_facts(octets: bytes) -> None:
    with pytest.raises(IssuerError) as caught:
        certificate_facts(octets)

    assert caught.value.code == "issuer.certificate_profile"


def test_a_certificate_has_a_serial_number_and_dates() -> None:
    facts = certificate_facts(ROOT.certificate)

    assert facts.serial > 0
    assert (facts.not_before, facts.not_after) == (YEAR.start, YEAR.end)
