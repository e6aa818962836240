"""Read what a response holds: its content, a JSON object, an error. No I/O but that of its chunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .. import _json
from ..errors import APIError, DecodeError, TransportError
from . import Response
from .secret import struck

_MOST_OF_AN_ERROR = 1 << 20  # bytes of an error's body that are read
_MOST_OF_AN_ANSWER = 64 << 20  # bytes of an answer in JSON: a page of 1,000 batches is one
_EXCERPT = 200  # characters of a body shown in a message


def request_id(response: Response) -> str | None:
    """Give the id under which the server knows the call."""
    return response.headers.get("request-id")


def content(response: Response) -> Iterator[bytes]:
    """Give the body as it was before any `content-encoding`. Raises `DecodeError` for one that was not asked for."""
    chunks = response.chunks if _framed(response.headers) else _not_empty(response.chunks)
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        return chunks
    if encoding not in ("gzip", "x-gzip"):
        raise DecodeError(
            f"the answer has a content-encoding of {encoding!r}", request_id=request_id(response)
        )
    from .gzip import inflated

    return inflated(chunks)


def _framed(headers: Mapping[str, str]) -> bool:
    # a head that was cut may name one and say no more
    chunked = headers.get("transfer-encoding", "").lower().strip().endswith("chunked")
    return chunked or headers.get("content-length", "").strip().isdecimal()


def _not_empty(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Pass on a body that only the connection's end ends. With nothing in it, it is an answer cut in its headers."""
    empty = True
    for chunk in chunks:
        empty = empty and not chunk
        yield chunk
    if empty:
        raise TransportError("closed", "the answer broke off before its body", sent=True)


def read_object(response: Response) -> dict[str, object]:
    """Read a JSON object to its end. Raises `DecodeError` for anything else."""
    named = request_id(response)
    body = _bounded(content(response), named)
    try:
        value = _json.loads(body)
    except ValueError as error:
        raise DecodeError(
            f"the answer is not JSON: {error}", None, None, _excerpt(body), named
        ) from None
    if not isinstance(value, dict):
        raise DecodeError("the answer is not a JSON object", None, None, _excerpt(body), named)
    return value


def read_error(response: Response, secrets: Sequence[str] = ()) -> APIError:
    """Read as much of an error as there is, *secrets* struck out wherever the server repeats them."""
    text = _as_text(_read_most(response), response.headers.get("content-type", ""))
    try:
        value: object = _json.loads(text)
    except ValueError:
        value = text
    try:
        body = struck(value if isinstance(value, (dict, list)) else text, secrets)
    except RecursionError:
        body = struck(text, secrets)
    headers = struck(dict(response.headers), secrets)
    if 300 <= response.status < 400:
        target = headers.get("location")
        message = "redirects are not followed; this one " + (
            f"leads to {target!r}" if target else "names no target"
        )
        return APIError(
            response.status, None, message, None, headers.get("request-id"), headers, body
        )
    if isinstance(body, dict):
        return error_from(response.status, headers, body)
    words = " ".join(struck(text, secrets).split())[:_EXCERPT] or None
    return APIError(response.status, None, words, None, headers.get("request-id"), headers, body)


def error_from(status: int, headers: Mapping[str, str], body: dict[str, object]) -> APIError:
    """Make an `APIError` of a JSON body, enveloped as documented or not."""
    inner = body.get("error")
    error = inner if isinstance(inner, dict) else body
    details = error.get("details")
    code = details.get("error_code") if isinstance(details, dict) else None
    named = headers.get("request-id") or body.get("request_id")
    kind, message = error.get("type"), error.get("message")
    return APIError(
        status,
        _text(kind),
        _text(message) or _text(inner),
        _text(code),
        _text(named),
        headers,
        body,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _bounded(chunks: Iterator[bytes], named: str | None) -> bytes:
    pieces: list[bytes] = []
    size = 0
    for chunk in chunks:
        pieces.append(chunk)
        size += len(chunk)
        if size > _MOST_OF_AN_ANSWER:
            raise DecodeError(
                f"the answer goes on past {_MOST_OF_AN_ANSWER:,} bytes", request_id=named
            )
    return b"".join(pieces)


def _read_most(response: Response) -> bytes:
    pieces: list[bytes] = []
    size = 0
    try:
        for chunk in content(response):
            pieces.append(chunk)
            size += len(chunk)
            if size >= _MOST_OF_AN_ERROR:
                break
    except (TransportError, DecodeError):
        pass  # the status is known: what came of the body is better than nothing
    return b"".join(pieces)[:_MOST_OF_AN_ERROR]


def _as_text(body: bytes, content_type: str) -> str:
    charset = content_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    try:
        text = body.decode(charset or "utf-8", "replace")
    except (
        LookupError,
        ValueError,
    ):  # no such charset, none that is text, or one that will not be replaced
        text = body.decode("utf-8", "replace")
    return text.removeprefix("\ufeff")


def _excerpt(body: bytes) -> str:
    return body[:_EXCERPT].decode("utf-8", "replace")
