"""Time evidence: what is proved to be older than the end of its issuer, by whose word, and what a report says of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from idbridge.crypto.signer import generate
from idbridge.errors import EvidenceError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.check import Result
from idbridge.model.denial import DenialTarget
from idbridge.model.evidence import TimeEvidence
from idbridge.model.region import MemberState
from idbridge.model.request import Detail, VerifyRequest
from idbridge.reasons import Indication
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.edits import ABSENT
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.receipts import Receipted
from idbridge.sandbox.recipe import Shown, Source
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.tlog import note, receipt
from idbridge.trust.deny_entry import key_target
from idbridge.trust.publish import ServiceMaterial
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.verify.report import Report
from idbridge.verify.time_evidence import witnessed
from idbridge.verify.verifier import Verifier
from tests.trust.denying import authorities, denial, listing, officers
from tests.verify.pretend import NOON, reasons, region, registered

KH, SG, TH, MY = MemberState.KH, MemberState.SG, MemberState.TH, MemberState.MY
CLOSED = datetime(2026, 5, 1, tzinfo=UTC)  # the office, as Cambodia lists it
SEEN = CLOSED - timedelta(days=1)
SECOND = timedelta(seconds=1)
RESIDENCE = Presentation("kh-residence-2025", "kh-sreymom", payload={"iat": datetime(2026, 4, 1, tzinfo=UTC)})
EVIDENCE = Receipted(RESIDENCE, seen=SEEN)


@cache
def here() -> TrustSnapshot:
    """What a node of the region trusts at noon."""
    return region().snapshot(at=NOON)


def question(source: Source = EVIDENCE, *, of: Region | None = None, seed: bytes = b"evidence") -> VerifyRequest:
    """The question of a telephone company of Cambodia to which ``source`` was shown."""
    bench = Bench(of or region(), NOON, SeededRandomness(seed))
    shown = source.shown(bench, to=bench.region.registration("kh-telco"))
    brought: Mapping[str, Any] = shown.beside.get("time_evidence", {})
    evidence = TimeEvidence(**brought) if brought else None
    asked = VerifyRequest(
        credential=shown.credential,
        relying_party=registered("kh-telco"),
        purpose="sim-registration",
        claims=("name",),
        time_evidence=evidence,
    )
    return replace(asked, expected=replace(asked.expected, nonce=shown.nonce))


def told(asked: VerifyRequest, *, trust: TrustSnapshot | None = None, at: datetime = NOON) -> Report:
    """The report on ``asked``."""
    return Verifier(trust=trust or here(), status=EMPTY_STATUS).verify(asked, at=at)


def changed(service: str, status: str, *, at: datetime) -> TrustSnapshot:
    """What a node trusts once ``service`` has had ``status`` since ``at``."""
    state = region().service(service).state
    return region().with_status(service, status, at=at).reissued(state, at=NOON).snapshot(at=NOON)


def denying(target: DenialTarget, *, state: MemberState) -> TrustSnapshot:
    """What a node trusts that accepted an officer's denial of what ``state`` lists."""
    entry = denial(officers(TH, SG), state=state, target=target, issued_at=NOON)
    held = region().trusted_set(at=NOON)
    return snapshot_of(held.with_deny_list(listing(1, entry), authorities=authorities(), at=NOON))


def key_of(service: str) -> DenialTarget:
    """The key of a service as a denial names it."""
    (listed,) = {key.thumbprint for one in here().lists.values() for entry in one.entries for key in entry.keys
                 if entry.issuer == region().service(service).issuer and entry.name == named(service)}  # fmt: skip
    return key_target(listed)


def named(service: str) -> str:
    """What the list calls a service in English."""
    return str(region().service(service).source["name"]["en"])


@pytest.mark.parametrize(
    ("service", "status", "since"),
    [
        ("th-witness", "withdrawn", NOON - SECOND),
        ("th-witness", "compromised", NOON - SECOND),
        ("th-witness", "superseded", SEEN - SECOND),
    ],
)
def test_a_witness_whose_key_has_ended_or_was_retired_before_it_signed_confirms_nothing(
    service: str, status: str, since: datetime
) -> None:
    assert reasons(told(question(), trust=changed(service, status, at=since))) == [
        "time.evidence_unwitnessed",
        "issuer.withdrawn",
    ]


