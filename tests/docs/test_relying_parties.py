"""The guide for relying parties, walked by whoever runs a small node."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jwt

from idbridge.clock import SystemClock
from idbridge.crypto.signer import FileSigner, generate
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment, MemberState
from idbridge.oidc.client import CLIENT_CREDENTIALS, OidcClient, Profile
from idbridge.sandbox.catalogue import case_named
from idbridge.sandbox.mint import mint
from idbridge.sandbox.region import Region
from idbridge_gateway.api.gateway import GatewayApp
from idbridge_gateway.app import create_app
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.registration import read_registrations
from idbridge_gateway.registry.form import OPTIONAL, REQUIRED
from idbridge_gateway.serving import BackgroundServer
from tests.docs.walk import Walk, blocks
from tests.source import ROOT

PAGE = "relying-parties.md"


def test_a_party_is_registered_changed_rotated_and_switched_off(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    found = [one for one in blocks(PAGE) if not one.is_by_hand]

    printed = walk.through(*found)

    assert {one.machine for one in found} == {"node"}
    keys = re.findall(r"idb_test_bakery_[A-Za-z0-9_-]{43}", printed)
    assert len(set(keys)) == len(keys) == 3
    node = walk.machine("node")
    database = (node / "registry.db").read_bytes()
    assert not [key for key in keys if key.encode() in database]
    (registered,) = read_registrations(node / "relying_parties.json", environment=Environment.SANDBOX)
    assert registered.id == "bakery"


def test_every_member_of_a_registration_is_explained() -> None:
    page = (ROOT / "docs" / PAGE).read_text(encoding="utf-8")

    assert not {name for name in REQUIRED | OPTIONAL if f"`{name}`" not in page}


def test_a_party_asks_by_a_token_as_the_guide_shows(tmp_path: Path) -> None:
    now = SystemClock().now().replace(microsecond=0)
    region = Region.generate(at=now)
    settings = lay_out(region, tmp_path / "region")[MemberState.TH]
    app = create_app(settings)
    key = generate("ES256", kid="office-1")
    _register_office(app, key)
    folder = tmp_path / "office"
    folder.mkdir()
    private = jwt.algorithms.ECAlgorithm.to_jwk(key.private_key, as_dict=True)
    (folder / "key.json").write_text(json.dumps({**private, "kid": key.kid}), encoding="utf-8")
    (folder / "question.json").write_bytes(
        mint(case_named("sg-login-opens-account"), region=region, at=now, randomness=SystemRandomness()).body
    )
    (program,) = [block.text for block in blocks(PAGE) if block.said.get("file") == "ask_by_token.py"]
    (folder / "ask_by_token.py").write_text(program, encoding="utf-8")

    with BackgroundServer(app) as server:
        named = {"IDBRIDGE_URL": server.url, "CLIENT": "office", "PATH": os.environ["PATH"]}
        command = [sys.executable, "ask_by_token.py"]
        ran = subprocess.run(command, cwd=folder, env=named, capture_output=True, text=True, timeout=60, check=False)

    assert (ran.stdout, ran.stderr) == ("PASSED None\n", "")


def _register_office(app: GatewayApp, key: FileSigner) -> None:
    """Let the bank of Thailand have the client that the guide registers for its bakery."""
    registry = app.state.parts.registry
    office = OidcClient(
        id="office",
        relying_party="th-bank",
        profile=Profile.FAPI2,
        redirect_uris=(),
        sector="finance",
        jwks=(key.public_jwk,),
        grants=frozenset({CLIENT_CREDENTIALS}),
        environment=Environment.SANDBOX,
    )
    registry.exchange([
        replace(one, clients=(office,)) if one.id == "th-bank" else one for one in registry.registrations
    ])  # fmt: skip
