"""Documents of types at a node: read when it starts, and a node does not start on one that was changed."""

import json
from pathlib import Path

import pytest

from idbridge.credential.type_folder import file_name
from idbridge.errors import ConfigurationError
from idbridge_gateway.app import create_app
from tests.gateway.asking import PRESENTATION, Node

TYPE = "urn:example:sg:pid:1"


def node_with(node: Node, folder: Path, *claims: object) -> Node:
    octets = json.dumps({"vct": TYPE, "claims": list(claims)}).encode()
    (folder / file_name(octets)).write_bytes(octets)
    settings = node.settings.model_copy(update={"type_metadata_dir": folder})
    return Node(create_app(settings, clock=node.clock), settings, node.clock, None, node.directory, node.region)


def test_a_node_does_not_start_on_a_document_that_was_changed(node: Node, tmp_path: Path) -> None:
    settings = node_with(node, tmp_path).settings
    (changed,) = tmp_path.iterdir()
    changed.write_bytes(changed.read_bytes() + b" ")

    with pytest.raises(ConfigurationError):
        create_app(settings, clock=node.clock)


def test_a_credential_that_is_not_what_its_type_says_is_refused(node: Node, tmp_path: Path) -> None:
    asked = node_with(node, tmp_path, {"path": ["issuing_office"], "mandatory": True, "sd": "never"})

    assert asked.ask(PRESENTATION).json()["reason"]["code"] == "sd_jwt.metadata_violated"


def test_a_credential_that_is_what_its_type_says_is_accepted_and_the_report_names_the_document(
    node: Node, tmp_path: Path
) -> None:
    asked = node_with(node, tmp_path, {"path": ["vct"], "mandatory": True, "sd": "never"})

    report = asked.ask(PRESENTATION, detail="detailed").json()

    (check,) = (one for one in report["checks"] if one["id"] == "sd-jwt.18")
    assert report["indication"] == "PASSED"
    assert "document" in check["note"]
