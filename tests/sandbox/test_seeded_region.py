"""A region from a seed comes out the same again, octet for octet, and so do the cases that are minted in it."""

import hashlib
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from idbridge.crypto.certificates import serial_number
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.seeded_keys import FrozenKeyError, SeededKeys
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox import storage
from idbridge.sandbox.access import new_access
from idbridge.sandbox.case import Case
from idbridge.sandbox.catalogue import case_named
from idbridge.sandbox.denials import Officers
from idbridge.sandbox.freezing import Frozen, frozen_because
from idbridge.sandbox.region import Region
from idbridge.sandbox.statuses import documents
from tests.engines import REPOSITORY
from tests.sandbox.regions import NOON
from tests.sandbox.seeded_regions import SEED, keys, minted_cases, minting, region, seeded

MINTED = minted_cases()
RSA_NAMES = {"service/my-login/0", "service/th-login/0"}
# What another process makes of the same seed, with the RSA keys of this one: told as digests by name.
ANOTHER_PROCESS = """
import json, sys
from pathlib import Path
from tests.sandbox.test_seeded_region import told
print(json.dumps(told(json.load(sys.stdin), Path(sys.argv[1]))))
"""


def rsa_keys() -> dict[str, dict[str, Any]]:
    """The public halves of the RSA keys that the region of these tests has."""
    region()
    return {name: dict(jwk) for name, jwk in keys().rsa_keys.items()}


@cache
def kept(name: str) -> Frozen | None:
    """Why the input of a case has to be kept, if it has to."""
    return frozen_because(minting(case_named(name)), keys=keys())


@cache
def again(environment: Environment) -> Region:
    """The region made a second time, of whose RSA keys only the public halves were kept."""
    return seeded(SeededKeys(SEED, rsa_keys()), environment)


def octets_of(place: Region) -> dict[str, Any]:
    """All that a region publishes and all that its nodes hold."""
    return {
        "lists": dict(place.published.lists),
        "arrangements": {name: list(map(bytes.hex, held)) for name, held in place.published.arrangements.items()},
        "purposes": place.published.purposes.hex(),
        "statuses": {url: held.hex() for url, held in documents(place, at=NOON).items()},
        "api": dict(place.keys.api),
        "pairwise": {state: key.octets.hex() for state, key in place.keys.pairwise.items()},
        "chains": {name: [one.hex() for one in held.chain] for name, held in place.keys.services.items()},
    }


