"""Minting: the input of a case, made for one region and one instant.

The same region, instant and randomness give the same input, save for signatures of algorithms that are randomised
themselves (ECDSA and RSA-PSS).
"""

import json
from datetime import datetime
from http import HTTPStatus
from typing import Any

from idbridge.model.randomness import Randomness
from idbridge.reasons import reason
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.case import Case, Exchange, Kind, MintedCase
from idbridge.sandbox.catalogue import entries
from idbridge.sandbox.edits import edited
from idbridge.sandbox.entry import Entry
from idbridge.sandbox.parties import Registration
from idbridge.sandbox.people import Population, population
from idbridge.sandbox.recipe import Ask, Nonce, Shown
from idbridge.sandbox.region import Region
from idbridge.sandbox.replays import IDEMPOTENCY_KEY, switched
from idbridge.trust.snapshot import TrustSnapshot


def mint(
    case: Case, *, region: Region, at: datetime, randomness: Randomness, trust: TrustSnapshot | None = None
) -> MintedCase:
    """Return ``case`` with its input made in ``region`` at the instant ``at``.

    ``trust`` is the region's snapshot, for callers that mint many cases and make it once.

    Raises:
        LookupError: The catalogue has no recipe for the case: its input is not something that is sent.
        ValueError: The case is put to a node of another environment than the region's.
    """
    written = entries().get(case.name)
    if written is None:
        raise LookupError(f"case {case.name} puts nothing before a node that could be sent")
    return mint_entry(Entry(case, written.recipe), region=region, at=at, randomness=randomness, trust=trust)


def mint_entry(
    written: Entry,
    *,
    region: Region,
    at: datetime,
    randomness: Randomness,
    trust: TrustSnapshot | None = None,
    everybody: Population | None = None,
) -> MintedCase:
    """Return the case of ``written``, which need not be of the catalogue, with its input made. See ``mint``.

    ``everybody`` are the people of the region, if they go by other numbers than its table says.

    Raises:
        ValueError: The case is put to a node of another environment than the region's.
    """
    case = written.case
    if case.environment is not region.environment:
        raise ValueError(f"case {case.name} is put to a node of {case.environment}")
    recipe, bench = written.recipe, Bench(region, at, randomness, trust, everybody or population())
    asking = region.registration(str(case.relying_party))
    shown = recipe.source.shown(bench, to=asking)
    exchange = _exchange(case, recipe.ask, shown, asking=asking, bench=bench)
    problem = None if _is_verdict(case) else reason(str(case.code)).http_status
    return MintedCase(
        case=case,
        method=exchange.method,
        path=exchange.path,
        headers=exchange.headers,
        body=exchange.body,
        expect_status=problem or HTTPStatus.OK,
        expect_indication=None if problem else case.indication,
        expect_code=case.code,
        before=(*recipe.ask.before(exchange), *switched(recipe.ask.fault, on=True)),
        after=switched(recipe.ask.fault, on=False),
    )


def _is_verdict(case: Case) -> bool:
    """Tell whether the answer is a report; a broken request and a node that cannot answer get a problem instead."""
    broken = case.kind in (Kind.REQUEST, Kind.FAULT) and case.code is not None
    return not (broken and reason(str(case.code)).http_status is not None)


def _exchange(case: Case, ask: Ask, shown: Shown, *, asking: Registration, bench: Bench) -> Exchange:
    """Return the request that puts what was shown to the node."""
    expected = edited(_expected(ask.nonce, shown, bench=bench), ask.expected, at=bench.at)
    body: dict[str, Any] = {"credential": shown.credential, "purpose": case.purpose, "claims": list(ask.claims)}
    body |= shown.beside
    if expected:
        body["expected"] = expected
    key = bench.region.keys.api[asking.relying_party.id]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    if ask.keyed:
        headers[IDEMPOTENCY_KEY] = bench.nonce()
    octets = json.dumps(edited(body, ask.body, at=bench.at), ensure_ascii=False).encode()
    return Exchange(ask.method, ask.path, edited(headers, ask.request_headers, at=bench.at), ask.sent(octets))


def _expected(nonce: Nonce, shown: Shown, *, bench: Bench) -> dict[str, Any]:
    """Return what the relying party expects: of the nonce nothing, if it did not ask for one."""
    if nonce is Nonce.ANOTHER:
        return {"nonce": bench.nonce(), **shown.expected}
    return {"nonce": shown.nonce, **shown.expected} if nonce is Nonce.SENT and shown.nonce else dict(shown.expected)
