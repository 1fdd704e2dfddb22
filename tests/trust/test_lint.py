"""What the lint of source documents finds, on which line. Cases 14, 49, 59, 62 and 64 before anything is signed."""

import json
import tomllib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from idbridge.codec import pem
from idbridge.crypto.certificates import Subject, make_authority, make_leaf
from idbridge.crypto.signer import FileSigner, generate
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.model.time import Validity
from idbridge.trust.lint import Background, Source, errors, lint
from idbridge.trust.lint_keys import SERVICE_ID
from idbridge.trust.lint_note import Finding, KeyFile, Severity
from idbridge.trust.profile import TrustList
from idbridge.trust.publish import ServiceMaterial, lote_from_source, sign_list
from idbridge.trust.toml_lines import lines_of
from tests.source import ROOT
from tests.trust.editions import DAY, HOUR, NOON, SG, SIGNERS, trusted

SCHEMA = json.loads((ROOT / "trust_lists" / "list.schema.json").read_text(encoding="utf-8"))
SHIPPED = sorted((ROOT / "trust_lists").glob("*/list.toml"))
GOOD = """schema = "idbridge-list-source-1"
state = "SG"
tier = "T2"
information_uri = "https://trust.example/"

[operator]
name = { en = "Example Office" }
address = { street = "1 Road", country = "SG" }

[[provider]]
name = { en = "Example Provider" }
address = { street = "1 Road", country = "SG" }
information_uri = "https://provider.example/"

[[provider.service]]
id = "login"
name = { en = "Example login" }
type = "login"
issuer = "https://login.sg.example"
formats = ["id_token"]
algorithms = ["ES256"]
credential_types = []
holder_binding = "none"
material = { kind = "jwk", algorithm = "ES256", count = 1 }
status = [
  { status = "granted", from = "2026-01-01T00:00:00Z" },
  { status = "superseded", from = "2026-03-01T00:00:00Z" },
]
ladder = [
  { national = "low", identity = "A1", authentication = "A1" },
  { national = "high", identity = "A2", authentication = "A2" },
]

[provider.service.claims]
subject = "sub"
persistence = "lasting"
acr = "acr"
name_parts = []
map = { birthdate = "born", age_over_18 = "adult" }

[[provider.service]]
id = "pid"
name = { en = "Example pid" }
type = "pid-issuance"
issuer = "https://pid.sg.example"
formats = ["dc+sd-jwt"]
algorithms = ["ES256"]
credential_types = ["urn:example:pid"]
holder_binding = "required"
material = { kind = "authority", algorithm = "ES256", count = 1 }
leaf_rule = { policy = "1.3.6.1.4.1.32473.1" }
status = [{ status = "granted", from = "2026-01-01T00:00:00Z" }]
ladder = [{ national = "high", identity = "A2", authentication = "A2" }]

[provider.service.claims]
subject = "sub"
persistence = "lasting"
acr = "acr"
name_parts = []
map = {}
"""
BACKGROUND = Background(SCHEMA, NOON)


def source(text: str, *, file: str = "SG/list.toml", folder: str = "SG", keys: tuple[KeyFile, ...] = ()) -> Source:
    return Source(file, text.encode(), folder=folder, keys=keys)


def found(text: str, **changes: Any) -> tuple[Finding, ...]:
    """What is found in one document."""
    return lint([source(text, **changes)], BACKGROUND)


def line_of(text: str, part: str) -> int:
    """The line on which ``part`` first stands."""
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_the_shipped_documents_are_clean(path: Any) -> None:
    assert lint([Source(str(path), path.read_bytes(), folder=path.parent.name)], BACKGROUND) == ()


def test_the_shipped_documents_are_clean_together() -> None:
    assert len(SHIPPED) == len(MemberState)
    assert lint([Source(str(path), path.read_bytes(), folder=path.parent.name) for path in SHIPPED], BACKGROUND) == ()


