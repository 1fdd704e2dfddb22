"""Who signs lists is judged by its own rule; through the VICAL importer the rest is tested."""

import pytest

from idbridge.crypto.list_signer import list_signer_key
from idbridge.errors import IssuerError
from idbridge.limits import LIMITS
from tests.crypto.chains import NOON, ROOT, leaf

USAGE = "1.0.18013.5.1.8"


@pytest.mark.parametrize(
    ("certificates", "anchors"),
    [
        ((), (ROOT.certificate,)),
        ((ROOT.certificate,), ()),
        ((ROOT.certificate,) * (LIMITS.path_candidates + 1), (ROOT.certificate,)),
    ],
)
def test_without_certificates_or_anchors_or_with_too_many_there_is_no_path(
    certificates: tuple[bytes, ...], anchors: tuple[bytes, ...]
) -> None:
    with pytest.raises(IssuerError) as caught:
        list_signer_key(certificates, anchors=anchors, at=NOON, usage=USAGE)

    assert caught.value.code == "issuer.chain_untrusted"


def test_who_signs_what_people_show_may_not_sign_lists() -> None:
    with pytest.raises(IssuerError) as caught:
        list_signer_key((leaf(),), anchors=(ROOT.certificate,), at=NOON, usage=USAGE)

    assert caught.value.code == "issuer.certificate_profile"
