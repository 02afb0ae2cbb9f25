"""Where a link leads: only ever to hosts of the tenant. Any other redirect would be a gift to phishers.

An address is compared by its *origin*: scheme, host and port. What browsers read differently from us (backslashes, control
characters, user names, hosts in other scripts) is never repaired, only refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from goodword.program.values import web_address
from goodword.settings import InvalidSetting, Settings

TO_MAX = 2000
"""How many characters a deep link may have; longer ones lead to the normal target."""
PARTS_MAX = 50
"""How many parameters of a link are looked at."""
CHANNEL = re.compile(r"[a-z0-9_-]{1,20}")
OURS = "gw_"
"""Parameters with this beginning are ours: whoever writes a link cannot set them."""

_ADDRESS = re.compile(r"(https?)://([a-z0-9.-]{1,253})(?::([0-9]{1,5}))?(?=[/?#]|\Z)", re.IGNORECASE | re.ASCII)
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?", re.ASCII)
_SAFE = "%/:?#[]@!$&'()*+,;=-._~"
_DEFAULT_PORTS = {"https": "443", "http": "80"}


class Asked(NamedTuple):
    """What a link asks for besides its code."""

    to: str | None = None
    """A page of the shop instead of the one where the link leads."""
    channel: str | None = None


NOTHING_ASKED = Asked()


@dataclass(frozen=True, slots=True)
class Places:
    """Where links of a tenant may lead, whatever the program."""

    home: str | None
    origins: frozenset[str]
    public_url: str | None
    """Where friends reach this server; without a slash at the end."""


def read_places(settings: Settings) -> Places:
    """The places that the settings name.

    Raises:
        InvalidSetting: one of them is none.
    """
    home = _address_setting("home", settings.home)
    public_url = _address_setting("public_url", settings.public_url)
    hosts = [host.strip().lower() for host in settings.hosts.split(",") if host.strip()]
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise InvalidSetting(f"GOODWORD_HOSTS: {host!r} is not a host, such as shop.example")
    origins = {origin_of(f"https://{host}") for host in hosts} | {home and origin_of(home)}
    return Places(home, frozenset(o for o in origins if o), public_url and public_url.rstrip("/"))


def _address_setting(name: str, text: str) -> str | None:
    if not text:
        return None
    try:
        address = ascii_address(web_address(text))
    except ValueError as error:
        raise InvalidSetting(f"GOODWORD_{name.upper()}: {error}") from None
    if address is None:
        raise InvalidSetting(f"GOODWORD_{name.upper()}: {text!r} is not the address of a page")
    return address


def read_asked(query: bytes) -> Asked:
    """What the query of a link asks for. Anything that is not understood is left out."""
    to = channel = None
    for part in query.split(b"&", PARTS_MAX)[:PARTS_MAX]:
        name, _, value = part.partition(b"=")
        if name == b"to" and to is None:
            to = unquote_plus(value.decode("latin-1"), errors="strict") if _is_text(value) else None
        elif name == b"ch" and channel is None:
            text = value.decode("latin-1").lower()
            channel = text if CHANNEL.fullmatch(text) else None
    return Asked(to, channel)


def _is_text(value: bytes) -> bool:
    try:
        unquote_plus(value.decode("ascii"), errors="strict")
    except UnicodeDecodeError:
        return False
    return True


def origin_of(address: str) -> str | None:
    """Scheme, host and port of an address, as they are compared; None where a browser could read another host."""
    found = _ADDRESS.match(address)
    if found is None or not _is_plain(address):
        return None
    scheme, host, port = found.group(1).lower(), found.group(2).lower(), found.group(3)
    if port is None or port == _DEFAULT_PORTS[scheme]:
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{port}"


def ascii_address(address: str) -> str | None:
    """An address as it goes into a header: the host in IDNA, the rest percent-encoded; None where that cannot be."""
    if not address.isascii():
        parts = urlsplit(address)
        try:
            host = (parts.hostname or "").encode("idna").decode()
            port = "" if parts.port is None else f":{parts.port}"
        except ValueError:
            return None
        address = parts._replace(netloc=host + port).geturl()
    address = quote(address, safe=_SAFE)
    return address if origin_of(address) else None


def deep_target(to: str, normal: str, origins: frozenset[str]) -> str | None:
    """The address that a deep link asks for, or None where it may not be had.

    A path belongs to the host of the `normal` target; an address must lead to one of the origins.
    """
    if len(to) > TO_MAX or not _is_plain(to):
        return None
    if to.startswith("/"):
        # Two slashes begin a host, not a path. A path of ours always stands behind its host, whatever is in it.
        return None if to.startswith("//") else f"{origin_of(normal)}{quote(to, safe=_SAFE)}"
    if origin_of(to) not in origins:
        return None
    return quote(to, safe=_SAFE)


def shop_origins(places: Places, landing: str | None) -> frozenset[str]:
    """Where links of a program may lead: the places of the settings and the host of its landing page."""
    origin = origin_of(ascii_address(landing) or "") if landing else None
    return places.origins | {origin} if origin else places.origins


def is_of_shop(target: str, origins: Collection[str]) -> bool:
    """Whether a code's own page is one of the shop: a path, or an address on one of its hosts.

    Intake refuses any other; the redirect does not go there.
    """
    return target.startswith("/") or origin_of(ascii_address(target) or "") in origins


def handle_target(target: str, landing: str | None, origins: Collection[str]) -> str | None:
    """The page of a handle's own: an address on an allowed host, or a path beside the landing page."""
    if not is_of_shop(target, origins):
        return None
    if target.startswith("/"):
        return None if landing is None else deep_target(target, landing, frozenset())
    return ascii_address(target)


def with_parameters(address: str, parameters: str) -> str:
    """An address with parameters of ours, behind those it has and before its fragment."""
    front, hash_mark, fragment = address.partition("#")
    page, _, query = front.partition("?")
    kept = [part for part in query.split("&") if part and not unquote(part.partition("=")[0]).startswith(OURS)]
    return f"{page}?{'&'.join([*kept, parameters])}{hash_mark}{fragment}"


def parameter(name: str, value: str) -> str:
    """One parameter, encoded."""
    return f"{name}={quote(value, safe='')}"


def _is_plain(text: str) -> bool:
    return text.isprintable() and not any(c.isspace() or c in "\\\ufffd" for c in text)
