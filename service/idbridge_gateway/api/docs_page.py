"""``GET /docs``: the contract as a page that loads nothing from anywhere, not even a script."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any, Final

from fastapi import APIRouter, Response

STYLE: Final = """
:root{color-scheme:light dark;--ink:#16202b;--soft:#5b6876;--line:#d8dee5;--paper:#fff;--tint:#f4f6f8;--get:#0b6b4f;
--post:#8a4b00}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf0;--soft:#9aa7b4;--line:#2c3743;--paper:#12181f;--tint:#1a222b;
--get:#5fd0a8;--post:#f0b060}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2rem 1.25rem 5rem}
h1{font-size:1.7rem;margin:0 0 .25rem}
h2{font-size:1.05rem;margin:0;display:flex;gap:.6rem;align-items:baseline;flex-wrap:wrap}
h3{font-size:.85rem;color:var(--soft);margin:1rem 0 .25rem;font-weight:600}
p{margin:.4rem 0;max-width:44rem}
a{color:inherit}
code,pre{font:.86rem/1.5 ui-monospace,monospace}
section{border-top:1px solid var(--line);padding:1.25rem 0}
.method{font-weight:700;min-width:3.2rem}.get{color:var(--get)}.post{color:var(--post)}
nav ul{columns:2 18rem;list-style:none;padding:0;margin:1.25rem 0}nav li{margin:.15rem 0;break-inside:avoid}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--line)}
details{margin:.35rem 0;background:var(--tint);border-radius:6px;padding:.4rem .8rem}
summary{cursor:pointer}pre{overflow-x:auto;margin:.5rem 0}
.quiet{color:var(--soft)}
"""
_STYLE_DIGEST: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
_CODE: Final = re.compile(r"`([^`]+)`")
_ACCESS: Final = "<p class=quiet>Asks for an API key: <code>Authorization: Bearer idb_...</code></p>"
POLICY: Final = f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; frame-ancestors 'none'; base-uri 'none'"


def docs_router(contract: Any) -> APIRouter:
    """Return the route of the page; ``contract`` returns the OpenAPI document."""
    router = APIRouter()

    @router.get("/docs", include_in_schema=False)
    async def page() -> Response:
        headers = {"content-security-policy": POLICY, "cache-control": "public, max-age=300"}
        return Response(docs_page(contract()), media_type="text/html; charset=utf-8", headers=headers)

    return router


def docs_page(contract: dict[str, Any]) -> str:
    """Return the page that shows ``contract``."""
    operations = list(_operations(contract))
    schemas = contract.get("components", {}).get("schemas", {})
    return "".join((
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(contract['info']['title'])}</title><style>{STYLE}</style></head><body><main>",
        f"<h1>{escape(contract['info']['title'])} <span class=quiet>{escape(contract['info']['version'])}</span></h1>",
        f"<p>{escape(contract['info'].get('description', ''))}</p>",
        '<p>The same in one file: <a href="/openapi.json">openapi.json</a>. What each reason means: ',
        '<a href="/v1/reasons">reasons</a>.</p>',
        f"<nav aria-label=Operations><ul>{''.join(_entry(*operation) for operation in operations)}</ul></nav>",
        *(_section(*operation) for operation in operations),
        "<section id=schemas><h2>Schemas</h2>",
        *(_schema(name, schema) for name, schema in sorted(schemas.items())),
        "</section></main></body></html>",
    ))  # fmt: skip


def _operations(contract: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _anchor(path: str, method: str) -> str:
    return escape(method + path.replace("/", "-").replace("{", "").replace("}", ""), quote=True)


def _entry(path: str, method: str, operation: dict[str, Any]) -> str:
    return (
        f'<li><a href="#{_anchor(path, method)}"><code>{method.upper()} {escape(path)}</code></a> '
        f"<span class=quiet>{escape(operation.get('summary', ''))}</span></li>"
    )


def _section(path: str, method: str, operation: dict[str, Any]) -> str:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    return "".join((
        f'<section id="{_anchor(path, method)}"><h2><span class="method {escape(method)}">{method.upper()}</span>',
        f"<code>{escape(path)}</code></h2><p>{escape(operation.get('summary', ''))}</p>",
        *(f"<p>{_words(paragraph)}</p>" for paragraph in _paragraphs(operation.get("description", ""))),
        _ACCESS if operation.get("security") else "",
        _parameters(operation.get("parameters", ())),
        f"<h3>Body</h3>{_schema('application/json', body)}" if body else "",
        "<h3>Answers</h3><table><tbody>",
        *(_answer(status, answer) for status, answer in operation["responses"].items()),
        "</tbody></table></section>",
    ))  # fmt: skip


def _words(text: str) -> str:
    """Return prose as HTML, with what stands between backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _paragraphs(text: str) -> Iterable[str]:
    return (paragraph.strip() for paragraph in text.split("\n\n") if paragraph.strip())


def _parameters(parameters: Iterable[dict[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(parameter['in'])}"
        f"{', required' if parameter.get('required') else ''}</td>"
        f"<td>{_words(parameter.get('description', ''))}</td></tr>"
        for parameter in parameters
    )
    return f"<h3>Parameters</h3><table><tbody>{rows}</tbody></table>" if rows else ""


def _answer(status: str, answer: dict[str, Any]) -> str:
    names = (_named(media.get("schema", {})) for media in answer.get("content", {}).values() if media.get("schema"))
    return f"<tr><td><code>{escape(status)}</code></td><td>{_words(answer['description'])} {' '.join(names)}</td></tr>"


def _named(schema: dict[str, Any]) -> str:
    reference = schema.get("$ref", "")
    name = escape(reference.rpartition("/")[2])
    return f'<a href="#schema-{name}"><code>{name}</code></a>' if name else ""


def _schema(name: str, schema: dict[str, Any]) -> str:
    if schema.get("$ref"):
        return f"<p>{_named(schema)}</p>"
    text = escape(json.dumps(schema, indent=2, ensure_ascii=False))
    # The anchor stands inside, because browsers open what a link leads into.
    anchor = f'<pre id="schema-{escape(name)}">{text}</pre>'
    return f"<details><summary><code>{escape(name)}</code></summary>{anchor}</details>"
