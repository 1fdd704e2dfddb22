"""Pictures with codes: each code is listed, and a hostile picture harms nobody but the process that reads it."""

import io
import struct
import tomllib
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from idbridge.cli.inspect import WARNING
from idbridge.codec import pictures
from idbridge.limits import LIMITS
from idbridge.trust import qr_listing
from tests.cli.ended import Ended
from tests.credential.codes import claim169, compact, philid

zxingcpp = pytest.importorskip("zxingcpp", reason="pictures are read with the extra `qr`")
Run = Callable[..., Ended]


def code(text: str) -> Image.Image:
    """A picture of a code, as a printer makes it."""
    made = memoryview(
        zxingcpp.write_barcode_to_image(
            zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="L"), scale=3
        )
    )
    return Image.frombytes("L", (made.shape[1], made.shape[0]), bytes(made))


def side_by_side(*codes: Image.Image) -> Image.Image:
    whole = Image.new("L", (sum(one.width + 20 for one in codes), max(one.height for one in codes)), 255)
    left = 0
    for one in codes:
        whole.paste(one, (left, 0))
        left += one.width + 20
    return whole


def octets(picture: Image.Image, form: str = "PNG") -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form)
    return stream.getvalue()


def png(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG that says how large it is, whatever follows."""

    def chunk(kind: bytes, held: bytes) -> bytes:
        return struct.pack(">I", len(held)) + kind + held + struct.pack(">I", zlib.crc32(kind + held))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


SIDE = int((LIMITS.picture_pixels) ** 0.5) + 1
HOSTILE = {
    "cut": octets(code("A" * 40))[:-200],
    "only a beginning": b"\x89PNG\r\n\x1a\n",
    "a jpeg of noise": b"\xff\xd8\xff" + bytes(range(256)) * 4,
    "no size": png(0, 0),
    "an endless stream": png(4_000, 4_000, zlib.compress(b"\0" * 10)),
    "more pixels than memory": png(2**31 - 1, 2**31 - 1),
    "one pixel too many": png(SIDE, SIDE),
    "a bomb": png(6_000, 6_000, zlib.compress(b"\0" * 36_006_000)),
    "a form that is not read": b"RIFF\x10\0\0\0AVI LIST",
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_picture_ends_as_refused_and_never_as_a_crash(run: Run, tmp_path: Path, hostile: bytes) -> None:
    (tmp_path / "hostile").write_bytes(hostile)

    ended = run("inspect", str(tmp_path / "hostile"))

    assert ended.code == 1
    assert ended.err.startswith("idbridge: error: ")


def test_a_picture_larger_than_any_is_not_even_given_to_its_reader(run: Run, tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(png(1, 1) + b"\0" * LIMITS.picture_bytes)

    assert "octets" in run("inspect", str(tmp_path / "large.png")).err


@pytest.mark.parametrize(
    "body", ["raise MemoryError", "import os; os.abort()", "print('x' * 10_000_000)", "print('[')"]
)
def test_whatever_the_reader_does_the_command_ends_as_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    reader = tmp_path / "reader.py"
    reader.write_text(body, encoding="utf-8")
    monkeypatch.setattr(pictures.picture_reader, "__file__", str(reader))
    (tmp_path / "code.png").write_bytes(octets(code("A" * 40)))

    ended = run("inspect", str(tmp_path / "code.png"))

    assert ended.code == 1
    assert "its reader ended" in ended.err


def test_a_reader_that_takes_too_long_is_stopped(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = tmp_path / "reader.py"
    reader.write_text("while True: pass", encoding="utf-8")
    monkeypatch.setattr(pictures.picture_reader, "__file__", str(reader))
    monkeypatch.setattr(pictures, "_WALL", 0.2)
    (tmp_path / "code.png").write_bytes(octets(code("A" * 40)))

    assert "takes too long" in run("inspect", str(tmp_path / "code.png")).err


@pytest.mark.parametrize("greedy", ["while True: pass", f"held = bytearray({LIMITS.picture_memory})"])
def test_the_reader_takes_no_more_time_and_memory_than_it_may(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, greedy: str
) -> None:
    script = Path(pictures.picture_reader.__file__).read_text(encoding="utf-8")
    reader = tmp_path / "reader.py"
    reader.write_text(
        f"{script.partition('if __name__')[0]}limit(int(sys.argv[3]), int(sys.argv[4]))\n{greedy}\nprint('[]')\n",
        encoding="utf-8",
    )
    assert LIMITS.picture_time == timedelta(seconds=10)
    monkeypatch.setattr(pictures, "LIMITS", replace(LIMITS, picture_time=timedelta(seconds=1)))
    monkeypatch.setattr(pictures.picture_reader, "__file__", str(reader))
    (tmp_path / "code.png").write_bytes(octets(code("A" * 40)))

    ended = run("inspect", str(tmp_path / "code.png"))

    assert ended.code == 1
    assert "its reader ended" in ended.err


def test_without_the_extra_it_says_what_to_install(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "find_spec", lambda _name: None)
    (tmp_path / "code.png").write_bytes(octets(code("A" * 40)))

    ended = run("inspect", str(tmp_path / "code.png"))

    assert ended.code == 5
    assert "pip install 'idbridge[qr]'" in ended.err


def test_a_picture_without_a_code_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "white.png").write_bytes(octets(Image.new("L", (200, 200), 255)))

    ended = run("inspect", str(tmp_path / "white.png"))

    assert ended.code == 1
    assert "no QR code was found" in ended.err


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_a_code_is_read_from_each_kind_of_picture(run: Run, tmp_path: Path, form: str) -> None:
    (tmp_path / "code").write_bytes(octets(code(claim169()), form))

    ended = run("inspect", str(tmp_path / "code"))

    assert ended.code == 0
    assert ended.out.splitlines()[0] == WARNING
    assert all(word in ended.out for word in ("base45, zlib", "cwt", "https://card.la.example", "ES256"))
    assert "Bounmy" not in ended.out


def test_several_codes_of_one_picture_are_listed_each(run: Run, tmp_path: Path) -> None:
    (tmp_path / "codes.png").write_bytes(octets(side_by_side(code(claim169()), code(philid()), code(compact()))))

    ended = run("inspect", str(tmp_path / "codes.png"), "--json")

    names = [result["part"] for result in ended.json["results"]]
    assert {name.partition(":")[0] for name in names} == {f"code {number} of 3" for number in (1, 2, 3)}
    assert ended.json["summary"]["verified"] is False


@pytest.mark.parametrize("text", [claim169(), philid(), compact()], ids=["claim169", "philid", "compact"])
def test_a_draft_is_a_profile_that_a_list_may_say_and_names_nobody(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "code.png").write_bytes(octets(code(text)))

    ended = run("inspect", str(tmp_path / "code.png"), "--suggest-profile")

    assert ended.code == 0
    drafted = tomllib.loads(f"[[provider]]\n[[provider.service]]\n{ended.out}")["provider"][0]["service"][0]["qr"]
    assert qr_listing.read(qr_listing.written(drafted)) is not None
    assert not any(word in ended.out for word in ("Bounmy", "Luisa", "LA-0042", "19870314", "0000-1"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("A" * 60, "no signed message"),
        ("HELLO WORLD THIS IS NO CREDENTIAL AT ALL", "no signed message"),
        ('{"name": "x"}', "its signature and its algorithm"),
        ('{"signature": "x", "alg": "EDDSA", "Issuer": "PSA"}', "when it was issued"),
    ],
)
def test_what_no_profile_describes_gets_no_draft(run: Run, text: str, why: str) -> None:
    ended = run("inspect", "-", "--suggest-profile", stdin=text)

    assert ended.code == 1
    assert why in ended.err
    assert ended.out == ""


def test_the_draft_comes_as_json_too(run: Run) -> None:
    ended = run("inspect", "-", "--suggest-profile", "--json", stdin=claim169())

    assert ended.json["schema"] == "idbridge-qr-draft-1"
    assert ended.json["summary"] == {"verified": False, "codes": 1, "drafted": 1}


def test_no_more_codes_of_a_picture_are_listed_than_may_be(run: Run, tmp_path: Path) -> None:
    many = [code(f"CODE NUMBER {number} OF A GREAT MANY") for number in range(LIMITS.picture_codes + 2)]
    (tmp_path / "codes.png").write_bytes(octets(side_by_side(*many)))

    ended = run("inspect", str(tmp_path / "codes.png"))

    assert f"code {LIMITS.picture_codes} of {LIMITS.picture_codes}" in ended.out
