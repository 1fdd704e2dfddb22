"""Keys that everybody can have: a live node believes nothing that rests on one of them, a sandbox node does."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from idbridge.conformance import published_keys
from idbridge.conformance.corpus import VECTORS
from idbridge.conformance.seed import CORPUS_INSTANT, TEST_SEED, corpus_keys, corpus_region
from idbridge.crypto.certificates import Subject, make_authority
from idbridge.crypto.keys import parse_jwk, thumbprint
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import ConfigurationError, TrustError
from idbridge.model.region import Environment, MemberState
from idbridge.model.time import Validity
from idbridge.recognition.signed_document import ARRANGEMENT_TYPE, PURPOSES_TYPE, sign_document
from idbridge.sandbox.drill.arena import Arena, Scene, prepare
from idbridge.sandbox.drill.edits import entry_saying, of
from idbridge.sandbox.drill.publication import Publication, as_it_was, own_key
from idbridge.sandbox.drill.rotation import Rotation, by_officers, root_of
from idbridge.sandbox.publication import LIST_LIFETIME, public_material
from idbridge.sandbox.region import Region
from idbridge.trust import pins, profile, published_test_keys
from idbridge.trust.operator import published
from idbridge.trust.publish import ServiceMaterial, lote_from_source, sign_list
from idbridge.trust.published_test_keys import FILE, read, refuse, refuse_signers
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.trusted_set import TrustedSet
from idbridge.trust.tuf import handover, roles
from idbridge.trust.tuf.client import DirectoryTree
from idbridge.trust.tuf.floors import KeySet
from idbridge.trust.tuf.keys import MetadataSigner, RoleKey
from idbridge.trust.tuf.quorum import Quorum
from tests.sandbox.regions import NOON
from tests.sandbox.regions import region as random_region

SG = MemberState.SG
LIVE, SANDBOX = Environment.LIVE, Environment.SANDBOX
KEYS = corpus_keys()
CODE = "trust.published_test_key"
STATES = ("SG", "TH", "MY", "ID", "VN")
OPEN_ROOT = tuple(MetadataSigner(KEYS.make("ES256", name=f"role/root-{one}"), state=MemberState(one)) for one in STATES)
FOREIGN_ROOT = tuple(MetadataSigner(generate("ES256"), state=MemberState(one)) for one in STATES)
FIRST, SECOND = "a" * 43, "b" * 43


def open_key(name: str = "list/SG") -> FileSigner:
    """A key of the corpus, with its private half, as everybody can have it."""
    return KEYS.make("ES256", name=name)


@cache
def corpus(environment: Environment) -> Region:
    return corpus_region(KEYS, environment=environment)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(TrustError) as caught:
        act()
    return caught.value.code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing but words\n",
        "too-short what it is for\n",
        f"{FIRST}\n",
        f"{FIRST} \n",
        f" {FIRST} indented\n",
        f"{FIRST} one\n{FIRST} twice\n",
        f"{FIRST}= padded\n",
    ],
)
def test_a_list_of_keys_that_is_not_in_order_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="published test keys"):
        read(text)


def test_a_list_of_keys_is_read() -> None:
    assert read(f"# words\n\n{FIRST} list/SG\n{SECOND} an example of RFC 1\n") == {
        FIRST: "list/SG", SECOND: "an example of RFC 1",
    }  # fmt: skip


@pytest.mark.parametrize("where", [[FIRST], [], ["x" * 43]])
def test_a_key_of_nobody_else_is_not_refused(where: list[str]) -> None:
    refuse(where, environment=LIVE, where="a test")


def test_a_published_key_is_refused_by_live_nodes_alone() -> None:
    key = thumbprint(open_key().public_jwk)

    assert refusal(lambda: refuse([FIRST, key], environment=LIVE, where="a test")) == CODE
    refuse([FIRST, key], environment=SANDBOX, where="a test")


def test_the_shipped_list_has_every_key_of_the_corpus_and_those_of_the_standards() -> None:
    frozen = json.loads((VECTORS / published_keys.FROZEN_KEYS).read_text("utf-8"))
    named = read(FILE.read_text("utf-8"))

    assert len(frozen) == 2
    assert FILE.read_text("utf-8") == published_keys.document(published_keys.derived(frozen))
    assert {thumbprint(jwk) for jwk in frozen.values()} <= named.keys()
    assert {thumbprint(jwk) for jwk in published_keys.STANDARDS.values()} <= named.keys()
    assert published_test_keys.published() == named.keys()


@pytest.mark.parametrize("text", [None, b"", b"[]", b'{"a": 1, "a": 2}'])
def test_no_list_is_written_for_a_corpus_without_its_rsa_keys(text: bytes | None, tmp_path: Path) -> None:
    before = FILE.read_bytes()
    if text is not None:
        (tmp_path / published_keys.FROZEN_KEYS).write_bytes(text)

    with pytest.raises(ConfigurationError, match="RSA keys of the corpus"):
        published_keys.write(tmp_path)
    assert FILE.read_bytes() == before


def test_the_list_is_written_as_it_is_read() -> None:
    text = published_keys.document({FIRST: "list/SG"})

    assert text == published_keys.document({FIRST: "list/SG"})
    assert read(text) == {FIRST: "list/SG"} | {
        thumbprint(jwk): f"an example of {where}" for where, jwk in published_keys.STANDARDS.items()
    }
    assert "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k an example of RFC 8037" in text  # appendix A.3 there


def test_the_seed_says_of_itself_that_it_protects_nothing() -> None:
    assert b"protects nothing" in TEST_SEED
    assert hashlib.sha256(TEST_SEED).hexdigest() == "f7ea385c2cb291922e17ddd3caa31466e7b53501dcaa80826dc89ab4a7636a2e"


def test_no_key_of_a_random_region_is_published() -> None:
    for environment in Environment:
        place = random_region(environment)
        held = {thumbprint(signer.public_jwk) for signer in place.keys.lists.values()}
        assert not held & published_test_keys.published()


def test_a_live_node_refuses_pins_with_such_a_key() -> None:
    states = {SG: (dict(open_key().public_jwk),), MemberState.TH: (dict(KEYS.make("ES256", name="new").public_jwk),)}

    assert refusal(lambda: pins.parse(pins.document(LIVE, states))) == CODE
    assert pins.parse(pins.document(SANDBOX, states)).keys.keys() == states.keys()


@pytest.mark.parametrize("retired", [False, True])
def test_no_live_set_is_made_with_such_a_key(retired: bool) -> None:
    own, known = (parse_jwk(open_key(name).public_jwk) for name in ("of nobody's list", "list/SG"))
    pinned = MappingProxyType({SG: (own,) if retired else (known,)})
    documents = MappingProxyType({SG: (known,)} if retired else {})

    assert refusal(lambda: TrustedSet(LIVE, pinned, document_keys=documents)) == CODE
    assert TrustedSet(SANDBOX, pinned, document_keys=documents).pins == pinned


def offered(environment: Environment, material: Callable[[str, ServiceMaterial], ServiceMaterial]) -> Any:
    """Singapore's list in a region of keys of its own, with other ``material`` of its services, as a node reads it."""
    place = random_region(environment)
    held = public_material(place.keys)
    lote = lote_from_source(
        place.sources.lists[SG],
        environment=environment,
        sequence=1,
        issued_at=NOON,
        next_update=NOON + LIST_LIFETIME,
        material=lambda name: material(name, held[name]),
    )
    signer = place.keys.lists[SG]
    octets = sign_list(lote, signer, at=NOON).encode("ascii")
    keys = (parse_jwk(signer.public_jwk),)
    return profile.parse(octets, state=SG, environment=environment, keys=keys)


