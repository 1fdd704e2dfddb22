"""`/try`: whatever is put before it is answered in plain words, kept nowhere and never run as a part of the page."""

import io
import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from idbridge.codec import pictures
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment, Format, MemberState
from idbridge.sandbox.catalogue import case_named
from idbridge.sandbox.mint import mint
from idbridge_gateway.app import create_app
from idbridge_gateway.demo.samples import CASES, RegionSamples, samples_of
from idbridge_gateway.pages import forms
from idbridge_gateway.pages.site import install_site
from tests.gateway.asking import Node, node_in
from tests.gateway.paging import BOUNDARY, URLENCODED, code_shown, multipart, page_node, page_of, send_form, send_parts

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"
PARTS = f"multipart/form-data; boundary={BOUNDARY}"
ASKED = {"purpose": "building-visit", "state": "TH"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("try")


@pytest.fixture(scope="module")
def thai(directory: Path) -> Node:
    return page_node(directory)


@pytest.fixture(scope="module")
def nodes(directory: Path, thai: Node) -> Mapping[str, Node]:
    return {"TH": thai, "SG": page_node(directory, state=MemberState.SG)}


def credential_of(node: Node, name: str) -> str:
    """The credential of an example, made for the page."""
    case = replace(case_named(name), relying_party="th-try")
    minted = mint(case, region=node.region, at=node.clock.now(), randomness=SystemRandomness())
    return str(json.loads(minted.body)["credential"])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_node_without_examples_says_that_one_has_to_sign_in(shared_files: Path, method: str) -> None:
    closed = node_in(shared_files)

    answer = closed.send(method, "/try", body=urlencode({"credential": "x", **ASKED}).encode(), headers=URLENCODED)

    assert "Sign in first" in page_of(answer, 403)


def test_examples_are_refused_to_a_node_that_is_no_sandbox(thai: Node, directory: Path) -> None:
    samples = RegionSamples(thai.region, MemberState.TH, randomness=SystemRandomness())
    live = thai.settings.model_copy(update={"environment": Environment.LIVE})

    with pytest.raises(ConfigurationError, match="sandbox"):
        install_site(thai.app, replace(thai.app.state.parts, settings=live), samples=samples)
    with pytest.raises(ConfigurationError, match="sandbox"):
        RegionSamples(replace(thai.region, environment=Environment.LIVE), MemberState.TH, randomness=SystemRandomness())


def test_a_region_stored_before_the_page_had_a_registration_has_no_examples(thai: Node) -> None:
    parties = tuple(party for party in thai.region.sources.relying_parties if party["id"] != "th-try")
    older = replace(thai.region, sources=replace(thai.region.sources, relying_parties=parties))

    assert samples_of(older, MemberState.TH, randomness=SystemRandomness()) is None


@pytest.mark.parametrize("name", [name for name in CASES if case_named(name).code is not None])
@pytest.mark.parametrize("state", ["TH", "SG"])
def test_every_faulty_example_is_refused_for_its_fault(nodes: Mapping[str, Node], state: str, name: str) -> None:
    answer = send_form(nodes[state], {"sample": name})

    text = page_of(answer, 200)
    assert code_shown(answer) == case_named(name).code
    assert "Accepted" not in text
    assert '<section class="verdict good"' not in text
    assert "does not prove" in text
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", [name for name in CASES if case_named(name).code is None])
@pytest.mark.parametrize("state", ["TH", "SG"])
def test_every_good_example_is_accepted(nodes: Mapping[str, Node], state: str, name: str) -> None:
    answer = send_form(nodes[state], {"sample": name})

    text = page_of(answer, 200)
    assert code_shown(answer) is None
    assert "<h1>Accepted</h1>" in text
    assert "does not prove" in text
    assert answer.headers["cache-control"] == "no-store"


def test_there_is_a_good_example_of_every_format(thai: Node) -> None:
    text = page_of(thai.send("GET", "/try"), 200)
    good = text.partition('<optgroup label="Good ones">')[2].partition("</optgroup>")[0]

    queried = {Format.VP_TOKEN} if "th-wallet-answers-query" in good else set()
    named = {format_ for format_ in Format if f"({format_.value})" in good} | queried
    assert named == set(Format)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sg-pid-revoked", "cancelled it"),
        ("payload-changed", "It was altered"),
        ("id-pid-expired", "It is out of date"),
        ("photocopy-opens-account", "Anyone with a photo"),
        ("mm-card-in-singapore", "not recognised here for this use"),
        ("key-not-listed", "We cannot tell yet"),
    ],
)
def test_the_faults_that_people_meet_have_words_of_their_own(thai: Node, name: str, words: str) -> None:
    assert words in page_of(send_form(thai, {"sample": name}), 200)


