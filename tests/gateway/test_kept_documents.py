"""What another version of the program kept opens nothing: no worker fails over it, and none believes half of it."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from idbridge_gateway.oidc.access_tokens import read_access_token
from idbridge_gateway.oidc.codes import read_code
from idbridge_gateway.oidc.logout import read_open_logout
from idbridge_gateway.oidc.pushed import read_pushed
from idbridge_gateway.oidc.sessions import read_session
from idbridge_gateway.oidc.transaction import read_transaction
from idbridge_gateway.oidc.upstream.pending import read_under_way
from idbridge_gateway.stores.sealed import Kind, MemorySealedStore, unstamped
from idbridge_gateway.wallet.records import (
    Outcome,
    read_held_answer,
    read_outcome,
    read_presentation,
    read_wallet_page,
    read_wallet_request,
)
from tests.gateway.asking import Node, node_in, problem_of
from tests.gateway.clocks import NOON
from tests.gateway.providing import DPOP_KEY, Bank, bank_in, error_of
from tests.gateway.test_wallet_pages import CALLBACK, answered_here, opened, page_text, path_of, registered
from tests.gateway.wallets import Wallets, opaque

READERS: Final[Mapping[Kind, Callable[[bytes], Any]]] = {
    Kind.PUSHED_REQUEST: read_pushed,
    Kind.TRANSACTION: read_transaction,
    Kind.CODE: read_code,
    Kind.ACCESS_TOKEN: read_access_token,
    Kind.SESSION: lambda octets: read_session("sid", octets),
    Kind.PRESENTATION: read_presentation,
    Kind.WALLET_REQUEST: read_wallet_request,
    Kind.WALLET_PAGE: lambda octets: read_wallet_page(octets, outcome=Outcome.PENDING),
    Kind.RESPONSE_CODE: read_held_answer,
}


@dataclass
class Kept:
    """What was put into a store, the last of each kind: its handle, value and end."""

    store: MemorySealedStore
    last: dict[Kind, tuple[str, bytes, datetime]] = field(default_factory=dict)

    def watch(self) -> None:
        put = self.store.put

        async def noted(kind: Kind, handle: str, value: bytes, *, until: datetime) -> None:
            self.last[kind] = handle, value, until
            await put(kind, handle, value, until=until)

        self.store.put = noted  # type: ignore[method-assign]

    def spoil(self, kind: Kind, value: bytes) -> None:
        """Put ``value`` in place of what was kept last of this kind."""
        handle, _, until = self.last[kind]
        asyncio.run(self.store.put(kind, handle, value, until=until))


def watched(node: Node) -> Kept:
    kept = Kept(node.app.state.parts.stores.sealed)
    kept.watch()
    return kept


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Kind, dict[str, Any]]:
    """A document of each kind, as nodes keep it today."""
    folder = tmp_path_factory.mktemp("kept")
    wallets = Wallets(node_in(folder))
    kept = watched(wallets.node)
    answered_here(wallets, wallets.ordered())
    found = dict(kept.last)
    bank = bank_in(folder)
    kept = watched(bank.node)
    bank.redeem(bank.code())
    found |= kept.last
    return {kind: json.loads(value) for kind, (_, value, _) in found.items() if kind in READERS}


def spoilt(document: dict[str, Any]) -> Iterator[bytes]:
    """The document with one thing wrong in its shape."""
    yield b""
    yield b"\xff"
    yield b"[]"
    yield b"null"
    yield b"{}"
    yield json.dumps({**document, "another": 1}).encode()
    for name in document:
        yield json.dumps({other: value for other, value in document.items() if other != name}).encode()
        wrong: tuple[Any, ...] = ([], 7, -1e300, True)
        for value in wrong:
            if type(value) is not type(document[name]):
                yield json.dumps({**document, name: value}).encode()


@pytest.mark.parametrize("kind", READERS)
def test_a_document_of_another_shape_is_none(documents: Mapping[Kind, dict[str, Any]], kind: Kind) -> None:
    document = documents[kind]
    assert READERS[kind](json.dumps(document).encode()) is not None

    for octets in spoilt(document):
        assert READERS[kind](octets) is None, octets


@pytest.mark.parametrize("kind", [Kind.CODE, Kind.ACCESS_TOKEN])
def test_a_decision_of_another_shape_is_none(documents: Mapping[Kind, dict[str, Any]], kind: Kind) -> None:
    document = documents[kind]
    decision = document["decision"]
    for octets in spoilt(decision):
        try:
            changed = json.loads(octets)
        except ValueError:
            continue
        assert READERS[kind](json.dumps({**document, "decision": changed}).encode()) is None, changed
    for name in decision["core"]:
        core = {other: value for other, value in decision["core"].items() if other != name}
        octets = json.dumps({**document, "decision": {**decision, "core": core}}).encode()
        assert READERS[kind](octets) is None, name


def test_a_word_of_another_version_is_no_outcome_and_what_has_no_end_has_ended() -> None:
    assert read_outcome(b"answered") is Outcome.ANSWERED
    assert read_outcome(b"elsewhere") is None
    assert read_outcome(b"\xff") is None
    assert unstamped(b"short", at=NOON) is None


def test_a_list_of_another_shape_is_none() -> None:
    assert read_open_logout(b'[["sid"],null,null,"s"]') is not None
    for octets in (b"{}", b"[]", b'["sid",null,null,null]', b"[[1],null,null,null]", b"[[],1,null,null]"):
        assert read_open_logout(octets) is None


def test_an_order_of_another_version_is_as_one_that_nobody_gave(node: Node) -> None:
    wallets, kept = Wallets(node), watched(node)
    ordered = wallets.ordered()
    asked = wallets.asked(ordered)
    form = wallets.form(asked, {"vp_token": wallets.vp_token(asked), "state": asked.claims["state"]})
    kept.spoil(Kind.WALLET_REQUEST, b"{}")

    opaque(wallets.post(asked, form))
    opaque(wallets.fetch(ordered["wallet_link"]))
    assert 'data-outcome="expired"' in page_text(opened(wallets, path_of(ordered)))
    kept.spoil(Kind.WALLET_PAGE, b"{}")
    page_text(opened(wallets, path_of(ordered)), 404)
    kept.spoil(Kind.PRESENTATION, b"{}")
    assert problem_of(wallets.look(ordered), 404) == "input.not_found"
    assert problem_of(wallets.cancel(ordered), 404) == "input.not_found"


@pytest.mark.parametrize(
    "change",
    [
        {"expected": []}, {"expected": "x"}, {"expected": {"loa": 5}}, {"expected": {"entity": "x"}},
        {"transaction_data": 5}, {"transaction_data": [5]}, {"purpose": 5}, {"purpose_text": {}},
        {"claims": {}}, {"claims": [5]},
        {"assertion": "x"}, {"detail": 5}, {"dcql": {"credentials": 5}}, {"dcql": []}, {"another": 1},
    ],
)  # fmt: skip
def test_an_order_with_a_question_of_another_version_is_as_one_that_nobody_gave(
    node: Node, change: dict[str, Any]
) -> None:
    wallets, kept = Wallets(node), watched(node)
    ordered = wallets.ordered()
    asked = wallets.asked(ordered)
    form = wallets.form(asked, {"vp_token": wallets.vp_token(asked), "state": asked.claims["state"]})
    document = json.loads(kept.last[Kind.WALLET_REQUEST][1])
    changed = json.dumps({**document, "question": {**document["question"], **change}}).encode()
    kept.spoil(Kind.WALLET_REQUEST, changed)

    assert read_wallet_request(changed) is None
    opaque(wallets.post(asked, form))
    opaque(wallets.fetch(ordered["wallet_link"]))


def test_a_question_with_everything_that_an_order_may_fix_is_read(documents: Mapping[Kind, dict[str, Any]]) -> None:
    document = documents[Kind.WALLET_REQUEST]
    more = {
        "expected": {"loa": "high", "entity": {"scheme": "TH-DBD", "value": "0105599000011"}},
        "assertion": {"audience": "https://bank.example"}, "detail": "full",
    }  # fmt: skip
    question = {**document["question"], **more}

    found = read_wallet_request(json.dumps({**document, "question": question}).encode())
    assert found is not None
    assert found.question == question


def test_a_question_lacks_no_member_that_a_wallet_is_asked_by(documents: Mapping[Kind, dict[str, Any]]) -> None:
    document = documents[Kind.WALLET_REQUEST]
    for name in ("purpose", "purpose_text", "dcql"):
        question = {one: value for one, value in document["question"].items() if one != name}
        assert read_wallet_request(json.dumps({**document, "question": question}).encode()) is None


def test_an_answer_that_another_version_held_is_none(node: Node) -> None:
    wallets, kept = Wallets(node), watched(node)
    registered(wallets, [CALLBACK])
    ordered = wallets.ordered(return_uri=CALLBACK)
    back = answered_here(wallets, ordered)
    location = opened(wallets, back).headers["location"]
    kept.spoil(Kind.RESPONSE_CODE, b"{}")

    code = location.partition("response_code=")[2]
    assert problem_of(wallets.look(ordered, code=code), 404) == "input.not_found"
    assert opened(wallets, f"{path_of(ordered)}?response_code={code}").status_code == 303
    assert wallets.seen(ordered)["report"] is None


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


def test_a_login_of_another_version_is_one_that_is_over(bank: Bank) -> None:
    kept = watched(bank.node)
    uri = bank.pushed()
    kept.spoil(Kind.PUSHED_REQUEST, b"{}")
    assert bank.authorize(client_id="bank", request_uri=uri).status_code == 400

    name = bank.begin()
    kept.spoil(Kind.TRANSACTION, b"{}")
    response = bank.node.send("GET", f"/login/{name}", headers=bank.browser.head())
    assert 400 <= response.status_code < 500


def test_a_code_and_a_token_of_another_version_open_nothing(bank: Bank) -> None:
    kept = watched(bank.node)
    code = bank.code()
    kept.spoil(Kind.CODE, b"{}")
    assert error_of(bank.redeem(code)) == ("invalid_grant", "input.request_malformed")

    token = str(bank.redeem(bank.code()).json()["access_token"])
    kept.spoil(Kind.ACCESS_TOKEN, b"{}")
    assert userinfo(bank, token).status_code == 401


def userinfo(bank: Bank, token: str) -> httpx2.Response:
    proof = bank.proof("/oauth/userinfo", "GET", key=DPOP_KEY, ath=None)
    return bank.node.send("GET", "/oauth/userinfo", headers={"authorization": f"DPoP {token}", "dpop": proof})


def test_a_login_under_way_of_another_version_is_none() -> None:
    texts = ("provider", "issuer", "state", "nonce", "code_verifier")
    random = {name: f"{name}{'x' * 43}" for name in texts}
    document = {**random, "names_issuer": True, "dpop": None, "dpop_nonce": None}
    assert read_under_way(json.dumps(document).encode()) is not None

    for octets in spoilt(document):
        assert read_under_way(octets) is None, octets
