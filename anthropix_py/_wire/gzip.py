"""Bodies as they were before they were compressed. No I/O.

Member by member, to the end of the last: a stream that stops before its trailer has been cut,
and is never taken for whole.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from ..errors import TransportError

_PIECE = (
    128 * 1024
)  # the most bytes inflated at once, so that no small body becomes a huge one in memory
_GZIP = zlib.MAX_WBITS | 16  # zlib's way to say: a gzip header and trailer around it


def inflated(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the content of a gzip body as far as it has come. Raises `TransportError` where it is cut or corrupt."""
    member = zlib.decompressobj(_GZIP)
    begun = ended = False
    for chunk in chunks:
        data = (
            chunk.lstrip(b"\0") if ended and not begun else chunk
        )  # zeros may pad what follows a member
        while data:
            begun, full = True, True
            while full and not member.eof:
                try:
                    piece = member.decompress(data, _PIECE)
                except zlib.error as error:
                    raise TransportError("protocol", f"corrupt gzip: {error}", sent=True) from None
                if piece:
                    yield piece
                data = member.unconsumed_tail
                full = len(piece) == _PIECE  # a piece that is not full leaves no input behind
            if member.eof:
                data = member.unused_data.lstrip(b"\0")
                member, begun, ended = zlib.decompressobj(_GZIP), False, True
    if begun:
        raise TransportError("closed", "the gzip stream broke off before its end", sent=True)