def test_an_uncertain_answer_says_when_to_ask_again_and_accepts_nothing(thai: Node) -> None:
    text = page_of(send_form(thai, {"sample": "key-not-listed"}), 200)

    assert "Treat this as not accepted for now." in text
    assert "Check again in 5 minutes." in text


def test_a_pasted_text_is_judged_for_the_state_and_use_that_were_chosen(thai: Node) -> None:
    code = credential_of(thai, "la-code-visits-building")

    accepted = send_form(thai, {"credential": f" {code}\n", **ASKED})
    elsewhere = send_form(thai, {"credential": code, "purpose": "building-visit", "state": "TL"})
    for_more = send_form(thai, {"credential": code, "purpose": "account-opening", "state": "TH"})

    assert "recognised by Thailand for this use: Visiting a building" in page_of(accepted, 200)
    assert code_shown(elsewhere) == "recognition.no_arrangement"
    assert code_shown(for_more) == "recognition.holder_not_bound"


@pytest.mark.parametrize("lang", ["ms", "id", "th", "vi"])
def test_a_verdict_in_another_language_says_that_a_machine_made_it(thai: Node, lang: str) -> None:
    text = page_of(send_form(thai, {"sample": "sg-pid-revoked"}, path=f"/try?lang={lang}"), 200)

    assert f'<html lang="{lang}">' in text
    assert "data-machine-made" in text
    assert "Do not accept this</h1>" not in text


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        f"eyJhbGciOiJFUzI1NiJ9.{HOSTILE}.x",
        json.dumps({"vp_token": HOSTILE}),
        f"LA1:{HOSTILE}",
        "\0",
        "%00" * 9,
    ],
    ids=["markup", "in a token", "in json", "in a code", "nul", "escapes"],
)
def test_what_was_pasted_never_becomes_a_part_of_the_page(thai: Node, text: str) -> None:
    answer = send_form(thai, {"credential": text, **ASKED})

    page = page_of(answer, 200)
    assert "Do not accept this</h1>" in page
    assert "alert(" not in page
    assert "49" not in page.partition("<main")[2].partition("<details>")[0]


