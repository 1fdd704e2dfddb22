"""Faults by name: each is noticed by whoever looks, for the right reason, and gone once it is switched off."""

import pytest

from idbridge.oidc.parameters import Parameters
from idbridge.oidc.upstream import PendingLogin, read_authorization_response
from idbridge.oidc.upstream_errors import UpstreamError
from idbridge.reasons import Indication
from idbridge.sandbox.idp.faults import TITLES, ProviderFault
from tests.sandbox.idp.kit import Visit, document, error_of, location, visit

IN_TOKENS = {
    ProviderFault.INVALID_ISS: "issuer.unknown",
    ProviderFault.INVALID_AUD: "oidc.audience_mismatch",
    ProviderFault.INVALID_ALG_HEADER: "jose.alg_not_allowed",
    ProviderFault.INVALID_SIGNATURE: "jose.signature_invalid",
    ProviderFault.TOKEN_EXPIRED: "time.expired",
    ProviderFault.TOKEN_NOT_VALID_YET: "time.not_yet_valid",
    ProviderFault.NONCE_NOT_MATCHING: "oidc.nonce_mismatch",
    ProviderFault.INCORRECT_ACR: "recognition.loa_too_low",
    ProviderFault.MISSING_ACR: "recognition.loa_too_low",
}
IN_RESPONSES = {
    ProviderFault.INVALID_RESPONSE_ISS: "issuer_mismatch",
    ProviderFault.MISSING_RESPONSE_ISS: "issuer_missing",
}
IN_ANSWERS = {
    ProviderFault.ACCESS_DENIED: "access_denied",
    ProviderFault.TEMPORARILY_UNAVAILABLE: "temporarily_unavailable",
}


def switch(at_provider: Visit, fault: ProviderFault, *, on: bool) -> None:
    path = f"/sandbox/faults/{fault}" + ("" if on else "?on=false")
    answer = at_provider.send("POST", path, host="127.0.0.1:4001")
    assert {"name": fault, "title": TITLES[fault], "on": on} in document(answer)["faults"]


def test_every_fault_has_a_title_and_is_noticed_below() -> None:
    assert set(TITLES) == set(ProviderFault) == IN_TOKENS.keys() | IN_RESPONSES.keys() | IN_ANSWERS.keys()


@pytest.mark.parametrize(("fault", "code"), IN_TOKENS.items())
def test_a_token_that_is_wrong_is_refused_for_what_is_wrong_with_it(fault: ProviderFault, code: str) -> None:
    at_provider = visit("sg-login")
    switch(at_provider, fault, on=True)
    wrong = at_provider.judged(at_provider.tokens())
    switch(at_provider, fault, on=False)
    good = at_provider.judged(at_provider.tokens())

    assert wrong.indication is not Indication.PASSED
    assert wrong.reason is not None
    assert wrong.reason.code == code
    assert good.indication is Indication.PASSED


def test_a_level_goes_missing_under_the_name_that_the_list_gives_it() -> None:
    at_provider = visit("th-login")
    switch(at_provider, ProviderFault.MISSING_ACR, on=True)

    report = at_provider.judged(at_provider.tokens())

    assert report.findings.credential is not None
    assert report.findings.credential.national_level is None


def test_several_faults_are_wrong_at_once() -> None:
    at_provider = visit("sg-login")
    for fault in (ProviderFault.INVALID_AUD, ProviderFault.TOKEN_EXPIRED, ProviderFault.MISSING_ACR):
        switch(at_provider, fault, on=True)

    report = at_provider.judged(at_provider.tokens())
    refused = {check.reason.code for check in report.checks if check.reason is not None}

    assert refused >= {"oidc.audience_mismatch", "time.expired"}


@pytest.mark.parametrize(("fault", "found"), IN_RESPONSES.items())
def test_a_response_of_another_issuer_or_of_none_is_noticed(fault: ProviderFault, found: str) -> None:
    at_provider = visit("sg-login")
    switch(at_provider, fault, on=True)
    told = location(at_provider.choose(at_provider.begin(state="s" * 22)))
    pending = PendingLogin(
        issuer=at_provider.provider.listed.issuer,
        state="s" * 22,
        nonce="n" * 22,
        code_verifier="v" * 43,
        names_issuer=True,
    )

    with pytest.raises(UpstreamError) as caught:
        read_authorization_response(Parameters.of({name: [value] for name, value in told.items()}), pending)

    assert caught.value.fault.value == found


@pytest.mark.parametrize(("fault", "error"), IN_ANSWERS.items())
@pytest.mark.parametrize("service", ["sg-login", "my-login", "kh-login"])
def test_a_provider_that_lets_nobody_in_says_so_to_the_client(service: str, fault: ProviderFault, error: str) -> None:
    at_provider = visit(service)
    switch(at_provider, fault, on=True)

    told = location(at_provider.begin())

    assert (told["error"], told["state"]) == (error, "state-1")


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "sandbox.login.sg.example"},
        {"host": "evil.example:4001"},
        {"host": "[::1"},
        {"host": ""},
        {"host": "127.0.0.1:4001", "origin": "https://evil.example"},
        {"host": "127.0.0.1:4001", "sec_fetch_site": "cross-site"},
        {"host": "127.0.0.1:4001", "x_forwarded_for": "10.0.0.1"},
    ],
)
def test_no_page_and_nobody_elsewhere_finds_a_switch(headers: dict[str, str]) -> None:
    at_provider = visit("sg-login")

    assert error_of(at_provider.send("GET", "/sandbox/faults", **headers), 404) == "invalid_request"
    assert at_provider.send("GET", "/sandbox/faults", host="127.0.0.1:4001").status == 200
    assert at_provider.send("GET", "/sandbox/faults", host="localhost:4001").status == 200


@pytest.mark.parametrize("path", ["/sandbox/faults/NOTHING", "/sandbox/keys/nothing", "/sandbox/other"])
def test_a_switch_that_does_not_exist_is_not_there(path: str) -> None:
    assert error_of(visit("sg-login").send("POST", path, host="127.0.0.1"), 404) == "invalid_request"
