"""A wallet's answer counts once, for the request that it was made for, and a wallet is told nothing else."""

import asyncio
import json
import logging
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from idbridge.codec import base64url
from idbridge.crypto.ephemeral import new_ephemeral_key
from idbridge.crypto.jwe import encrypt
from idbridge.limits import LIMITS
from idbridge.sandbox.mdocs import Mdoc
from tests.gateway.asking import Node
from tests.gateway.providing import FORM
from tests.gateway.wallets import MDOC_QUERY, PID, PID_QUERY, Asked, Wallets, opaque


@pytest.fixture
def wallets(node: Node) -> Wallets:
    return Wallets(node)


@pytest.fixture(params=["direct_post", "direct_post.jwt"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_an_unknown_name_is_refused_like_everything_else(wallets: Wallets) -> None:
    for path in ("/wallet/request/unknown", f"/wallet/request/{'A' * 43}"):
        opaque(wallets.node.send("GET", path))
        opaque(wallets.node.send("POST", path, body=b"", headers=FORM))
    opaque(wallets.node.send("POST", f"/wallet/response/{'A' * 43}", body=b"state=x", headers=FORM))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{}", {"content-type": "application/json"}),
        (b"state=a&state=b", FORM),
        (b"%zz", FORM),
        (b"a=" + b"b" * LIMITS.body_bytes, FORM),
    ],
)
def test_a_body_that_is_no_form_is_refused_and_the_request_stays_open(
    wallets: Wallets, body: bytes, headers: dict[str, str]
) -> None:
    ordered = wallets.ordered()
    asked = wallets.asked(ordered)

    response = wallets.node.send("POST", asked.response_path, body=body, headers=headers)

    assert response.status_code in (400, 413)
    assert wallets.state(ordered) == "pending"


def test_a_request_object_is_fetched_twice_and_a_few_times_more_and_then_no_more(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    fetched = [wallets.asked(ordered) for _ in range(LIMITS.wallet_request_fetches)]

    opaque(wallets.fetch(ordered["wallet_link"]))
    assert len({asked.claims["nonce"] for asked in fetched}) == 1
    assert wallets.answer(fetched[0]).status_code == 200


def test_a_request_object_repeats_the_nonce_of_the_wallet_and_no_longer_one(wallets: Wallets) -> None:
    ordered = wallets.ordered()

    assert wallets.asked(ordered, nonce="nonce-of-the-wallet").claims["wallet_nonce"] == "nonce-of-the-wallet"
    assert "wallet_nonce" not in wallets.asked(ordered).claims
    opaque(wallets.fetch(ordered["wallet_link"], nonce="n" * (LIMITS.opaque_characters + 1)))


def test_what_one_request_is_asked_under_is_of_no_other(wallets: Wallets) -> None:
    one, other = (wallets.asked(wallets.ordered()).claims for _ in range(2))

    for name in ("nonce", "state", "response_uri", "client_metadata"):
        assert one[name] != other[name]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"state": None}, id="no state"),
        pytest.param({"state": "another"}, id="another state"),
        pytest.param({"vp_token": None}, id="no answer"),
        pytest.param({"error": "access_denied"}, id="answer and refusal"),
    ],
)
def test_what_is_no_answer_to_this_request_spends_nothing(wallets: Wallets, mode: str, changes: dict[str, Any]) -> None:
    ordered = wallets.ordered(response_mode=mode)
    asked = wallets.asked(ordered)
    members = {"vp_token": wallets.vp_token(asked), "state": asked.claims["state"], **changes}

    opaque(wallets.post(asked, wallets.form(asked, {name: one for name, one in members.items() if one is not None})))
    assert wallets.state(ordered) == "pending"
    assert wallets.answer(asked).status_code == 200


