"""Read a response: its content, the JSON object in it, or the error in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .. import _json
from ..errors import APIError, DecodeError, TransportError
from . import Response

_LARGEST_ERROR = 1 << 20  # bytes of an error's body that are read
_WITHOUT_BODY = (204, 205, 304)  # RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5
# charsets other than UTF-8 that are decoded; others can take minutes of processor time, or be wrong
_CHARSETS = {"us-ascii": "ascii", "ascii": "ascii", "iso-8859-1": "latin-1", "latin-1": "latin-1"}
_EXCERPT = 200  # characters of a body shown in a message


def request_id(response: Response) -> str | None:
    """Return the server's id of the request, None if there is none."""
    return response.headers.get("request-id")


def content(response: Response) -> Iterator[bytes]:
    """Return the body as it arrives, without its `content-encoding`.

    Raises `DecodeError` for an encoding that was not asked for.
    """
    if response.status in _WITHOUT_BODY:
        return iter(())
    chunks = response.chunks
    if not is_framed(response.headers):
        chunks = _not_empty(chunks)
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        return chunks
    if encoding not in ("gzip", "x-gzip"):
        detail = f"the response has a content-encoding of {encoding!r}"
        raise DecodeError(detail, request_id=request_id(response))
    from .gzip import inflated

    return inflated(chunks)


def is_framed(headers: Mapping[str, str]) -> bool:
    """Return whether the headers say where the body ends, without the end of the connection."""
    # A header cut in the middle may be present and empty.
    chunked = headers.get("transfer-encoding", "").lower().strip().endswith("chunked")
    return chunked or headers.get("content-length", "").strip().isdecimal()


def _not_empty(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a body that ends with the connection; raise if it is empty, because it was cut then."""
    empty = True
    for chunk in chunks:
        empty = empty and not chunk
        yield chunk
    if empty:
        raise TransportError("closed", "the response broke off before its body", sent=True)


def read_object(response: Response, most: int) -> dict[str, object]:
    """Return the body as a JSON object. Raises `DecodeError` for anything else.

    *most*: the bytes that it may have. A small compressed body can expand to gigabytes.
    """
    body = _read_at_most(most, response)
    try:
        value = _json.loads(body)
    except ValueError as error:
        raise _not_an_object(f"the response is not JSON: {error}", body, response) from None
    if not isinstance(value, dict):
        raise _not_an_object("the response is not a JSON object", body, response)
    return value


def _not_an_object(detail: str, body: bytes, response: Response) -> DecodeError:
    excerpt = body[:_EXCERPT].decode("utf-8", "replace")
    return DecodeError(detail, excerpt=excerpt, request_id=request_id(response))


def read_error(response: Response) -> APIError:
    """Return the error that a response is, as far as it can be read."""
    text = _text_of(_read_some(_LARGEST_ERROR, response), response)
    headers = dict(response.headers)
    body = _json_or_text(text)
    if 300 <= response.status < 400:
        return _redirect(response.status, headers, body)
    if isinstance(body, dict):
        return error_from(response.status, headers, body)
    return APIError(
        response.status,
        message=" ".join(text.split())[:_EXCERPT] or None,
        request_id=headers.get("request-id"),
        headers=headers,
        body=body,
    )


def _json_or_text(text: str) -> object:
    try:
        value = _json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, (dict, list)) else text


def _redirect(status: int, headers: dict[str, str], body: object) -> APIError:
    target = headers.get("location")
    where = f"leads to {target!r}" if target else "has no location"
    return APIError(
        status,
        message=f"redirects are not followed; this one {where}",
        request_id=headers.get("request-id"),
        headers=headers,
        body=body,
    )


def error_from(status: int, headers: Mapping[str, str], body: dict[str, object]) -> APIError:
    """Return the `APIError` in a JSON body, which may lack the documented envelope."""
    inner = body.get("error")
    error = inner if isinstance(inner, dict) else body
    details = error.get("details")
    code = details.get("error_code") if isinstance(details, dict) else None
    return APIError(
        status,
        type=_if_text(error.get("type")),
        message=_if_text(error.get("message")) or _if_text(inner),
        error_code=_if_text(code),
        request_id=_if_text(headers.get("request-id") or body.get("request_id")),
        headers=headers,
        body=body,
    )


def _if_text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _read_at_most(most: int, response: Response) -> bytes:
    blocks: list[bytes] = []
    size = 0
    for chunk in content(response):
        blocks.append(chunk)
        size += len(chunk)
        if size > most:
            detail = f"the response is longer than {most:,} bytes"
            raise DecodeError(detail, request_id=request_id(response))
    return b"".join(blocks)


def _read_some(most: int, response: Response) -> bytes:
    """Return the first *most* bytes of a body, or what arrived of it if it breaks off."""
    blocks: list[bytes] = []
    size = 0
    try:
        for chunk in content(response):
            blocks.append(chunk)
            size += len(chunk)
            if size >= most:
                break
    except (TransportError, DecodeError):
        pass
    return b"".join(blocks)[:most]


def _text_of(body: bytes, response: Response) -> str:
    content_type = response.headers.get("content-type", "").lower()
    charset = content_type.partition("charset=")[2].partition(";")[0].strip(" \"'")
    text = body.decode(_CHARSETS.get(charset, "utf-8"), "replace")
    return text.removeprefix("\ufeff")
