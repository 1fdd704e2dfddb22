"""The file of a pairwise key: the key, and for a while the one before it, read strictly."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from idbridge.assertion.pairwise_file import pairwise_key_text, read_pairwise_key
from idbridge.assertion.pseudonym import PairwiseKey
from idbridge.codec import base64url
from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment
from idbridge.model.time import instant_text
from tests.gateway.clocks import NOON

SANDBOX = Environment.SANDBOX
OLD = PairwiseKey(bytes(range(32)))
ROTATED = OLD.rotated(bytes(range(32, 64)), at=NOON, overlap=timedelta(days=90))


def written(folder: Path, text: str) -> Path:
    path = folder / "pairwise.json"
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path


def document(**former: Any) -> str:
    """The file of an exchanged key with ``former`` in place of some of its members; what is None is left out."""
    good = json.loads(pairwise_key_text(ROTATED, environment=SANDBOX))
    kept = {name: value for name, value in {**good["former"], **former}.items() if value is not None}
    return json.dumps({**good, "former": kept})


@pytest.mark.parametrize(
    "text",
    [
        document(key=None),
        document(key=7),
        document(key="AAAA"),
        document(key=base64url.encode(bytes(range(32, 64)))),
        document(since=None),
        document(since=0),
        document(since="yesterday"),
        document(until=instant_text(NOON)),
        document(until="2036-11-24T12:00:00Z"),
        document(another=1),
        document().replace("key-2", "key-1"),
        document().replace('"former"', '"later"'),
        json.dumps({**json.loads(document()), "former": None}),
        json.dumps({**json.loads(document()), "former": []}),
        json.dumps({**json.loads(pairwise_key_text(OLD, environment=SANDBOX)), "schema": "idbridge-pairwise-key-2"}),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_pairwise_key(written(tmp_path, text), environment=SANDBOX)

    assert caught.value.code == "system.configuration"
    assert base64url.encode(OLD.octets) not in str(caught.value)


def test_an_exchanged_key_of_another_environment_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, pairwise_key_text(ROTATED, environment=Environment.LIVE))

    with pytest.raises(ConfigurationError, match="another environment"):
        read_pairwise_key(path, environment=SANDBOX)


@pytest.mark.parametrize("key", [OLD, ROTATED], ids=["one", "two"])
def test_what_is_written_is_read_back(tmp_path: Path, key: PairwiseKey) -> None:
    assert read_pairwise_key(written(tmp_path, pairwise_key_text(key, environment=SANDBOX)), environment=SANDBOX) == key