def test_an_answer_in_the_open_to_a_request_for_an_encrypted_one_spends_nothing(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    asked = wallets.asked(ordered)
    members = {"vp_token": json.dumps(wallets.vp_token(asked)), "state": asked.claims["state"]}

    opaque(wallets.post(asked, members))
    assert wallets.state(ordered) == "pending"


def test_an_answer_that_is_encrypted_to_another_key_spends_nothing(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    asked = wallets.asked(ordered)
    octets = json.dumps({"vp_token": wallets.vp_token(asked), "state": asked.claims["state"]}).encode()
    sealed = encrypt(octets, to=new_ephemeral_key().public_jwk, algorithm="ECDH-ES", encoding="A256GCM")

    opaque(wallets.post(asked, {"response": sealed}))
    assert wallets.state(ordered) == "pending"


def test_an_answer_to_one_request_is_none_to_another(wallets: Wallets, mode: str) -> None:
    first, second = (wallets.ordered(response_mode=mode) for _ in range(2))
    one, other = wallets.asked(first), wallets.asked(second)

    opaque(wallets.post(one, wallets.form(one, _members(wallets, one)), path=other.response_path))
    assert (wallets.state(first), wallets.state(second)) == ("pending", "pending")


def _members(wallets: Wallets, asked: Asked) -> dict[str, Any]:
    return {"vp_token": wallets.vp_token(asked), "state": asked.claims["state"]}


def _swapped(token: str) -> str:
    head, _, rest = token.partition("~")
    return f"{head[:-4]}{'AAAA' if not head.endswith('AAAA') else 'BBBB'}~{rest}"


def _of_another_request(wallets: Wallets, asked: Asked) -> dict[str, Any]:
    return wallets.vp_token(asked, nonce=wallets.asked(wallets.ordered()).claims["nonce"])


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(
            lambda w, a: {"pid": [_swapped(w.presented(a))]}, "jose.signature_invalid", id="a changed signature"
        ),
        pytest.param(lambda w, a: w.vp_token(a, client_id="x509_hash:other"), "holder.audience_mismatch", id="aud"),
        pytest.param(
            lambda w, a: w.vp_token(a, client_id=a.claims["client_id"].partition(":")[2]),
            "holder.audience_mismatch",
            id="aud without its prefix",
        ),
        pytest.param(
            lambda w, a: w.vp_token(a, client_id="https://sandbox.bank.th.example"),
            "holder.audience_mismatch",
            id="the relying party's own audience",
        ),
        pytest.param(_of_another_request, "holder.nonce_mismatch", id="the nonce of another request"),
        pytest.param(lambda w, a: w.vp_token(a, replace(PID, bound=False)), "holder.binding_missing", id="a copy"),
        pytest.param(
            lambda w, a: w.vp_token(a, replace(PID, bound_by="th-kitti")),
            "holder.signature_invalid",
            id="another holder",
        ),
        pytest.param(
            lambda w, a: {"pid": w.vp_token(a)["pid"] * 2}, "query.multiple_not_allowed", id="one credential twice"
        ),
        pytest.param(lambda w, a: {"other": w.vp_token(a)["pid"]}, "query.id_unknown", id="another query"),
        pytest.param(
            lambda w, a: w.vp_token(a, replace(PID, withheld=("birthdate",))), "query.claim_missing", id="a claim less"
        ),
    ],
)
def test_an_answer_that_is_not_accepted_is_refused_without_a_word_and_the_relying_party_hears_why(
    wallets: Wallets, mode: str, make: Any, code: str
) -> None:
    ordered = wallets.ordered(response_mode=mode)
    asked = wallets.asked(ordered)

    opaque(wallets.answer(asked, make(wallets, asked)))
    seen = wallets.seen(ordered)
    assert (seen["state"], seen["device"]) == ("answered", "cross")
    assert (seen["report"]["indication"], seen["report"]["accepted"]) == ("FAILED", False)
    assert seen["report"]["reason"]["code"] == code
    assert seen["report"]["claims"] == {}
    opaque(wallets.answer(asked))
    assert wallets.seen(ordered) == seen