def test_the_twin_of_all_these_documents_is_clean() -> None:
    assert found(GOOD) == ()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('tier = "T2"', 'tier = "T9"', "trust.profile_violation"),
        ('tier = "T2"', 'tier = "T2"\nsurprise = 1', "trust.profile_violation"),
        ('name = { en = "Example pid" }', 'name = { th = "x" }', "trust.profile_violation"),
        ('identity = "A1"', 'identity = "A4"', "trust.profile_violation"),
        ('from = "2026-03-01T00:00:00Z"', 'from = "yesterday"', "trust.profile_violation"),
        ('from = "2026-03-01T00:00:00Z"', 'from = "2026-13-01T00:00:00Z"', "trust.profile_violation"),
        ('from = "2026-03-01T00:00:00Z"', 'from = "2026-01-01T00:00:00Z"', "trust.status_order"),
        ('from = "2026-03-01T00:00:00Z"', 'from = "2025-03-01T00:00:00Z"', "trust.status_order"),
        ('status = "superseded"', 'status = "granted"', "trust.status_order"),
        ('{ status = "granted", from = "2026', '{ status = "withdrawn", from = "2026', "trust.status_order"),
        ('country = "SG" }\n\n[[', 'country = "TH" }\n\n[[', "trust.territory_mismatch"),
        ('country = "SG" }\ninf', 'country = "TH" }\ninf', "trust.territory_mismatch"),
        ('id = "pid"', 'id = "login"', "trust.profile_violation"),
        ('id = "pid"', 'id = "../../pid"', "trust.profile_violation"),
        ('id = "pid"', 'id = "pid"\nkey_set = "https://pid.sg.example/jwks"', "trust.profile_violation"),
        ('id = "pid"', 'id = "pid"\nstatus_lists = ["https://pid.sg.example/1"]', "trust.profile_violation"),
        ('id = "pid"', r'id = "pid\n"', "trust.profile_violation"),
        ('"https://pid.sg.example"', '"https://pid.sg.example/?x"', "trust.profile_violation"),
        ('formats = ["id_token"]', 'formats = ["dc+sd-jwt"]', "trust.profile_violation"),
        ('formats = ["id_token"]', "formats = []", "trust.profile_violation"),
        ('credential_types = ["urn:example:pid"]', "credential_types = []", "trust.profile_violation"),
        ('algorithm = "ES256", count', 'algorithm = "RS256", count', "trust.profile_violation"),
        ('national = "high", identity = "A2"', 'national = "low", identity = "A2"', "trust.profile_violation"),
        ('birthdate = "born"', 'birthdat = "born"', "unknown-claim"),
        ('birthdate = "born"', 'age_over_x = "born"', "unknown-claim"),
        ('"low", identity = "A1", authentication = "A1"', '"low", identity = "A0", authentication = "A0"',
         "worthless-level"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_a_fault_is_found_on_its_line_with_the_code_of_the_refusal(old: str, new: str, code: str) -> None:
    assert old in GOOD
    same = next(place for place, (one, other) in enumerate(zip(f"{old}\0", f"{new}\0", strict=False)) if one != other)
    line = GOOD[: GOOD.index(old) + same].count("\n") + 1 + (new[same : same + 1] == "\n")

    findings = found(GOOD.replace(old, new, 1))

    assert line in {finding.line for finding in findings if finding.code == code}


def test_the_schema_and_the_key_files_know_one_form_of_an_id() -> None:
    assert SCHEMA["$defs"]["identifier"]["pattern"] == f"^{SERVICE_ID.pattern}$"


def test_what_is_missing_is_found_on_the_line_of_its_table() -> None:
    text = GOOD.replace('leaf_rule = { policy = "1.3.6.1.4.1.32473.1" }\n', "")

    (finding,) = found(text)

    assert (finding.line, finding.path) == (line_of(text, 'id = "pid"') - 1, ("provider", 0, "service", 1))
    assert "leaf_rule" in finding.words


def test_a_service_without_levels_and_levels_in_disorder_are_pointed_at() -> None:
    without = GOOD.replace('ladder = [{ national = "high", identity = "A2", authentication = "A2" }]', "ladder = []")
    lower = GOOD.replace(
        '"high", identity = "A2", authentication = "A2" },', '"high", identity = "A2", authentication = "A0" },'
    )

    assert [(one.code, one.severity) for one in found(without)] == [("no-levels", Severity.WARNING)]
    assert [(one.code, one.line) for one in found(lower)] == [("level-order", line_of(lower, '"high"'))]


@pytest.mark.parametrize(
    ("octets", "line"),
    [
        (b"", 1),
        (b"\xff", 1),
        (b"a = 1\nb = [\n", 3),
        (b"a = 1\na = 2\n", 2),
        (b"x" * (LIMITS.trust_list_bytes + 1), 1),
        (b"a = " + b"[" * 100_000, 1),
    ],
    ids=["empty", "no utf-8", "cut", "twice", "large", "deep"],
)
def test_what_is_no_document_is_said_to_be_none(octets: bytes, line: int) -> None:
    findings = lint([Source("x.toml", octets)], BACKGROUND)

    assert findings
    assert errors(findings) == len(findings)
    assert {finding.code for finding in findings} == {"trust.profile_violation"}
    assert findings[0].line == line


def test_a_list_in_the_folder_of_another_state_is_found() -> None:
    assert [one.code for one in found(GOOD, folder="TH")] == ["trust.territory_mismatch"]
    assert found(GOOD, folder="drafts") == ()


def test_too_many_services_are_found() -> None:
    head, service = GOOD.split('[[provider.service]]\nid = "pid"')
    many = "".join(
        f'[[provider.service]]\nid = "pid-{number}"{service}\n' for number in range(LIMITS.services_per_list)
    )

    findings = found(head + many)

    assert [(one.code, one.line) for one in findings] == [("trust.profile_violation", line_of(GOOD, "[[provider]]"))]
    assert str(LIMITS.services_per_list) in findings[0].words


OTHER = GOOD.replace('"SG"', '"TH"').replace("sg.example", "th.example").replace('id = "', 'id = "th-')


def test_two_states_claim_neither_one_issuer_nor_one_id() -> None:
    claimed = OTHER.replace("https://pid.th.example", "https://pid.sg.example").replace("th-login", "login")

    findings = lint([source(GOOD), source(claimed, file="TH/list.toml", folder="TH")], BACKGROUND)

    assert lint([source(GOOD), source(OTHER, file="TH/list.toml", folder="TH")], BACKGROUND) == ()
    assert [(one.file, one.line, one.code) for one in findings] == [
        ("SG/list.toml", line_of(GOOD, 'id = "login"'), "trust.profile_violation"),
        ("SG/list.toml", line_of(GOOD, "https://pid"), "trust.territory_mismatch"),
        ("TH/list.toml", line_of(claimed, 'id = "login"'), "trust.profile_violation"),
        ("TH/list.toml", line_of(claimed, "https://pid"), "trust.territory_mismatch"),
    ]


KEY = generate("ES256", "key-1")


def jwk_file(signer: FileSigner, service_id: str = "login", **changes: Any) -> KeyFile:
    return KeyFile(
        f"SG/keys/{service_id}.jwk", service_id, json.dumps({**signer.public_jwk, **changes}).encode(), False
    )


def authority(*, country: str = "SG", validity: Validity | None = None) -> bytes:
    spans = validity or Validity(NOON - DAY, NOON + 1000 * DAY)
    subject = Subject("Example CA", country=country)
    return make_authority(generate("ES256"), subject=subject, validity=spans).certificate


def pem_file(der: bytes, service_id: str = "pid") -> KeyFile:
    text = pem.encode(der, label=pem.CERTIFICATE)
    return KeyFile(f"SG/certificates/{service_id}.pem", service_id, text.encode(), True)


def leaf(algorithm: str) -> bytes:
    validity = Validity(NOON - DAY, NOON + 1000 * DAY)
    return make_leaf(generate(algorithm), subject=Subject("x", country="SG"), validity=validity, issuer=None, uris=())


def test_keys_that_fit_their_services_are_clean() -> None:
    assert found(GOOD, keys=(jwk_file(KEY), jwk_file(generate("ES256")), pem_file(authority()))) == ()


@pytest.mark.parametrize(
    ("keys", "code", "severity"),
    [
        ((jwk_file(KEY, "nobody"),), "stray-key", Severity.WARNING),
        ((KeyFile("SG/keys/login.jwk", "login", b"{", False),), "trust.profile_violation", Severity.ERROR),
        ((jwk_file(KEY, d="AA"),), "trust.profile_violation", Severity.ERROR),
        ((jwk_file(KEY, x="AA"),), "trust.profile_violation", Severity.ERROR),
        ((jwk_file(generate("ES384")),), "trust.profile_violation", Severity.ERROR),
        ((jwk_file(KEY), jwk_file(KEY)), "trust.profile_violation", Severity.ERROR),
        ((jwk_file(KEY), jwk_file(generate("ES256"), kid="key-1")), "trust.profile_violation", Severity.ERROR),
        ((jwk_file(KEY), jwk_file(KEY, "pid")), "key-reuse", Severity.WARNING),
        ((pem_file(authority(country="TH")),), "trust.territory_mismatch", Severity.ERROR),
        ((pem_file(authority(), "login"),), "trust.profile_violation", Severity.ERROR),
        ((pem_file(leaf("ES384")),), "trust.profile_violation", Severity.ERROR),
        ((pem_file(b"0\x00"),), "trust.profile_violation", Severity.ERROR),
        ((KeyFile("SG/certificates/pid.pem", "pid", b"\xff", True),), "trust.profile_violation", Severity.ERROR),
        ((KeyFile("SG/certificates/pid.pem", "pid", b"text", True),), "trust.profile_violation", Severity.ERROR),
        ((pem_file(authority(validity=Validity(NOON - 9 * DAY, NOON - DAY))),), "not-in-force", Severity.WARNING),
        ((pem_file(authority(validity=Validity(NOON - DAY, NOON + DAY))),), "ends-soon", Severity.WARNING),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_key_that_does_not_fit_is_found_in_its_file(keys: Any, code: str, severity: Severity) -> None:
    findings = found(GOOD, keys=keys)

    assert [(one.code, one.severity) for one in findings] == [(code, severity)]
    assert findings[0].file in {"SG/list.toml", *(one.file for one in keys)}


def test_a_certificate_outlives_a_list_that_is_signed_now() -> None:
    enough = Validity(NOON - DAY, NOON + LIMITS.list_lifetime + HOUR)

    assert found(GOOD, keys=(pem_file(authority(validity=enough)),)) == ()


def test_a_key_of_two_states_is_found_in_the_second() -> None:
    mine, theirs = jwk_file(KEY), jwk_file(KEY, "th-login")

    findings = lint(
        [source(GOOD, keys=(mine,)), source(OTHER, file="TH/list.toml", folder="TH", keys=(theirs,))], BACKGROUND
    )

    assert [(one.file, one.line, one.code) for one in findings] == [
        ("TH/list.toml", line_of(OTHER, "[[provider.service]]"), "trust.territory_mismatch")
    ]


def published(text: str) -> TrustList:
    """The list that a document becomes, as a node accepts it."""
    made = lote_from_source(
        tomllib.loads(text),
        environment=Environment.SANDBOX,
        sequence=1,
        issued_at=NOON - HOUR,
        next_update=NOON + 90 * DAY,
        material=lambda name: ServiceMaterial((generate("ES256", name).public_jwk,)),
    )
    return trusted(sign_list(made, SIGNERS[SG], at=NOON - HOUR).encode()).lists[SG]


HELD = published(GOOD)


def against(text: str, held: TrustList = HELD, *, placed: Callable[[str], str] = str) -> list[tuple[str, int]]:
    """What is found in a document beside a published list."""
    background = Background(SCHEMA, NOON, published={SG: held}, placed=placed)
    return [(finding.code, finding.line) for finding in lint([source(text)], background)]


def test_the_document_of_the_published_list_is_clean() -> None:
    assert against(GOOD) == []
    assert lint([source(OTHER, folder="TH")], Background(SCHEMA, NOON, published={SG: HELD})) == ()


@pytest.mark.parametrize(
    ("old", "new", "part", "code"),
    [
        ('from = "2026-03-01', 'from = "2026-03-02', "status = [\n", "trust.history_rewritten"),
        ('\n  { status = "superseded", from = "2026-03-01T00:00:00Z" },', "", "status = [\n",
         "trust.history_rewritten"),
        ('formats = ["dc+sd-jwt"]', 'formats = ["dc+sd-jwt", "mso_mdoc"]', 'formats = ["dc', "scope-widened"),
        ('credential_types = ["urn:example:pid"]', 'credential_types = ["urn:example:pid", "urn:x"]',
         'credential_types = ["', "scope-widened"),
        ('holder_binding = "required"', 'holder_binding = "optional"', 'holder_binding = "o', "scope-widened"),
        ('"low", identity = "A1", authentication = "A1"', '"low", identity = "A1", authentication = "A2"', '"low"',
         "scope-widened"),
        ('national = "low"', 'national = "new"', '"new"', "scope-widened"),
        ('name = { en = "Example pid" }', 'name = { en = "Another" }', "[[provider]]", "dropped"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_what_the_next_edition_takes_back_or_widens_is_found(old: str, new: str, part: str, code: str) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD

    assert against(text) == [(code, line_of(text, part))]


def test_what_only_begins_later_may_still_change_and_an_end_may_be_added() -> None:
    ahead = published(GOOD.replace("2026-03-01", "2027-03-01"))

    assert against(GOOD.replace("2026-03-01", "2027-04-01"), ahead) == []
    granted = '{ status = "granted", from = "2026-01-01T00:00:00Z" }'
    withdrawn = '{ status = "withdrawn", from = "2026-11-25T00:00:00Z" }'
    assert against(GOOD.replace(f"[{granted}]", f"[{granted}, {withdrawn}]")) == []


def test_a_history_that_is_no_history_is_found_once() -> None:
    assert [code for code, _ in against(GOOD.replace("2026-03-01", "2025-03-01"))] == ["trust.status_order"]


def test_issuers_are_compared_as_they_are_listed_in_the_environment() -> None:
    sandbox = published(GOOD.replace("https://", "https://sandbox."))
    narrow = GOOD.replace('holder_binding = "required"', 'holder_binding = "none"')

    def placed(issuer: str) -> str:
        return issuer.replace("https://", "https://sandbox.")

    assert [code for code, _ in against(narrow, sandbox, placed=placed)] == ["scope-widened"]
    assert [code for code, _ in against(narrow, sandbox)] == ["dropped"]


def test_every_finding_is_on_a_line_of_its_document() -> None:
    findings = found(GOOD.replace("A2", "A9").replace('"SG" }', '"TH" }'))

    assert len(findings) > 3
    assert all(1 <= finding.line <= GOOD.count("\n") for finding in findings)
    assert {finding.line for finding in findings} <= set(lines_of(GOOD).known.values())
    assert timedelta(0) < LIMITS.list_lifetime
