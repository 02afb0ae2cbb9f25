"""QR codes, read by a reader that knows nothing of their maker."""

import re
import zlib
from xml.etree import ElementTree

import pytest
import zxingcpp

from goodword.edge.qr import QUIET
from tests.edge.conftest import Opener
from tests.edge.making import Door, add_handles, handle

WHITE = 255


def png_pixels(data: bytes) -> tuple[int, int, bytes]:
    """Width, height and grey values of a picture with one bit per pixel, which is what is drawn here."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    assert data[24:29] == bytes([1, 0, 0, 0, 0]), "one bit of grey, nothing interlaced"
    place, packed = 8, b""
    while place < len(data):
        length, kind = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8]
        packed += data[place + 8 : place + 8 + length] if kind == b"IDAT" else b""
        place += 12 + length
    raw, row = zlib.decompress(packed), (width + 7) // 8 + 1
    pixels = bytearray()
    above = bytes(row - 1)
    for y in range(height):
        filtering, *line = raw[y * row : (y + 1) * row]
        assert filtering in (0, 2), "rows as they are, or as the difference to the one above"
        above = bytes((byte + up) % 256 for byte, up in zip(line, above, strict=True)) if filtering else bytes(line)
        bits = "".join(f"{byte:08b}" for byte in above)[:width]
        pixels += bytes(WHITE if bit == "1" else 0 for bit in bits)
    return width, height, bytes(pixels)


def svg_pixels(data: bytes) -> tuple[int, int, bytes]:
    """The same of a path of horizontal strokes, each a pixel high."""
    root = ElementTree.fromstring(data)  # noqa: S314
    (group,) = root
    scale = int(re.fullmatch(r"scale\((\d+)\)", group.get("transform", "")).group(1))  # type: ignore[union-attr]
    side = int(root.get("width", "0")) // scale
    pixels = bytearray([WHITE]) * (side * side)
    x = y = 0.0
    for order, first, second in re.findall(r"([MmhH])(-?[\d.]+)[ ,]?(-?[\d.]+)?", group[1].get("d", "")):
        if order == "M":
            x, y = float(first), float(second)
        elif order == "m":
            x, y = x + float(first), y + float(second)
        else:
            length = int(first)
            start = int(y) * side + int(x)
            pixels[start : start + length] = bytes(length)
            x += length
    big = bytearray()
    for row in range(side):
        line = b"".join(bytes([value]) * 4 for value in pixels[row * side : (row + 1) * side])
        big += line * 4
    return side * 4, side * 4, bytes(big)


def read(pixels: tuple[int, int, bytes]) -> str:
    width, height, grey = pixels
    (found,) = zxingcpp.read_barcodes(memoryview(grey).cast("B", (height, width)))
    text: str = found.text
    return text


def test_a_card_leads_to_the_link(open_door: Opener) -> None:
    door = open_door(public_url="https://go.shop.example/")
    for name, media, pixels in (("qr.png", "image/png", png_pixels), ("qr.svg", "image/svg+xml", svg_pixels)):
        response = door.ask(f"/r/ann/{name}?ch=card&size=300&level=q")
        assert (response.status_code, response.headers["content-type"]) == (200, media)
        width, height, grey = pixels(response.content)
        assert read((width, height, grey)) == "https://go.shop.example/r/ANN?ch=card"
        assert width == height
        edge = QUIET * width // 41
        assert set(grey[: width * edge]) == {WHITE}, "white around it"
        assert response.headers["cross-origin-resource-policy"] == "cross-origin"


def test_without_a_public_address_the_one_that_was_called_is_taken(door: Door) -> None:
    add_handles(door.database, handle("سارة-10"))
    text = read(png_pixels(door.ask("/r/سارة١٠/qr.png").content))
    assert text == "http://go.example/r/%D8%B3%D8%A7%D8%B1%D8%A9-10"
    for evil in ("go.example/x", "go.example@evil.example", "go example", "", "go.example:99999999", "<b>"):
        assert door.ask("/r/ANN/qr.png", host=evil).status_code == 400, evil


def test_a_picture_is_fetched_once(door: Door) -> None:
    first = door.ask("/r/ANN/qr.svg")
    again = door.ask("/r/ANN/qr.svg", if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert "max-age=86400" in again.headers["cache-control"]
    assert door.ask("/r/ANN/qr.svg?size=1024").headers["etag"] != first.headers["etag"]
    head = door.ask("/r/ANN/qr.svg", "HEAD")
    assert (head.headers["content-length"], head.content) == (str(len(first.content)), b"")
    assert door.drained() == [], "a card that is looked at is no click"


@pytest.mark.parametrize("query", ["size=63", "size=2049", "size=99999", "size=x", "size=-5", "size=１００", "level=x"])
def test_other_pictures_there_are_not(door: Door, query: str) -> None:
    assert door.ask(f"/r/ANN/qr.png?{query}").status_code == 400


def test_codes_that_nobody_has_have_no_picture(door: Door) -> None:
    for path in ("/r/NOPE/qr.png", "/r/ANN/qr.gif", "/r/ANN/qr.png/x", "/r//qr.png"):
        assert door.ask(path).status_code == 404
