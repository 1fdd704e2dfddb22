"""Hashes that are old are called nowhere, and what must stay secret is never compared octet by octet (threat 28)."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.source import name_of, source_files, tree

HASH = re.compile(r"\bhashlib\.(\w+)")
HASHES = {"sha256", "sha384", "sha512", "new", "file_digest"}
NAMED = re.compile(r"\bhashlib\.(?:new|file_digest)\(.*")
TABLE = re.compile(r"^_HASHES: .*?^}\)", re.MULTILINE | re.DOTALL)
OLD = re.compile(r"(?i)\b(?:md[245]|sha_?-?1|sha_?-?224|ripemd\w*|blake2\w*|whirlpool)\b")
FORGING = "idbridge/sandbox/"  # names old hashes in what has to be refused
# What somebody has to guess, by its name: how long a comparison takes would tell how far a guess is right.
GUESSED = re.compile(
    r"(?:^|_)(?:secret|secrets|mac|hmac|code|codes|handle|state|nonce|verifier|challenge|password|passphrase|cookie"
    r"|api_?key|csrf|token|tokens|tag|opened_by|pin)$"
)
# Digests and commitments of such values; elsewhere a digest names a published file, and is as public as that.
MARKED = re.compile(r"(?:^|_)(?:digest|hexdigest|commitment|mark|thumbprint)$")
OF_SECRETS = ("service/idbridge_gateway/", "idbridge/oidc/", "idbridge/tlog/commitment", "idbridge/crypto/")
# What judges or plays others, or is run by whoever has the files: nobody there is to guess anything.
OF_NOBODY = (
    "idbridge/cli/", "idbridge/conformance/", "idbridge/sandbox/", "idbridge/trust/", "service/idbridge_gateway/demo/",
)  # fmt: skip
# What goes by such a name and is no secret.
PUBLIC = {
    "idbridge/crypto/crl.py: crl.digest != self.digest": "of a list that is published",
    "idbridge/crypto/did_key.py: url_names(kid).thumbprint == key.thumbprint": "of a public key",
    "idbridge/crypto/xmldsig.py: holder.tag != f'{_DS}Object'": "the name of an element",
    "idbridge/recognition/rule.py: state == recognising": "a member state",
    "service/idbridge_gateway/canary/rounds.py: reason.get('code') == sample.code": "a code of the catalogue",
    "service/idbridge_gateway/ask/question.py: one.state != party.state.value": "a member state",
    "service/idbridge_gateway/oidc/upstream/requests.py: told.dpop_nonce != under_way.dpop_nonce": "of a provider",
    "service/idbridge_gateway/reload.py: error.code == self._trouble": "a code of the catalogue",
    "service/idbridge_gateway/revocation.py: error.code != self._trouble": "a code of the catalogue",
}


def texts() -> Iterator[tuple[str, str]]:
    return ((name_of(path), path.read_text(encoding="utf-8")) for path in source_files())


def name_in(node: ast.expr) -> str:
    """Return what a value is called: by a name, an attribute, a key or the method that made it."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
        case ast.Subscript(slice=ast.Constant(value=str() as key)):
            return key
        case ast.Call(func=ast.Name(id="len" | "type")):
            return ""
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str() as key), *_]):
            return key
        case ast.Call(func=ast.Attribute(attr="encode" | "decode" | "lower" | "strip", value=value)):
            return name_in(value)
        case ast.Call():
            return name_in(node.func)
    return ""


def is_settled(node: ast.expr) -> bool:
    """Tell whether a value stands in the code itself, so that nobody has to guess it."""
    return isinstance(node, ast.Constant) or re.fullmatch(r"_?[A-Z][A-Z0-9_]*", name_in(node)) is not None


def compared(module: ast.AST, path: str) -> Iterator[str]:
    """Yield each comparison by ``==`` or ``!=`` of what must stay secret."""
    of_secrets = path.startswith(OF_SECRETS)
    for node in ast.walk(module):
        if not isinstance(node, ast.Compare) or not any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops):
            continue
        sides = [node.left, *node.comparators]
        if any(map(is_settled, sides)):
            continue
        names = [name_in(side) for side in sides]
        if any(GUESSED.search(name) or (of_secrets and MARKED.search(name)) for name in names):
            yield f"{path}: {ast.unparse(node)}"


def test_no_hash_is_called_that_is_old_or_of_no_table() -> None:
    called = {name for _, text in texts() for name in HASH.findall(text)}
    named = {path: list(NAMED.findall(text)) for path, text in texts() if NAMED.search(text)}
    of_tables = {
        path: set(re.findall(r'"(sha\d+)"', found[0])) for path, text in texts() if path in named
        if (found := TABLE.findall(text))
    }  # fmt: skip

    assert called == HASHES
    assert {path: calls for path, calls in named.items() if path not in of_tables} == {
        "idbridge/conformance/targets/publisher/finer.py": ['hashlib.file_digest(opened, "sha256").hexdigest()']
    }
    assert set().union(*of_tables.values()) == {"sha256", "sha384", "sha512"}


def test_no_old_hash_is_named_but_where_it_is_refused() -> None:
    named = {path for path, text in texts() if OLD.search(text)}

    assert named
    assert all(path.startswith(FORGING) for path in named)


@pytest.mark.parametrize(
    "line",
    [
        "if presented.secret == registered.secret: pass",
        "if query.get('state', '') != begun.state: pass",
        "found = held.handle == handle",
        "ok = hmac.new(key, message, sha256).hexdigest() == tag",
        "ok = claims['nonce'] == begun.nonce.encode()",
        "ok = all(digest != one for one in digests)",
        "assert code == kept.code",
    ],
)
def test_a_comparison_of_what_must_stay_secret_is_found(line: str) -> None:
    assert len([*compared(ast.parse(line), "service/idbridge_gateway/oidc/somewhere.py")]) == 1


@pytest.mark.parametrize(
    "line", ["len(secret) == octets", "code == ''", "ok = hmac.compare_digest(tag, made)", "state is None", "kind == 3"]
)
def test_what_compares_no_secret_is_left_alone(line: str) -> None:
    assert [*compared(ast.parse(line), "service/idbridge_gateway/oidc/somewhere.py")] == []


def test_nothing_that_must_stay_secret_is_compared_by_the_octet() -> None:
    judged = [path for path in source_files() if not name_of(path).startswith(OF_NOBODY)]
    found = {one for path in judged for one in compared(tree(path), name_of(path))}

    assert found == PUBLIC.keys()


def test_comparisons_in_constant_time_stand_wherever_something_is_guessed() -> None:
    comparing = {path for path, text in texts() if "hmac.compare_digest(" in text}

    assert comparing >= {
        "idbridge/crypto/device_mac.py",
        "idbridge/oidc/client_authentication.py",
        "idbridge/oidc/pkce.py",
        "idbridge/oidc/upstream.py",
        "idbridge/tlog/commitment.py",
        "service/idbridge_gateway/console/sign_in.py",
        "service/idbridge_gateway/oidc/code_grant.py",
        "service/idbridge_gateway/pages/forgery.py",
        "service/idbridge_gateway/stores/relying_parties.py",
        "service/idbridge_gateway/wallet/held.py",
    }
