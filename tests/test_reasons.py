"""The reason catalogue has no gap, speaks plainly, and names exactly what the code can say."""

import ast
import re

import pytest

from idbridge.errors import RequestError
from idbridge.reasons import GROUPS, REASONS, Indication, Reason, read_catalogue, reason
from tests.source import called_name, name_of, nodes, source_files, strings

ENTRY = """
[time.expired]
clause = "RFC 7519 section 4.1.4"
sub_indication = "EXPIRED"
remedy = "Ask for a new one."
person = "It has expired."
business = "Do not accept this."
developer = "Past its expiry."
"""
CODE = re.compile(rf"(?:{'|'.join(GROUPS)})\.[a-z][a-z_]*")
FILE_NAMES = re.compile(r".*\.(?:json|toml|jws|jwk|pem|py|md|txt|yaml|sqlite)")
BANNED = re.compile(r"credential|token|signatur|issuer", re.IGNORECASE)
PLAIN = [pytest.param(entry, id=code) for code, entry in sorted(REASONS.items())]
# The sub-indications of ETSI EN 319 102-1, section 5.1.3, as the DSS library spells them.
SUB_INDICATIONS = frozenset({
    "FORMAT_FAILURE", "HASH_FAILURE", "SIG_CRYPTO_FAILURE", "REVOKED", "EXPIRED", "NOT_YET_VALID",
    "SIG_CONSTRAINTS_FAILURE", "CHAIN_CONSTRAINTS_FAILURE", "CERTIFICATE_CHAIN_GENERAL_FAILURE",
    "CRYPTO_CONSTRAINTS_FAILURE", "POLICY_PROCESSING_ERROR", "SIGNATURE_POLICY_NOT_AVAILABLE",
    "TIMESTAMP_ORDER_FAILURE", "NO_SIGNING_CERTIFICATE_FOUND", "NO_CERTIFICATE_CHAIN_FOUND",
    "REVOKED_NO_POE", "REVOKED_CA_NO_POE", "OUT_OF_BOUNDS_NOT_REVOKED", "OUT_OF_BOUNDS_NO_POE",
    "CRYPTO_CONSTRAINTS_FAILURE_NO_POE", "NO_POE", "TRY_LATER", "SIGNED_DATA_NOT_FOUND",
})  # fmt: skip


def named_codes(*packages: str) -> dict[str, str]:
    """Every string in the code that looks like a reason code, with one place where it stands."""
    return {
        text: f"{name_of(path)}:{line}"
        for path in source_files(*packages)
        for text, line in strings(path)
        if CODE.fullmatch(text) and not FILE_NAMES.fullmatch(text)
    }


@pytest.mark.parametrize("member", ["clause", "sub_indication", "remedy", "person", "business", "developer"])
@pytest.mark.parametrize("gap", ["", '{} = ""', '{} = "  "'])
def test_a_catalogue_with_a_gap_is_refused(member: str, gap: str) -> None:
    text = re.sub(rf"^{member} = .*$", gap.format(member), ENTRY, flags=re.MULTILINE)

    with pytest.raises(ValueError, match=f"time.expired has no {member}"):
        read_catalogue(text)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "is empty"),
        (ENTRY.replace("[time.", "[weather."), "unknown group weather"),
        (ENTRY + 'hint = "A member nobody reads."\n', "does not know"),
        (ENTRY + "retryable = true\n", "after how long"),
        (ENTRY + "retry_after_s = 5\n", "after how long"),
        (ENTRY + 'indication = "MAYBE"\n', "MAYBE"),
    ],
)
def test_a_catalogue_that_breaks_its_own_rules_is_refused(text: str, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        read_catalogue(text)


def test_an_entry_without_more_is_a_verdict_that_failed_and_is_not_worth_repeating() -> None:
    (entry,) = read_catalogue(ENTRY).values()

    assert (entry.code, entry.group, entry.indication) == ("time.expired", "time", Indication.FAILED)
    assert (entry.retryable, entry.retry_after, entry.http_status) == (False, None, None)


def test_an_unknown_code_is_a_programming_error() -> None:
    with pytest.raises(LookupError, match=r"time\.never"):
        reason("time.never")


def test_a_verdict_cannot_answer_a_broken_request() -> None:
    with pytest.raises(ValueError, match="verdict"):
        RequestError("time.expired")


@pytest.mark.parametrize("entry", PLAIN)
def test_the_sentences_for_a_person_and_a_business_are_plain(entry: Reason) -> None:
    for sentence in (entry.person, entry.business):
        assert not BANNED.search(sentence)
        assert "`" not in sentence


@pytest.mark.parametrize("entry", PLAIN)
def test_every_sentence_is_finished_and_short(entry: Reason) -> None:
    for sentence in (entry.remedy, entry.person, entry.business, entry.developer):
        assert sentence[0].isupper() or sentence[0] == "`"
        assert sentence.endswith(".")
        assert "PENDING" not in sentence
        assert 20 <= len(sentence) <= 180


@pytest.mark.parametrize("entry", PLAIN)
def test_what_is_indeterminate_says_so_and_what_failed_never_does(entry: Reason) -> None:
    undecided = entry.indication is Indication.INDETERMINATE

    assert entry.retryable is undecided
    for sentence in (entry.person, entry.business):
        assert ("We cannot tell yet" in sentence) is undecided


@pytest.mark.parametrize("entry", PLAIN)
def test_an_entry_never_means_passed_and_maps_to_a_sub_indication_that_exists(entry: Reason) -> None:
    assert entry.indication is not Indication.PASSED
    assert entry.sub_indication in SUB_INDICATIONS


def test_no_two_codes_share_their_developer_sentence() -> None:
    sentences = [entry.developer for entry in REASONS.values()]

    assert len(set(sentences)) == len(sentences)


def test_each_http_status_is_an_error_status_that_the_contract_knows() -> None:
    statuses = {entry.http_status for entry in REASONS.values()} - {None}

    assert statuses <= {400, 401, 403, 404, 405, 409, 412, 413, 415, 428, 429, 500, 503}


def test_every_code_that_the_code_names_is_in_the_catalogue() -> None:
    unknown = {code: place for code, place in named_codes().items() if code not in REASONS}

    assert not unknown


def test_every_code_that_answers_a_broken_request_has_an_http_status() -> None:
    verdicts = {
        (name_of(path), argument.value)
        for path in source_files()
        for node in nodes(path)
        if isinstance(node, ast.Call) and called_name(node) == "RequestError"
        for argument in node.args[:1]
        if isinstance(argument, ast.Constant) and REASONS[str(argument.value)].http_status is None
    }

    assert not verdicts


def test_every_code_of_the_catalogue_is_said_somewhere() -> None:
    said = {
        code
        for path in source_files()
        if not name_of(path).startswith("idbridge/sandbox/")  # a case expects a code, it does not emit it
        for code, _ in strings(path)
    }

    assert not set(REASONS) - said
