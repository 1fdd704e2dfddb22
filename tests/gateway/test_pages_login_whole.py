"""A whole login as a person has it: from the client to a provider abroad and back, page by page, without any script."""

import gzip
import json
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from idbridge_gateway.pages.catalogue import LANGUAGES
from tests.gateway.logging_in import boxes_in, page_of, token_in, visit_in
from tests.gateway.pretending import KH, SG
from tests.gateway.providing import FORM, told
from tests.gateway.upstreaming import Abroad, abroad_in

FIRST_VIEW_BYTES = 60 * 1024
WANTED = {"verified_claims": {"verification": {"trust_framework": None}, "claims": {"name": None, "birthdate": None}}}


@pytest.fixture
def abroad(shared_files: Path) -> Abroad:
    return abroad_in(shared_files)


def shown(abroad: Abroad, path: str) -> str:
    response = abroad.node.send("GET", path, headers=abroad.browser.head())
    abroad.browser.take(response)
    return page_of(response)


def sent(abroad: Abroad, path: str, **fields: str) -> str:
    """Where the node sends the browser after a form of its page."""
    own = {"origin": abroad.node.settings.public_url, "sec-fetch-site": "same-origin"}
    body = urlencode({name.replace("share_", "share."): value for name, value in fields.items()}).encode()
    response = abroad.node.send("POST", path, body=body, headers={**FORM, **own, **abroad.browser.head()})
    abroad.browser.take(response)
    assert response.status_code == 303, response.text
    return str(response.headers["location"])


@pytest.mark.parametrize(("provider", "state"), [(SG, "Singapore"), (KH, "Cambodia")])
def test_a_person_logs_in_abroad_page_by_page(abroad: Abroad, provider: str, state: str) -> None:
    name = abroad.begin(claims=json.dumps({"id_token": WANTED}))
    selector = shown(abroad, f"/login?t={name}")
    [section] = [part for part in selector.split("<details") if f"<b>{state}</b>" in part]
    assert f'<button name="provider" value="{provider}">' in section
    gone = sent(abroad, f"/login?t={name}", token=token_in(selector), provider=provider)
    arrived = abroad.come_back(abroad.pretend[provider].authorize(gone))
    assert arrived.headers["location"] == f"/consent?t={name}"
    consent = shown(abroad, f"/consent?t={name}")
    assert state in consent
    assert boxes_in(consent) == ["share.name", "share.birthdate", "receipt"]
    back = sent(abroad, f"/consent?t={name}", token=token_in(consent), answer="yes", share_name="yes")

    assert re.match(r"https://bank\.th\.example/callback\?", back)
    code = re.search(r"code=([^&]+)", back)
    assert code is not None
    assert "id_token" in abroad.redeemed(code[1])


def test_a_person_who_says_no_abroad_comes_back_with_a_refusal(abroad: Abroad) -> None:
    name = abroad.begin()
    gone = sent(abroad, f"/login?t={name}", token=token_in(shown(abroad, f"/login?t={name}")), provider=SG)
    abroad.come_back(abroad.sg.authorize(gone))
    consent = shown(abroad, f"/consent?t={name}")
    back = sent(abroad, f"/consent?t={name}", token=token_in(consent), answer="no")

    assert "error=access_denied" in back
    assert "code=" not in back


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_first_view_weighs_little_and_comes_from_this_node(shared_files: Path, lang: str) -> None:
    visit = visit_in(shared_files)
    name = visit.logged_in()
    token = visit.token(f"/consent?t={name}")
    pages = (
        visit.get(f"/login?t={name}&lang={lang}"),
        visit.get(f"/consent?t={name}&lang={lang}"),
        visit.send(f"/consent?t={name}&lang={lang}", {"token": token, "answer": "yes", "receipt": "yes"}),
        visit.get(f"/login?t=over&lang={lang}"),
    )
    for page in pages:
        addresses = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text))
        files = [visit.bank.node.send("GET", address) for address in addresses]
        assert len(addresses) >= 3
        assert all(file.status_code == 200 for file in files)
        assert sum(len(gzip.compress(answer.content)) for answer in (page, *files)) <= FIRST_VIEW_BYTES
    assert "code" in told(visit.say(name, "yes"))