@pytest.mark.parametrize("took", [{"response_uri": "https://evil.example/"}, {"encryption_jwk_thumbprint": None}])
def test_an_mdoc_that_answers_another_session_is_refused(wallets: Wallets, took: dict[str, Any]) -> None:
    ordered = wallets.ordered(dcql=MDOC_QUERY)
    asked = wallets.asked(ordered)
    took = took if took.get("response_uri") else {"encryption_jwk_thumbprint": new_ephemeral_key().thumbprint}

    opaque(wallets.answer(asked, wallets.vp_token(asked, Mdoc("sg-mdoc", "sg-tan", took=took))))
    assert wallets.seen(ordered)["report"]["reason"]["code"] == "holder.signature_invalid"


def test_an_answer_is_verified_passed_on_and_never_counts_again(wallets: Wallets, mode: str) -> None:
    ordered = wallets.ordered(response_mode=mode)
    asked = wallets.asked(ordered)
    token = wallets.vp_token(asked)

    response = wallets.answer(asked, token)
    assert (response.status_code, response.json()) == (200, {})
    assert response.headers["cache-control"] == "no-store"
    seen = wallets.seen(ordered)
    assert (seen["state"], seen["device"], seen["wallet_error"]) == ("answered", "cross", None)
    assert seen["report"]["accepted"] is True
    assert seen["report"]["holder"] == {"bound": True, "method": "kb-jwt"}
    assert seen["report"]["claims"].keys() == {"name", "birthdate"}
    opaque(wallets.answer(asked, token))
    opaque(wallets.fetch(ordered["wallet_link"]))
    assert wallets.seen(ordered) == seen


@pytest.mark.parametrize("prefix", ["x509_hash", "x509_san_dns"])
def test_an_mdoc_answers_too_bound_to_this_session(wallets: Wallets, mode: str, prefix: str) -> None:
    ordered = wallets.ordered(dcql=MDOC_QUERY, response_mode=mode, client_id_prefix=prefix)
    asked = wallets.asked(ordered)

    assert wallets.answer(asked, wallets.vp_token(asked, Mdoc("sg-mdoc", "sg-tan"))).status_code == 200
    report = wallets.seen(ordered)["report"]
    assert (report["accepted"], report["holder"]["method"]) == (True, "device_sig")


def test_a_template_is_answered_by_any_of_the_credentials_that_it_asks_for(wallets: Wallets) -> None:
    ordered = wallets.ordered(dcql=None, claims=None, purpose=None, template="age-over-18")
    asked = wallets.asked(ordered)
    ids = {
        json.dumps(one["meta"]): one["id"] for one in asked.claims["dcql_query"]["credentials"]
    }  # fmt: skip
    name = ids[json.dumps({"vct_values": ["urn:example:sg:pid:1"]})]

    assert wallets.answer(asked, {name: [wallets.presented(asked)]}).status_code == 200
    assert wallets.seen(ordered)["report"]["claims"] == {"age_over_18": True}


def test_a_transaction_has_to_be_authorised(wallets: Wallets) -> None:
    text = base64url.encode(json.dumps({"type": "pay", "credential_ids": ["pid"], "amount": "5"}).encode())
    ordered = wallets.ordered(transaction_data=[text])
    asked = wallets.asked(ordered)

    assert asked.claims["transaction_data"] == [text]
    opaque(wallets.answer(asked))
    assert wallets.seen(ordered)["report"]["reason"]["code"] == "holder.transaction_mismatch"


