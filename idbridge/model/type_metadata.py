"""Type metadata of SD-JWT VCs: what the type's author says that every credential of it has (SD-JWT VC, section 6).

Made in ``credential/type_documents.py`` only, from local documents whose integrity was checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from idbridge.model.query import ClaimPath


class Disclosable(StrEnum):
    """Whether an issuer makes a claim selectively disclosable."""

    ALWAYS = "always"
    ALLOWED = "allowed"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """What a type says of one claim."""

    path: ClaimPath
    mandatory: bool
    disclosable: Disclosable


@dataclass(frozen=True, slots=True)
class TypeDocument:
    """One type, with the rules of all types that it extends.

    ``integrity`` are the digests of its document by each algorithm, as ``vct#integrity`` writes them. ``name`` is the
    SHA-256 digest (hex), by which a report names the document.
    """

    type: str
    name: str
    integrity: Mapping[str, str]
    rules: tuple[ClaimRule, ...]


TypeDocuments = Mapping[str, TypeDocument]
NO_DOCUMENTS: Final[TypeDocuments] = MappingProxyType({})
