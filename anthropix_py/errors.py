"""The error family: every failure that a public function returns as ("error", exc).

One closed tree by fault: yours (`InvalidRequest`, `MissingCredentials`), theirs (`APIError`,
`DecodeError`, `IncompleteResults`), the wire's (`TransportError`), the disk's (`FileError`),
nobody's (`UnknownOutcome`), and two that only say "not yet" (`NotEnded`, `WaitTimeout`). All can
be pickled; none holds a secret, an open connection or the frames it was raised in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._problem import Problem
    from .types import MessageBatch

_LONGEST = 1000  # characters of a server's message shown; all of it is in `message`
_SHOWN = 10  # problems spelled out in a message; all of them are in `problems`


class AnthropixError(Exception):
    """Base of all errors of this package; catch it to catch them all."""


class InvalidRequest(AnthropixError):
    """What was asked for cannot be sent: nothing went over the wire.

    `problems`: every fault found, each a `validate.Problem` with where, found and expected.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        count = len(self.problems)
        if count == 1:
            return str(self.problems[0])
        lines = [f"{count:,} problems:", *(f"  {problem}" for problem in self.problems[:_SHOWN])]
        if count > _SHOWN:
            lines.append(f"  ... and {count - _SHOWN:,} more")
        return "\n".join(lines)


class MissingCredentials(AnthropixError):
    """No API key and no token was given or found.

    `looked_at`: the environment variables that were looked at.
    """

    def __init__(self, looked_at: Sequence[str]) -> None:
        super().__init__(looked_at)
        self.looked_at = tuple(looked_at)

    def __str__(self) -> str:
        names = " and ".join(self.looked_at)
        return f"no credentials: pass api_key= or auth_token=, or set one of {names} (both are unset or empty)"


class APIError(AnthropixError):
    """The server answered, and its answer is an error.

    `status`: the HTTP status. `type`, `message`, `error_code` (from `error.details`): as far as
    the body has them, else None; `message` falls back to the body's first words. `request_id`:
    from the header or the body. `headers`: of the answer, names in lower case. `body`: the
    decoded JSON, or the text where it is not JSON.
    """

    def __init__(
        self,
        status: int,
        type: str | None = None,
        message: str | None = None,
        error_code: str | None = None,
        request_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
    ) -> None:
        super().__init__(status, type, message, error_code, request_id, headers, body)
        self.status = status
        self.type = type
        self.message = message
        self.error_code = error_code
        self.request_id = request_id
        self.headers = dict(headers or {})
        self.body = body

    def __str__(self) -> str:
        kind = "/".join(part for part in (self.type, self.error_code) if part)
        text = " ".join(part for part in (str(self.status), kind) if part)
        if self.message:
            text += f": {self.message[:_LONGEST]}{'...' if len(self.message) > _LONGEST else ''}"
        if "retry-after" in self.headers:
            text += f" (retry-after: {self.headers['retry-after']})"
        return f"{text} [{self.request_id}]" if self.request_id else text


class TransportError(AnthropixError):
    """No complete answer came: the connection failed.

    `reason`: `connect`, `tls`, `timeout`, `closed` or `protocol`. `detail`: what the layer below
    said. `sent`: whether any byte of the request may have gone out; False means that the server
    cannot have acted on it.
    """

    def __init__(self, reason: str, detail: str, sent: bool) -> None:
        super().__init__(reason, detail, sent)
        self.reason = reason
        self.detail = detail
        self.sent = sent

    def __str__(self) -> str:
        when = "after the request was sent" if self.sent else "before anything was sent"
        return f"{self.reason}: {self.detail} ({when})"


