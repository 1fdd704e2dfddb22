"""Whatever one character of a presentation is changed to, nobody is ever told other claims than were signed."""

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.errors import Refusal
from idbridge.model.check import Refused
from idbridge.model.credential import VerifiedCredential
from tests.credential.kit import bound, id_token, sd_jwt, verify

TOKEN = id_token()
PRESENTATION = bound(sd_jwt(nationalities=["TH"]))
ALPHABET = string.ascii_letters + string.digits + "-_.~=+/ "


def told(credential: VerifiedCredential) -> Any:
    """Everything of a credential that anybody downstream could act on."""
    return (
        credential.subject,
        dict(credential.claims),
        credential.name,
        credential.mandate,
        credential.level,
        credential.holder,
        credential.issued_at,
        credential.expires_at,
        credential.status_reference,
        credential.one_time,
    )


MEANT = {text: told(verify(text)) for text in (TOKEN, PRESENTATION)}


@settings(max_examples=150)
@given(st.sampled_from([TOKEN, PRESENTATION]), st.data())
def test_one_changed_character_never_changes_what_is_told(text: str, data: Any) -> None:
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.sampled_from(ALPHABET)) + text[place + 1 :]
    try:
        credential = verify(changed)
    except (Refusal, Refused):
        return

    assert told(credential) == MEANT[text]
    assert changed == text  # an ES256 signature and every digest cover all there is


@pytest.mark.parametrize("text", [TOKEN, PRESENTATION])
@given(data=st.data())
@settings(max_examples=60)
def test_no_end_and_no_part_can_be_cut_away(text: str, data: Any) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, len(text)))
    cut = text[:start] + text[end:]
    if cut == text:
        return

    with pytest.raises((Refusal, Refused)):
        verify(cut)
