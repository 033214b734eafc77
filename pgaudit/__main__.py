"""``python -m pgaudit``, and the command ``pgaudit``."""

import sys


def run() -> int:
    """Runs the command line; Ctrl-C is 130 even while the first modules are loaded."""
    try:
        from pgaudit.cli import main

        return main()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(run())
