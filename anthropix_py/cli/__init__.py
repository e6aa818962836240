"""The command `anthropix`: a thin face over the functions of the package. Needs the extra `cli`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command."""
    try:
        from ._commands import cli
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("anthropix_py"):
            raise
        sys.exit(
            f"anthropix needs {error.name}: pip install {error.name} (the extra [cli] brings it)"
        )
    cli()
