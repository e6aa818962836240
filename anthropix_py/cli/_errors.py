"""From an error to what a person reads: one line, the next step, and the exit code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .._files import WrongContent
from ..errors import (
    AnthropixError,
    APIError,
    FileError,
    InvalidRequest,
    MissingCredentials,
    TransportError,
    UnknownOutcome,
)
from . import _exits

_KEYS = "https://console.anthropic.com/settings/keys"
_AGAIN = "run the same command again"
_LIST = "anthropix list shows the batches of this workspace"
_SET_KEY = f"export ANTHROPIC_API_KEY=...  (a key from {_KEYS}; to rehearse: anthropix emulator)"


class Failure(NamedTuple):
    """Why a command failed. `code`: a name for programs. `next`: what to do, None if unknown."""

    exit: int
    code: str
    message: str
    next: str | None = None
    request_id: str | None = None


class CommandError(Exception):
    """A command cannot go on, for a reason that is not an error of the package."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


def wrong_use(message: str, next: str | None = None) -> CommandError:
    """Return the error for arguments or files that cannot be used."""
    return CommandError(Failure(_exits.WRONG_USE, "wrong_use", message, next))


class _Rule(NamedTuple):
    exit: int
    next: str | None = None


# What the statuses of the API mean to the caller; one that is not listed may pass.
_STATUSES: dict[int, _Rule] = {
    400: _Rule(_exits.WRONG_USE),
    401: _Rule(_exits.NOT_ALLOWED, f"check ANTHROPIC_API_KEY; keys are made at {_KEYS}"),
    402: _Rule(_exits.UNFINISHED, f"see to the billing of the organization, then {_AGAIN}"),
    403: _Rule(_exits.NOT_ALLOWED, "use a key of a workspace that permits it"),
    404: _Rule(_exits.FAILED, _LIST),
    413: _Rule(_exits.WRONG_USE, "anthropix run splits any number of requests into batches"),
    422: _Rule(_exits.WRONG_USE),
}
_SPEND_LIMIT = _Rule(_exits.UNFINISHED, "raise the spend limit, or wait for the next month")
_SPEND_CODES = ("enforced_spend_limit_reached", "contract_spend_limit_reached")
_BUSY = _Rule(_exits.FAILED, f"{_AGAIN} in some minutes")

_REASONS: dict[str, _Rule] = {
    "connect": _Rule(
        _exits.FAILED, "check the network and the address (--base-url, ANTHROPIC_BASE_URL)"
    ),
    "tls": _Rule(_exits.FAILED, "name the authority that signed the certificate: --ca-bundle FILE"),
}

# By the reason of a JobError.
_JOBS: dict[str, _Rule] = {
    "another_input": _Rule(_exits.WRONG_USE, "choose another folder for these requests: -d DIR"),
    "incomplete_input": _Rule(_exits.WRONG_USE, "begin the job: anthropix run FILE -d DIR"),
    "another_workspace": _Rule(
        _exits.NOT_ALLOWED,
        "use a key of the workspace that the job began in, or vouch for it: --same-workspace",
    ),
    "running_elsewhere": _Rule(_exits.UNFINISHED, "wait for it; anthropix status DIR shows it"),
    "unsettled": _Rule(_exits.FAILED, "decide by hand about the batches named"),
    "canceled_elsewhere": _Rule(
        _exits.UNFINISHED,
        "anthropix cancel --job DIR delivers what was done; then add --retry-failed to go on",
    ),
    "corrupt": _Rule(_exits.FAILED, "see docs/jobs.md: what can happen"),
    "network_file_system": _Rule(_exits.WRONG_USE, "choose a folder on a disk: -d DIR"),
    "over_budget": _Rule(_exits.UNFINISHED, f"{_AGAIN} with a higher --max-cost"),
}

PYTHON = (
    ": call job.run",
    ". Use a key of that workspace",
    ". To send the canceled",
    ". To go on, run",
    ": see job.results",
)
"""Where the details of errors of jobs begin to say what to do in Python."""

