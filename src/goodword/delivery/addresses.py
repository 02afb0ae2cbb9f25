"""Which addresses a webhook may go to, and the connection that goes nowhere else.

Whoever may make an endpoint must not reach our own network through us. A name is resolved once for a connection, all its
addresses have to be public, and the connection goes to the very address that was looked at: a name that changes its mind
in between gains nothing.
"""

from __future__ import annotations

import queue
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

URL_MAX = 2000
PORTS_REFUSED = frozenset({0, 19, 21, 22, 23, 25, 53, 110, 111, 119, 135, 139, 143, 389, 445, 465, 514, 587, 636, 993, 995,
                           1433, 2049, 3306, 3389, 5432, 5900, 6379, 9200, 11211, 27017})  # fmt: skip
"""Ports of services that are no web server, and that may take a request for commands of their own."""
WRITE_BYTES = 16 * 1024
"""How much is written at a time; between two pieces the deadline is looked at."""

Resolve = Callable[[str, int], list[str]]
"""The addresses of a host, as `system_resolve` gives them. May raise OSError."""

_NAT64 = ip_network("64:ff9b::/96")
_REFUSED = [
    ip_network(text)
    for text in (
        "2002::/16",  # 6to4: another address is written into it
        "2001::/32",  # Teredo: the same
        "::/96",  # IPv4-compatible: the same, and the unspecified and the loopback address
        "64:ff9b:1::/48",  # NAT64 of somebody's own
        "192.88.99.0/24",  # relays of 6to4
        "100.64.0.0/10",  # between providers
        "168.63.129.16/32",  # a public address by number, the inside of a cloud by use
    )
]


class BadUrl(ValueError):
    """An address that a webhook cannot have; the message says why."""


class AddressRefused(BadUrl):
    """The host leads to an address that is not a public one."""


class Unresolved(BadUrl):
    """The host has no address."""


class Deadline:
    """The moment by which an attempt has to be over, whatever it is doing."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds that are left.

        Raises:
            TimeoutError: there are none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the attempt took too long")
        return left


def is_public(text: str) -> bool:
    """Whether an IP address is one that anybody on the internet could be reached at."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    inner = _inner(address)
    if inner is not None:
        address = inner
    if any(address in network for network in _REFUSED if network.version == address.version):
        return False
    site_local = isinstance(address, IPv6Address) and address.is_site_local
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    return address.is_global and not (special or address.is_private or address.is_link_local or site_local)


def parse_url(text: str, private: bool) -> httpx.URL:
    """A webhook's address, as far as it can be judged without asking for its host.

    Raises:
        BadUrl: it cannot be one.
    """
    if len(text) > URL_MAX or any(ord(character) <= 32 or ord(character) == 127 for character in text):
        raise BadUrl(f"an address has at most {URL_MAX} characters, without spaces and line breaks")
    try:
        url = httpx.URL(text)
        raw = urlsplit(text)
        port = raw.port
    except (httpx.InvalidURL, ValueError):
        raise BadUrl("this is not an address") from None
    if url.scheme != "https" and not (private and url.scheme == "http"):
        raise BadUrl("the address has to begin with https://")
    if not url.host:
        raise BadUrl("the address names no host")
    if "@" in raw.netloc:
        raise BadUrl("the address must not hold a user or a password")
    if "#" in text:
        raise BadUrl("the address must not have a fragment (#)")
    if port in PORTS_REFUSED:
        raise BadUrl(f"port {port} is not one of a web server")
    return url


def check_host(url: httpx.URL, private: bool, resolve: Resolve) -> None:
    """Make sure that the host of a webhook leads to public addresses now; each connection looks again.

    Raises:
        Unresolved: it has no address.
        AddressRefused: one of them is not public.
    """
    try:
        _addresses(url.host, port_of(url), private, resolve)
    except OSError:
        raise Unresolved(f"the host {url.host} has no address") from None


def port_of(url: httpx.URL) -> int:
    """The port of an address, said or not."""
    return url.port or (443 if url.scheme == "https" else 80)


def system_resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, asked from the system."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def resolve_within(resolve: Resolve, host: str, port: int, seconds: float) -> list[str]:
    """The addresses of a host, or a timeout: the system's own resolver cannot be told to hurry.

    Raises:
        OSError: there are none, or not in time.
    """
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(host, port))
        except OSError as error:
            answers.put(error)
        except UnicodeError:  # a label that the name system cannot carry
            answers.put(OSError("not a name"))

    threading.Thread(target=ask, name="goodword-resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError("the name was not resolved in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


class GuardedBackend(httpcore.NetworkBackend):
    """Opens the connections of one sender: to public addresses only, and none lives longer than the deadline of an attempt."""

    def __init__(self, private: bool, resolve: Resolve = system_resolve) -> None:
        self._private = private
        self._resolve = resolve
        self.deadline = Deadline(0)
        """Of the attempt that is being made: set anew before each."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to an address that was looked at.

        Raises:
            Unresolved: the host has no address.
            AddressRefused: it has one that is not public.
            OSError: none of them answers in time.
        """

        def in_time(host: str, port: int) -> list[str]:
            return resolve_within(self._resolve, host, port, self.deadline.left())

        try:
            addresses = _addresses(host, port, self._private, in_time)
        except TimeoutError:
            raise
        except OSError:
            raise Unresolved(f"the host {host} has no address") from None
        return GuardedStream(self._connect(addresses, port), lambda: self.deadline)

    def connect_unix_socket(self, path: str, timeout: float | None = None, socket_options: Any = None) -> Any:
        """Never: a webhook goes over the network."""
        raise AddressRefused("a webhook does not go to a file")

    def _connect(self, addresses: list[str], port: int) -> socket.socket:
        error: OSError = OSError("the host has no address")
        for address in addresses:
            try:
                made = socket.create_connection((address, port), self.deadline.left())
            except TimeoutError:
                raise
            except OSError as failed:
                error = failed
            else:
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return made
        raise error


class GuardedStream(httpcore.NetworkStream):
    """A connection on which every single step has only the time that is left for the whole attempt."""

    def __init__(self, connection: socket.socket, deadline: Callable[[], Deadline]) -> None:
        self._connection = connection
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has come, as soon as something has."""
        self._connection.settimeout(self._deadline().left())
        return self._connection.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        rest = memoryview(buffer)
        try:
            while rest:
                self._connection.settimeout(self._deadline().left())
                rest = rest[self._connection.send(rest[:WRITE_BYTES]) :]
        except TimeoutError:
            raise
        except OSError as error:
            # Said in httpcore's words, which then still reads what a receiver answered before it hung up.
            raise httpcore.WriteError from error

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted, with a server that proved its name."""
        try:
            self._connection.settimeout(self._deadline().left())
            encrypted = ssl_context.wrap_socket(self._connection, server_hostname=server_hostname)
        except OSError:
            self.close()
            raise
        return GuardedStream(encrypted, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks about the connection."""
        if info == "is_readable":  # readable while idle: the other side closed it
            poll = select.poll()
            poll.register(self._connection, select.POLLIN)
            return bool(poll.poll(0))
        if info == "ssl_object" and isinstance(self._connection, ssl.SSLSocket):
            return self._connection
        return None


def _addresses(host: str, port: int, private: bool, resolve: Resolve) -> list[str]:
    addresses = resolve(host, port)
    if not addresses:
        raise OSError("no address")
    if not private:
        refused = [address for address in addresses if not is_public(address)]
        if refused:
            raise AddressRefused(f"the host {host} leads to {refused[0]}, which is not a public address")
    return addresses


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address only wraps."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
