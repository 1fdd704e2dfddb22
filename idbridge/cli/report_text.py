"""A report as text for a person at a terminal: the verdict first, then why, then what it rests on."""

from typing import Any, Final

from idbridge.cli import output
from idbridge.model.request import Detail
from idbridge.reasons import Indication
from idbridge.verify.report import Report

_COLOURS: Final = {Indication.PASSED: "green", Indication.FAILED: "red", Indication.INDETERMINATE: "yellow"}


def show(report: Report, *, report_id: str, detail: Detail) -> None:
    """Print a report for a person to read."""
    document = report.render(Detail.EVIDENCE, report_id=report_id)
    marked = " (historical: it accepts nothing)" if report.historical else ""
    output.emphasis(f"{document['indication']}{marked}", colour=_COLOURS[report.indication])
    output.paragraph(document["summary"])
    output.line()
    output.facts(_facts(document))
    if detail is not Detail.SIMPLE:
        output.line()
        output.facts(_provenance(document, evidence=detail is Detail.EVIDENCE))


def _facts(document: dict[str, Any]) -> list[tuple[str, Any]]:
    reason, issuer, assurance = document["reason"] or {}, document["issuer"] or {}, document["assurance"] or {}
    recognition, holder, status = document["recognition"], document["holder"] or {}, document["status"] or {}
    return [
        ("reason", f"{reason['code']} at {reason['step']}, {reason['clause']}" if reason else None),
        ("note", reason.get("note")),
        ("remedy", reason.get("remedy")),
        ("format", document["format"]),
        ("issuer", f"{issuer['id']} ({issuer['state']}, {issuer['name']})" if issuer else None),
        ("level", _level(assurance)),
        ("recognition", _recognition(recognition)),
        ("limits", "; ".join(recognition["limits"])),
        ("holder", f"bound by {holder['method']}" if holder.get("bound") else "not bound" if holder else None),
        ("status", status.get("state")),
        ("represents", _represented(document["represents"])),
        *((f"claim {name}", _claim(value)) for name, value in document["claims"].items()),
        ("not released", ", ".join(f"{entry['claim']} ({entry['why']})" for entry in document["not_released"])),
        ("evaluated at", document["evaluated_at"]),
    ]


def _level(assurance: dict[str, Any]) -> str | None:
    if not assurance:
        return None
    axes = f"identity {assurance['identity']}, authentication {assurance['authentication']}"
    return f"{assurance['loa']} ({axes}; {assurance['mapping']})"


def _recognition(recognition: dict[str, Any]) -> str:
    under = f", under {recognition['arrangement']} v{recognition['version']}" if recognition["arrangement"] else ""
    return f"by {recognition['by']}, for {recognition['purpose'] or 'a purpose that is not registered'}{under}"


def _represented(mandate: dict[str, Any] | None) -> str | None:
    if mandate is None:
        return None
    entity = mandate["entity"]
    return f"{mandate['name'] or 'an entity'} ({entity['scheme']} {entity['value']}), for {', '.join(mandate['scope'])}"


def _claim(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("display") or ", ".join(f"{name} {below}" for name, below in value.items()))
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _provenance(document: dict[str, Any], *, evidence: bool) -> list[tuple[str, Any]]:
    found = [
        ("report", document["report_id"]),
        ("policy", f"{document['policy']['id']} version {document['policy']['version']}"),
        ("trust snapshot", document["trust_snapshot"]),
        ("status snapshot", document["status_snapshot"]),
        ("verifier", document["verifier_version"]),
    ]
    if evidence:
        found += [("ETSI", document["sub_indication"])]
        found += [(f"{name} digest", value) for name, value in document["digests"].items() if value]
    return found
