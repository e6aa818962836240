"""The route of a request: the server's origin, the proxy and the certificates."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

from urllib3.util.ssl_ import create_urllib3_context

from .._files import as_file_errors
from .._proxies import Proxy, without_credentials
from ..errors import TransportError

_PROXIES = {
    "http": ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"),
    "https": ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
}
_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")  # what OpenSSL itself reads


class Certificates(NamedTuple):
    """A PEM file of authorities to trust, and the client's own certificate with its key."""

    ca_bundle: str | None
    client_cert: tuple[str, str | None] | None


class Route(NamedTuple):
    """The way to a server. Different routes do not share connections.

    Two proxies that differ only in their credentials are two routes, although they print the same.
    """

    origin: str
    certificates: Certificates
    proxy: Proxy | None = None
    default_authorities: tuple[str | None, ...] = ()


Stamp = tuple[int, int, int] | None
"""What tells one version of a file from another: time of change, inode, bytes. None if missing."""


def stamps_of(route: Route) -> tuple[Stamp, ...]:
    """Return the stamps of the files that *route* names, which a renewal changes.

    A folder of authorities (`SSL_CERT_DIR`) has none: OpenSSL reads it again for each connection.
    """
    if not route.origin.startswith("https:") and route.proxy is None:
        return ()
    ca_bundle, client_cert = route.certificates
    named = (ca_bundle, *(client_cert or ()), *route.default_authorities[:1])
    return tuple(_stamp(path) for path in named if path)


def _stamp(path: str) -> Stamp:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def route_of(url: str, certificates: Certificates) -> Route:
    """Return the route to *url*, by the current environment variables."""
    scheme, _, rest = url.partition("://")
    authorities: tuple[str | None, ...] = ()
    if scheme == "https":
        authorities = tuple(map(os.environ.get, _AUTHORITIES))
    origin = f"{scheme}://{rest.partition('/')[0]}"
    return Route(origin, certificates, _proxy(url, scheme), authorities)


def _proxy(url: str, scheme: str) -> Proxy | None:
    """Return the proxy that the environment names for *url*; None to connect directly."""
    # parsing the proxy variables is slow; skip it if none is set
    if not any(map(os.environ.get, _PROXIES[scheme])):
        return None
    from urllib.request import getproxies_environment
    from urllib.request import proxy_bypass_environment as bypasses  # type: ignore[attr-defined]

    proxies = getproxies_environment()
    proxy: str | None = proxies.get(scheme) or proxies.get("all")
    if not proxy or bypasses(urlsplit(url).netloc, proxies):
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    if not _is_http(proxy):
        # the message does not show the URL, because it may hold a password
        detail = f"the proxy for {scheme} in the environment is not an http:// or https:// URL"
        raise TransportError("connect", detail, sent=False)
    return without_credentials(proxy)


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        # a port past 65535, or a malformed host
        return False


def context_of(certificates: Certificates) -> ssl.SSLContext:
    """Return the TLS context for all connections of a route.

    It is shared, because creating it reads all authorities. Raises `FileError` for a file that
    cannot be used.
    """
    context = create_urllib3_context()
    ca_bundle, client_cert = certificates
    if ca_bundle is None:
        context.load_default_certs()
    else:
        _load(ca_bundle, lambda: context.load_verify_locations(ca_bundle))
    if client_cert is not None:
        certificate, key = client_cert
        for path in filter(None, client_cert):
            _load(path, partial(os.stat, path))
        # An empty password: with none, OpenSSL would prompt on the terminal for an encrypted key.
        load = partial(context.load_cert_chain, certificate, key, password="")
        _load(key or certificate, load)
    return context


def _load(path: str, load: Callable[[], object]) -> None:
    # ssl.SSLError is an OSError
    with as_file_errors(path):
        load()
