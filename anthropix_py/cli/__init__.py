"""The command `anthropix`, which calls functions of the package. Needs the extra `cli`."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command."""
    try:
        from ._app import cli
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("anthropix_py"):
            raise
        install = f"pip install {error.name} (the extra [cli] brings it)"
        sys.exit(f"anthropix needs {error.name}: {install}")
    cli()
