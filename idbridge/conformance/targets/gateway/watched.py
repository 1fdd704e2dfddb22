"""Privacy: what a gateway says beside what was asked of it, about a person whom the suite would know anywhere.

The markers of the person are the values of a credential that the suite made. What is released to the one who asked may
hold them; a problem, a header field, an address or an answer to a wallet may not.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from idbridge.conformance.targets.gateway import provider, wallets
from idbridge.conformance.targets.gateway.edge import minted, told
from idbridge.conformance.targets.gateway.findings import refusal
from idbridge.conformance.targets.gateway.suite import TOKEN, Suite
from idbridge.conformance.targets.gateway.tokens import VERIFY, exchange_form, payload_of
from idbridge.conformance.targets.idp.wire import Reply
from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.sandbox.catalogue import case_named
from idbridge.sandbox.mint import mint
from idbridge.sandbox.people import population

LEAK: Final = "privacy.leak"
WITHHELD: Final = "privacy.withheld"
_OF_THE_PERSON_ALONE: Final = ("birthdate", "address", "phone_number", "email", "personal_number")
_CREDENTIAL_PIECE: Final = 40  # octets of a credential that stand nowhere by chance
PERSON_CASE: Final = "sg-pid-opens-account"


def markers_of_person() -> tuple[str, ...]:
    """Return the words that are of the person alone."""
    person = population().people[wallets.PERSON]
    return (person.display, person.subject, *(str(person.facts[name]) for name in _OF_THE_PERSON_ALONE))


def leaked(reply: Reply, markers: Iterable[str], *, body: bool) -> Finding | None:
    """Return where in an answer a marker stands: in its header fields, and in its body if ``body`` is looked at."""
    for name, value in reply.headers.items():
        if any(marker in value for marker in markers):
            return Finding(LEAK, f"the header field {name} holds a marker")
    text = reply.body.decode("utf-8", "replace") if body else ""
    if any(marker in text for marker in markers):
        return Finding(LEAK, "the body holds a marker")
    return None


def pieces_of(credential: str) -> tuple[str, ...]:
    """Return what would show that a credential is repeated: its beginning, its middle and its end."""
    middle = len(credential) // 2
    return (
        credential[:_CREDENTIAL_PIECE], credential[middle : middle + _CREDENTIAL_PIECE], credential[-_CREDENTIAL_PIECE:]
    )  # fmt: skip


def repeats_nothing(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Put a case, and look for the person and the credential in everything that comes back.

    ``claims`` are asked for instead of those of the case, where it would be accepted. ``problem`` spoils the request
    too: ``member`` adds one that is unknown, named after the person; ``cut`` cuts it.
    """
    made = minted(suite, parameters.get("case", PERSON_CASE))
    document, markers = made.document(), markers_of_person()
    document |= {"claims": parameters["claims"]} if "claims" in parameters else {}
    credential = str(document["credential"])
    body = _SPOILED[parameters.get("problem", "none")](document, credential)
    reply = suite.wire.send(made.method, parameters.get("path", made.path), headers=made.headers, body=body)
    found = leaked(reply, (*markers, *pieces_of(credential)), body=True)
    return found or told(reply)


_SPOILED: Final[Mapping[str, Callable[[Mapping[str, Any], str], bytes]]] = MappingProxyType({
    "none": lambda document, _credential: json.dumps(document).encode(),
    "member": lambda document, credential: json.dumps({**document, credential[:200]: credential}).encode(),
    "cut": lambda document, _credential: json.dumps(document).encode()[:-1],
    "purpose": lambda document, credential: json.dumps({**document, "purpose": credential[:120]}).encode(),
    "format": lambda document, credential: json.dumps({**document, "format": credential[:120]}).encode(),
})  # fmt: skip