class DecodeError(AnthropixError):
    """The server's bytes are not what the API promises.

    `detail`: what is wrong. `line`: counted from 1 in results, None elsewhere. `offset`: where
    that line begins, in bytes from the start of the body. `excerpt`: its first bytes, as text.
    `request_id`: where the answer had one.
    """

    def __init__(
        self,
        detail: str,
        line: int | None = None,
        offset: int | None = None,
        excerpt: str = "",
        request_id: str | None = None,
    ) -> None:
        super().__init__(detail, line, offset, excerpt, request_id)
        self.detail = detail
        self.line = line
        self.offset = offset
        self.excerpt = excerpt
        self.request_id = request_id

    def __str__(self) -> str:
        where = [f"line {self.line}"] if self.line is not None else []
        where += [f"byte {self.offset}"] if self.offset is not None else []
        text = f"{', '.join(where)}: {self.detail}" if where else self.detail
        if self.excerpt:
            text += f", near {self.excerpt!r}"
        return f"{text} [{self.request_id}]" if self.request_id else text


class NotEnded(AnthropixError):
    """Results were asked for before the batch has ended.

    `batch`: its latest state; hand it to `batch.wait`.
    """

    def __init__(self, batch: MessageBatch) -> None:
        super().__init__(batch)
        self.batch = batch

    def __str__(self) -> str:
        return f"batch {self.batch['id']} is {self.batch['processing_status']}: it has results once it has ended"


class WaitTimeout(AnthropixError):
    """The batch had not ended when the time given to `batch.wait` was up.

    `batch`: its state at the last look that succeeded, None if none did. `waited`: seconds.
    `cause`: the error of the last look, None if it succeeded.
    """

    def __init__(
        self, batch: MessageBatch | None, waited: float, cause: AnthropixError | None = None
    ) -> None:
        super().__init__(batch, waited, cause)
        self.batch = batch
        self.waited = waited
        self.cause = cause

    def __str__(self) -> str:
        cause = f"; the last look failed: {self.cause}" if self.cause is not None else ""
        if self.batch is None:
            return f"no look at the batch succeeded in {self.waited:.0f} s{cause}"
        return f"batch {self.batch['id']} is {self.batch['processing_status']} after {self.waited:.0f} s{cause}"


class UnknownOutcome(AnthropixError):
    """A batch may or may not have been created: the request went out, and no clear answer came.

    The API has no idempotency key, so sending it again could pay for it twice. `cause`: the
    error met. `total`: the number of requests in it. `sent_at`: when the sending began, in
    seconds since the epoch by this machine's clock.
    """

    def __init__(self, cause: AnthropixError, total: int, sent_at: float) -> None:
        super().__init__(cause, total, sent_at)
        self.cause = cause
        self.total = total
        self.sent_at = sent_at

    def __str__(self) -> str:
        return (
            f"a batch of {self.total:,} requests may have been created, and was not sent again: {self.cause}. "
            "Look with batch.candidates for the batches that could be it before creating it anew"
        )


class IncompleteResults(AnthropixError):
    """The results ended before every row had come, and asking again did not mend it.

    `expected`: the rows that the batch's `request_counts` promise, None where they are not known.
    `received`: the rows handed over. `duplicates`: the rows that came more than once in one
    answer, and were handed over once. `cause`: the last error met, None where the answer only
    ended too early.
    """

    def __init__(
        self,
        expected: int | None,
        received: int,
        duplicates: int = 0,
        cause: AnthropixError | None = None,
    ) -> None:
        super().__init__(expected, received, duplicates, cause)
        self.expected = expected
        self.received = received
        self.duplicates = duplicates
        self.cause = cause

    def __str__(self) -> str:
        total = "an unknown number of" if self.expected is None else f"{self.expected:,}"
        again = f", {self.duplicates:,} came more than once" if self.duplicates else ""
        cause = f": {self.cause}" if self.cause is not None else ""
        return f"the results ended after {self.received:,} of {total} rows{again}{cause}"


class FileError(AnthropixError):
    """A file could not be written or read: a full disk, a missing folder, another download under way.

    `path`: of that file. `detail`: what the system said.
    """

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(path, detail)
        self.path = path
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.path}: {self.detail}"
