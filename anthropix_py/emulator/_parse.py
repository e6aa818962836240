"""Read the requests in the body of a create one at a time, however large the body is. No I/O."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from ._refusal import Refusal, invalid

_BLOCK = 1 << 20  # characters parsed at once
_START = re.compile(r'\s*\{\s*"requests"\s*:\s*\[')
_SPACE = re.compile(r"[ \t\n\r]*")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


_decoder = json.JSONDecoder(parse_constant=_no_constant)


def parse_json(chunks: Iterable[bytes]) -> Any:
    """Return the value of a complete body. Raises `Refusal` (400) if it is not JSON."""
    try:
        return _decoder.decode(b"".join(chunks).decode())
    except (ValueError, RecursionError) as error:
        raise not_json(error) from None


def not_json(error: object) -> Refusal:
    """Return the 400 for a body that is not JSON."""
    return invalid(f"The request body is not valid JSON: {error}")


class RequestReader:
    """The elements of `requests`, each with its JSON text; one at a time is in memory.

    `remainder`, once all have been read: the body with an empty list of requests, to check what
    else is in it. A body that does not begin with its requests is read into memory.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.remainder: Any = None
        self._texts = _texts(chunks)
        self._text = ""
        self._at = 0

    def __iter__(self) -> Iterator[tuple[Any, str]]:
        try:
            yield from self._elements()
        except (ValueError, RecursionError) as error:
            raise not_json(error) from None

    def _elements(self) -> Iterator[tuple[Any, str]]:
        start = _START.match(self._text)
        while not start and len(self._text) < _BLOCK and self._read_more():
            start = _START.match(self._text)
        if not start:
            yield from self._read_all()
            return
        self._at = start.end()
        yield from self._list()
        while self._read_more():
            pass
        self.remainder = _decoder.decode('{"requests":[' + self._text[self._at :])
        if self.remainder["requests"] != []:
            raise ValueError("requests is there twice")

    def _list(self) -> Iterator[tuple[Any, str]]:
        separator = self._next_sign()
        while separator != "]":
            yield self._element()
            separator = self._next_sign()
            if separator == ",":
                self._at += 1
                if self._next_sign() == "]":
                    raise ValueError("a comma after the last request")
            elif separator != "]":
                raise ValueError(f"expected , or ] after a request, found {separator!r}")

    def _read_all(self) -> Iterator[tuple[Any, str]]:
        while self._read_more():
            pass
        self.remainder = _decoder.decode(self._text)
        if not isinstance(self.remainder, dict):
            return
        requests = self.remainder.get("requests")
        if isinstance(requests, list) and requests:
            for request in requests:
                yield request, json.dumps(request)
            self.remainder["requests"] = []

    def _element(self) -> tuple[Any, str]:
        wanted = _BLOCK
        while True:
            try:
                value, end = _decoder.raw_decode(self._text, self._at)
                length = end - self._at
                # at the end of what has been read, a number may continue
                if end < len(self._text) or not self._read_more():
                    text = self._text[self._at : self._at + length]
                    self._at += length
                    return value, text
            except (json.JSONDecodeError, IndexError):
                if not self._read_more(wanted):
                    raise
                # so that a long element is not parsed too often
                wanted *= 2

    def _next_sign(self) -> str:
        while True:
            space = _SPACE.match(self._text, self._at)
            if space is not None:
                self._at = space.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read_more():
                raise ValueError("the body ends within its requests")

    def _read_more(self, wanted: int = _BLOCK) -> bool:
        """Read at least *wanted* characters, if there are so many; drop what has been parsed."""
        texts = [self._text[self._at :]]
        self._at = 0
        count = 0
        for text in self._texts:
            texts.append(text)
            count += len(text)
            if count >= wanted:
                break
        self._text = "".join(texts)
        return count > 0


def _texts(chunks: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in chunks:
        if text := decoder.decode(chunk):
            yield text
    decoder.decode(b"", final=True)
