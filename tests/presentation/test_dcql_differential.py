"""Generated queries and presentations, judged here and by the npm package `dcql`: we are never the more lenient."""

import random
from collections import Counter
from typing import Any, Final

from idbridge.errors import RequestError
from idbridge.presentation.dcql import parse_query
from idbridge.presentation.fulfilment import fulfilment
from tests.interop.foreign import run_node
from tests.presentation.dcql_kit import of_npm

CASES: Final = 600
FORMATS: Final = ("dc+sd-jwt", "mso_mdoc", "jwt_vc_json")
TYPES: Final = ("urn:t:1", "urn:t:2", "urn:t:3")
AUTHORITIES: Final = (("aki", "AQID"), ("aki", "BAUG"), ("etsi_tl", "https://list.example"))
VALUES: Final = ("SG", "TH", 1, 2, True, False)
NAMES: Final = ("a", "b", "c")


class Generator:
    """Queries over a small vocabulary, so that they are met often, and presentations that nearly meet them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def case(self) -> dict[str, Any]:
        ids = [f"q{n}" for n in range(self._random.randint(1, 3))]
        credentials = [self._credential_query(one) for one in ids]
        query: dict[str, Any] = {"credentials": credentials}
        if self._often(0.4):
            query["credential_sets"] = [self._set(ids) for _ in range(self._random.randint(1, 2))]
        sent = {one["id"]: self._answers(one) for one in credentials if self._often(0.8)}
        if self._often(0.03):
            sent["stranger"] = [self._credential(credentials[0])]
        return {"query": query, "presentation": sent}

    def _often(self, share: float) -> bool:
        return self._random.random() < share

    def _set(self, ids: list[str]) -> dict[str, Any]:
        options = [self._random.sample(ids, self._random.randint(1, len(ids))) for _ in range(2)]
        return {"options": options, **({"required": self._often(0.5)} if self._often(0.5) else {})}

    def _credential_query(self, name: str) -> dict[str, Any]:
        format_ = self._random.choice(FORMATS)
        query: dict[str, Any] = {"id": name, "format": format_, "meta": self._meta(format_)}
        if self._often(0.2):
            query["multiple"] = self._often(0.7)
        if self._often(0.4):
            query["require_cryptographic_holder_binding"] = self._often(0.5)
        if self._often(0.3):
            kind, value = self._random.choice(AUTHORITIES)
            query["trusted_authorities"] = [{"type": kind, "values": [value]}]
        if self._often(0.8):
            query["claims"] = self._claims(mdoc=format_ == "mso_mdoc")
            if self._often(0.4):
                ids = [claim["id"] for claim in query["claims"]]
                query["claim_sets"] = [self._random.sample(ids, self._random.randint(1, len(ids))) for _ in range(2)]
        return query

    def _meta(self, format_: str) -> dict[str, Any]:
        if format_ == "mso_mdoc":
            return {"doctype_value": self._random.choice(TYPES)}
        chosen = self._random.sample(TYPES, self._random.randint(1, 2))
        return {"vct_values": chosen} if format_ == "dc+sd-jwt" else {"type_values": [chosen]}

    def _claims(self, *, mdoc: bool) -> list[dict[str, Any]]:
        paths = (
            [["x", name] for name in NAMES]
            if mdoc
            else [["a"], ["b"], ["o", "a"], ["l", None], ["l", 0], ["d", None, "a"]]
        )
        claims = []
        for place, path in enumerate(self._random.sample(paths, self._random.randint(1, 3))):
            claim: dict[str, Any] = {"id": f"k{place}", "path": path}
            if self._often(0.4):
                claim["values"] = self._random.sample(VALUES, self._random.randint(1, 4))
            claims.append(claim)
        return claims

    def _answers(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        several = 2 if query.get("multiple") and self._often(0.5) else 2 if self._often(0.03) else 1
        return [self._credential(query) for _ in range(several)]

    def _credential(self, query: dict[str, Any]) -> dict[str, Any]:
        format_ = query["format"] if self._often(0.95) else self._random.choice(FORMATS)
        one: dict[str, Any] = {"credential_format": format_, "cryptographic_holder_binding": self._often(0.85)}
        if self._often(0.5):
            kind, value = self._random.choice(AUTHORITIES)
            one["authority"] = {"type": kind, "values": [value]}
        if format_ == "mso_mdoc":
            return {**one, "doctype": self._type(query), "namespaces": {"x": self._object()}}
        types = {"vct": self._type(query)} if format_ == "dc+sd-jwt" else {"type": self._types(query)}
        return {**one, **types, "claims": self._json()}

    def _type(self, query: dict[str, Any]) -> str:
        meta = query["meta"]
        asked = meta.get("doctype_value") or (meta.get("vct_values") or TYPES)[0]
        return str(asked) if self._often(0.85) else self._random.choice(TYPES)

    def _types(self, query: dict[str, Any]) -> list[str]:
        (asked,) = query["meta"].get("type_values") or [list(TYPES)]
        return list(asked) if self._often(0.8) else [self._random.choice(TYPES)]

    def _object(self) -> dict[str, Any]:
        return {name: self._random.choice((*VALUES, None)) for name in NAMES if self._often(0.8)}

    def _json(self) -> dict[str, Any]:
        claims = self._object()
        if self._often(0.8):
            claims["o"] = self._object() if self._often(0.9) else "text"
        if self._often(0.8):
            claims["l"] = [self._random.choice(VALUES) for _ in range(self._random.randint(0, 3))]
        if self._often(0.8):
            claims["d"] = [self._object() for _ in range(self._random.randint(0, 2))]
        return claims


def ours(case: dict[str, Any]) -> str:
    try:
        query = parse_query(case["query"])
    except RequestError:
        return "malformed"
    answers = {name: tuple(of_npm(one) for one in sent) for name, sent in case["presentation"].items()}
    return "satisfied" if fulfilment(query, answers).satisfied else "unsatisfied"


def why_stricter(case: dict[str, Any]) -> str | None:
    """Return why we may be the stricter one: two things that the peer lets pass and section 7 does not."""
    steps = {step for one in case["query"]["credentials"] for claim in one.get("claims", ()) for step in claim["path"]}
    if any(isinstance(step, int) for step in steps):
        return "an index selects any element there, and here the one that was signed at it"
    arrays = [
        sent["claims"].get(name)
        for one in case["presentation"].values()
        for sent in one
        if "claims" in sent
        for name in ("l", "d")
    ]
    if None in steps and [] in arrays:
        return "null selects from an empty array there, and here nothing"
    return None


def test_nothing_is_satisfied_here_that_the_peer_refuses_and_every_difference_has_a_name() -> None:
    generator = Generator(20261128)
    cases = [generator.case() for _ in range(CASES)]
    theirs = run_node("judge_dcql.mjs", {"cases": cases})["outcomes"]
    seen: Counter[tuple[str, str]] = Counter()
    for case, their in zip(cases, theirs, strict=True):
        our = ours(case)
        seen[our, their] += 1
        if our == their or their == "broken":
            continue
        assert (our, their) == ("unsatisfied", "satisfied"), case
        assert why_stricter(case) is not None, case

    assert seen["satisfied", "satisfied"] > CASES / 20
    assert seen["unsatisfied", "unsatisfied"] > CASES / 20
    assert sum(count for (_, their), count in seen.items() if their == "broken") < CASES / 10