def test_of_many_answers_at_once_one_counts(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    asked = wallets.asked(ordered)
    forms = [urlencode(wallets.form(asked, _members(wallets, asked))).encode() for _ in range(8)]

    async def at_once() -> list[int]:
        async with wallets.node.client() as client:
            sent = [client.post(asked.response_path, content=form, headers=FORM) for form in forms]
            return [response.status_code for response in await asyncio.gather(*sent)]

    assert sorted(asyncio.run(at_once())) == [200, *[400] * 7]
    assert wallets.seen(ordered)["report"]["accepted"] is True


def test_an_answer_after_the_end_is_refused(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    asked = wallets.asked(ordered)
    wallets.node.clock.turn(seconds=LIMITS.presentation_lifetime.total_seconds())

    opaque(wallets.answer(asked))
    opaque(wallets.fetch(ordered["wallet_link"]))
    assert wallets.state(ordered) == "expired"


def test_an_answer_after_the_relying_party_cancelled_is_refused_and_forgotten(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    asked = wallets.asked(ordered)
    wallets.cancel(ordered)

    opaque(wallets.answer(asked))
    assert wallets.state(ordered) == "cancelled"


def test_what_was_answered_is_forgotten_when_the_relying_party_cancels(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    assert wallets.answer(wallets.asked(ordered)).status_code == 200

    wallets.cancel(ordered)
    assert (wallets.seen(ordered)["state"], wallets.seen(ordered)["report"]) == ("cancelled", None)


@pytest.mark.parametrize(
    ("error", "told"), [("access_denied", "access_denied"), ("wallet_unavailable",) * 2, ("Mei Ling", "other")]
)
def test_a_wallet_that_refuses_ends_the_request(wallets: Wallets, mode: str, error: str, told: str) -> None:
    ordered = wallets.ordered(response_mode=mode)
    asked = wallets.asked(ordered)

    response = wallets.post(asked, {"error": error, "error_description": "no", "state": asked.claims["state"]})
    assert (response.status_code, response.json()) == (200, {})
    seen = wallets.seen(ordered)
    assert (seen["state"], seen["wallet_error"], seen["report"]) == ("refused", told, None)
    opaque(wallets.answer(asked))


def test_the_report_comes_in_the_detail_that_was_ordered(wallets: Wallets) -> None:
    ordered = wallets.ordered(detail="detailed")
    wallets.answer(wallets.asked(ordered))

    checks = {check["id"]: check["result"] for check in wallets.seen(ordered)["report"]["checks"]}
    assert checks["kb.8"] == checks["vp.3"] == "PASSED"


def test_an_assertion_is_made_for_who_ordered_one(wallets: Wallets) -> None:
    ordered = wallets.ordered(assertion={"audience": "https://sandbox.bank.th.example"})
    wallets.answer(wallets.asked(ordered))

    assert wallets.seen(ordered)["report"]["assertion"].count(".") == 2


def test_a_relying_party_that_was_switched_off_meanwhile_gets_no_answer(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    asked = wallets.asked(ordered)
    registry = wallets.node.app.state.parts.registry
    before = registry.registrations
    registry.exchange(
        replace(one, relying_party=replace(one.relying_party, enabled=one.id != "th-bank")) for one in before
    )

    opaque(wallets.answer(asked))
    registry.exchange(before)
    assert wallets.state(ordered) == "pending"


def test_the_journal_says_nothing_of_anybody(wallets: Wallets, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        ordered, other = wallets.ordered(), wallets.ordered()
        asked = wallets.asked(ordered)
        opaque(wallets.post(asked, {"response": "no.answer.of.any.kind"}))
        wallets.answer(asked)
        failing = wallets.asked(other)
        wallets.answer(failing, wallets.vp_token(failing, replace(PID, bound_by="th-kitti")))
        claims = wallets.seen(ordered)["report"]["claims"]

    own = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore", "asyncio"))]
    written = " ".join(record.getMessage() for record in own)
    for text in (claims["name"]["display"], claims["birthdate"], ordered["id"], ordered["page"].rpartition("/")[2]):
        assert text not in written


def test_nobody_learns_from_what_is_kept_who_answered(wallets: Wallets) -> None:
    ordered = wallets.ordered(dcql=PID_QUERY)
    wallets.answer(wallets.asked(ordered))
    name = wallets.seen(ordered)["report"]["claims"]["name"]["display"]
    held = wallets.node.app.state.parts.stores.sealed.held

    assert name.encode() not in b"".join(value.octets for value in held.values())
