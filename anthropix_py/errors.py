"""The errors: every failure that a public function returns as `("error", exc)`.

All derive from `AnthropixError`. By what went wrong: what the caller passed (`InvalidRequest`,
`MissingCredentials`, `AuthError`), the server (`APIError`, `DecodeError`, `IncompleteResults`), the
connection (`TransportError`), a file (`FileError`), a library that is not installed
(`MissingExtra`), a create whose outcome nobody knows (`UnknownOutcome`); and two say only "not yet"
(`NotEnded`, `WaitTimeout`). All can be pickled; none holds a secret, an open connection or the
frames it was raised in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from ._problem import Problem
    from .types import MessageBatch

__all__ = [
    "APIError",
    "AnthropixError",
    "AuthError",
    "DecodeError",
    "FileError",
    "IncompleteResults",
    "InvalidRequest",
    "MissingCredentials",
    "MissingExtra",
    "NotEnded",
    "TransportError",
    "TransportReason",
    "UnknownOutcome",
    "WaitTimeout",
]

TransportReason = Literal["connect", "tls", "timeout", "closed", "protocol"]
"""`connect`: no connection could be opened. `tls`: TLS failed. `timeout`: no data arrived in time.
`closed`: the connection broke off. `protocol`: the response is not valid HTTP."""

# How much a message shows; the attributes hold the complete values.
_LONGEST = 1000  # characters of a server's message
_MOST = 10  # problems

# Every class passes all its arguments to Exception, by position, because pickling needs them.


class AnthropixError(Exception):
    """The base class of all errors of this package."""


class InvalidRequest(AnthropixError):
    """The requests or arguments are invalid; nothing was sent.

    `problems`: every fault found, each a `validate.Problem` with where, found and expected.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems: tuple[Problem, ...] = tuple(problems)

    def __str__(self) -> str:
        count = len(self.problems)
        if count == 1:
            return str(self.problems[0])
        lines = [f"{count:,} problems:", *(f"  {problem}" for problem in self.problems[:_MOST])]
        if count > _MOST:
            lines.append(f"  ... and {count - _MOST:,} more")
        return "\n".join(lines)


class MissingCredentials(AnthropixError):
    """No API key and no token was passed, and the environment has none.

    `looked_at`: the environment variables that were read.
    """

    def __init__(self, looked_at: Sequence[str]) -> None:
        super().__init__(looked_at)
        self.looked_at: tuple[str, ...] = tuple(looked_at)

    def __str__(self) -> str:
        names = " or ".join(self.looked_at)
        return (
            f"no credentials: pass api_key=, auth_token= or auth=, or set {names} "
            "(both are unset or empty)"
        )


class MissingExtra(AnthropixError):
    """A function needs a library that is not installed, or not in a version that it can use.

    `what`: the function or module that needs it. `needs`: the library. `extra`: the extra of this
    package that brings it.
    """

    def __init__(self, what: str, needs: str, extra: str) -> None:
        super().__init__(what, needs, extra)
        self.what = what
        self.needs = needs
        self.extra = extra

    def __str__(self) -> str:
        return f"{self.what} needs {self.needs}: pip install 'anthropix_py[{self.extra}]'"


class AuthError(AnthropixError):
    """The client's `auth` returned no headers that can be sent; nothing was sent.

    `detail`: the type and the text of what it raised, or what is wrong with what it returned.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return f"no credential: auth failed with {self.detail} (nothing was sent)"


class APIError(AnthropixError):
    """The server responded with an error.

    `status`: the HTTP status. `type`, `message`, `error_code` (from `error.details`): from the
    body, None if it has none. If the body is not an error in JSON, `message` is its beginning.
    `request_id`: from the header or the body. `headers`: of the response, names in lower case.
    `body`: the decoded JSON, or the text if it is not JSON.
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
        self.headers: dict[str, str] = dict(headers or {})
        self.body = body

    def __str__(self) -> str:
        kind = "/".join(part for part in (self.type, self.error_code) if part)
        text = " ".join(part for part in (str(self.status), kind) if part)
        if self.message:
            text += f": {_shortened(self.message)}"
        if "retry-after" in self.headers:
            text += f" (retry-after: {self.headers['retry-after']})"
        return text + _in_brackets(self.request_id)


class TransportError(AnthropixError):
    """The connection failed before a complete response had arrived.

    `reason`: `connect`, `tls`, `timeout`, `closed` or `protocol` (see `TransportReason`).
    `detail`: the message of the underlying error. `sent`: whether any byte of the request may have
    been sent; if False, the server cannot have acted on it.
    """

    def __init__(self, reason: TransportReason, detail: str, sent: bool) -> None:
        super().__init__(reason, detail, sent)
        self.reason: TransportReason = reason
        self.detail = detail
        self.sent = sent

    def __str__(self) -> str:
        when = "before anything was sent"
        if self.sent:
            when = "after sending had begun"
        return f"{self.reason}: {self.detail} ({when})"


