"""`python -m anthropix_py` is the command `anthropix`."""

from .cli import main

main()
