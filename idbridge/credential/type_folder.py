"""The folder of type documents: read whole or not at all. Nothing is fetched, and no name but a digest is believed.

Each file is called ``sha256-`` and the base64url of its digest, with ``.json`` after it, so that a document that was
changed or put in another's place is noticed before a node starts (SD-JWT VC, section 6.5).
"""

import hashlib
from pathlib import Path
from typing import Final

from idbridge.codec import base64url
from idbridge.credential.type_documents import type_documents
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.type_metadata import TypeDocuments

SUFFIX: Final = ".json"


def file_name(octets: bytes) -> str:
    """Return the name under which a document lies in the folder."""
    return f"sha256-{base64url.encode(hashlib.sha256(octets).digest())}{SUFFIX}"


def read_type_documents(folder: Path) -> TypeDocuments:
    """Return what the documents in ``folder`` say.

    Raises:
        ConfigurationError: The folder or a file cannot be read, a file is not what its name says, or the documents do
            not fit together.
    """
    try:
        paths = sorted(folder.iterdir())
        if len(paths) > LIMITS.type_documents:
            raise ConfigurationError(f"type metadata: more than {LIMITS.type_documents} files in {folder}")
        return type_documents([_document(path) for path in paths])
    except OSError as error:
        raise ConfigurationError(f"type metadata: {folder} cannot be read: {error.strerror}") from None


def _document(path: Path) -> bytes:
    with path.open("rb") as file:
        octets = file.read(LIMITS.type_document_bytes + 1)
    if path.name != file_name(octets):
        raise ConfigurationError(f"type metadata: {path.name} is not called by the digest of its octets")
    return octets
