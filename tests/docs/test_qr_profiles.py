"""The guide to QR profiles does what it says, from a picture of a specimen to a list that passes."""

from pathlib import Path

import pytest
from PIL import Image

from idbridge.model.qr_profile import DateForm, IssuerNaming, QrContainer, QrStep, SignedForm
from idbridge.trust import qr_listing
from tests.credential.codes import claim169
from tests.docs.walk import Walk, blocks
from tests.source import ROOT

zxingcpp = pytest.importorskip("zxingcpp", reason="pictures are read with the extra `qr`")
PAGE = "qr-profiles.md"
SPECIMEN = {1: "LA-0000", 4: "Specimen", 8: "19900101", 13: "LA"}


def picture(text: str) -> Image.Image:
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="L")
    made = memoryview(zxingcpp.write_barcode_to_image(barcode, scale=4))
    return Image.frombytes("L", (made.shape[1], made.shape[0]), bytes(made))


def test_a_state_lists_its_codes_from_a_photo_of_a_specimen(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    walk.passphrase("laos")
    picture(claim169(k169=SPECIMEN)).save(walk.machine("laos") / "specimen.png")

    walk.through(*blocks(PAGE))

    listed = (walk.machine("laos") / "LA" / "list.toml").read_text(encoding="utf-8")
    assert "[provider.service.qr]" in listed


def test_the_guide_names_every_member_and_every_word_that_a_profile_may_say() -> None:
    page = (ROOT / "docs" / PAGE).read_text(encoding="utf-8")
    written = {"not_before": "notBefore", "maximum_age_days": "maximumAgeDays"}
    members = {
        "prefix", "steps", "container", "issuer", "json", "embedded", "expires", "issued", "dates", "status", "level",
        *written,
    }  # fmt: skip
    words = {str(word) for kind in (QrStep, QrContainer, SignedForm, DateForm, IssuerNaming) for word in kind}

    assert {qr_listing.written({name: 1}).popitem()[0] for name in members} == qr_listing.MEMBERS
    assert sorted(name for name in members | words if f"`{name}`" not in page) == []