def listing_a_key(name: str, held: ServiceMaterial) -> ServiceMaterial:
    return ServiceMaterial(jwks=(*held.jwks, dict(open_key().public_jwk))) if name == "sg-login" else held


def listing_an_authority(name: str, held: ServiceMaterial) -> ServiceMaterial:
    years = Validity(NOON - timedelta(days=9), NOON + timedelta(days=900))
    authority = make_authority(open_key(), subject=Subject("Authority", "SG"), validity=years)
    return ServiceMaterial(certificates=(authority.certificate,)) if name == "sg-pid" else held


@pytest.mark.parametrize("material", [listing_a_key, listing_an_authority])
def test_a_live_list_with_such_a_key_is_refused_whole(
    material: Callable[[str, ServiceMaterial], ServiceMaterial],
) -> None:
    assert refusal(lambda: offered(LIVE, material)) == CODE
    assert offered(SANDBOX, material).services
    assert offered(LIVE, lambda _name, held: held).services


@pytest.mark.parametrize("typ", [ARRANGEMENT_TYPE, PURPOSES_TYPE])
@pytest.mark.parametrize(("environment", "code"), [(LIVE, CODE), (SANDBOX, "trust.arrangement_invalid")])
def test_a_live_node_takes_up_no_document_with_such_a_signature(typ: str, environment: Environment, code: str) -> None:
    place = random_region(environment)
    document = sign_document({"schema": "x"}, {SG: open_key(), MemberState.TH: place.keys.lists[MemberState.TH]}, typ)
    held = TrustedSet(environment, MappingProxyType(place.pins()))
    take = held.with_arrangement if typ == ARRANGEMENT_TYPE else held.with_purposes

    assert refusal(lambda: take(document)) == code