@pytest.mark.parametrize(
    ("service", "status", "since"),
    [
        ("th-witness", "superseded", SEEN + SECOND),
        ("sg-log", "superseded", SEEN + SECOND),
        ("sg-log", "withdrawn", SEEN + SECOND),
        ("sg-log", "compromised", SEEN + SECOND),
    ],
)
def test_a_witness_that_was_retired_in_good_order_and_a_log_that_ended_later_count(
    service: str, status: str, since: datetime
) -> None:
    assert told(question(), trust=changed(service, status, at=since)).accepted


@pytest.mark.parametrize("status", ["superseded", "withdrawn", "compromised"])
def test_a_log_that_had_ended_when_its_tree_was_confirmed_shows_nothing(status: str) -> None:
    trust = changed("sg-log", status, at=SEEN)

    assert reasons(told(question(), trust=trust)) == ["time.evidence_unsigned", "issuer.withdrawn"]


def test_a_denied_witness_confirms_nothing_and_a_denied_log_shows_nothing() -> None:
    witness, log = denying(key_of("th-witness"), state=TH), denying(key_of("sg-log"), state=SG)

    assert reasons(told(question(), trust=witness))[0] == "time.evidence_unwitnessed"
    assert reasons(told(question(), trust=log))[0] == "time.evidence_unsigned"


def test_a_denied_issuer_stays_denied_whatever_a_receipt_proves() -> None:
    trust = denying(key_of("kh-residence-2025"), state=KH)

    assert reasons(told(question(), trust=trust)) == ["issuer.denied"]


@pytest.mark.parametrize("lost", [SG, TH])
def test_while_the_list_of_the_log_or_of_the_witness_is_out_of_date_nothing_can_be_told(lost: MemberState) -> None:
    held = region().trusted_set(at=NOON)
    (late,) = {listed.provenance.next_update for listed in held.lists.values()}
    others = region()
    for state in MemberState:
        others = others if state is lost else others.reissued(state, at=late - SECOND)
    trust = snapshot_of(offered(others, held=held, at=late - SECOND))

    report = told(question(), trust=trust, at=late)

    assert (report.indication, reasons(report)) == (Indication.INDETERMINATE, ["trust.stale"])


def offered(of: Region, *, held: Any, at: datetime) -> Any:
    """The set of a node that took up every later list of ``of``."""
    for state, text in of.published.lists.items():
        held = held.with_list(text.encode(), state=state, at=at)
    return held


def test_a_log_that_only_a_lost_list_could_name_cannot_be_told_from_a_strange_one() -> None:
    held = region().trusted_set(at=NOON)
    lists = {state: listed for state, listed in held.lists.items() if state is not SG}
    trust = snapshot_of(replace(held, lists=lists), states_without_list={SG: "trust.unreachable"})

    assert reasons(told(question(), trust=trust)) == ["trust.unreachable"]


def test_a_key_that_the_logs_own_state_lists_too_is_no_other_states() -> None:
    source = region().sources.lists[MY]
    copied = [one for one in region().sources.lists[TH]["provider"][-1]["service"] if one["id"] == "th-witness"]
    guest = {**source["provider"][-1], "service": [{**copied[0], "id": "my-copy", "issuer": "https://copy.my.example"}]}
    material = {"my-copy": _material("sg-witness")}
    trust = region().with_guest(MY, guest, material=material, at=NOON).snapshot(at=NOON)

    # The line of Singapore's own witness, under the name by which Malaysia lists its key.
    relabelled = _relabelled(question(replace(EVIDENCE, witness="sg-witness")), name="copy.my.example")
    report = told(relabelled, trust=trust)

    assert reasons(report)[0] == "time.evidence_unwitnessed"


def _material(service: str) -> Any:
    return ServiceMaterial(jwks=(dict(region().service(service).signer.public_jwk),))


def _relabelled(asked: VerifyRequest, *, name: str) -> VerifyRequest:
    assert asked.time_evidence is not None
    proof = receipt.parse_proof(asked.time_evidence.receipt.encode())
    key = note.note_signer(name, region().service("sg-witness").signer, kind=note.COSIGNATURE).key
    log, witness = proof.note.lines
    lines = (log, replace(witness, name=name, key_id=key.key_id))
    text = replace(proof, note=replace(proof.note, lines=lines)).octets().decode()
    return replace(asked, time_evidence=TimeEvidence(text))


