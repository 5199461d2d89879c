"""`python -m genre`: the command `genre`."""

from genre.cli import main

main()
