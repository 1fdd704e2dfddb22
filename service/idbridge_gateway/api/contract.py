"""``GET /openapi.json``: FastAPI's document, with the two operations that the thin front serves and all schemas."""

from typing import Any, Final

from idbridge.model.request import Detail
from idbridge.verify.schema import BATCH_REQUEST, REPORTS, VERIFY_REQUEST
from idbridge_gateway.admin import contract as admin
from idbridge_gateway.api import log_contract as log
from idbridge_gateway.api.schemas import JSON_MEDIA, RELYING_PARTY, SCHEMAS, SECURITY_SCHEMES, answers, reference
from idbridge_gateway.api.verify import BATCH_PATH, VERIFY_PATH
from idbridge_gateway.wallet import contract as wallet

_REPORT_NAMES: Final = {detail: f"{detail.value.capitalize()}Report" for detail in Detail}
_REFUSALS: Final = (400, 401, 403, 405, 409, 413, 415, 429, 500, 503)
_OF_FRAMEWORK: Final = frozenset({"HTTPValidationError", "ValidationError"})
_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 8, "maxLength": 128, "pattern": "^[!-~]+$"},
    "description": "The same key and body within two minutes are one question: its nonce is spent once.",
}
_VERIFY_WORDS: Final = (
    "A completed verification answers 200 whatever the verdict; read `accepted`, and `reason` if it is false. "
    "Problems are for requests that are broken.\n\n"
    "The relying party is whoever authenticated. Its registration bounds every request: a request cannot set the "
    "instant, switch the status check off, name a policy or widen an audience."
)
_BATCH_WORDS: Final = (
    "Up to 100 questions, answered in their order. Each answer is a report or the problem with that one question; none "
    "fails another. All share one trust snapshot and one instant."
)


def contract_of(document: dict[str, Any]) -> dict[str, Any]:
    """Return the whole contract, given what FastAPI knows of its own routes."""
    components = document.setdefault("components", {})
    named = components.get("schemas", {})
    components["schemas"] = {**{name: named[name] for name in named if name not in _OF_FRAMEWORK}, **_schemas()}
    components["securitySchemes"] = {
        **SECURITY_SCHEMES,
        admin.SCHEME: admin.SECURITY_SCHEME,
    }
    document["paths"] = {**_front_paths(), **document["paths"]}
    for path in document["paths"].values():
        for operation in path.values():
            _without_framework_answers(operation)
    return document


def _schemas() -> dict[str, Any]:
    reports = {_REPORT_NAMES[detail]: dict(REPORTS[detail]) for detail in Detail}
    report = {"anyOf": [reference(name) for name in reports]}
    answer = {"anyOf": [reference("Report"), reference("Problem")]}
    batch = {
        "type": "object",
        "required": ["items"],
        "properties": {"items": {"type": "array", "items": answer}},
        "additionalProperties": False,
    }
    return {
        "VerifyRequest": dict(VERIFY_REQUEST),
        "VerifyBatch": dict(BATCH_REQUEST),
        **reports,
        "Report": report,
        "BatchAnswer": batch,
        **SCHEMAS,
        **log.SCHEMAS,
        **admin.SCHEMAS,
        **wallet.SCHEMAS,
    }


def _front_paths() -> dict[str, Any]:
    single = _operation("verify", "Verify one credential", _VERIFY_WORDS, asked="VerifyRequest", answered="Report")
    batch = _operation("verify_batch", "Verify many", _BATCH_WORDS, asked="VerifyBatch", answered="BatchAnswer")
    return {VERIFY_PATH: {"post": single}, BATCH_PATH: {"post": batch}}


def _operation(name: str, summary: str, words: str, *, asked: str, answered: str) -> dict[str, Any]:
    found = {str(status): answer for status, answer in answers(answered, *_REFUSALS).items()}
    return {
        "operationId": name,
        "tags": ["verify"],
        "summary": summary,
        "description": words,
        "security": RELYING_PARTY,
        "parameters": [_IDEMPOTENCY_KEY],
        "requestBody": {"required": True, "content": {JSON_MEDIA: {"schema": reference(asked)}}},
        "responses": found,
    }


def _without_framework_answers(operation: dict[str, Any]) -> None:
    """Take out what FastAPI says by itself of broken parameters: here they are 400 problems."""
    operation["responses"].pop("422", None)
    content = operation["responses"].get("200", {}).get("content", {})
    for media in content.values():
        if not media.get("schema"):
            media["schema"] = {}
