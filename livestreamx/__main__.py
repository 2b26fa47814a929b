"""`python -m livestreamx` is the command `livestreamx`."""

import sys

from livestreamx.cli import main

if __name__ == "__main__":
    sys.exit(main())
