"""Every role joins as its page says, from nothing to a report that is signed and checked."""

import re
from pathlib import Path

import pytest

from idbridge.clock import SystemClock
from idbridge.conformance.corpus import shipped
from idbridge.conformance.profiles import Profile
from idbridge.conformance.targets.issuer.samples import KINDS
from idbridge.conformance.targets.publisher.opening import open_publication
from idbridge.conformance.waivers import read_waivers
from idbridge.model.region import MemberState
from idbridge.sandbox.region import Region
from idbridge.trust import pins
from tests.conformance.http.kit import conformance_node
from tests.docs import joining
from tests.docs.walk import Walk, blocks
from tests.mutants.wallet import Believing
from tests.source import ROOT


@pytest.fixture
def walk(tmp_path: Path) -> Walk:
    return Walk(tmp_path)


def test_the_index_has_a_page_for_every_profile_and_files_that_are_read(walk: Walk) -> None:
    walk.passphrase("office")
    folder = walk.machine("office")
    joining.published_tree(walk, "office")
    said = (ROOT / "docs" / joining.INDEX).read_text(encoding="utf-8")

    walk.through(*blocks(joining.INDEX))

    pages = set(re.findall(r"\]\(([a-z-]+\.md)\)", said))
    assert pages == {path.name for path in (ROOT / "docs" / "join").glob("*.md")} - {"README.md"}
    assert {profile.value for profile in Profile} <= set(re.findall(r"`([a-z-]+)`", said))
    assert read_waivers(folder / "waivers.toml", shipped()).keys() == {"mdoc-expired"}
    assert (folder / "report-key.pub.pem").is_file()
    assert (folder / "trust" / "lists" / "SG.jws").is_file()
    assert pins.parse((folder / "pins.json").read_bytes()).keys.keys() == {MemberState.SG}


def test_a_scheme_operator_joins(walk: Walk) -> None:
    joining.report_key(walk, "operator")
    joining.published_tree(walk, "operator")
    found = blocks("join/scheme-operator.md")

    walk.through(*found)

    folder = walk.machine("operator")
    assert joining.machines(found) == {"operator"}
    assert (folder / "report.html").stat().st_size > 0
    (folder / "last-week").mkdir()
    young = open_publication(str(folder / "tree"), folder / "young.toml", clock=SystemClock())
    assert young.describe().not_implemented == {"agreement"}


def test_an_issuer_of_codes_joins(walk: Walk) -> None:
    joining.report_key(walk, "office")
    joining.samples_of_a_code(walk, "office")
    found = blocks("join/qr-issuer.md")

    walk.through(*found)

    assert joining.machines(found) == {"office"}
    assert {one.value for one in KINDS} >= {"dc+sd-jwt", "mso_mdoc", "vc+jwt", "jwt_vc_json", "vc+sd-jwt", "qr"}


def test_a_provider_of_logins_joins(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    joining.report_key(walk, "suite")
    found = blocks("join/id-provider.md")
    before = next(number for number, one in enumerate(found) if "$PROVIDER" in one.text)

    walk.through(*found[:before])
    with joining.providers(walk, "suite", "provider.json") as addresses:
        Walk(tmp_path, environment=addresses).through(*found[before:])

    assert joining.machines(found) == {"suite"}


def test_an_operator_of_a_node_joins(tmp_path: Path) -> None:
    joining.report_key(Walk(tmp_path), "node")
    served, hasty, whole = blocks("join/node-operator.md")

    with joining.hasty_node() as url:
        Walk(tmp_path, environment={"HASTY": url}).block(hasty)
    with conformance_node() as url:
        Walk(tmp_path, environment={"NODE": url}).block(whole)

    assert served.is_by_hand
    assert (tmp_path / "node" / "report.jws").is_file()


def test_a_maker_of_wallets_joins(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    joining.report_key(walk, "maker")
    folder = walk.machine("maker")
    region = Region.generate(at=SystemClock().now().replace(microsecond=0))
    region.publish(folder)
    found = blocks("join/wallet.md")

    with joining.wallet(folder, region) as good, joining.wallet(folder, region, Believing) as hasty:
        Walk(tmp_path, environment={"WALLET": good, "HASTY": hasty}).through(*found)

    assert joining.machines(found) == {"maker"}
    assert (folder / "report.jws").is_file()


def test_a_relying_party_looks_at_a_node_and_begins_a_verifier(walk: Walk) -> None:
    joining.report_of_a_node(walk, "party")
    found = [one for one in blocks("join/relying-party.md") if not one.is_by_hand]

    walk.through(*found)

    assert joining.machines(found) == {"party"}
