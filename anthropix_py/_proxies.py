"""The credentials of proxies: removed from their URLs, and listed so that they can be masked.

The environment has them inside a URL (`HTTPS_PROXY=http://user:password@host:port`).
"""

from __future__ import annotations

import os
from typing import NamedTuple

from ._wire.hidden import HiddenText, hide
from ._wire.secret import Secret, masked


class Proxy(NamedTuple):
    """A proxy. `url`: without credentials. `authorization`: the value of the header with them."""

    url: str
    authorization: HiddenText | None


def without_credentials(url: str) -> Proxy:
    """Return the proxy at *url*, which may have a user and a password."""
    scheme, _, rest = url.partition("://")
    userinfo, at, host = rest.partition("/")[0].rpartition("@")
    authorization = None
    if at:
        authorization = hide("Basic " + _encoded(userinfo))
    return Proxy(f"{scheme}://{host}", authorization)


def proxy_secrets() -> list[Secret]:
    """Return the credentials of all proxies in the environment, in every form they may have."""
    names = [name for name in os.environ if name.lower().endswith("_proxy")]
    return [text for name in names for text in _secrets_in(Secret(os.environ[name]))]


def _secrets_in(url: Secret) -> list[Secret]:
    userinfo = masked(url.rpartition("@")[0].rpartition("//")[2])
    if not userinfo:
        return []
    from urllib.parse import unquote

    # Without a password, the name is the secret. Otherwise it is often a common word.
    secret = masked(userinfo.partition(":")[2] or userinfo)
    plain = map(masked, map(unquote, (userinfo, secret)))
    return [userinfo, secret, *plain, masked(_encoded(userinfo))]


def _encoded(userinfo: str) -> str:
    """Return a percent-encoded user and password as basic authentication sends them."""
    from binascii import b2a_base64
    from urllib.parse import unquote

    user, _, password = userinfo.partition(":")
    credentials = f"{unquote(user)}:{unquote(password)}"
    try:
        # the encoding that most proxies expect; RFC 7617 does not say which it is
        encoded = credentials.encode("latin-1")
    except UnicodeEncodeError:
        encoded = credentials.encode()
    return b2a_base64(encoded, newline=False).decode()
