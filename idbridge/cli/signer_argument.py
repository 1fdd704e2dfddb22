"""A key that somebody knows to be another's: its thumbprint, or a file with it as JWK, certificate or PEM."""

import re
from pathlib import Path
from typing import Final

from idbridge.cli.conformance_files import read_bounded
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure
from idbridge.codec import pem, strict_json
from idbridge.crypto.keys import parse_jwk, public_key_from_certificate
from idbridge.crypto.spki import jwk_of_public_pem
from idbridge.errors import InputError, IssuerError, JoseError
from idbridge.limits import LIMITS
from idbridge.model.request import THUMBPRINT

_CERTIFICATE: Final = "CERTIFICATE"


def thumbprint_of(given: str) -> str:
    """Return the thumbprint (RFC 7638) of the key that ``given`` is, or that the file of this name holds.

    Raises:
        Failure: It has not the form of a thumbprint, and there is no file of that name with one public key in it.
    """
    if re.fullmatch(THUMBPRINT, given) and not Path(given).exists():
        return given
    octets = read_bounded(given, max_bytes=LIMITS.key_file_bytes)
    try:
        text = octets.decode("utf-8")
        if f"-----BEGIN {_CERTIFICATE}-----" in text:
            (der,) = pem.decode(text, label=_CERTIFICATE)
            return public_key_from_certificate(der).thumbprint
        jwk = jwk_of_public_pem(text) if text.lstrip().startswith("-----") else None
        jwk = jwk or strict_json.parse_object(text, max_bytes=LIMITS.key_file_bytes)
        return parse_jwk(jwk).thumbprint
    except (InputError, JoseError, IssuerError, ValueError):
        hint = "a signer is a thumbprint, or a file with one public key: a JWK, a certificate or PEM"
        raise Failure(f"`{given}` holds no public key", hint=hint, exit_code=Exit.LOCAL) from None
