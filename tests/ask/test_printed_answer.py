"""A code on paper finds its answer at the node that gave it and nowhere else; whatever else is typed finds nothing."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from html import unescape
from pathlib import Path
from shutil import copytree, rmtree
from urllib.parse import quote, urlencode

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import base64url
from idbridge.evidence.errors import LogError
from idbridge.evidence.fsck import examine
from idbridge.limits import LIMITS
from idbridge.tlog.leaf import LeafType, Value
from idbridge_gateway.app import create_app
from idbridge_gateway.evidence.answer_codes import code_of, parse_code
from idbridge_gateway.pages.catalogue import FULL, LANGUAGES, catalogues
from tests.ask.kit import Business
from tests.ask.test_asking import answered, asking
from tests.gateway.asking import LOGIN, Node
from tests.gateway.clocks import NOON
from tests.gateway.conftest import other_node
from tests.gateway.logging_in import page_of
from tests.gateway.recording import publish

__all__ = ["asking", "other_node"]
ID = f"rep_{bytes(range(16)).hex()}"
COPIES = 100
NONE = "There is no such answer here"
HELD = "This node gave this answer"
PERSON = ("Tan Hui", "Hui Ling", "209900001K", "Quay Trading Pte")


def checked(asking: Business, code: str, **parameters: str) -> httpx2.Response:
    """What anybody sees who types ``code``: without a session."""
    return asking.node.send("GET", f"/receipt?{urlencode({'code': code, **parameters})}")


def printed(asking: Business) -> str:
    """The page of an answer, as it is printed, once its leaf is published."""
    page = asking.ask()
    asking.node.clock.turn(seconds=0.25)
    assert answered(asking, page).status_code == 200
    text = page_of(asking.get(page))
    publish(asking.node.settings)
    return unescape(text)


def code_in(text: str) -> str:
    found = re.search(r'<code class="typed">([0-9A-Z-]+)</code>', text)
    assert found is not None
    return found[1]


def nothing_found(response: httpx2.Response) -> str:
    assert response.status_code == 404
    assert NONE in response.text
    assert HELD not in response.text
    assert response.headers["cache-control"] == "no-store"
    return re.sub(r'value="[^"]*"', "", response.text[response.text.index("<main") :])


def written(asking: Business, kind: LeafType, members: Mapping[str, Value]) -> int:
    """The place of a leaf that is written into the log of the node, and published."""

    async def append() -> int:
        line = asking.node.app.state.parts.evidence.line
        index: int = (await line.append(kind, members)).index
        await line.close()
        return index

    index = asyncio.run(append())
    publish(asking.node.settings)
    return index


def changed(code: str, place: int) -> str:
    return code[:place] + ("0" if code[place] != "0" else "1") + code[place + 1 :]


def test_a_wrong_code_finds_nothing_and_every_wrong_one_is_told_the_same(asking: Business) -> None:
    code = code_in(printed(asking))
    report_id, index = parse_code(code) or ("", 0)
    wrong = [changed(code, place) for place in (0, 6, len(code) - 1)]
    elsewhere = [code_of(report_id, index + step) for step in (1, 10**6, LIMITS.log_size - index)]
    other = [code_of(ID, index), code_of(f"rep_{'0' * 32}", 0)]

    pages = {nothing_found(checked(asking, one)) for one in (*wrong, *elsewhere, *other, code[:-1], report_id, "")}

    assert len(pages) == 1


@pytest.mark.parametrize(
    "odd",
    [
        "\0", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "é" * 30, "٣" * 30, "Ⅸ" * 30, "U" * 30,
        "<script>",
        "{{ 7 * 7 }}", "../../log/checkpoint", "-" * 64, "Z" * LIMITS.answer_code_characters, "ß" * 27, "%",
    ],
)  # fmt: skip
def test_odd_input_is_a_wrong_code_and_nothing_else(asking: Business, odd: str) -> None:
    response = checked(asking, odd)

    nothing_found(response)
    assert "<script>" not in response.text


def test_what_is_too_long_is_not_repeated_and_what_is_no_text_is_refused(asking: Business) -> None:
    longer = "Q" * (LIMITS.answer_code_characters + 1)

    assert longer not in nothing_found(checked(asking, longer))
    assert longer not in checked(asking, longer).text
    for query in ("code=%ff%fe", "code=a&code=b", "code", "code=%00%0d%0aSet-Cookie:x", f"code={quote('ก' * 20)}"):
        assert asking.node.send("GET", f"/receipt?{query}").status_code in (200, 404)


def test_a_code_of_another_node_is_not_found_here(asking: Business, other_node: Node) -> None:
    code = code_in(printed(asking))
    publish(other_node.settings)

    nothing_found(other_node.send("GET", f"/receipt?code={code}"))
    assert HELD in page_of(checked(asking, code))


def test_an_answer_to_a_relying_party_that_does_not_ask_by_link_is_not_told(asking: Business) -> None:
    report = asking.node.ask(LOGIN).json()
    publish(asking.node.settings)

    nothing_found(checked(asking, code_of(report["report_id"], report["receipt"]["index"])))


def test_an_answer_to_a_business_that_is_registered_no_more_is_not_told(asking: Business) -> None:
    code = code_in(printed(asking))
    assert HELD in page_of(checked(asking, code))

    asking.register(*(one for one in asking.node.app.state.parts.registry.registrations if one.signs_in_as is None))

    nothing_found(checked(asking, code))


def copied(log: Path, folder: Path) -> Path:
    """A copy of a log to which others write: one in whose midst something was published is made again."""
    for _ in range(COPIES):
        with suppress(OSError, LogError):
            copytree(log, folder)
            if not examine(folder).findings:
                return folder
        rmtree(folder, ignore_errors=True)
    raise AssertionError("the log is published to without a pause")


def test_a_log_that_does_not_add_up_or_is_not_there_is_no_answer(asking: Business, tmp_path: Path) -> None:
    code, node = code_in(printed(asking)), asking.node
    assert node.settings.log_dir is not None
    folder = copied(node.settings.log_dir, tmp_path / "log")
    settings = node.settings.model_copy(update={"log_dir": folder})
    other = replace(node, settings=settings, app=create_app(settings, clock=node.clock))
    assert HELD in page_of(other.send("GET", f"/receipt?code={code}"))

    for one in (folder / "tile").rglob("*"):  # of every level: a last leaf may need none of the lowest
        if one.is_file() and "entries" not in one.parts:
            one.write_bytes(bytes(one.stat().st_size))
    for missing in ("nothing", "checkpoint"):
        (folder / missing).unlink(missing_ok=True)
        response = other.send("GET", f"/receipt?code={code}")
        assert response.status_code == 503
        assert "system.not_ready" in response.text
        assert HELD not in response.text


def test_a_node_without_a_log_offers_no_check_and_tells_of_nothing(asking: Business) -> None:
    node = asking.node
    settings = node.settings.model_copy(update=dict.fromkeys(("log_dir", "log_day_keys_dir", "log_socket")))
    other = replace(node, settings=settings, app=create_app(settings, clock=node.clock))

    for path in ("/receipt", f"/receipt?code={code_of(ID, 0)}"):
        text = other.send("GET", path).text
        assert 'name="code"' not in text
        assert HELD not in text


def test_whoever_holds_the_paper_is_told_when_for_whom_and_with_what_result_and_nothing_of_the_person(
    asking: Business,
) -> None:
    text = printed(asking)
    code = code_in(text)
    at = f"{NOON:%Y-%m-%d %H:%M} UTC"  # the clock of the log of the tests
    assert f"<dd>{at}</dd>" in text
    assert f"Anyone can check it at {asking.origin}/receipt" in text

    for typed in (code, code.lower(), code.replace("-", " "), f" {code.replace('-', '')} ", code.replace("0", "o")):
        found = unescape(page_of(checked(asking, typed)))
        for words in (HELD, "<b>Accepted</b>", "<bdi>Sample Quay Trading</bdi>", at, "Entry ", " in the log "):
            assert words in found, words
        assert not any(word in found for word in PERSON)
    assert len(page_of(checked(asking, code)).encode()) < 20_000


@pytest.mark.parametrize(
    ("kind", "result", "headline"),
    [
        (LeafType.REJECT, "FAILED", "Do not accept this"),
        (LeafType.REJECT, "INDETERMINATE", "We cannot tell yet"),
        (LeafType.VERIFY, "INDETERMINATE", "Accepted with a reserve"),
        (LeafType.ASSERT, "PASSED", "Accepted"),
    ],
)
def test_the_result_is_told_in_the_words_of_the_answer(
    asking: Business, kind: LeafType, result: str, headline: str
) -> None:
    members = {"req": ID, "rp": asking.registered().id, "res": result, "com": base64url.encode(bytes(32))}
    index = written(asking, kind, members)

    assert f"<b>{headline}</b>" in page_of(checked(asking, code_of(ID, index)))


def test_a_leaf_that_is_about_no_answer_is_not_told_even_to_who_knows_its_place(asking: Business) -> None:
    index = written(asking, LeafType.HOLD, {"act": "hold", "req": ID})

    nothing_found(checked(asking, code_of(ID, index)))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_of_receipts_has_the_form_in_the_languages_of_asking_and_in_english_for_others(
    asking: Business, lang: str
) -> None:
    text = unescape(asking.node.send("GET", f"/receipt?lang={lang}").text)
    spoken = lang if lang in FULL else "en"

    assert catalogues()[lang].sentences["receipt.about"] in text
    assert catalogues()[spoken].sentences["printed.lead"] in text
    assert ('<section class="card" lang="en">' in text) is (lang not in FULL)
    assert catalogues()[spoken].sentences["printed.none"] in unescape(checked(asking, "x", lang=lang).text)


def test_a_code_holds_all_of_the_id_of_a_report() -> None:
    codes = {code_of(f"rep_{1 << bit:032x}", 0) for bit in range(128)}

    assert len(codes) == 128
    assert len(code_of(ID, LIMITS.log_size)) <= LIMITS.answer_code_characters
    for no_id in ("", "rep_", f"rep_{'g' * 32}", f"{ID}0"):
        with pytest.raises(ValueError, match="no id"):
            code_of(no_id, 0)


@given(st.binary(min_size=16, max_size=16), st.integers(0, LIMITS.log_size))
def test_a_code_names_one_leaf(octets: bytes, index: int) -> None:
    report_id = f"rep_{octets.hex()}"

    assert parse_code(code_of(report_id, index)) == (report_id, index)


@given(st.text(max_size=80))
def test_whatever_is_typed_is_a_code_or_none(text: str) -> None:
    found = parse_code(text)

    assert found is None or parse_code(code_of(*found)) == found
