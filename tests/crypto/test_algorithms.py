import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.crypto.algorithms import ALGORITHMS, Algorithm, KeyType, find, permitted
from idbridge.errors import JoseError


def test_the_table_is_closed() -> None:
    assert set(ALGORITHMS) == {"ES256", "ES384", "ES512", "Ed25519", "EdDSA", "PS256", "RS256"}
    with pytest.raises(TypeError):
        ALGORITHMS["HS256"] = ALGORITHMS["ES256"]  # type: ignore[index]


def test_nothing_symmetric_can_be_constructed() -> None:
    assert {key_type.value for key_type in KeyType} == {"EC", "OKP", "RSA"}
    with pytest.raises(ValueError, match="oct"):
        KeyType("oct")
    with pytest.raises(ValueError, match="curve"):
        Algorithm("HS256", KeyType.EC, None, 32)
    with pytest.raises(ValueError, match="curve"):
        Algorithm("RS256", KeyType.RSA, "P-256", None)


@given(st.sampled_from([upper + lower for upper in ("n", "N") for lower in ("one", "ONE", "oNe", "OnE")]))
def test_none_is_told_from_other_unknown_names_in_every_case(name: str) -> None:
    with pytest.raises(JoseError) as caught:
        find(name)

    assert caught.value.code == "jose.alg_none"


@given(st.text().filter(lambda name: name not in ALGORITHMS and name.strip().casefold() != "none"))
def test_every_other_name_is_not_allowed(name: str) -> None:
    with pytest.raises(JoseError) as caught:
        find(name)

    assert caught.value.code == "jose.alg_not_allowed"


def test_an_alias_is_permitted_where_its_algorithm_is_and_the_other_way_round() -> None:
    assert find("EdDSA") is find("Ed25519")
    assert permitted("EdDSA", frozenset({"Ed25519"}))
    assert permitted("Ed25519", frozenset({"EdDSA"}))
    assert not permitted("ES256", frozenset({"ES384", "EdDSA"}))
    assert not permitted("HS256", frozenset({"ES256"}))
    assert not permitted("ES256", frozenset())