# By the name of the class, because some of these modules are slow to import.
_KINDS: dict[str, tuple[str, _Rule]] = {
    "AuthError": ("auth", _Rule(_exits.NOT_ALLOWED)),
    "InvalidRequest": (
        "invalid_request",
        _Rule(_exits.WRONG_USE, "correct the requests; anthropix lint FILE shows every problem"),
    ),
    "DecodeError": ("not_the_api", _Rule(_exits.FAILED, "check that the address is the API's")),
    "IncompleteResults": ("incomplete_results", _Rule(_exits.FAILED, _AGAIN)),
    "NotEnded": ("not_ended", _Rule(_exits.UNFINISHED, "wait for its end: anthropix wait ID")),
    "WaitTimeout": ("wait_timeout", _Rule(_exits.UNFINISHED, f"{_AGAIN} to wait on")),
    "TableError": ("bad_row", _Rule(_exits.WRONG_USE, "correct that row, or leave it out")),
    "RowError": ("bad_row", _Rule(_exits.WRONG_USE, "pass a file of results, complete")),
    "MissingExtra": ("missing_library", _Rule(_exits.WRONG_USE)),
}
_UNKNOWN = ("failed", _Rule(_exits.FAILED))

# Parts of what the system says of a file, and what to do about it.
_FILES: Mapping[str, str] = {
    "No space left": f"free some space, then {_AGAIN}",
    "quota": f"free some space, then {_AGAIN}",
    "Read-only": "choose a place that can be written to",
    "Permission denied": "choose another place, or change its permissions",
    "No such file": "check the path",
    "holds no": "name the files of requests *.jsonl or *.jsonl.gz",
    "in use": f"wait for the other process, then {_AGAIN}",
    "already": "choose another name, or add --replace",
}


def failure_of(error: BaseException) -> Failure:
    """Return what to say of *error*, which the package or the system raised."""
    match error:
        case CommandError():
            return error.failure
        case APIError():
            return _of_api(error)
        case TransportError():
            rule = _REASONS.get(error.reason, _Rule(_exits.FAILED, _AGAIN))
            return Failure(rule.exit, f"connection_{error.reason}", str(error), rule.next)
        case MissingCredentials():
            message = f"no API key: {' and '.join(error.looked_at)} are unset or empty"
            return Failure(_exits.NOT_ALLOWED, "missing_credentials", message, _SET_KEY)
        case UnknownOutcome():
            return _in_doubt(error)
        case InvalidRequest() if any(one.pointer == "batch id" for one in error.problems):
            return Failure(_exits.WRONG_USE, "invalid_request", str(error), _LIST)
        case WrongContent():
            return Failure(_exits.WRONG_USE, "wrong_use", str(error))
        case FileError():
            # the option has the name of the argument
            detail = error.detail.replace("pass replace=True", "pass --replace")
            return _of_file(error.path, detail)
        case OSError():
            return _of_file(str(error.filename or "stdout"), error.strerror or str(error))
        case ModuleNotFoundError():
            return Failure(_exits.WRONG_USE, "missing_library", str(error))
        case ValueError() | TypeError():
            return Failure(_exits.WRONG_USE, "wrong_use", str(error))
    return _of_other(error)


def _of_api(error: APIError) -> Failure:
    rule = _STATUSES.get(error.status, _BUSY)
    if error.error_code in _SPEND_CODES:
        rule = _SPEND_LIMIT
    code = error.error_code or error.type or f"status_{error.status}"
    return Failure(rule.exit, code, str(error), rule.next, error.request_id)


def _of_file(path: str, detail: str) -> Failure:
    hints = (hint for part, hint in _FILES.items() if part.lower() in detail.lower())
    return Failure(_exits.FAILED, "file", f"{path}: {detail}", next(hints, None))


def _of_other(error: BaseException) -> Failure:
    reason, detail = getattr(error, "reason", None), getattr(error, "detail", None)
    if type(error).__name__ == "JobError" and isinstance(reason, str):
        rule = _JOBS.get(reason, _Rule(_exits.FAILED, _AGAIN))
        return Failure(rule.exit, reason, _without_python(str(detail)), rule.next)
    code, rule = _KINDS.get(type(error).__name__, _UNKNOWN)
    request_id = getattr(error, "request_id", None)
    return Failure(rule.exit, code, str(error), rule.next, request_id)


def _without_python(detail: str) -> str:
    """Return what the error of a job says, without what to do about it in Python."""
    for beginning in PYTHON:
        detail = detail.partition(beginning)[0]
    return detail


def _in_doubt(error: UnknownOutcome) -> Failure:
    message = f"a batch of {error.total:,} requests may have been created and may cost money"
    if error.batch_id is not None:
        message += f" (the response names {error.batch_id})"
    if error.cause is not None:
        message += f": {error.cause}"
    next = "look with anthropix list, now and in ten minutes, before you create it again"
    return Failure(_exits.IN_DOUBT, "unknown_outcome", message, next, _request_id(error.cause))


def _request_id(error: AnthropixError | None) -> str | None:
    found: str | None = getattr(error, "request_id", None)
    return found
