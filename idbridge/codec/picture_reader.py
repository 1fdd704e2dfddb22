"""The process that looks for codes in a picture: started alone, with its limits first, and with nothing of IdBridge.

Reads a picture from standard input and prints a JSON list of the texts found. It is run by ``codec/pictures.py`` as
a script of its own, because a library that decodes pictures of strangers may crash, loop or swell, and then only this
process does. Imports neither IdBridge nor anything of it; the bounds come as arguments.
"""

import io
import json
import resource
import sys

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
TOO_LARGE, NO_PICTURE = 3, 4


def limit(memory: int, seconds: int) -> None:
    """Bound what this process may take: address space, time of a processor, and no file written."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(octets: int, pixels: int, memory: int, seconds: int, codes: int) -> int:
    """Print what the picture on standard input holds; return how the process ends."""
    limit(memory, seconds)
    import zxingcpp  # only once the limits are set
    from PIL import Image

    picture = sys.stdin.buffer.read(octets + 1)
    if len(picture) > octets:
        return TOO_LARGE
    try:
        image = Image.open(io.BytesIO(picture), formats=FORMATS)  # reads the head and decodes nothing yet
        if image.width * image.height > pixels:
            return TOO_LARGE
        grey = image.convert("L")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, MemoryError):
        return NO_PICTURE
    formats = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    found = zxingcpp.read_barcodes(grey, formats=formats, text_mode=zxingcpp.TextMode.Plain)
    json.dump([one.text for one in found[:codes]], sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
