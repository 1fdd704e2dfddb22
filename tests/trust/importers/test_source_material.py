"""An import becomes files for the operator: complete, readable, harmless, and never in place of another import."""

import hashlib
import json
import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from idbridge.codec import pem
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError
from idbridge.model.trust import ServiceStatus
from idbridge.trust.importers import source_material
from idbridge.trust.importers.imported import (
    Dropped,
    ImportedExtension,
    ImportedList,
    ImportedPointer,
    ImportedService,
    ImportedStatus,
    ListKind,
    Provenance,
)
from tests.source import ROOT
from tests.trust.importers.xml_lists import ISSUED, ISSUER, NOON, OPERATOR, STRANGER, authority

DIGEST = "a" * 64
PROVENANCE = Provenance(
    kind=ListKind.TL_XML,
    place="list.xml",
    imported_at=NOON,
    octets=DIGEST,
    content="b" * 64,
    signer="c" * 64,
    sequence=7,
    issued_at=ISSUED,
    operator="Lion Gate",
)
GRANTED = ImportedStatus(ServiceStatus.GRANTED, ISSUED - timedelta(days=900), "urn:accredited")
STILL = ImportedStatus(ServiceStatus.GRANTED, ISSUED - timedelta(days=500), "urn:granted")
ENDED = ImportedStatus(ServiceStatus.WITHDRAWN, ISSUED - timedelta(days=100), "urn:withdrawn")
SERVICE = ImportedService(
    provider="Lion Gate Identity",
    name="Issuance",
    service_type="urn:type",
    certificates=(ISSUER.certificate,),
    statuses=(GRANTED, STILL, ENDED),
    doc_types=("org.iso.18013.5.1.mDL",),
    extensions=(
        ImportedExtension("Qualifications", True, ("urn:not:qualified",)),
        ImportedExtension("Other", False, ()),
    ),
)
FOUND = ImportedList(PROVENANCE, (SERVICE,), (Dropped("Lion Gate Identity", "Old", "trust.status_order", "why"),))
KEYS = tuple({**generate(name).public_jwk} for name in ("ES384", "RS256"))


def made(found: ImportedList) -> dict[str, object]:
    return tomllib.loads(source_material.source_files(found)[source_material.LIST].decode())


def test_a_folder_with_something_in_it_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")

    with pytest.raises(ConfigurationError, match="not empty"):
        source_material.write(tmp_path, FOUND)

    assert [one.name for one in tmp_path.iterdir()] == ["mine"]


def test_a_folder_that_cannot_be_made_is_a_local_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationError, match="cannot be written to"):
        source_material.write(tmp_path / "file" / "below", FOUND)


HOSTILE = 'Evil"""\n[[provider]]\nname = "x"\u202e\x1b[2J\x00\x7f\\'


def test_what_a_list_says_of_itself_can_write_no_stanza_and_no_control_character() -> None:
    service = replace(SERVICE, provider=HOSTILE, name=HOSTILE, service_type=HOSTILE, doc_types=(HOSTILE,))
    provenance = replace(PROVENANCE, operator=HOSTILE, place=HOSTILE)
    found = ImportedList(provenance, (service,), (Dropped(HOSTILE, HOSTILE, "trust.expired", HOSTILE),))

    text = source_material.source_files(found)[source_material.LIST].decode()

    assert len(tomllib.loads(text)["provider"]) == 1
    assert all(character == "\n" or character.isprintable() for character in text)


def test_file_names_are_digests_whatever_the_list_says() -> None:
    pointer = ImportedPointer("https://l.example/", "../../etc", None, None, (STRANGER.certificate,))
    found = ImportedList(PROVENANCE, (replace(SERVICE, name="../../etc/passwd"),), (), (pointer,))

    names = set(source_material.source_files(found))

    assert all(".." not in name and name.count("/") <= 1 for name in names)
    assert f"anchors/{hashlib.sha256(STRANGER.certificate).hexdigest()}.pem" in names


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{}",
        '{"provenance": {}}',
        '{"provenance": 7}',
        '{"provenance": {"sequence": null, "content": "aa"}}',
        '{"provenance": {"sequence": 0, "content": "' + DIGEST + '"}}',
    ],
)
def test_a_folder_without_a_numbered_import_gives_no_floor(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / source_material.PROVENANCE).write_text(text)

    with pytest.raises(ConfigurationError, match="no import of a numbered list"):
        source_material.read_floor(tmp_path)


def test_an_import_is_written_whole_and_is_the_floor_of_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "import"
    pointer = ImportedPointer("https://l.example/", "TH", None, None, (STRANGER.certificate, OPERATOR.certificate))
    jwks = replace(SERVICE, name="Keys", certificates=(), jwks=KEYS, statuses=())

    written = source_material.write(folder, replace(FOUND, services=(SERVICE, jwks), pointers=(pointer,)))

    assert written[-1] == source_material.PROVENANCE
    assert {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()} == set(written)
    (certificate,) = (folder / "certificates").iterdir()
    assert pem.decode(certificate.read_text(), label=pem.CERTIFICATE) == (ISSUER.certificate,)
    assert {json.loads(one.read_text())["kid"] for one in (folder / "keys").iterdir()} == {key["kid"] for key in KEYS}
    assert len(list((folder / "anchors").iterdir())) == 2
    floor = source_material.read_floor(folder)
    assert (floor.sequence, floor.digest) == (7, "b" * 64)


