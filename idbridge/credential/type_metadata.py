"""Type metadata: does a credential keep what its type says? Check ``sd-jwt.18`` (SD-JWT VC, section 6).

Decides by the documents that the node holds. Without one for the type nothing is checked, and the report says so;
unless the issuer says by ``vct#integrity`` which document counts: then nobody can tell, and it is not accepted.
A mandatory claim that the holder may have withheld is not missing.
"""

from collections.abc import Mapping
from typing import Any, Final

from idbridge.credential.path_pointer import select
from idbridge.credential.type_documents import has_integrity
from idbridge.limits import LIMITS
from idbridge.model.check import Check, CheckPoint, Result
from idbridge.model.type_metadata import ClaimRule, Disclosable, TypeDocument

INTEGRITY: Final = "vct#integrity"
_HIDDEN: Final = "..."
_NO_DOCUMENT: Final = "no type metadata is held for this type; it counts as a listed name"


def judge_type(
    point: CheckPoint,
    claims: Mapping[str, Any],
    signed: Mapping[str, Any],
    *,
    document: TypeDocument | None,
    hides: bool,
) -> Check:
    """Return the check of processed ``claims`` and of the payload ``signed`` against the type's ``document``.

    ``hides`` tells whether the holder may have withheld a claim at the top.
    """
    stated = claims.get(INTEGRITY)
    if INTEGRITY in claims and not (isinstance(stated, str) and 0 < len(stated) <= LIMITS.identifier_characters):
        return point.refused("sd_jwt.vct_invalid", f"`{INTEGRITY}` is a text")
    if document is None:
        if stated is None:
            return point.skipped(_NO_DOCUMENT)
        return point.refused("sd_jwt.metadata_unavailable")
    if stated is not None and not has_integrity(document.integrity, stated):
        return point.refused("sd_jwt.metadata_mismatch")
    for place, rule in enumerate(document.rules):
        if (fault := _fault(rule, claims, signed, hides=hides)) is not None:
            return point.refused("sd_jwt.metadata_violated", f"claim {place} of its type: {fault}")
    return Check(point.id, point.step, Result.PASSED, point.clause, None, f"by the document {document.name}")


def _fault(rule: ClaimRule, claims: Mapping[str, Any], signed: Mapping[str, Any], *, hides: bool) -> str | None:
    """Return how a claim breaks its rule, without its name; ``None`` if it keeps it."""
    plain = any(not _is_hidden(value) for value in select(rule.path, signed))
    found = bool(select(rule.path, claims))
    if rule.disclosable is Disclosable.ALWAYS and plain:
        return "it stands in plain sight and has to be disclosable"
    if rule.disclosable is Disclosable.NEVER and found and not plain:
        return "it is disclosable and has to stand in plain sight"
    withheld = rule.disclosable is not Disclosable.NEVER and (hides or len(rule.path) > 1)  # it may be, further down
    return "it is mandatory and missing" if rule.mandatory and not (found or withheld) else None


def _is_hidden(value: Any) -> bool:
    """Tell whether ``value`` is the placeholder of an array element."""
    return type(value) is dict and _HIDDEN in value
