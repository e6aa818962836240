"""Read and write JSON. All JSON that is sent is written by `dumps`, so sizes can be measured first.

With msgspec installed (the extra `fast`) the same values are accepted and refused, and what is
written or read means the same; only the speed changes.
"""

from .decode import loader, loads, row_checker
from .encode import dumps

__all__ = ["dumps", "loader", "loads", "row_checker"]