class DecodeError(AnthropixError):
    """The response is not what the API promises.

    `detail`: what is wrong. `line`: in results, counted from 1; elsewhere None. `offset`: where
    that line begins, in bytes from the start of the body. `excerpt`: its beginning, as text.
    `request_id`: of the response, if it has one.
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
        places = (("line", self.line), ("byte", self.offset))
        where = ", ".join(f"{unit} {number}" for unit, number in places if number is not None)
        text = self.detail
        if where:
            text = f"{where}: {text}"
        if self.excerpt:
            text += f", near {self.excerpt!r}"
        return text + _in_brackets(self.request_id)


class NotEnded(AnthropixError):
    """Results were requested before the batch ended.

    `batch`: its latest state; pass it to `batch.wait`.
    """

    def __init__(self, batch: MessageBatch) -> None:
        super().__init__(batch)
        self.batch = batch

    def __str__(self) -> str:
        return f"batch {_state(self.batch)}: results are available once it has ended"


class WaitTimeout(AnthropixError):
    """The batch had not ended when the timeout of `batch.wait` was reached.

    `batch`: its state at the last successful poll, None if no poll succeeded. `waited`: seconds.
    `cause`: the error of the last poll, None if it succeeded.
    """

    def __init__(
        self, batch: MessageBatch | None, waited: float, cause: AnthropixError | None = None
    ) -> None:
        super().__init__(batch, waited, cause)
        self.batch = batch
        self.waited = waited
        self.cause = cause

    def __str__(self) -> str:
        text = f"the batch could not be read within {self.waited:.0f} s"
        if self.batch is not None:
            text = f"batch {_state(self.batch)} after {self.waited:.0f} s"
        if self.cause is not None:
            text += f"; the last poll failed: {self.cause}"
        return text


class SentAt(NamedTuple):
    """A moment in this process: the `monotonic` time, in seconds, of a client's `clock`."""

    clock: object
    monotonic: float


class UnknownOutcome(AnthropixError):
    """A batch may have been created: the request was sent, but no clear response arrived.

    The API has no idempotency key, so sending the request again could mean paying twice.
    `batch.candidates` lists the batches that it may have created. `cause`: the error that
    occurred, None if your program built this error itself, after a crash. `total`: the number of
    requests in the batch. `sent_at`: when the sending began, in seconds since the epoch by this
    machine's clock; `served_at`: the same by the server's clock, None if that was not known from
    earlier responses. `batch_id`: the id in the response, None if there was none.
    """

    def __init__(
        self,
        cause: AnthropixError | None,
        total: int,
        sent_at: float,
        served_at: float | None = None,
        batch_id: str | None = None,
    ) -> None:
        super().__init__(cause, total, sent_at, served_at, batch_id)
        self.cause = cause
        self.total = total
        self.sent_at = sent_at
        self.served_at = served_at
        self.batch_id = batch_id
        # set by `create`, for `candidates` in the same process
        self._sent: SentAt | None = None

    def __reduce__(self) -> tuple[type[UnknownOutcome], tuple[object, ...]]:
        # without `_sent`: the steady time of one process means nothing in another
        return type(self), self.args

    def __str__(self) -> str:
        requests = "1 request"
        if self.total != 1:
            requests = f"{self.total:,} requests"
        text = f"a batch of {requests} may have been created; the create was not repeated"
        if self.batch_id is not None:
            text += f" (the response names {self.batch_id})"
        if self.cause is not None:
            text += f": {self.cause}"
        return f"{text}. Check batch.candidates before creating it again"


class IncompleteResults(AnthropixError):
    """The results ended before every row had arrived, and requesting them again did not help.

    `expected`: the number of rows by the batch's `request_counts`, None if it is not known.
    `received`: the number of different rows that arrived. `duplicates`: how many rows one response
    repeated; each was yielded once. `cause`: the last error, None if the response ended too early
    without one.
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
        total = "an unknown number of"
        if self.expected is not None:
            total = f"{self.expected:,}"
        text = f"the results ended after {self.received:,} of {total} rows"
        if self.duplicates:
            text += f", {self.duplicates:,} arrived more than once"
        if self.cause is not None:
            text += f": {self.cause}"
        return text


class FileError(AnthropixError):
    """A file could not be written or read: disk full, folder missing, another download running.

    `path`: the path of that file. `detail`: what is wrong, in most cases in the system's words.
    """

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(path, detail)
        self.path = path
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.path}: {self.detail}"


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}..."


def _in_brackets(request_id: str | None) -> str:
    if not request_id:
        return ""
    return f" [{request_id}]"


def _state(batch: MessageBatch) -> str:
    return f"{batch['id']} is {batch['processing_status']}"
