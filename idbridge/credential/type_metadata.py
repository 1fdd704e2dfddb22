"""Type metadata: does a credential keep what its type says? Check ``sd-jwt.18`` (SD-JWT VC, section 6).

Decides by the documents that the node holds. Without one for the type nothing is checked, and the report says so;
unless the issuer says by ``vct#integrity`` which document counts: then nobody can tell, and it is not accepted.
A mandatory claim that the holder may have withheld is not missing. Of an array each element keeps the rule by itself:
one in plain sight makes up for no other.
"""

from collections.abc import Mapping
from typing import Any, Final

from idbridge.credential.path_pointer import select
from idbridge.credential.type_documents import has_integrity
from idbridge.limits import LIMITS
from idbridge.model.check import Check, CheckPoint, Result
from idbridge.model.query import ClaimPath
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
    stand = _each(rule.path, signed)
    plain = sum(not _is_hidden(value) for value in stand)
    if rule.disclosable is Disclosable.ALWAYS and plain:
        return "it stands in plain sight and has to be disclosable"
    if rule.disclosable is Disclosable.NEVER and (plain < len(stand) or plain < len(_each(rule.path, claims))):
        return "it is disclosable and has to stand in plain sight"
    found = bool(select(rule.path, claims))
    withheld = rule.disclosable is not Disclosable.NEVER and (hides or len(rule.path) > 1)  # it may be, further down
    return "it is mandatory and missing" if rule.mandatory and not (found or withheld) else None


def _each(path: ClaimPath, claims: Mapping[str, Any]) -> list[Any]:
    """Return all values that ``path`` leads to: of an array each element counts, whatever stands beside it."""
    values: list[Any] = [claims]
    for step in path:
        values = [found for value in values for found in select((step,), value)]
    return values


def _is_hidden(value: Any) -> bool:
    """Tell whether ``value`` is the placeholder of an array element."""
    return type(value) is dict and _HIDDEN in value
