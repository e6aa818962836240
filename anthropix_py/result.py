"""Results as tagged tuples: `("ok", value)` or `("error", exc)`.

Take one apart with `match`, or with `unwrap`, which raises the exception of an error:

    match batch.show(client, id):
        case "ok", found:
            print(found["processing_status"])
        case "error", exc:
            print(exc)

The tags are literals, so type checkers know the value's type after `match` and after
`if result[0] == "ok"`. After `tag, value = f()` they do not.
"""

from __future__ import annotations

from typing import Literal, TypeVar, Union

from ._arguments import is_result
from ._problem import shown
from .errors import AnthropixError

__all__ = ["Err", "Ok", "Result", "unwrap"]

T = TypeVar("T")

Ok = tuple[Literal["ok"], T]
"""Success: `("ok", value)`. `Ok[MessageBatch]` has a batch as its value."""

Err = tuple[Literal["error"], AnthropixError]
"""Failure: `("error", exc)`. The exception is returned, not raised; see `anthropix_py.errors`."""

Result = Union[Ok[T], Err]
"""What every function of `batch` returns. `Result[MessageBatch]` is `Ok[MessageBatch]` or `Err`."""


def unwrap(result: Result[T]) -> T:
    """Return the value of an "ok"; raise the exception of an "error".

    Raises TypeError for anything else, such as a value that was unwrapped before.
    """
    if not is_result(result):
        found = shown(result)
        raise TypeError(f'unwrap takes a result, ("ok", value) or ("error", exc), not {found}')
    if result[0] == "ok":
        return result[1]
    raise result[1].with_traceback(None)
