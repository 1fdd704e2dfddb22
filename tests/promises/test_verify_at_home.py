"""Verify at home: the library alone, in a process without any network, decides as the node does, byte for byte."""

import json
import socket
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from idbridge.codec import jcs
from idbridge.model.time import instant_text, parse_instant
from idbridge.sandbox.questions import question
from idbridge.sandbox.region import Region
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.repository import PlainRepository
from idbridge.verify.report import without_circumstances
from idbridge.verify.verifier import Verifier
from tests.engines import REPOSITORY
from tests.gateway.asking import Node, node_in

CASES: Final = (
    "sg-login-opens-account", "sg-pid-opens-account", "sg-mdoc-opens-account", "sg-vc-opens-account",
    "sg-vc-sd-jwt-opens-account", "assertion-of-node-sg", "la-pass-visits-building",
)  # fmt: skip


def main() -> None:
    """Decide what standard input asks, by the material in a folder alone; run as a process without network."""
    asked = json.load(sys.stdin)
    at, material = parse_instant(asked["at"]), Path(asked["material"])
    repository = PlainRepository(Path(asked["lists"]), Path(asked["pins"]), material / "memory")
    (material / "memory").mkdir(mode=0o700)
    repository.initialise()
    verifier = Verifier(trust=repository.load(at=at), status=EMPTY_STATUS)
    parties = Region.load(material / "region")
    decided = []
    for one in asked["questions"]:
        party = parties.registration(one["party"]).relying_party
        decided.append(verifier.verify(question(json.loads(one["body"]), relying_party=party), at=at))
    print(json.dumps({"online": is_online(), "decisions": [one.decision().decode() for one in decided]}))  # noqa: T201


def is_online() -> bool:
    """Tell whether any address can be reached at all, this machine's own among them."""
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex(("127.0.0.1", 9)) != 101  # ENETUNREACH: there is not even a loopback


def decision_of(node: Node, asked: dict[str, Any], party: str) -> str:
    """What the node decided, as replay reproduces it: the evidence without the circumstances."""
    response = node.send("POST", "/v1/verify", body={**asked, "detail": "evidence"}, headers=node.access(party))
    assert response.status_code == 200, response.text
    return jcs.canonicalize(without_circumstances(response.json())).decode()


def spoilt(asked: dict[str, Any]) -> dict[str, Any]:
    """The same question about a credential whose signature is that of nobody."""
    head, _, rest = asked["credential"].rpartition(".")
    return {**asked, "credential": f"{head}.{'A' * len(rest)}"}


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[str]]:
    """What is asked at home, and what a node decided on it."""
    folder, material = tmp_path_factory.mktemp("node"), tmp_path_factory.mktemp("home")
    node = node_in(folder)
    node.region.save(material / "region")
    minted = [node.case(name) for name in CASES]
    bodies = [(json.loads(one.body), str(one.case.relying_party)) for one in minted]
    bodies += [(spoilt(bodies[0][0]), bodies[0][1])]
    at: datetime = node.clock.now()
    asked = {
        "at": instant_text(at),
        "material": str(material),
        "lists": str(node.settings.trust_dir),
        "pins": str(node.settings.pins_file),
        "questions": [{"body": json.dumps(body), "party": party} for body, party in bodies],
    }
    return asked, [decision_of(node, body, party) for body, party in bodies]


def test_with_the_network_cut_the_library_decides_as_the_node_did(decided: tuple[dict[str, Any], list[str]]) -> None:
    asked, at_the_node = decided
    ended = subprocess.run(
        [
            "unshare", "--map-root-user", "--net",
            sys.executable, "-m", "tests.promises.test_verify_at_home",
        ],
        input=json.dumps(asked).encode(), capture_output=True, cwd=REPOSITORY, timeout=120, check=False,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr.decode()
    at_home = json.loads(ended.stdout)
    assert at_home["online"] is False
    assert at_home["decisions"] == at_the_node


def test_the_test_would_notice_a_network_and_another_decision(decided: tuple[dict[str, Any], list[str]]) -> None:
    verdicts = [json.loads(one)["indication"] for one in decided[1]]

    assert is_online()
    assert verdicts == ["PASSED"] * len(CASES) + ["FAILED"]
    assert len({*decided[1]}) == len(CASES) + 1


if __name__ == "__main__":
    main()
