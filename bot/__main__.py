"""Starts Tocsin from the command line: `python -m bot` and the console script `tocsin`."""

import sys

from bot.cli import main

if __name__ == "__main__":
    sys.exit(main())
