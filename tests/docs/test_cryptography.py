"""The page on cryptography names every key, algorithm and module that uses a secret, and nothing besides."""

import re

import pytest

from idbridge.crypto import jwe
from idbridge.crypto.algorithms import ALGORITHMS
from idbridge.limits import LIMITS
from idbridge_gateway.settings import Settings, WitnessSettings
from tests.source import ROOT, name_of, source_files

PAGE = (ROOT / "docs" / "cryptography.md").read_text(encoding="utf-8")
NAME = re.compile(r"`([^`]+)`")
# How a module uses a secret, however it spells it.
KEYED = re.compile(
    r"\bhmac\.(?:new|digest)\(|\b(?:HKDF|PBKDF2HMAC|Scrypt|AESGCM|Cipher|CMAC|HMAC)\(|\.(?:en|de)crypt_compact\("
)
HASHED = re.compile(r"\bhashlib\.")
IMPORTED = re.compile(r"^\s*(?:import|from) (cryptography|joserfc|secrets|pkcs11|nacl|jwt|random|uuid)\b", re.MULTILINE)


def section(title: str) -> str:
    """The text of one section of the page."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def column(title: str, number: int, *, head: str) -> list[str]:
    """The cells of one column of the table of a section whose first column is called ``head``."""
    lines = section(title).splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith(f"| {head} |"))
    rows = []
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(line.strip("| ").split(" | ")[number])
    return rows


def modules(pattern: re.Pattern[str]) -> set[str]:
    """The modules in whose text ``pattern`` is found."""
    return {
        name_of(path).removeprefix("service/").removesuffix(".py").replace("/", ".")
        for path in source_files()
        if pattern.search(path.read_text(encoding="utf-8"))
    }


def package_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


@pytest.mark.parametrize(
    "line",
    ["tag = hmac.new(key, message, sha256)", "key = HKDF(SHA256(), length=32)", "x = Cipher(AES(key), CBC(iv))",
     "text = jwe.encrypt_compact(members, plaintext, key)", "kept = AESGCM(key).encrypt(nonce, value, None)"],
)  # fmt: skip
def test_a_use_of_a_secret_is_found_however_it_is_spelt(line: str) -> None:
    assert KEYED.search(line)


def test_every_setting_that_names_a_key_has_a_row() -> None:
    held = {*Settings.model_fields, *WitnessSettings.model_fields}
    keys = {name for name in held if re.search(r"_keys?_(?:file|dir)$", name)}
    named = {name for cell in column("Keys and certificates", 1, head="key") for name in NAME.findall(cell)}

    assert len(keys) > 8
    assert {f"IDBRIDGE_{name.upper()}" for name in keys} <= named
    assert {name.removeprefix("IDBRIDGE_").lower() for name in named} <= held


def test_every_key_says_its_kind_who_makes_it_and_how_it_ends() -> None:
    for number in range(1, 6):
        assert all(len(cell) > 3 for cell in column("Keys and certificates", number, head="key")), number


def test_every_algorithm_of_the_tables_is_named_and_no_other() -> None:
    named = {name for cell in column("Algorithms", 1, head="use") for name in NAME.findall(cell)}

    assert named == {*ALGORITHMS, *jwe.ALGORITHMS, *jwe.CONTENT, "sha256", "sha384", "sha512"}
    assert f"{LIMITS.rsa_min_bits} to {LIMITS.rsa_max_bits} bits" in section("Algorithms")
    assert f"{LIMITS.key_derivation_rounds:,} rounds" in section("Algorithms")


def test_every_module_that_uses_a_secret_is_named_with_what_for_and_no_other() -> None:
    named = [name for cell in column("Where it is", 0, head="module") for name in NAME.findall(cell)]

    assert sorted(named) == sorted(modules(KEYED))


def test_every_package_that_takes_digests_is_named_and_no_other() -> None:
    named = [
        name for cell in column("Where it is", 0, head="packages that take digests") for name in NAME.findall(cell)
    ]

    assert sorted(named) == sorted({package_of(module) for module in modules(HASHED)})


def test_the_libraries_are_imported_where_the_page_says_and_nowhere_else() -> None:
    outside = {module for module in modules(IMPORTED) if not module.startswith("idbridge.crypto.")}

    assert outside == {"idbridge.model.randomness"}
    assert "`idbridge.crypto` alone" in section("Where it is")


def test_the_plan_says_of_lists_credentials_logs_and_answers_what_changes_where() -> None:
    plan = "The way to post-quantum algorithms"
    rows = dict(zip(column(plan, 0, head="what"), column(plan, 2, head="what"), strict=True))
    places = {name for name in NAME.findall(section(plan)) if name.startswith("idbridge")}

    for what in ("TLS", "answers that are encrypted", "log", "trust lists", "credentials", "assertions"):
        (step,) = [text for name, text in rows.items() if name.startswith(what)]
        assert len(step) > 40, what
    assert places == {"idbridge.crypto.jwe", "idbridge.crypto.algorithms"}
    assert all((ROOT / f"{name.replace('.', '/')}.py").is_file() for name in places)
    assert all(standard in section(plan) for standard in ("FIPS 203", "FIPS 204", "IR 8547"))
