"""Disputes for tests: what a node of the pretend region decided, with all that it rests on, and its receipt."""

import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from idbridge.codec import base64url
from idbridge.evidence.dispute import Bundle
from idbridge.evidence.dispute_material import StatusMaterial
from idbridge.evidence.dispute_replay import exported
from idbridge.evidence.dispute_request import Brought
from idbridge.model.request import Detail
from idbridge.sandbox.catalogue import case_named
from idbridge.sandbox.mint import mint
from idbridge.sandbox.questions import question
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import merkle, note, receipt
from idbridge.tlog.checkpoint import Checkpoint, Log
from idbridge.tlog.commitment import Opening
from idbridge.tlog.leaf import Leaf, LeafType, released
from idbridge.trust import floors
from idbridge.trust.agreements import ARRANGEMENTS, PURPOSES
from idbridge.trust.log_names import origin_of
from idbridge.trust.portable import TrustMaterial, path_of_list
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.verify.verifier import Verifier
from tests.sandbox.regions import NOON, region

REPORT = "rep_00112233445566778899aabbccddeeff"
MINUTE = timedelta(minutes=1)


@cache
def trust() -> TrustSnapshot:
    """What a node of the region trusts at noon."""
    return snapshot_of(region().trusted_set(at=NOON))


@cache
def material() -> TrustMaterial:
    """What that snapshot was made of."""
    made, held = region(), region().trusted_set(at=NOON)
    files = {path_of_list(state): text.encode() for state, text in made.published.lists.items()}
    for name, versions in made.published.arrangements.items():
        files |= {f"{ARRANGEMENTS}/{name}/{number}.json": text for number, text in enumerate(versions, start=1)}
    files[f"{PURPOSES}/{made.sources.purposes['version']}.json"] = made.published.purposes
    absent = dict(trust().states_without_list)
    return TrustMaterial(made.environment, "plain", made.pins(), floors.of(held), files, absent=absent)


@cache
def _minted(name: str) -> tuple[bytes, str]:
    """Made once: a signature of ECDSA comes out another way each time."""
    made = mint(case_named(name), region=region(), at=NOON, randomness=SeededRandomness(name.encode()), trust=trust())
    return made.body, str(made.case.relying_party)


def asked(name: str) -> tuple[dict[str, Any], str]:
    """The body of the request of a case, and who asks."""
    body, party = _minted(name)
    return json.loads(body), party


def reported(name: str, *, detail: Detail = Detail.EVIDENCE, spent: bool = False) -> tuple[dict[str, Any], bytes]:
    """The report on a case as its relying party has it, and the decision in it."""
    body, party = asked(name)
    verifier = Verifier(trust=trust(), status=EMPTY_STATUS)
    report = verifier.verify(question(body, relying_party=region().registration(party).relying_party), at=NOON)
    report = report.spent() if spent else report
    return report.render(detail, report_id=REPORT), report.decision()


def bundle(name: str = "sg-pid-opens-account", *, report: dict[str, Any] | None = None, **changes: Any) -> Bundle:
    """The bundle of a case, with its receipt unless told otherwise."""
    body, party = asked(name)
    told = report or reported(name)[0]
    values: dict[str, Any] = {
        "body": body,
        "brought": Brought(body["credential"], body.get("userinfo")),
        "party": region().registration(party).relying_party,
        "trust": material(),
        "status": StatusMaterial(),
        "receipt": receipt_of(body["credential"], told),
        **changes,
    }
    return exported(told, **values)


def receipt_of(
    credential: str,
    told: dict[str, Any],
    *,
    witnesses: tuple[str, ...] = ("th-witness",),
    confirmed_at: datetime = NOON + MINUTE / 2,
    assertion: str = "",
    recorded_at: datetime | None = None,
    **members: Any,
) -> str:
    """The receipt that the node of Singapore gave for the report ``told``, with ``members`` of its leaf changed."""
    opening = Opening(hashlib.sha256(b"a key").digest(), hashlib.sha256(assertion.encode()).digest())
    accepted = told["indication"] == "PASSED"
    said = {**_leaf_of(told), "com": opening.commitment(credential.encode()), **members}
    at_ms = int((recorded_at or NOON).timestamp() * 1_000)
    entry = Leaf(LeafType.VERIFY if accepted else LeafType.REJECT, at_ms, said).octets()
    growth = merkle.Frontier().extend([merkle.leaf_hash(b"another"), merkle.leaf_hash(entry)])
    log = note.note_signer(origin_of(region().service("sg-log").issuer), region().signer("sg-log"))
    signed = checkpoints.sign(Checkpoint(log.key.name, 2, growth.after.root()), log)
    log_of_state = Log(log.key.name, region().service("sg-log").state, (log.key,))
    logged = checkpoints.verify(checkpoints.parse_unverified(signed.octets()), log=log_of_state)
    lines = [checkpoints.cosign(logged, _witness(one), at=confirmed_at) for one in witnesses]
    proof = receipt.receipt(
        index=1, hashes=growth.inclusion(1), signed=signed.with_lines(lines), entry=entry, opening=opening
    )
    return proof.octets().decode()


def _leaf_of(told: dict[str, Any]) -> dict[str, Any]:
    """What the leaf of a report in all detail says of it; of one in less, what is there."""
    said = {"req": REPORT, "rp": told["policy"]["id"], "pol": str(told["policy"]["version"]), "res": told["indication"]}
    if told["reason"] is not None:
        said["code"] = told["reason"]["code"]
    said["st"] = f"{_digest(told['status_snapshot'])} {(told['status'] or {'state': 'none'})['state']}"
    if told["recognition"]["purpose"] is not None:
        said["pur"] = told["recognition"]["purpose"]
    if told["format"] is not None:
        said["fmt"] = told["format"]
    if told["issuer"] is not None:
        said["iss"] = f"{told['issuer']['state']} {told['issuer']['id']}"
    if told["indication"] == "PASSED" and told["assurance"] is not None:  # a report that was edited says neither
        said |= {"loa": told["assurance"]["loa"], "rel": released(told["claims"])}
    relied = told.get("trust")
    if relied is not None:
        said |= {"kt": relied["key"]["thumbprint"]}
        said |= {"list": f"{relied['list']['sequence']} {_digest(relied['list']['digest'])}"}
    return said


def _digest(text: str) -> str:
    return base64url.encode(bytes.fromhex(text))


def _witness(service: str) -> note.NoteSigner:
    name = origin_of(region().service(service).issuer)
    return note.note_signer(name, region().signer(service), kind=note.COSIGNATURE)


def by_another_version(made: Bundle, version: str = "0.0.9", **members: Any) -> Bundle:
    """The same bundle as if another version had decided, perhaps otherwise."""
    decided = {**made.decided(), "verifier_version": version, **members}
    text = json.dumps(decided, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    return replace(made, verifier_version=version, decision=text)
