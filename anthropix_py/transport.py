"""What a transport of your own gets and returns, for `init(transport=...)`.

A transport is a function that sends one request and returns its response. This one returns what it
finds in a dict, without a network:

    from anthropix_py.transport import Request, Response, Timeout

    def from_memory(request: Request, timeout: Timeout) -> Response:
        body = PAGES[request.url]
        return Response(200, {"content-length": str(len(body))}, iter([body]), lambda: None)

    client = anthropix_py.init("any-key", transport=from_memory)

It is called once for each attempt, possibly by several threads at once. It must neither follow
redirects nor repeat a request. If there is no response, it raises `TransportError(reason, detail,
sent)`, and so does iterating over the chunks of a body that breaks off. *sent* must be True if a
byte of the request may have reached the server: a create that was sent is never sent again.
"""

from __future__ import annotations

from ._wire import Body, Request, Response, Timeout, Transport
from .errors import TransportError, TransportReason

__all__ = [
    "Body",
    "Request",
    "Response",
    "Timeout",
    "Transport",
    "TransportError",
    "TransportReason",
]