def test_the_state_whose_issuer_has_ended_is_no_witness_of_its_own_credentials() -> None:
    key = generate("Ed25519")
    source = region().sources.lists[KH]
    copied = [one for one in region().sources.lists[TH]["provider"][-1]["service"] if one["id"] == "th-witness"]
    guest = {**source["provider"][-1], "service": [{**copied[0], "id": "kh-own", "issuer": "https://own.kh.example"}]}
    material = {"kh-own": ServiceMaterial(jwks=(dict(key.public_jwk),))}
    trust = region().with_guest(KH, guest, material=material, at=NOON).snapshot(at=NOON)
    # Made today, as an honest log and an honest witness say; Cambodia's own witness says that it was there in April.
    asked = question(replace(EVIDENCE, seen=NOON))
    own = note.note_signer("own.kh.example", key, kind=note.COSIGNATURE)

    beside, alone = (_also_confirmed(asked, own, keep=keep) for keep in (2, 1))

    assert reasons(told(asked, trust=trust)) == ["issuer.withdrawn"]
    assert reasons(told(beside, trust=trust)) == ["issuer.withdrawn"]
    assert reasons(told(alone, trust=trust)) == ["time.evidence_unwitnessed", "issuer.withdrawn"]
    # Of anybody else's credential its word counts as every other state's does.
    assert alone.time_evidence is not None
    assert witnessed(alone.time_evidence.receipt, trust, at=NOON).confirmed.states == ((KH, SEEN),)


def _also_confirmed(asked: VerifyRequest, witness: note.NoteSigner, *, keep: int) -> VerifyRequest:
    """The question with the first lines of its receipt, and one of ``witness`` that names a day long ago."""
    assert asked.time_evidence is not None
    proof = receipt.parse_proof(asked.time_evidence.receipt.encode())
    line = witness.sign(proof.note.text, at=int(SEEN.timestamp()))
    text = replace(proof, note=replace(proof.note, lines=(*proof.note.lines[:keep], line))).octets().decode()
    return replace(asked, time_evidence=TimeEvidence(text))


def test_an_observers_log_and_witness_do_not_count() -> None:
    for state, code in ((SG, "time.evidence_unsigned"), (TH, "time.evidence_unwitnessed")):
        source = {**region().sources.lists[state], "tier": "observer"}
        lists = {**region().sources.lists, state: source}
        observing = replace(region(), sources=replace(region().sources, lists=lists)).reissued(state, at=NOON)

        assert reasons(told(question(), trust=observing.snapshot(at=NOON)))[0] == code


def test_a_cosignature_counts_within_the_leeway_of_clocks_and_not_a_second_past_it() -> None:
    trust, leeway = changed("kh-residence", "withdrawn", at=NOON), LIMITS.clock_leeway
    early = Presentation("kh-residence", "kh-sreymom")

    # Seen now, by a witness whose clock runs ahead: too late for what ended at noon, and known to be.
    assert reasons(told(question(Receipted(early, seen=NOON + leeway)), trust=trust)) == ["issuer.withdrawn"]
    ahead = told(question(Receipted(early, seen=NOON + leeway + SECOND)), trust=trust)
    assert reasons(ahead)[0] == "time.evidence_unwitnessed"


def test_a_verdict_on_another_day_counts_only_what_was_confirmed_by_then() -> None:
    asked = question(replace(EVIDENCE, seen=CLOSED + timedelta(days=2)))
    verifier = Verifier(trust=here(), status=EMPTY_STATUS)

    report = verifier.verify(asked, at=CLOSED + timedelta(days=1), historical=True)

    assert reasons(report)[0] == "time.evidence_unwitnessed"


def test_what_is_proved_of_one_credential_is_not_remembered_for_the_next() -> None:
    verifier = Verifier(trust=here(), status=EMPTY_STATUS)
    proved = verifier.verify(question(), at=NOON)
    without = verifier.verify(replace(question(seed=b"another"), time_evidence=None), at=NOON)
    again = verifier.verify(question(), at=NOON)

    assert (proved.accepted, without.accepted, again.accepted) == (True, False, True)
    assert reasons(without) == ["issuer.withdrawn"]