def test_a_claim_that_holds_markup_is_shown_as_text(thai: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    from idbridge_gateway.verdict import Released

    honest = Released.document

    def hostile(released: Released) -> dict[str, object]:
        document = honest(released)
        return {**document, "claims": {"name": {"display": HOSTILE}, HOSTILE: HOSTILE}, "summary": HOSTILE}

    monkeypatch.setattr(Released, "document", hostile)

    page = page_of(send_form(thai, {"sample": "sg-pid-opens-account"}), 200)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert page.count("&lt;script&gt;alert(1)") == 4


def test_a_form_that_asks_for_nothing_is_shown_again_with_what_to_change(thai: Node) -> None:
    for fields, words in (
        ({}, "Nothing was sent."),
        ({"credential": " \n", **ASKED}, "Nothing was sent."),
        ({"sample": "no-such-example"}, "Nothing was sent."),
        ({"credential": "x"}, "Choose a use and a state"),
        ({"credential": "x", "purpose": HOSTILE, "state": "TH"}, "Choose a use and a state"),
        ({"credential": "x", "purpose": "age-check", "state": "XX"}, "Choose a use and a state"),
    ):
        text = page_of(send_form(thai, fields), 422)
        assert f'role="alert">{words}' in text
        assert "alert(1)" not in text


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{}", "application/json", 415, "input.media_type"),
        (b"credential=x", "text/plain", 415, "input.media_type"),
        (b"credential=x", "", 415, "input.media_type"),
        (b"credential=x&credential=y", URLENCODED["content-type"], 400, "input.request_malformed"),
        (b"credential=x&at=2020", URLENCODED["content-type"], 400, "input.request_malformed"),
        (b"credential=%FF", URLENCODED["content-type"], 400, "input.request_malformed"),
        (b"no pair", URLENCODED["content-type"], 400, "input.request_malformed"),
        (b"a=1&" * 20, URLENCODED["content-type"], 400, "input.request_malformed"),
        (b"no part", PARTS, 400, "input.request_malformed"),
        (b"", PARTS, 400, "input.request_malformed"),
        (b"", "multipart/form-data", 400, "input.request_malformed"),
        (b"", f"multipart/form-data; boundary={'x' * 71}", 400, "input.request_malformed"),
        (multipart(("credential", b"x"))[:-9], PARTS, 400, "input.request_malformed"),
        (multipart(("a", b""), ("a", b"")), PARTS, 400, "input.request_malformed"),
        (multipart(*[("a", b"")] * 9), PARTS, 400, "input.request_malformed"),
        (
            multipart(("a", b"")).replace(b'; name="a"', b""),
            PARTS, 400, "input.request_malformed",
        ),
        (b"x" * (LIMITS.form_bytes + 1), URLENCODED["content-type"], 413, "input.body_too_large"),
        (
            multipart(("picture", bytes(LIMITS.upload_bytes + 1))),
            PARTS, 413, "input.body_too_large",
        ),
        (
            bytes(LIMITS.upload_bytes + LIMITS.form_bytes + 1),
            PARTS, 413, "input.body_too_large",
        ),
    ],
    ids=[
        "json", "plain", "no kind", "twice", "unknown", "not text", "no pair", "many", "no part", "empty",
        "no boundary", "long boundary", "cut", "part twice", "many parts", "part without name", "large",
        "large picture", "larger",
    ],
)  # fmt: skip
def test_what_is_no_form_of_this_page_is_told_by_a_page(
    thai: Node, body: bytes, kind: str, status: int, code: str
) -> None:
    answer = thai.send("POST", "/try", body=body, headers={"content-type": kind} if kind else {})

    page_of(answer, status)
    assert code_shown(answer) == code


def test_a_coded_form_is_refused_for_its_size_would_be_hidden(thai: Node) -> None:
    answer = thai.send("POST", "/try", body=b"x", headers={**URLENCODED, "content-encoding": "gzip"})

    assert code_shown(answer) == "input.media_type"


