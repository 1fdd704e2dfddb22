import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.assertion.pseudonym import PairwiseKey, Whose, pairwise
from idbridge.codec import base64url
from idbridge.errors import ConfigurationError
from idbridge.model.region import MemberState
from idbridge.model.trust import IdentifierPersistence

KEY = PairwiseKey(bytes(range(32)))
LASTING, TRANSIENT = IdentifierPersistence.LASTING, IdentifierPersistence.TRANSIENT
WORD = st.text(min_size=1, max_size=8)


def subject(
    *,
    key: PairwiseKey = KEY,
    state: MemberState = MemberState.SG,
    provider: str = "https://login.sg.example",
    value: str | None = "1042",
    sector: str = "banking",
    persistence: IdentifierPersistence = LASTING,
    transaction: str = "report-1",
) -> str:
    whose = Whose(
        home_state=state,
        provider=provider,
        subject=value,
        sector=sector,
        persistence=persistence,
        transaction=transaction,
    )
    return pairwise(key, whose)


@pytest.mark.parametrize("octets", [b"", bytes(31), bytes(32), b"\xff" * 64, bytes(range(31))])
def test_a_key_that_could_be_guessed_is_refused(octets: bytes) -> None:
    with pytest.raises(ConfigurationError) as caught:
        PairwiseKey(octets)

    assert caught.value.code == "system.configuration"


def test_a_key_is_never_shown() -> None:
    assert "\\x01" not in repr(KEY)
    assert repr(KEY) == "PairwiseKey()"


@pytest.mark.parametrize("field", ["provider", "value", "sector", "transaction"])
def test_an_empty_field_is_refused_because_everybody_would_share_one_name(field: str) -> None:
    with pytest.raises(ValueError, match="needs a provider"):
        subject(**{field: ""})  # type: ignore[arg-type] - one of four names, all of them texts


def test_the_same_value_at_two_providers_is_two_people() -> None:
    assert subject(provider="https://login.sg.example") != subject(provider="https://wallet.sg.example")


@pytest.mark.parametrize(
    "other",
    [
        {"sector": "health"},
        {"value": "1043"},
        {"state": MemberState.TH},
        {"key": PairwiseKey(bytes(range(1, 33)))},
        {"persistence": TRANSIENT},
    ],
)
def test_whatever_differs_gives_another_name(other: dict[str, object]) -> None:
    assert subject(**other) != subject()  # type: ignore[arg-type] - parameters of ``subject``, by name


def test_fields_do_not_run_into_each_other() -> None:
    assert subject(value="10", sector="42banking") != subject(value="1042", sector="banking")
    assert subject(provider="https://a.example/1", value="0") != subject(provider="https://a.example/", value="10")


def test_a_lasting_identifier_gives_the_same_name_in_every_transaction() -> None:
    assert subject(transaction="report-1") == subject(transaction="report-2")


def test_a_transient_identifier_gives_another_name_in_every_transaction() -> None:
    first = subject(persistence=TRANSIENT, transaction="report-1")

    assert first != subject(persistence=TRANSIENT, transaction="report-2")
    assert first == subject(persistence=TRANSIENT, transaction="report-1")


def test_two_people_whose_identifier_is_not_disclosed_never_share_a_name() -> None:
    assert subject(value=None, transaction="report-1") != subject(value=None, transaction="report-2")


@settings(max_examples=50)
@given(WORD, WORD, WORD)
def test_two_sectors_never_see_the_same_name(value: str, one: str, other: str) -> None:
    assert (subject(value=value, sector=one) == subject(value=value, sector=other)) is (one == other)


def test_the_name_is_the_hmac_that_the_decision_record_describes() -> None:
    def field(octets: bytes) -> bytes:
        return len(octets).to_bytes(4, "big") + octets

    provider = field(b"https://login.sg.example") + field(b"1042")
    message = field(b"SG") + field(provider) + field(b"banking") + field(b"")

    assert subject() == base64url.encode(hmac.new(KEY.octets, message, hashlib.sha256).digest())
