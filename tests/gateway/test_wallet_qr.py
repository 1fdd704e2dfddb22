"""The QR code on the page of a request is read by a scanner, and leads where the relying party was told it does."""

import re
from io import BytesIO

from PIL import Image, ImageDraw

from idbridge.codec import pictures
from idbridge_gateway.wallet.page import qr_svg
from tests.gateway.asking import Node
from tests.gateway.wallets import Wallets

SCALE = 6


def drawn(svg: str) -> bytes:
    """The picture that a browser makes of the code: black runs on white, each one module high."""
    box = re.search(r'viewBox="0 0 (\d+) \1"', svg)
    path = re.search(r'<path stroke="#000" d="([^"]+)"', svg)
    assert box is not None
    assert path is not None
    side = int(box[1]) * SCALE
    image = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(image)
    x, y = 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([^Mmh]*)", path[1]):
        steps = [float(number) for number in re.findall(r"-?\d*\.?\d+", numbers)]
        if command == "h":
            top = (y - 0.5) * SCALE
            pen.rectangle((x * SCALE, top, (x + steps[0]) * SCALE - 1, top + SCALE - 1), fill=0)
            x += steps[0]
        else:
            x, y = (steps[0], steps[1]) if command == "M" else (x + steps[0], y + steps[1])
    octets = BytesIO()
    image.save(octets, "PNG")
    return octets.getvalue()


def test_a_scanner_reads_the_link_that_the_relying_party_was_given(node: Node) -> None:
    wallets = Wallets(node)
    ordered = wallets.ordered()
    page = node.send("GET", f"/wallet/{ordered['page'].rpartition('/')[2]}").text
    svg = page[page.index("<svg") : page.index("</svg>")]

    assert pictures.codes_in(drawn(svg)) == [ordered["wallet_link"]]
    assert wallets.asked(ordered).claims["dcql_query"]["credentials"]


def test_a_code_is_dark_on_light_whatever_the_colours_of_the_page_are() -> None:
    svg = qr_svg("openid4vp://?client_id=a")

    assert svg.index('fill="#fff"') < svg.index('stroke="#000"')
    assert "style" not in svg