def test_more_forms_than_a_node_reads_at_once_are_told_to_wait(thai: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idbridge_gateway.pages.try_it.LIMITS", replace(LIMITS, forms_at_once=-1))
    assert LIMITS.forms_at_once > 0

    answer = send_form(thai, {"sample": "sg-pid-opens-account"})

    page_of(answer, 503)
    assert code_shown(answer) == "system.overloaded"
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("name", ["sg-pid-opens-account", "sg-pid-revoked"])
def test_nothing_of_what_was_sent_is_logged_or_goes_into_an_address(
    thai: Node, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    credential = credential_of(thai, name)
    caplog.set_level(logging.DEBUG)

    answer = send_form(thai, {"credential": credential, "purpose": "account-opening", "state": "TH"})

    assert credential[:40] not in answer.text
    assert "location" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert "Hui Ling" not in caplog.text
    assert credential[:40] not in caplog.text


def test_no_file_is_written_however_large_a_form_is(thai: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    def written(*_: object, **__: object) -> None:
        raise AssertionError("a file is made")

    for maker in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, maker, written)

    answer = send_parts(thai, ("picture", bytes(LIMITS.upload_bytes)), ("purpose", b"age-check"), ("state", b"TH"))

    assert "The picture cannot be read" in page_of(answer, 422)


def test_a_page_without_a_file_takes_no_form_with_one(thai: Node) -> None:
    import asyncio

    from idbridge.errors import RequestError
    from idbridge_gateway.api.head import RequestHead

    async def nothing() -> object:
        raise AssertionError("the body is not read")

    head = RequestHead("id", content_type=f"multipart/form-data; boundary={BOUNDARY}".encode())
    with pytest.raises(RequestError) as caught:
        asyncio.run(forms.read_form(head, nothing, texts=frozenset()))

    assert caught.value.code == "input.media_type"


def test_without_the_extra_that_reads_pictures_none_is_asked_for(thai: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "find_spec", lambda _name: None)

    assert 'type="file"' not in page_of(thai.send("GET", "/try"), 200)
    sent = send_parts(thai, ("picture", b"\x89PNG\r\n\x1a\n"), ("purpose", b"age-check"), ("state", b"TH"))
    assert "The picture cannot be read" in page_of(sent, 422)


class TestPictures:
    """Photos of codes, read by the process that reads pictures."""

    zxingcpp = pytest.importorskip("zxingcpp", reason="pictures are read with the extra `qr`")
    image = pytest.importorskip("PIL.Image", reason="pictures are read with the extra `qr`")

    def drawn(self, *texts: str) -> bytes:
        """A picture of the codes of ``texts``, side by side."""
        codes = [
            self.image.fromarray(
                self.zxingcpp.create_barcode(text, self.zxingcpp.BarcodeFormat.QRCode).to_image(scale=4)
            )
            for text in texts
        ]
        whole = self.image.new(
            "L", (sum(code.width + 40 for code in codes) + 40, max(c.height for c in codes) + 80), 255
        )
        left = 40
        for code in codes:
            whole.paste(code, (left, 40))
            left += code.width + 40
        written = io.BytesIO()
        whole.save(written, "PNG")
        return written.getvalue()

    def test_a_picture_without_a_code_or_with_several_is_sent_back(self, thai: Node) -> None:
        blank = io.BytesIO()
        self.image.new("L", (200, 200), 255).save(blank, "PNG")
        for picture, words in (
            (blank.getvalue(), "There is no QR code in the picture"),
            (self.drawn("ONE", "TWO"), "There are several QR codes"),
            (b"no picture at all", "The picture cannot be read"),
            (b"\x89PNG\r\n\x1a\n", "The picture cannot be read"),
        ):
            answer = send_parts(thai, ("picture", picture), ("purpose", b"building-visit"), ("state", b"TH"))
            assert f'role="alert">{words}' in page_of(answer, 422)

    def test_the_code_in_a_photo_is_judged(self, thai: Node) -> None:
        picture = self.drawn(credential_of(thai, "la-code-visits-building"))
        altered = self.drawn(credential_of(thai, "qr-name-changed"))

        good = send_parts(thai, ("picture", picture), ("purpose", b"building-visit"), ("state", b"TH"))
        bad = send_parts(thai, ("picture", altered), ("purpose", b"building-visit"), ("state", b"SG"))

        assert "<h1>Accepted</h1>" in page_of(good, 200)
        assert code_shown(bad) == "jose.signature_invalid"


def test_what_is_given_to_one_page_counts_for_no_other_party(thai: Node) -> None:
    """The page has an audience of its own: nothing shown to somebody else is taken by it."""
    bank = json.loads(thai.case("sg-pid-opens-account").body)["credential"]

    answer = send_form(thai, {"credential": bank, "purpose": "account-opening", "state": "TH"})

    assert code_shown(answer) == "holder.audience_mismatch"


def test_create_app_takes_examples_in_a_sandbox(thai: Node) -> None:
    samples = RegionSamples(thai.region, MemberState.TH, randomness=SystemRandomness())

    assert create_app(thai.settings, clock=thai.clock, samples=samples).state.site.serves("/try")
