"""Arrangements and registers from the command line: signed by state after state, then carried into the tree."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from idbridge.codec import jcs
from idbridge.trust.operator import agreeing
from tests.cli.ceremony import Ceremony
from tests.cli.ended import Ended

Run = Callable[..., Ended]
LISTS = Path(__file__).resolve().parents[2] / "trust_lists"


def source(tmp_path: Path) -> Path:
    """The source of a new arrangement between Brunei and Singapore."""
    text = (LISTS / "arrangements" / "MY-SG.toml").read_text()
    place = tmp_path / "BN-SG.toml"
    place.write_text(text.replace('"MY"', '"BN"').replace('"MY-SG"', '"BN-SG"'))
    return place


def sign(ceremony: Ceremony, file: Path, out: Path, state: str, *more: str) -> Ended:
    return ceremony.trust(
        "sign", str(file), *ceremony.tree, "--key", ceremony.key(f"list-{state}"), "--out", str(out), *more
    )


def digest_of(ceremony: Ceremony, file: Path, out: Path) -> str:
    shown = sign(ceremony, file, out, "SG", "--dry-run").out
    return next(line.split()[1] for line in shown.splitlines() if line.startswith("digest"))


@pytest.mark.parametrize("text", ["a = [", 'schema = "another"', 'schema = "idbridge-arrangement-source-1"'])
def test_what_is_no_source_is_not_signed(ceremony: Ceremony, tmp_path: Path, text: str) -> None:
    (tmp_path / "x.toml").write_text(text)

    assert sign(ceremony, tmp_path / "x.toml", tmp_path / "out.json", "SG").code == 5


def test_what_was_not_confirmed_is_not_signed(ceremony: Ceremony, tmp_path: Path) -> None:
    out = tmp_path / "out.json"

    assert sign(ceremony, source(tmp_path), out, "SG").code == 6
    assert sign(ceremony, source(tmp_path), out, "SG", "--diff-digest", "0" * 64).code == 6
    assert ceremony.trust("sign", str(source(tmp_path)), *ceremony.tree, "--key", ceremony.key("list-SG")).code == 2
    assert not out.exists()


def test_an_arrangement_enters_with_the_signature_of_both_parties(ceremony: Ceremony, tmp_path: Path) -> None:
    file, out = source(tmp_path), tmp_path / "BN-SG.json"
    digest = digest_of(ceremony, file, out)
    propose = [
        "propose", "--document", str(out), *ceremony.tree, "--key", ceremony.key("role-SG-on-call"), "--reason",
        "agreed in Bandar", "--out", str(tmp_path / "p.json"),
    ]  # fmt: skip

    assert "1 signatures" in sign(ceremony, file, out, "SG", "--diff-digest", digest).out
    alone = ceremony.trust(*propose)
    told = sign(ceremony, out, out, "BN", "--diff-digest", digest, "--json")
    ended = ceremony.trust(*propose)

    assert (alone.code, "trust.arrangement_invalid" in alone.err) == (1, True)
    assert told.json["summary"]["signed"] == 2
    assert "BN-SG: enters" in ended.out
    assert ceremony.publish(tmp_path / "p.json").code == 0
    assert not ceremony.fetched()["refused"]


def test_signatures_come_together_in_one_file(ceremony: Ceremony, tmp_path: Path) -> None:
    file, out = source(tmp_path), tmp_path / "BN-SG.json"
    digest = digest_of(ceremony, file, out)

    sign(ceremony, file, out, "SG", "--diff-digest", digest)
    told = sign(ceremony, file, out, "BN", "--diff-digest", digest, "--json")

    assert told.json["summary"]["signed"] == 2


def test_a_register_of_purposes_is_signed_from_its_source(ceremony: Ceremony, tmp_path: Path) -> None:
    out = tmp_path / "purposes.json"
    file = tmp_path / "purposes.toml"
    text = (LISTS / "purposes.toml").read_text().replace("version = 1", "version = 2", 1)
    file.write_text(text.replace('claims = ["name", "nationality"]', 'claims = ["name", "nationality", "email"]', 1))
    digest = digest_of(ceremony, file, out)

    for state in ("SG", "TH", "MY"):
        assert sign(ceremony, file, out, state, "--diff-digest", digest).code == 0

    payload = agreeing.payload_of(out.read_bytes())
    assert payload is not None
    assert (payload["version"], jcs.digest_hex(payload)) == (2, digest)
    made = ceremony.proposed("propose", "--document", str(out), key="role-SG-on-call")
    shown = ceremony.trust("proposals", str(made), *ceremony.tree).out
    assert "~ purposes 2: building-visit" in shown
    assert re.search(r"^! +claims +\+ email", shown, re.MULTILINE)
    assert "scope widened" in shown
    assert ceremony.publish(made).code == 0