@pytest.mark.parametrize(
    "octets",
    [b"", b"[]", b"{}", b'{"signatures":{}}', b'{"signatures":[1,{},{"protected":1},{"protected":"e30"}]}',
     b'{"signatures":[{"protected":"!"}]}', b'{"signatures":[{"protected":"eyJraWQiOjF9"}]}'],
)  # fmt: skip
def test_what_is_no_document_is_left_to_whoever_reads_it(octets: bytes) -> None:
    refuse_signers(octets, environment=LIVE, where="a test")


def test_our_own_publisher_lets_no_live_region_out_that_has_such_keys(tmp_path: Path) -> None:
    place = random_region(LIVE)
    signers = MappingProxyType({**place.keys.roles.signers, "SG-3": open_key("role/SG-3")})
    state = replace(place, keys=replace(place.keys, roles=replace(place.keys.roles, signers=signers)))
    root = replace(place, keys=replace(place.keys, roles=corpus(LIVE).keys.roles))

    for number, refused in enumerate((state, root)):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert refusal(partial(refused.distribute, folder, at=NOON)) == CODE
    corpus(SANDBOX).distribute(tmp_path, at=NOON)


@pytest.fixture(scope="module", params=[LIVE, SANDBOX])
def arena(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Arena:
    """A region with keys of its own in either environment, and a node that holds its lists."""
    return prepare(tmp_path_factory.mktemp(request.param), at=NOON, environment=request.param)


def told(arena: Arena, attack: Callable[[Scene], object]) -> tuple[set[str], TrustSnapshot]:
    """What a node refuses, by code, once ``attack`` changed the tree, and what it holds then."""
    with arena.scene() as scene:
        attack(scene)
        after = scene.node().load(at=scene.at)
    return {offer.code for offer in after.refused}, after


def in_the_role(payload: Any) -> None:
    """Let Singapore's role have a key of the corpus beside its own."""
    public = MetadataSigner(open_key("role/SG-1"), state=SG).public_key
    payload.delegations.keys[public.keyid] = public
    payload.delegations.roles[SG.value].keyids.append(public.keyid)


def in_the_root(payload: Any) -> None:
    """Let the top level be signed by a key of the corpus too."""
    payload.add_key(MetadataSigner(open_key("role/root-SG"), state=SG).public_key, roles.TARGETS)


def test_a_live_node_takes_up_no_role_with_such_a_key(arena: Arena) -> None:
    publication = Publication(environment=arena.region.environment, top=True, edits=of(roles.TARGETS, in_the_role))
    codes, after = told(arena, publication.published)

    assert (CODE in codes) is (arena.region.environment is LIVE)
    assert after.lists[SG].content == arena.held.lists[SG].content
    assert len(after.lists) == len(MemberState)


@pytest.mark.parametrize("retired", [False, True])
def test_a_live_node_takes_up_no_list_key_of_that_kind(arena: Arena, retired: bool) -> None:
    environment = arena.region.environment
    listed = entry_saying(documentKeys=[dict(open_key().public_jwk)]) if retired else as_it_was
    key = own_key if retired else lambda _scene: open_key()
    publication = Publication(environment=environment, list_key=key, pinned=key, named=listed)
    codes, after = told(arena, publication.published)
    kept = after.lists[SG].content == arena.held.lists[SG].content

    assert (CODE in codes, kept) == ((True, True) if environment is LIVE else (False, False))


def test_a_live_node_takes_up_no_root_with_such_a_key(arena: Arena) -> None:
    codes, after = told(arena, Rotation(exchanges=False, length=1, edits=of(roles.ROOT, in_the_root)).published)

    assert (CODE in codes, root_of(after)) == ((True, 1) if arena.region.environment is LIVE else (False, 2))


def no_longer_in_the_root(payload: Any) -> None:
    """Let root 2 be made of keys of the corpus, and root 3 of keys of whoever could sign for those."""
    root = payload.roles[roles.ROOT]
    incoming = OPEN_ROOT if payload.version == 2 else FOREIGN_ROOT
    for keyid in list(root.keyids):
        payload.revoke_key(keyid, roles.ROOT)
    for signer in incoming:
        payload.add_key(signer.public_key, roles.ROOT)


def by_whoever(scene: Scene, number: int) -> tuple[MetadataSigner, ...]:
    """The officers sign the root of published keys; nobody honest signs the one after it."""
    return (*by_officers(scene, number), *OPEN_ROOT) if number == 2 else (*OPEN_ROOT, *FOREIGN_ROOT)


def test_a_live_node_walks_past_no_root_with_such_keys_to_one_that_anybody_could_sign(arena: Arena) -> None:
    handed = Rotation(length=2, signed=by_whoever, edits=of(roles.ROOT, no_longer_in_the_root))
    codes, after = told(arena, handed.published)

    assert (CODE in codes, root_of(after)) == ((True, 1) if arena.region.environment is LIVE else (False, 3))


def an_open_key_for_a_while(payload: Any) -> None:
    """Let root 2 have one key of the corpus beside those of its officers, and root 3 no longer."""
    public = OPEN_ROOT[0].public_key
    if payload.version == 2:
        payload.add_key(public, roles.ROOT)
    else:
        payload.revoke_key(public.keyid, roles.ROOT)


def test_a_live_node_walks_past_no_root_with_one_such_key_beside_others(arena: Arena) -> None:
    codes, after = told(arena, Rotation(length=2, edits=of(roles.ROOT, an_open_key_for_a_while)).published)

    assert (CODE in codes, root_of(after)) == ((True, 1) if arena.region.environment is LIVE else (False, 3))


def key_set(signers: Sequence[FileSigner]) -> Quorum:
    found = (RoleKey(SG, parse_jwk(signer.public_jwk)) for signer in signers)
    return Quorum("SG", MappingProxyType({key.thumbprint: key for key in found}), 2)


OPEN_SET = tuple(open_key(f"role/SG-{number}") for number in (1, 2, 3))


@pytest.mark.parametrize("environment", [LIVE, SANDBOX])
@pytest.mark.parametrize("held", [1, 2])
def test_a_live_node_follows_no_handover_that_such_keys_signed(environment: Environment, held: int) -> None:
    sets = [tuple(generate("ES256") for _ in range(3)), OPEN_SET, tuple(generate("ES256") for _ in range(3))]
    quorums = [key_set(signers) for signers in sets]
    documents = {
        number: handover.written(
            quorums[number - 1], quorums[number - 2], sets[number - 2][:2], number=number, environment=environment
        )
        for number in (2, 3)
    }
    walk = partial(
        handover.accepted,
        quorums[2],
        number=3,
        held=KeySet(held, frozenset(quorums[held - 1].keys), 2),
        environment=environment,
        document=documents.__getitem__,
    )

    if environment is LIVE:
        assert refusal(walk) == CODE
    else:
        assert walk().number == 3


def test_an_office_reads_no_live_tree_whose_roots_had_such_a_key_on_the_way(arena: Arena) -> None:
    with arena.scene() as scene:
        Rotation(length=2, edits=of(roles.ROOT, an_open_key_for_a_while)).published(scene)
        read_tree = partial(published.read, DirectoryTree(scene.tree), scene.head().roots[0])
        if arena.region.environment is LIVE:
            assert refusal(read_tree) == CODE
        else:
            assert read_tree().root.version == 3


def test_a_live_region_of_the_corpus_is_believed_by_nobody() -> None:
    assert CORPUS_INSTANT == NOON
    assert refusal(lambda: corpus(LIVE).trusted_set(at=NOON)) == CODE
    assert len(corpus(SANDBOX).snapshot(at=NOON).lists) == len(MemberState)
