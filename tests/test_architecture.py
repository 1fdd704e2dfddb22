"""The shape of the code: rules of the architecture that no type checker and no linter sees."""

import ast
import re
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from idbridge.limits import LIMITS
from tests.source import ROOT, called_name, name_of, nodes, source_files

# Architecture section 3: each type that says how far something is trusted is made in one module only. Whoever wants
# one has to go through the checks that stand there.
TRUST_STATES = {
    "UnverifiedCredential": "idbridge/credential/unverified.py",
    "SignedClaims": "idbridge/crypto/signature.py",
    "TrustService": "idbridge/trust/profile.py",
    "VerifiedCredential": "idbridge/credential/verified.py",
    "RecognisedIdentity": "idbridge/recognition/recognise.py",
    "Report": "idbridge/verify/report.py",
    "Decision": "idbridge/assertion/decision.py",
    "Assertion": "idbridge/assertion/issue.py",
    "LoggedCheckpoint": "idbridge/tlog/checkpoint.py",
    "WitnessedCheckpoint": "idbridge/tlog/checkpoint.py",
    "VerifiedReceipt": "idbridge/tlog/receipt.py",
    "ProvenTime": "idbridge/verify/time_evidence.py",
}
VERIFIER = "idbridge/verify/verifier.py"
STEPS = ("open_answers", "resolve", "verify", "account", "check_status", "check_demands")  # V2 to V6, and V8
IMPORTED_STEPS = frozenset({"open_answers", "KeyResolver", "check_status", "recognise", "check_demands", "compose"})
JOSE_LIBRARIES = frozenset({"jwt", "joserfc", "jose", "jwcrypto", "authlib", "jwskate"})
WALL_CLOCKS = frozenset({"now", "utcnow", "today", "time", "time_ns"})
CLOCK_OWNERS = frozenset({"datetime", "date", "time", "dt"})
RANDOM_MODULES = frozenset({"secrets", "random", "uuid"})
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "dist"})
PRIVATE_PEM = re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE[ ]KEY-----\s+[A-Za-z0-9+/]{40}")
PRIVATE_JWK = re.compile(r'"d"\s*:\s*"[A-Za-z0-9_-]{30,}"')


@cache
def calls(path: Path) -> tuple[ast.Call, ...]:
    """Return every call in ``path``."""
    return tuple(node for node in nodes(path) if isinstance(node, ast.Call))


def imported(path: Path) -> set[str]:
    """The top-level packages that ``path`` imports."""
    found: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


@cache
def names(path: Path) -> frozenset[str]:
    """Every bare name that ``path`` uses or imports."""
    found = {node.id for node in nodes(path) if isinstance(node, ast.Name)}
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom):
            found |= {alias.name for alias in node.names}
    return frozenset(found)


@cache
def repository_texts() -> tuple[tuple[str, str], ...]:
    """Every text file of the work tree, by name; folders that hold nothing of ours are left out."""
    found: list[tuple[str, str]] = []
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if any(part in SKIPPED_FOLDERS or part.startswith(".") for part in parts) or not path.is_file():
            continue
        try:
            found.append((name_of(path), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return tuple(found)


@pytest.mark.parametrize(("state", "home"), TRUST_STATES.items())
def test_a_trust_state_is_made_in_one_module_only(state: str, home: str) -> None:
    makers = {name_of(path) for path in source_files() for call in calls(path) if called_name(call) == state}

    assert makers == {home}


@pytest.mark.parametrize(("state", "home"), TRUST_STATES.items())
def test_nobody_else_copies_a_trust_state_with_changes(state: str, home: str) -> None:
    copiers = {
        name_of(path)
        for path in source_files()
        if state in names(path)
        for call in calls(path)
        if called_name(call) == "replace" and isinstance(call.func, ast.Name)
        if not (call.args and isinstance(call.args[0], ast.Name) and call.args[0].id == "self")
    }

    assert copiers <= {home}


def test_no_trust_state_hides_behind_another_name_or_an_empty_shell() -> None:
    aliased = {
        (name_of(path), alias.name)
        for path in source_files()
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in TRUST_STATES and alias.asname
    }
    shells = {name_of(path) for path in source_files() for call in calls(path) if called_name(call) == "__new__"}

    assert not aliased
    assert not shells


def test_only_the_verifier_names_the_steps_and_names_them_in_order() -> None:
    conductor = ROOT / VERIFIER
    lines = {called_name(call): call.lineno for call in calls(conductor) if called_name(call) in STEPS}
    comments = re.findall(r"# (V\d)  ", conductor.read_text(encoding="utf-8"))
    rivals = {
        name_of(path): sorted(names(path) & IMPORTED_STEPS)
        for path in source_files()
        if path != conductor and len(names(path) & IMPORTED_STEPS) > 1
    }

    assert comments == [f"V{number}" for number in range(2, 10)]
    assert sorted(STEPS, key=lambda step: lines[step]) == list(STEPS)
    assert not rivals


def test_only_crypto_imports_cryptography_and_jose_libraries() -> None:
    outside = {
        name_of(path)
        for path in source_files()
        if not name_of(path).startswith("idbridge/crypto/") and imported(path) & {"cryptography", *JOSE_LIBRARIES}
    }

    assert not outside


def test_only_the_clock_reads_the_time() -> None:
    readers = {
        f"{name_of(path)}:{call.lineno}"
        for path in source_files()
        if name_of(path) != "idbridge/clock.py"
        for call in calls(path)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in WALL_CLOCKS
        and isinstance(call.func.value, ast.Name | ast.Attribute)
        and (call.func.value.id if isinstance(call.func.value, ast.Name) else call.func.value.attr) in CLOCK_OWNERS
    }

    assert not readers


def test_only_one_module_and_crypto_read_randomness() -> None:
    readers = {
        name_of(path)
        for path in source_files()
        if not name_of(path).startswith("idbridge/crypto/") and imported(path) & RANDOM_MODULES
    }
    urandom = {name_of(path) for path in source_files() for call in calls(path) if called_name(call) == "urandom"}

    assert readers == {"idbridge/model/randomness.py"}
    assert not urandom


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    lengths = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in source_files("idbridge", "service", "scripts", "benchmarks", "tests")
    }

    assert not {name: length for name, length in lengths.items() if length > MAX_FILE_LINES}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{name_of(path)}:{node.name}": node.end_lineno - node.lineno + 1
        for path in source_files("idbridge", "service", "scripts", "benchmarks", "tests")
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES
    }

    assert not long


def limits_named(*packages: str) -> set[str]:
    """The limits that the Python files of ``packages`` read."""
    return {
        node.attr
        for path in source_files(*packages)
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "LIMITS"
    }


def test_every_limit_is_kept_by_code_and_hit_by_a_test() -> None:
    known = {field.name for field in fields(LIMITS)}

    assert not known - limits_named("idbridge", "service")
    assert not known - limits_named("tests")


def test_no_limit_is_read_that_does_not_exist() -> None:
    assert limits_named("idbridge", "service", "tests") <= {field.name for field in fields(LIMITS)}


def test_there_is_no_private_key_in_the_tree() -> None:
    keys = {name for name, text in repository_texts() if PRIVATE_PEM.search(text) or PRIVATE_JWK.search(text)}

    assert not keys