def test_a_signature_that_came_later_makes_another_credential() -> None:
    asked = question(replace(EVIDENCE, again=True))
    assert asked.time_evidence is not None
    assert asked.time_evidence.shown is not None
    header, payload, rest = asked.time_evidence.shown.split(".", 2)
    # What was logged then had the very text, and a signature that nobody could make before the key was stolen.
    forged = f"{header}.{payload}.{'A' * 86}{rest[86:]}"
    logged = question(Receipted(_Said(forged), seen=SEEN)).time_evidence
    assert logged is not None

    report = told(replace(asked, time_evidence=TimeEvidence(logged.receipt, forged)))

    assert reasons(report) == ["time.evidence_mismatch", "issuer.withdrawn"]


class _Said:
    """Something that is shown as it stands."""

    service = "kh-residence-2025"

    def __init__(self, text: str) -> None:
        self._text = text

    def shown(self, bench: Bench, *, to: Any) -> Shown:  # noqa: ARG002 - what every source is asked with
        return Shown(self._text, None)


@pytest.mark.parametrize("shown", ["{}", "{", '{"id": ["', '{"id": [1, "x"], "other": "y"}', "\ud800", "no credential"])
def test_what_was_shown_then_and_is_no_credential_shows_nothing(shown: str) -> None:
    asked = question(Receipted(_Said(shown.encode("utf-8", "surrogatepass").decode("utf-8", "replace")), seen=SEEN))
    assert asked.time_evidence is not None

    report = told(replace(question(), time_evidence=TimeEvidence(asked.time_evidence.receipt, shown)))

    assert reasons(report)[0] == "time.evidence_mismatch"


def test_a_receipt_that_is_no_text_at_all_is_malformed() -> None:
    with pytest.raises(EvidenceError) as caught:
        witnessed("\ud800", here(), at=NOON)

    assert caught.value.code == "time.evidence_malformed"


def test_a_receipt_counts_by_itself_while_the_lists_are_up_to_date() -> None:
    asked = question()
    assert asked.time_evidence is not None
    found = witnessed(asked.time_evidence.receipt, here(), at=NOON)

    assert (found.confirmed.at, found.confirmed.states) == (SEEN, ((TH, SEEN),))
    with pytest.raises(TrustError):
        witnessed(asked.time_evidence.receipt, here(), at=NOON + timedelta(days=400))


def test_the_report_says_which_evidence_counted_and_that_the_issuer_has_ended() -> None:
    report = told(question())

    shown = report.render(Detail.DETAILED, report_id="rep_1")
    assert report.accepted
    assert shown["trust"]["time_evidence"] == {
        "proven_by": "2026-04-30T00:00:00Z",
        "log": {"origin": "sandbox.node.sg.example/log", "state": "SG", "index": 5, "size": 8},
        "witnesses": [{"state": "TH", "at": "2026-04-30T00:00:00Z"}],
    }
    (check,) = [one for one in shown["checks"] if one["id"] == "evidence.1"]
    assert (check["result"], check["note"]) == ("PASSED", shown["recognition"]["limits"][-1])
    assert "its issuer has ended since; it was there by 2026-04-30T00:00:00Z" in shown["summary"]


def test_where_nothing_has_ended_evidence_is_not_looked_at_and_the_report_says_so() -> None:
    asked = replace(question(Presentation("kh-residence", "kh-sreymom")), time_evidence=TimeEvidence("worth nothing"))

    report = told(asked)

    (check,) = [one for one in report.checks if one.id == "evidence.1"]
    assert report.accepted
    assert check.result is Result.SKIPPED
    assert report.render(Detail.DETAILED, report_id="rep_1")["trust"]["time_evidence"] is None


def test_superseded_stays_as_it_is_with_and_without_evidence() -> None:
    hidden = Presentation("ph-pid-2025", "ph-nonoy", payload={"iat": ABSENT})
    asked = replace(
        question(Receipted(hidden, seen=datetime(2026, 2, 1, tzinfo=UTC))), relying_party=registered("sg-bank")
    )

    for brought in (asked, replace(asked, time_evidence=None)):
        assert reasons(told(replace(brought, purpose="account-opening")))[0] == "issuer.superseded"
