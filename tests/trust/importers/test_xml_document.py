"""What is no plain XML document is refused before anything in it is looked at."""

import pytest

from idbridge.errors import ConfigurationError, TrustError
from idbridge.limits import LIMITS
from idbridge.trust.importers.trusted_list import import_trusted_list
from tests.trust.importers.xml_lists import TERMS, TrustedList, numbered, octets, offer, sign, signed_list

LIST = TrustedList()


def refusal(text: bytes) -> str:
    with pytest.raises(TrustError) as caught:
        import_trusted_list(offer(text), TERMS)
    return caught.value.code


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol" * 10}">' for n in range(10))


@pytest.mark.parametrize(
    "head",
    [
        "<!DOCTYPE TrustServiceStatusList>",
        f"<!DOCTYPE TrustServiceStatusList [{BOMB}]>",
        '<!DOCTYPE TrustServiceStatusList [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE TrustServiceStatusList [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
        '<!DOCTYPE TrustServiceStatusList SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE TrustServiceStatusList PUBLIC "x" "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE TrustServiceStatusList [<!ATTLIST TrustServiceStatusList Id ID "list">]>',
    ],
    ids=numbered(),
)
@pytest.mark.parametrize("body", ["Identity issuance", "&x;", "&e9;"])
def test_a_document_type_is_refused_before_it_is_parsed(head: str, body: str) -> None:
    text = octets(sign(LIST.xml())).decode().replace("?>\n", f"?>\n{head}", 1).replace("Identity issuance", body)

    assert refusal(text.encode()) == "trust.profile_violation"


def test_a_document_that_includes_others_is_refused() -> None:
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    made = LIST.xml().replace("</SchemeTerritory>", f"</SchemeTerritory>{include}")

    assert refusal(octets(sign(made))) == "trust.profile_violation"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html><body>temporarily unavailable",
        b"<!DOCTYPE html><html></html>",
        b"{}",
        signed_list()[:-20],
        signed_list() + b"<again/>",
        signed_list().decode().encode("utf-16"),
        signed_list().replace(b"encoding='UTF-8'", b"encoding='ISO-8859-1'"),
        signed_list().replace(b"encoding='UTF-8'", b"encoding='UTF-7'"),
        signed_list().replace(b"Lion Gate Trust Office", b"Lion\xff"),
        signed_list().replace(b"Lion Gate Trust Office", b"&x;"),
        signed_list().replace(b"Lion Gate Trust Office", b"Lion\0"),
        b"<a>" * 1_000 + b"</a>" * 1_000,
    ],
    ids=numbered(),
)  # fmt: skip
def test_what_is_no_plain_document_is_refused(text: bytes) -> None:
    assert refusal(text) == "trust.profile_violation"


def test_size_and_number_of_tags_are_bounded() -> None:
    text = signed_list()
    padded = text + b" " * (LIMITS.trust_list_bytes - len(text))
    crowd = b"<a>" + b"<b/>" * (LIMITS.xml_tags - 2) + b"</a>"

    assert import_trusted_list(offer(padded), TERMS).services
    assert refusal(padded + b" ") == "trust.profile_violation"
    assert refusal(crowd) == "trust.signature_invalid"  # read, and not signed
    assert refusal(b"<b/>" + crowd) == "trust.profile_violation"
    assert refusal(crowd.replace(b"</a>", b"<b/></a>")) == "trust.profile_violation"


def test_a_page_is_html_and_no_list_even_when_it_is_well_formed() -> None:
    assert refusal(b"<html/>") == "trust.signature_invalid"
    assert refusal(octets(sign("<html/>"))) == "trust.profile_violation"


@pytest.mark.parametrize("library", ["signxml.algorithms", "lxml"])
def test_without_the_library_an_operator_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(__import__("sys").modules, library, None)

    with pytest.raises(ConfigurationError, match=r"pip install 'idbridge\[xml\]'"):
        import_trusted_list(offer(signed_list()), TERMS)
