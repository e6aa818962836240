"""The requests in the body of a create, one at a time, however large it is. No I/O."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from ._refused import Refused, invalid

_PIECE = 1 << 20  # characters looked at before more are read
_BEGINNING = re.compile(r'\s*\{\s*"requests"\s*:\s*\[')
_SPACE = re.compile(r"[ \t\n\r]*")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


_decoder = json.JSONDecoder(parse_constant=_no_constant)


def value_in(chunks: Iterable[bytes]) -> Any:
    """Give the value of a whole body. Raises `Refused` where it is not JSON."""
    try:
        return _decoder.decode(b"".join(chunks).decode())
    except (ValueError, RecursionError) as error:
        raise not_json(error) from None


def not_json(error: object) -> Refused:
    """Make the 400 of a body that is not JSON."""
    return invalid(f"The request body is not valid JSON: {error}")


class RequestsIn:
    """The elements of `requests`, each with its text, in memory one at a time.

    `rest`, once they have all been given: the body as if there had been none of them, for what
    else it holds. A body that does not begin with its requests is read whole.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.rest: Any = None
        self._texts = _texts(chunks)
        self._text = ""
        self._at = 0

    def __iter__(self) -> Iterator[tuple[Any, str]]:
        try:
            yield from self._elements()
        except (ValueError, RecursionError) as error:
            raise not_json(error) from None

    def _elements(self) -> Iterator[tuple[Any, str]]:
        while (
            not (begins := _BEGINNING.match(self._text))
            and len(self._text) < _PIECE
            and self._more()
        ):
            pass
        if not begins:
            yield from self._read_whole()
            return
        self._at = begins.end()
        separator = self._next_sign()
        while separator != "]":
            yield self._element()
            separator = self._next_sign()
            if separator not in (",", "]"):
                raise ValueError(f"expected , or ] after a request, found {separator!r}")
            self._at += separator == ","
            if separator == "," and self._next_sign() == "]":
                raise ValueError("a comma after the last request")
        while self._more():
            pass
        self.rest = _decoder.decode('{"requests":[' + self._text[self._at :])
        if self.rest["requests"] != []:
            raise ValueError("requests stands there twice")

    def _read_whole(self) -> Iterator[tuple[Any, str]]:
        while self._more():
            pass
        self.rest = _decoder.decode(self._text)
        requests = self.rest.get("requests") if isinstance(self.rest, dict) else None
        if isinstance(requests, list) and requests:
            for request in requests:
                yield request, json.dumps(request)
            self.rest["requests"] = []

    def _element(self) -> tuple[Any, str]:
        wanted = _PIECE
        while True:
            try:
                value, end = _decoder.raw_decode(self._text, self._at)
                length = end - self._at
                if (
                    end < len(self._text) or not self._more()
                ):  # at the text's end a number may go on
                    text = self._text[self._at : self._at + length]
                    self._at += length
                    return value, text
            except (json.JSONDecodeError, IndexError):
                if not self._more(wanted):
                    raise
                wanted *= 2  # so that a long element is not tried too often

    def _next_sign(self) -> str:
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = self._at if space is None else space.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                raise ValueError("the body ends within its requests")

    def _more(self, wanted: int = _PIECE) -> bool:
        """Read on, at least *wanted* characters if there are so many; let go of what has been given."""
        pieces = [self._text[self._at :]] if self._at else [self._text]
        self._at = 0
        got = 0
        for text in self._texts:
            pieces.append(text)
            got += len(text)
            if got >= wanted:
                break
        self._text = "".join(pieces)
        return got > 0


def _texts(chunks: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in chunks:
        if text := decoder.decode(chunk):
            yield text
    decoder.decode(b"", final=True)
