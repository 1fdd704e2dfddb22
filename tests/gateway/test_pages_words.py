"""The words of the pages: complete in every language, marked where a machine made them, chosen from a closed set."""

import re
from pathlib import Path

import pytest

import idbridge_gateway.pages as pages
from idbridge.errors import ConfigurationError
from idbridge.reasons import REASONS
from idbridge_gateway.pages.catalogue import (
    FULL,
    FURTHER,
    LANGUAGES,
    SHARED,
    SOURCE,
    catalogues,
    parse_catalogue,
    placeholders,
)
from idbridge_gateway.pages.languages import language
from idbridge_gateway.pages.verdict_words import verdict_words

FOLDER = Path(str(pages.__file__)).parent
ABOUT = '[about]\ntag = "xx"\nname = "Xx"\n'
ENGLISH = parse_catalogue(ABOUT + '[frame]\na = "One {b}"\n[try]\nc = "Two"\n', code="en", source=None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[frame]\na = "Eins {b}"', "try.c"),
        ('[frame]\na = "Eins {b}"\nd = "Drei"\n[try]\nc = "Zwei"', "frame.d"),
        ('[frame]\na = "Eins {x}"\n[try]\nc = "Zwei"', "placeholders"),
        ('[frame]\na = "Eins {b}"\n[try]\nc = " "', "no sentence"),
        ('[frame]\na = "Eins {b}"\n[try]\nc = 2', "no sentence"),
        ('[frame]\na = "Eins {b} {"\n[try]\nc = "Zwei"', "no sentence"),
        ('[frame]\na = "Eins {b}"\n[try]\nc = "Zwei"\n[reason.time]\nnever_heard = "Drei"', "reason.time.never_heard"),
        ("[frame", "no catalogue"),
    ],
    ids=["missing", "too many", "placeholder", "blank", "number", "brace", "strange reason", "no toml"],
)
def test_a_catalogue_with_a_fault_is_refused(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(told)) as caught:
        parse_catalogue(ABOUT + text, code="th", source=ENGLISH)

    assert caught.value.code == "system.configuration"


@pytest.mark.parametrize("about", ["", '[about]\ntag = "xx"\n', ABOUT + 'note = "x"\n', ABOUT + 'reviewed = ["a.b"]\n'])
def test_a_catalogue_that_does_not_say_what_it_is_is_refused(about: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_catalogue(about + '[frame]\na = "Eins {b}"\n[try]\nc = "Zwei"\n', code="th", source=ENGLISH)


def test_a_sentence_that_nobody_reviewed_counts_as_made_by_a_machine() -> None:
    text = '[frame]\na = "Eins {b}"\n[try]\nc = "Zwei"\n'
    half = parse_catalogue(ABOUT + 'reviewed = ["frame.a"]\n' + text, code="th", source=ENGLISH)
    whole = parse_catalogue(ABOUT + 'reviewed = ["frame.a", "try.c"]\n' + text, code="th", source=ENGLISH)

    assert half.machine_made
    assert not whole.machine_made
    assert not ENGLISH.machine_made


def test_every_language_has_every_sentence_that_it_should_have() -> None:
    source = catalogues()[SOURCE].sentences

    assert tuple(catalogues()) == LANGUAGES
    for code in FULL:
        assert source.keys() <= catalogues()[code].sentences.keys(), code
    for code in FURTHER:
        assert catalogues()[code].sentences.keys() == {key for key in source if key.partition(".")[0] in SHARED}, code
    for code in LANGUAGES:
        held = catalogues()[code].sentences
        assert [key for key in source.keys() & held if placeholders(held[key]) != placeholders(source[key])] == []


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != SOURCE])
def test_no_translation_is_the_source_again(code: str) -> None:
    source, held = catalogues()[SOURCE].sentences, catalogues()[code].sentences
    long = [key for key in source.keys() & held if len(source[key]) > 20]

    assert len(long) > 10
    assert [key for key in long if held[key] == source[key]] == []


def test_the_languages_of_the_full_set_tell_the_same_reasons_to_persons_and_all_that_a_page_is_refused_for() -> None:
    told = [
        {key.removeprefix("reason.") for key in catalogues()[code].sentences if key.startswith("reason.")}
        for code in FULL
        if code != SOURCE
    ]

    assert all(one == told[0] for one in told)
    assert {code for code, why in REASONS.items() if why.http_status is not None} <= told[0] <= REASONS.keys()
    assert len(told[0]) > 180


def test_every_sentence_that_a_template_or_the_code_names_is_there_and_no_other() -> None:
    held = catalogues()[SOURCE].sentences
    text = "".join(path.read_text("utf-8") for path in (*FOLDER.parent.rglob("*.py"), *FOLDER.glob("templates/*.html")))
    groups = "|".join({key.partition(".")[0] for key in held})
    named = {
        key for key in re.findall(rf"[\"']((?:{groups})\.[a-z_]+)[\"']", text) if not key.endswith((".html", ".js"))
    }
    begun = tuple(key for key in named if key.endswith("_"))  # the rest of the key is a value
    named -= set(begun)
    made = {key for key in held if key.startswith(("state.", "purpose.", "level.", "claim.", "refusal.do_", *begun))}

    assert named - held.keys() == set()
    assert held.keys() - named - made == set()


@pytest.mark.parametrize(
    ("query", "cookie", "header", "expected"),
    [
        ("th", "vi", "ms", "th"),
        ("xx", "vi", "ms", "vi"),
        ("", "<script>", "ms", "ms"),
        ("", "", "fr, id;q=0.5, th;q=0.7", "th"),
        ("", "", "th;q=0, id;q=0.1", "id"),
        ("", "", "th;q=x, vi;q=2, id;q=0.1", "id"),
        ("", "", "in-ID", "id"),
        ("", "", "zh-Hans-SG", "en"),
        ("", "", "", "en"),
    ],
)
def test_what_somebody_chose_counts_for_more_than_what_the_browser_says(
    query: str, cookie: str, header: str, expected: str
) -> None:
    spoken = language({"lang": query}, {"idbridge_lang": cookie}, header)

    assert spoken.code == expected
    assert spoken.asked is (query == expected)


def test_a_client_says_what_its_users_read_before_their_browser_does() -> None:
    assert language({"ui_locales": "fr th vi"}, {}, "ms").code == "th"
    assert language({"ui_locales": "zh-Hans"}, {}, "ms", offered=LANGUAGES).code == "zh"
    assert language({}, {}, "tl", offered=LANGUAGES).code == "fil"


def test_an_acceptance_in_grace_is_told_with_its_reserves() -> None:
    report = {
        "accepted": True,
        "indication": "INDETERMINATE",
        "holder": {"bound": False},
        "represents": {"power": None},
        "recognition": {"limits": ["the list is a day old"]},
        "claims": {"name": {"display": "Thida"}, "age_over_18": True, "address": {"a": "Road", "b": ["X", "Y"]}},
        "not_released": [{"claim": "favourite_colour", "why": "absent"}],
    }

    words = verdict_words(report, state_words="Thailand", purpose_words="A use", level_words="low")

    assert (words.headline, words.tone) == ("verdict.passed_reserve", "open")
    assert words.reserves == ("the list is a day old",)
    assert [key for key, _ in words.sentences] == ["verdict.basis_reserve", "verdict.bearer", "verdict.itself"]
    assert [shared.text for shared in words.shared] == ["Thida", True, "Road, X, Y"]
    assert words.not_shared[0].key == ""
