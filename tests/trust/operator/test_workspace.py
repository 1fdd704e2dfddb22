"""A state's folder: what it begins with, what is refused, and a provider's file that is taken in."""

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idbridge.codec import jcs
from idbridge.crypto import pkcs8
from idbridge.crypto.key_files import open_key_file
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import ConfigurationError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import CommitmentTier, Environment, MemberState
from idbridge.sandbox.sources import list_in, shipped
from idbridge.trust.operator import editing, provider_file, public_keys
from idbridge.trust.operator.provider_file import ProviderFile
from idbridge.trust.operator.workspace import ON_CALL, PRIVATE, PUBLIC, ROLE_KEYS, Founding, Workspace
from idbridge.trust.publish import ServiceMaterial
from tests.trust.distribution.places import NOW
from tests.trust.operator.offices import without

LA, SANDBOX = MemberState.LA, Environment.SANDBOX
PASSPHRASE = "three people in Vientiane"
FOUNDING = Founding(LA, CommitmentTier.T1, SANDBOX)
Change = Callable[[dict[str, Any]], None]
ODD_IDS = ("../../evil", "a/b", "/tmp/a", "x\n", ".", "", "-x", "X", "x.2", "x" * 64, "x\0")  # noqa: S108 - refused


@pytest.fixture(scope="module", autouse=True)
def _cheap() -> Any:
    """Derive keys quickly: how dear a passphrase is to guess, `tests/crypto` shows."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pkcs8, "LIMITS", replace(LIMITS, key_derivation_rounds=10))
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "LA", FOUNDING, passphrase=lambda _: PASSPHRASE)


def stanza(**changes: Any) -> dict[str, Any]:
    """A provider of Laos with one service."""
    provider = list_in(SANDBOX, shipped().lists[LA])["provider"][0]
    return {**provider, "service": [{**provider["service"][0], **changes}]}


def handed(signer: FileSigner, **changes: Any) -> ProviderFile:
    """What the provider hands over."""
    material = {"la-card": ServiceMaterial(jwks=(dict(signer.public_jwk),))}
    return ProviderFile(stanza(**changes), material)


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")

    with pytest.raises(ConfigurationError):
        Workspace.create(tmp_path, FOUNDING, passphrase=lambda _: PASSPHRASE)

    assert [one.name for one in tmp_path.iterdir()] == ["mine"]


def test_a_folder_that_cannot_be_made_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(ConfigurationError):
        Workspace.create(tmp_path / "file" / "LA", FOUNDING, passphrase=lambda _: PASSPHRASE)


def test_a_weak_passphrase_founds_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        Workspace.create(tmp_path / "LA", FOUNDING, passphrase=lambda _: "short")

    assert not (tmp_path / "LA").exists()
    Workspace.create(tmp_path / "LA", FOUNDING, passphrase=lambda _: PASSPHRASE)


def test_one_weak_passphrase_of_several_founds_nothing(tmp_path: Path) -> None:
    answers = iter([PASSPHRASE] * 4 + ["x" * (LIMITS.passphrase_characters - 1)])

    with pytest.raises(ConfigurationError, match="at least"):
        Workspace.create(tmp_path / "LA", FOUNDING, passphrase=lambda _: next(answers))

    assert not (tmp_path / "LA").exists()


def test_a_state_begins_with_keys_that_only_their_holders_can_open(folder: Workspace) -> None:
    private = folder.folder / PRIVATE
    public = folder.public()

    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert sorted(one.name for one in private.iterdir()) == [
        "list.pem", "on-call.pem", "role-1.pem", "role-2.pem", "role-3.pem",
    ]  # fmt: skip
    for name in (*ROLE_KEYS, ON_CALL):
        with pytest.raises(ConfigurationError):
            open_key_file(private / f"{name}.pem", passphrase=lambda _: "not the passphrase")
    opened = [open_key_file(private / f"{name}.pem", passphrase=lambda _: PASSPHRASE) for name in ROLE_KEYS]
    assert [thumbprint(one.public_jwk) for one in opened] == [thumbprint(one) for one in public.role]
    assert (public.threshold, len(public.role), public.state) == (2, 3, LA)
    assert public.key_set == public_keys.parse(public.octets()).key_set != public.digest
    every = b"".join(one.read_bytes() for one in folder.folder.rglob("*") if one.is_file() and PRIVATE not in one.parts)
    assert b"PRIVATE KEY" not in every


def test_a_list_without_a_provider_is_not_published(folder: Workspace) -> None:
    with pytest.raises(ConfigurationError, match="stage"):
        folder.source()


def test_only_the_keys_of_the_role_are_new_for_those_who_succeed(folder: Workspace, tmp_path: Path) -> None:
    held = folder.public()

    next_one = Workspace.create(tmp_path / "next", replace(FOUNDING, succeeds=held), passphrase=lambda _: PASSPHRASE)

    found = next_one.public()
    assert (found.on_call, found.lists) == (held.on_call, held.lists)
    assert not {thumbprint(one) for one in found.role} & {thumbprint(one) for one in held.role}
    assert sorted(one.name for one in next_one.folder.iterdir()) == [PRIVATE, PUBLIC]


def test_an_officer_of_the_region_has_two_keys_more(tmp_path: Path) -> None:
    made = Workspace.create(tmp_path / "LA", replace(FOUNDING, officer=True), passphrase=lambda _: PASSPHRASE)

    assert len(made.public().root) == len(made.public().targets) == 1


@pytest.mark.parametrize("octets", [b"", b"{}", b'{"schema": "another"}'])
def test_public_keys_that_are_not_in_order_are_refused(folder: Workspace, octets: bytes) -> None:
    (folder.folder / PUBLIC).write_bytes(octets)

    with pytest.raises(ConfigurationError):
        folder.public()


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.__setitem__("schema", "another"),
        lambda said: said.__setitem__("threshold", 3),
        lambda said: said.__setitem__("role", []),
        lambda said: said.__setitem__("role", ["x"]),
        lambda said: said.__setitem__("onCall", said["role"][:1]),
        lambda said: said["lists"][0].__setitem__("d", "AAAA"),
        lambda said: said["lists"][0].__setitem__("x", "AAAA"),
        lambda said: said.__setitem__("state", "XX"),
    ],
)
def test_the_keys_of_a_state_in_another_form_are_refused(folder: Workspace, change: Change) -> None:
    said = folder.public().document()
    change(said)

    with pytest.raises(TrustError) as caught:
        public_keys.parse(jcs.canonicalize(said))

    assert caught.value.code == "trust.metadata_invalid"


def test_a_list_that_cannot_be_read_is_a_failure(folder: Workspace) -> None:
    with pytest.raises(ConfigurationError):
        folder.write_text("a = [")
    (folder.folder / "list.toml").unlink()
    with pytest.raises(ConfigurationError):
        folder.text()


def test_a_service_without_a_key_is_not_listed(folder: Workspace) -> None:
    with pytest.raises(ConfigurationError):
        folder.material("nobody")


@pytest.mark.parametrize(
    ("name", "octets"),
    [("keys/x.jwk", b"{"), ("keys/x.jwk", b'{"kty": "EC", "d": "x"}'), ("certificates/x.pem", b"no pem")],
)
def test_a_key_file_that_is_not_in_order_is_a_failure(folder: Workspace, name: str, octets: bytes) -> None:
    (folder.folder / name).write_bytes(octets)

    with pytest.raises(ConfigurationError):
        folder.material("x")


def test_a_key_file_that_is_a_link_is_a_failure(folder: Workspace, tmp_path: Path) -> None:
    (folder.folder / "keys" / "x.jwk").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ConfigurationError):
        folder.material("x")


def test_keys_of_a_listed_service_are_never_replaced(folder: Workspace) -> None:
    folder.write_material("x", ServiceMaterial(jwks=(dict(generate("ES256").public_jwk),)))

    with pytest.raises(ConfigurationError):
        folder.write_material("x", ServiceMaterial(jwks=(dict(generate("ES256").public_jwk),)))


def test_keys_that_a_crash_left_behind_are_taken_up(folder: Workspace) -> None:
    material = ServiceMaterial(jwks=(dict(generate("ES256").public_jwk),))
    folder.write_material("x", material)

    assert folder.write_material("x", material) == ("keys/x.jwk",)


def test_nothing_is_written_if_one_thing_is_in_the_way(folder: Workspace, tmp_path: Path) -> None:
    text = folder.text()
    (folder.folder / "keys" / "y.jwk").symlink_to(tmp_path / "z")
    material = ServiceMaterial(jwks=(dict(generate("ES256").public_jwk),))

    with pytest.raises(ConfigurationError, match="never replaced"):
        folder.edited(text + "# x", added={"x": material, "y": material}).keep()

    assert not (folder.folder / "keys" / "x.jwk").exists()
    assert (folder.text(), (tmp_path / "z").exists()) == (text, False)


@pytest.mark.parametrize("name", ODD_IDS)
def test_no_key_is_written_or_read_under_an_id_that_is_none(folder: Workspace, tmp_path: Path, name: str) -> None:
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(ConfigurationError, match="no id"):
        folder.write_material(name, ServiceMaterial(jwks=(dict(generate("ES256").public_jwk),)))
    with pytest.raises(ConfigurationError, match="no id"):
        folder.material(name)
    with pytest.raises(ConfigurationError, match="no id"):
        editing.with_provider(folder.text(), stanza(id=name))

    assert sorted(tmp_path.rglob("*")) == before


def test_several_keys_of_a_service_are_read_back_in_their_order(folder: Workspace) -> None:
    jwks = tuple(dict(generate("ES256").public_jwk) for _ in range(3))

    names = folder.write_material("x", ServiceMaterial(jwks=jwks))

    assert names == ("keys/x.jwk", "keys/x.2.jwk", "keys/x.3.jwk")
    assert folder.material("x").jwks == jwks


# What a provider hands over


def test_whoever_does_not_hold_a_key_hands_over_nothing() -> None:
    signer, other = generate("ES256"), generate("ES256")

    for signers in ([], [other], [signer, other]):
        with pytest.raises(ConfigurationError):
            handed(signer).octets(signers)


def test_a_key_that_is_no_key_is_not_handed_over() -> None:
    broken = ProviderFile(stanza(), {"la-card": ServiceMaterial(certificates=(b"no certificate",))})

    with pytest.raises(ConfigurationError):
        broken.octets([generate("ES256")])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda said: said.__setitem__("proofs", []), "trust.profile_violation"),
        (lambda said: said.__setitem__("proofs", [1]), "trust.profile_violation"),
        (lambda said: said.__setitem__("proofs", ["a.b.c"]), "trust.profile_violation"),
        (lambda said: said.__setitem__("schema", "another"), "trust.profile_violation"),
        (lambda said: said.__setitem__("provider", []), "trust.profile_violation"),
        (lambda said: said["provider"].__setitem__("service", []), "trust.profile_violation"),
        (lambda said: said["provider"]["service"][0].__setitem__("id", "x"), "trust.profile_violation"),
        (lambda said: said["material"]["la-card"].__setitem__("jwks", []), "trust.profile_violation"),
        (lambda said: said["material"]["la-card"].__setitem__("jwks", {}), "trust.profile_violation"),
        (lambda said: said["material"]["la-card"].__setitem__("jwks", [1]), "trust.profile_violation"),
        (lambda said: said["material"]["la-card"].__setitem__("certificates", ["AAAA"]), "trust.profile_violation"),
        (lambda said: said["material"]["la-card"]["jwks"][0].__setitem__("d", "x"), "trust.profile_violation"),
        (lambda said: said["provider"]["service"][0].__setitem__("issuer", "x"), "trust.signature_invalid"),
        (
            lambda said: said["material"]["la-card"]["jwks"].append(dict(generate("ES256").public_jwk)),
            "trust.signature_invalid",
        ),
        (lambda said: said.__setitem__("proofs", [said["proofs"][0][:-8] + "AAAAAAAA"]), "trust.signature_invalid"),
    ],
)  # fmt: skip
def test_a_file_that_proves_nothing_is_not_taken_in(change: Change, code: str) -> None:
    signer = generate("ES256")
    said = json.loads(handed(signer).octets([signer]))
    change(said)

    with pytest.raises(TrustError) as caught:
        provider_file.parse(jcs.canonicalize(said))

    assert caught.value.code == code


@pytest.mark.parametrize("name", [*ODD_IDS, 1, None])
def test_a_service_is_not_taken_in_under_an_id_that_is_none(name: object) -> None:
    signer = generate("ES256")
    material = {str(name): ServiceMaterial(jwks=(dict(signer.public_jwk),))}
    octets = ProviderFile(stanza(id=name), material).octets([signer])

    with pytest.raises(TrustError) as caught:
        provider_file.parse(octets)

    assert caught.value.code == "trust.profile_violation"


@pytest.mark.parametrize("claims", ["x", None, [[1]], 1])
def test_claims_that_are_no_table_are_not_taken_in(claims: object) -> None:
    signer = generate("ES256")

    with pytest.raises(TrustError) as caught:
        provider_file.parse(handed(signer, claims=claims).octets([signer]))

    assert caught.value.code == "trust.profile_violation"


def test_a_proof_of_one_key_is_none_of_another() -> None:
    signer, other = generate("ES256"), generate("ES256")
    both = ProviderFile(stanza(), {"la-card": ServiceMaterial(jwks=(dict(signer.public_jwk), dict(other.public_jwk)))})
    said = json.loads(both.octets([signer, other]))
    said["proofs"] = said["proofs"][:1]

    with pytest.raises(TrustError) as caught:
        provider_file.parse(jcs.canonicalize(said))

    assert caught.value.code == "trust.signature_invalid"


def test_what_is_no_json_is_no_file_of_a_provider() -> None:
    with pytest.raises(TrustError) as caught:
        provider_file.parse(b"{")

    assert caught.value.code == "trust.profile_violation"


def test_a_provider_is_taken_in_with_its_keys(folder: Workspace) -> None:
    signer = generate("ES256")
    taken = provider_file.parse(handed(signer).octets([signer]))

    changed = folder.edited(editing.with_provider(folder.text(), taken.provider), added=taken.material)
    changed.require_listable(at=NOW)
    written = changed.keep()

    assert written == ("keys/la-card.jwk", "list.toml")
    assert folder.source()["provider"] == [taken.provider]
    assert thumbprint(folder.material("la-card").jwks[0]) == thumbprint(signer.public_jwk)
    folder.require_listable(at=NOW)


def test_a_provider_whose_list_would_be_refused_is_not_taken_in(folder: Workspace) -> None:
    signer = generate("ES256")
    taken = provider_file.parse(handed(signer, formats=["id_token"]).octets([signer]))
    changed = folder.edited(editing.with_provider(folder.text(), taken.provider), added=taken.material)

    with pytest.raises(TrustError) as caught:
        changed.require_listable(at=NOW)

    assert caught.value.code == "trust.profile_violation"
    assert not (folder.folder / "keys" / "la-card.jwk").exists()


def test_a_stanza_that_lacks_what_every_service_has_is_not_taken_in(folder: Workspace) -> None:
    signer = generate("ES256")
    provider = stanza()
    provider["service"] = [without(provider["service"][0], "claims")]
    with pytest.raises(ConfigurationError):
        editing.with_provider(folder.text(), provider)
    provider["service"] = [without(stanza()["service"][0], "status")]
    changed = folder.edited(
        editing.with_provider(folder.text(), provider), added=handed(signer).material
    )  # fmt: skip
    with pytest.raises(ConfigurationError):
        changed.require_listable(at=NOW)


def test_a_key_with_private_members_is_no_public_key() -> None:
    with pytest.raises(InputError):
        public_keys.plain({**generate("ES256").public_jwk, "d": "x"})