def test_the_stanzas_say_what_is_known_and_leave_open_what_the_operator_decides() -> None:
    document = made(FOUND)
    text = source_material.source_files(FOUND)[source_material.LIST].decode()

    assert set(document) == {"provider"}
    ((provider,),) = (document.values(),)
    ((service,),) = ([one["service"] for one in provider],)  # type: ignore[attr-defined]  # a list of tables
    (entry,) = service
    assert set(entry) == {"id", "name", "material", "status"}
    assert entry["material"] == {"kind": "authority", "algorithm": "ES256", "count": 1}
    assert [one["status"] for one in entry["status"]] == ["granted", "withdrawn"]
    assert "# for the operator to decide: issuer" in text
    assert "# listed for documents of the type org.iso.18013.5.1.mDL only" in text
    assert "# Qualifications: urn:not:qualified" in text
    assert "# Other: without values" in text
    assert "# left out: Lion Gate Identity, Old: trust.status_order, why" in text
    assert f"# octets: {DIGEST}" in text


@pytest.mark.parametrize(
    ("service", "material"),
    [
        (replace(SERVICE, certificates=(OPERATOR.certificate,)), ("certificate", "ES256", 1)),
        (replace(SERVICE, certificates=(), jwks=KEYS[:1]), ("jwk", "ES384", 1)),
        (replace(SERVICE, certificates=(), jwks=KEYS[1:]), ("jwk", "RS256", 1)),
        (replace(SERVICE, certificates=(), jwks=KEYS), ("jwks", "ES384", 2)),
    ],
)
def test_the_kind_of_material_follows_from_the_keys(service: ImportedService, material: tuple[str, str, int]) -> None:
    (provider,) = made(replace(FOUND, services=(service,)))["provider"]  # type: ignore[misc]  # a list of tables

    assert tuple(provider["service"][0]["material"].values()) == material


def test_the_same_entry_has_one_name_in_every_edition_and_equal_entries_are_numbered() -> None:
    other = replace(SERVICE, certificates=(authority("Other").certificate,))
    found = replace(FOUND, services=(SERVICE, other, SERVICE))

    names = [name for name, _ in source_material.named_services(found.services)]

    assert names[2] == f"{names[0]}-2"
    assert len(set(names)) == 3
    assert [name for name, _ in source_material.named_services((SERVICE,))] == names[:1]


def test_a_service_whose_list_knows_no_status_is_granted_since_the_list_was_issued() -> None:
    (provider,) = made(replace(FOUND, services=(replace(SERVICE, statuses=()),)))["provider"]  # type: ignore[misc]  # a list of tables

    assert provider["service"][0]["status"] == [{"status": "granted", "from": "2026-05-31T12:00:00Z"}]


def test_a_service_without_key_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        replace(SERVICE, certificates=())


SOURCE_SCHEMA = json.loads((ROOT / "trust_lists" / "list.schema.json").read_text(encoding="utf-8"))
ADDRESS = {"street": "1 Sample Quay", "country": "SG"}
OPERATOR_DECIDES = {
    "type": "attestation-issuance",
    "issuer": "https://issuer.sg.example",
    "formats": ["dc+sd-jwt"],
    "algorithms": ["ES256"],
    "credential_types": ["urn:example:sg:1"],
    "leeway_seconds": 60,
    "holder_binding": "required",
    "leaf_rule": {"extended_key_usage": "1.3.6.1.4.1.32473.1"},
    "ladder": [{"national": "urn:example:sg:loa:2", "identity": "A2", "authentication": "A2"}],
    "claims": {"subject": "sub", "persistence": "lasting", "acr": "acr", "name_parts": [], "map": {}},
}


def test_the_material_is_no_list_until_the_operator_has_decided_what_is_open_and_then_it_is() -> None:
    document: Any = made(FOUND)
    validator = Draft202012Validator(SOURCE_SCHEMA)

    assert list(validator.iter_errors(document))
    document |= {
        "schema": "idbridge-list-source-1",
        "state": "SG",
        "tier": "T2",
        "information_uri": "https://trust.sg.example/",
        "operator": {"name": {"en": "Lion Gate"}, "address": ADDRESS},
    }
    (provider,) = document["provider"]
    provider |= {"address": ADDRESS, "information_uri": "https://trust.sg.example/"}
    assert list(validator.iter_errors(document))
    provider["service"][0] |= OPERATOR_DECIDES
    assert [error.message for error in validator.iter_errors(document)] == []