def tree_of(place: Region, folder: Path) -> dict[str, str]:
    """The digests of all files of the tree that the region distributes."""
    place.distribute(folder, at=NOON)
    files = sorted(path for path in (folder / "tree").rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def told(asked: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What a process makes of the seed and the frozen keys: both regions, a tree, and the cases that are named."""
    made = SeededKeys(SEED, asked["frozen"])
    places = {environment: seeded(made, environment) for environment in Environment}
    minted = {name: repr(minting(case_named(name), places.__getitem__)()) for name in asked["cases"]}
    return {
        "regions": {one.value: digest(json.dumps(octets_of(place))) for one, place in places.items()},
        "tree": tree_of(places[Environment.SANDBOX], folder),
        "cases": {name: digest(text) for name, text in minted.items()},
    }


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def in_another_process(hash_seed: str, cases: list[str], folder: Path) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-c", ANOTHER_PROCESS, folder],
        input=json.dumps({"frozen": rsa_keys(), "cases": cases}),
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )
    assert run.returncode == 0, run.stderr
    made: dict[str, Any] = json.loads(run.stdout)
    return made


def test_another_seed_gives_other_keys_and_secrets() -> None:
    one, other = region(), seeded(SeededKeys(SEED + b"."), seed=SEED + b".")

    assert signers_of(one).keys() == signers_of(other).keys()
    assert not set(signers_of(one).values()) & set(signers_of(other).values())
    assert not set(one.keys.api.values()) & set(other.keys.api.values())
    assert one.keys.pairwise != other.keys.pairwise


def test_a_region_is_random_unless_somebody_asks_otherwise() -> None:
    one, other = Region.generate(at=NOON), Region.generate(at=NOON)

    assert not set(signers_of(one).values()) & set(signers_of(other).values())
    assert not any(signer.deterministic for signer in one.keys.lists.values())
    assert one.keys.api != other.keys.api


def signers_of(place: Region) -> dict[str, str]:
    """The thumbprint of each private key of a region, by the name of its file."""
    return {name: thumbprint(signer.public_jwk) for name, signer in storage._signers(place.keys)}


def test_no_two_keys_of_a_region_are_the_same() -> None:
    made = signers_of(region())

    assert len(set(made.values())) == len(made)


def test_no_two_certificates_of_a_region_share_a_serial_number() -> None:
    held = region().keys.services.values()
    certificates = {one for service in held for one in (*service.listed, *service.chain)}

    assert len(certificates) > 3
    assert len({serial_number(one) for one in certificates}) == len(certificates)


@pytest.mark.parametrize("environment", Environment)
def test_the_same_seed_gives_the_same_region(environment: Environment) -> None:
    assert octets_of(region(environment)) == octets_of(again(environment))
    assert region(environment) == again(environment)


def test_the_same_seed_gives_the_same_tree(tmp_path: Path) -> None:
    first = tree_of(region(), tmp_path / "one")

    assert len(first) > 20
    assert first == tree_of(again(Environment.SANDBOX), tmp_path / "other")


def test_a_state_publishes_again_in_the_same_octets() -> None:
    one, other = (place.reissued(MemberState.SG, at=NOON) for place in (region(), again(Environment.SANDBOX)))

    assert one.published == other.published


def test_a_node_accepts_a_region_from_a_seed() -> None:
    for environment in Environment:
        assert len(region(environment).snapshot(at=NOON).lists) == len(MemberState)


def test_only_the_rsa_keys_are_frozen() -> None:
    frozen = SeededKeys(SEED, rsa_keys())
    place = seeded(frozen)

    assert set(frozen.rsa_keys) == RSA_NAMES
    assert all(frozen.is_frozen(name) for name in RSA_NAMES)
    assert not any(keys().is_frozen(name) for name in RSA_NAMES)
    with pytest.raises(FrozenKeyError):
        place.signer("my-login").sign(b"x")


@pytest.mark.parametrize("case", MINTED, ids=lambda case: case.name)
def test_a_case_is_minted_again_unless_it_has_to_be_kept(case: Case) -> None:
    """The second region has frozen keys: what RSA signs cannot be minted there at all."""
    if kept(case.name) is Frozen.RSA:
        with pytest.raises(FrozenKeyError):
            minting(case, again)()
    else:
        assert (minting(case)() == minting(case, again)()) is (kept(case.name) is None)


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("sg-login-opens-account", None),
        ("alg-none", None),
        ("my-login-opens-account", Frozen.RSA),  # PS256
        ("th-login-checks-age", Frozen.RSA),  # RS256, which has no randomness
        ("assertion-of-node-sg-about-malaysian", Frozen.RSA),  # signed with ES256, about a login with PS256
        ("sg-login-encrypted", Frozen.RANDOM),
        ("userinfo-downgraded", Frozen.RANDOM),
    ],
)
def test_what_has_to_be_kept_is_told_by_its_making(name: str, because: Frozen | None) -> None:
    assert kept(name) is because


def test_what_a_frozen_key_signed_is_told_too() -> None:
    frozen = SeededKeys(SEED, rsa_keys())
    place = seeded(frozen)

    assert frozen_because(minting(case_named("my-login-opens-account"), lambda _: place), keys=frozen) is Frozen.RSA


def test_few_cases_have_to_be_kept() -> None:
    found = [case.name for case in MINTED if kept(case.name) is not None]

    assert 0 < len(found) < len(MINTED) / 10


def test_processes_with_other_hash_seeds_make_the_same(tmp_path: Path) -> None:
    cases = [case.name for case in MINTED if kept(case.name) is None]
    one, other = (in_another_process(seed, cases, tmp_path / seed) for seed in ("1", "2"))

    assert one == other
    assert one == json.loads(json.dumps({
        "regions": {each.value: digest(json.dumps(octets_of(region(each)))) for each in Environment},
        "tree": tree_of(region(), tmp_path / "here"),
        "cases": {name: digest(repr(minting(case_named(name))())) for name in cases},
    }))  # fmt: skip


def test_keys_that_no_list_has_come_of_the_seed_too() -> None:
    def made() -> list[str]:
        keys_again = SeededKeys(SEED)
        officers = Officers.generate(keys_again)
        access = new_access("https://node.th.example", state=MemberState.TH, environment=Environment.SANDBOX, at=NOON,
                            maker=keys_again)  # fmt: skip
        held = [*officers.on_call.values(), *officers.regional.values(), *sum(officers.own.values(), ())]
        return [*(signer.kid for signer in held), access.certificate.hex(), access.authority.hex()]

    first = made()

    assert first == made()
    assert len(set(first)) == len(first)