def releases_what_was_asked(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Ask for ``claims`` in ``detail``, and look for all but those of them that may be ``released`` in the answer."""
    made = minted(suite, PERSON_CASE)
    body = {**made.document(), "claims": parameters["claims"]}
    body |= {"detail": parameters["detail"]} if "detail" in parameters else {}
    reply = suite.wire.send(made.method, made.path, headers=made.headers, body=json.dumps(body).encode())
    refused = told(reply)
    if refused is not None:
        return refused
    claims = reply.document().get("claims", {})
    more = set(claims) - set(parameters.get("released", parameters["claims"]))
    if more:
        return Finding(LEAK, f"{', '.join(sorted(more))} is released, and nobody may know it")
    if held := set(parameters.get("released", parameters["claims"])) - set(claims):
        return Finding(WITHHELD, f"{', '.join(sorted(held))} is not released, though it was asked for")
    others = [marker for marker in markers_of_person() if marker not in json.dumps(claims, ensure_ascii=False)]
    return leaked(reply, (*others, *pieces_of(str(body["credential"]))), body=True)


def kept_by_nobody(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Look at whether an answer may be kept on the way: ``of`` a verdict, a problem, a token or a wallet's request."""
    reply = _ANSWERS[parameters["of"]](suite)
    refusal(reply)  # a failure of the server is no answer that could be looked at
    right = "no-store" in reply.headers.get("cache-control", "")
    return None if right else Finding("privacy.kept", f"{reply.url} may be kept by a cache")


def _verdict(suite: Suite) -> Reply:
    made = minted(suite, PERSON_CASE)
    return suite.wire.send(made.method, made.path, headers=made.headers, body=made.body)


def _problem(suite: Suite) -> Reply:
    return suite.wire.send("POST", VERIFY, headers=suite.access(), body=b"{")


def _exchanged(suite: Suite) -> Reply:
    return suite.post(TOKEN, exchange_form(suite, {}))


def _wallet_request(suite: Suite) -> Reply:
    return wallets.fetched(suite, wallets.ordered(suite).link)


def _presentation(suite: Suite) -> Reply:
    return wallets.seen(suite, wallets.ordered(suite))


def _pushed(suite: Suite) -> Reply:
    return suite.post(provider.PAR, {**suite.proves("suite-bank"), **suite.asked()})


_ANSWERS: Final[Mapping[str, Callable[[Suite], Reply]]] = MappingProxyType({
    "verdict": _verdict, "problem": _problem, "exchange": _exchanged, "wallet-request": _wallet_request,
    "presentation": _presentation, "pushed-request": _pushed,
})  # fmt: skip


def wallet_hears_nothing(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Answer as a wallet, good or spoiled, and look for the person in what the wallet hears."""
    one = wallets.ordered(suite)
    shown = wallets.presented(suite, one)
    state = suite.nonce() if parameters.get("spoiled") else one.claims["state"]
    reply = wallets.answered(suite, one, {"vp_token": {"pid": [shown]}, "state": state})
    found = leaked(reply, (*markers_of_person(), *pieces_of(shown)), body=True)
    return found or refusal(reply)


def addresses_say_nothing(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Look for what was asked for, and by whom, in the addresses that a person's browser or wallet is sent to."""
    if parameters["of"] == "wallet":
        addresses = wallets.ordered(suite, purpose_text="Marker of a purpose").link
    else:
        uri = provider.pushed(suite, purpose_text="Marker of a purpose")
        reply = suite.wire.send("GET", f"{provider.AUTHORIZE}?client_id=suite-bank&request_uri={uri}")
        refused = provider.landed(suite, reply)
        if refused is not None:
            return refused
        addresses = reply.headers.get("location", "")
    told_of = [word for word in ("Marker", "account-opening", "birthdate", "nonce-1", "state-1") if word in addresses]
    return Finding(LEAK, f"the address says {', '.join(told_of)}") if told_of else None


def pairwise(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Show one person to ``first`` and to ``second``, and compare the names that each is given for them."""
    names = [_named_for(suite, parameters[who], parameters.get("case", PERSON_CASE)) for who in ("first", "second")]
    same = names[0] == names[1]
    if parameters.get("same"):
        return None if same else Finding("privacy.pairwise", "one sector is given two names for one person")
    return Finding("privacy.pairwise", "two sectors are given one name for one person") if same else None


def _named_for(suite: Suite, party: str, case: str) -> str:
    chosen = replace(case_named(case), relying_party=party)
    made = mint(chosen, region=suite.region, at=suite.at, randomness=suite.randomness)
    audience = min(suite.region.registration(party).relying_party.audiences)
    body = {**made.document(), "claims": [], "assertion": {"audience": audience}}
    reply = suite.wire.send(made.method, made.path, headers=made.headers, body=json.dumps(body).encode())
    return str(payload_of(str(reply.document()["assertion"]))["sub"])


PROCEDURES: Final[Mapping[str, Procedure[Suite]]] = MappingProxyType({
    "quiet": repeats_nothing, "minimal": releases_what_was_asked, "uncached": kept_by_nobody,
    "wallet-hears": wallet_hears_nothing, "addresses": addresses_say_nothing, "pairwise": pairwise,
})  # fmt: skip
