"""One exit table: what a command ends with follows from the outcome and from nothing else."""

import pytest

from idbridge.cli.exits import MEANINGS, Exit, of_error, of_indication
from idbridge.errors import (
    ConfigurationError,
    FetchError,
    IdBridgeError,
    InputError,
    IssuerError,
    JoseError,
    RequestError,
    TrustError,
)
from idbridge.model.check import CheckPoint, Refused, Step
from idbridge.reasons import REASONS, Indication


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TrustError("trust.rollback"), Exit.TRUST_UNUSABLE),
        (TrustError("trust.stale"), Exit.TRUST_UNUSABLE),
        (Refused(CheckPoint("trust.1", Step.V3, "x").refused("trust.stale")), Exit.TRUST_UNUSABLE),
        (FetchError("unreachable"), Exit.TRUST_UNUSABLE),
        (ConfigurationError("no such directory"), Exit.LOCAL),
        (RequestError("input.request_malformed"), Exit.USAGE),
        (InputError("input.malformed"), Exit.REFUSED),
        (IssuerError("issuer.unknown"), Exit.REFUSED),
        (JoseError("jose.kid_unknown"), Exit.INDETERMINATE),
    ],
)
def test_a_failure_ends_with_the_code_of_its_kind(error: IdBridgeError, expected: Exit) -> None:
    assert of_error(error) is expected


def test_no_refusal_of_the_catalogue_ends_as_done() -> None:
    def raised(code: str) -> IdBridgeError:
        error = IdBridgeError(code)
        error.code = code
        return error

    assert all(of_error(raised(code)) is not Exit.DONE for code in REASONS)


def test_only_a_passed_verification_ends_as_done() -> None:
    assert [of_indication(one) for one in Indication] == [Exit.DONE, Exit.REFUSED, Exit.INDETERMINATE]


def test_the_table_is_the_published_one() -> None:
    assert {int(code): words for code, words in MEANINGS.items()} == {
        0: "accepted or done",
        1: "refused, differences or something due",
        2: "usage",
        3: "indeterminate",
        4: "trust material unusable",
        5: "local files or configuration",
        6: "confirmation or threshold missing",
        70: "internal error",
    }
