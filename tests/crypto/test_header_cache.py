"""Parsed headers are kept within a bound, because anybody can make a header."""

import json

from idbridge.codec import base64url
from idbridge.crypto.header import HeaderCache, HeaderRules
from idbridge.limits import LIMITS

RULES = HeaderRules(types=frozenset({"jwt"}))


def header(kid: str) -> str:
    return base64url.encode(json.dumps({"alg": "ES256", "typ": "JWT", "kid": kid}).encode())


def test_more_headers_than_the_limit_are_never_kept() -> None:
    cache = HeaderCache()
    for number in range(LIMITS.header_cache_entries):
        cache.header(header(str(number)), RULES)
    assert len(cache) == LIMITS.header_cache_entries

    cache.header(header("one more"), RULES)

    assert len(cache) <= LIMITS.header_cache_entries
    assert cache.header(header("0"), RULES).kid == "0"
