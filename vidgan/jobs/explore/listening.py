"""The address that the page is served at."""

import ipaddress
import socket

from vidgan.errors import OptionError


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        OptionError: the port is taken, or the host is no address of this machine.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise OptionError(f"--host {host!r}: no address ({error.strerror})") from None
    opened = socket.socket(family, kind)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind(address)
        opened.listen()
    except OSError as error:
        opened.close()
        raise OptionError(
            f"--host {host} --port {port}: cannot listen there ({error.strerror}); leave --port "
            "out for a free one"
        ) from None
    return opened


def is_local(opened: socket.socket) -> bool:
    """Return whether a socket can be reached from this machine only."""
    return ipaddress.ip_address(opened.getsockname()[0]).is_loopback


def address(opened: socket.socket) -> str:
    """Return the address of the page for a browser on this machine."""
    host, port = opened.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
