"""What a codec refuses may be about somebody, so nothing that its error leads to holds the text."""

import json
from collections.abc import Callable, Iterator

import pytest

from idbridge.codec import base64std, base64url, pem, strict_json
from idbridge.errors import InputError

CANARY = "Canary of Nowhere"
SPELLED = "Q2FuYXJ5IG9mIE5vd2hlcmU"


def read_json(text: str | bytes) -> object:
    return strict_json.parse(text, max_bytes=1_000_000)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all that it was caused by or raised while handling."""
    if error is not None:
        yield error
        yield from chain(error.__cause__)
        yield from chain(error.__context__)


def test_the_canary_is_seen_where_an_error_leads_to_the_text() -> None:
    with pytest.raises(ValueError, match="Expecting") as caught:
        json.loads(f'{{"name":"{CANARY}",')

    assert any(CANARY in repr(vars(error)) for error in chain(caught.value))


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_json, f'{{"name":"{CANARY}",'),
        (read_json, f'["{CANARY}"] ]'),
        (read_json, f'{{"name":"{CANARY}","name":""}}'),
        (read_json, f'["{CANARY}",NaN]'),
        (read_json, f'["{CANARY}",1e999]'),
        (read_json, f'["{CANARY}","\\ud800"]'),
        (read_json, f'["{CANARY}"' + "[" * 200_000),
        (read_json, f'["{CANARY}\ud800"]'),
        (read_json, f'["{CANARY}'.encode() + b'\xff"]'),
        (read_json, f"x{CANARY}"),
        (base64url.decode, f"{SPELLED}é"),
        (base64url.decode, f"{SPELLED}!"),
        (base64url.decode, f"{SPELLED}="),
        (base64std.decode, f"{SPELLED}é"),
        (base64std.decode, f"{SPELLED}="[:-2]),
        (lambda text: pem.decode(text, label="CERTIFICATE"), f"{CANARY} {SPELLED}"),
    ],
)
def test_an_error_leads_to_nothing_that_holds_the_text(
    read: Callable[[str | bytes], object], text: str | bytes
) -> None:
    with pytest.raises(InputError) as caught:
        read(text)

    for error in chain(caught.value):
        told = f"{error!r} {vars(error)!r} {getattr(error, 'object', '')!r}"
        assert CANARY not in told
        assert SPELLED not in told
