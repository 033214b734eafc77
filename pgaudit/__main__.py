"""``python -m pgaudit``, and the command ``pgaudit``."""

import sys

if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False):
    # `python -m` puts the current folder first, where a yaml.py of the project would take the place of the library's.
    import os

    if sys.path and sys.path[0] in ("", os.getcwd()):
        del sys.path[0]


def run() -> int:
    """Runs the command line; Ctrl-C is 130 even while the first modules are loaded."""
    try:
        import os

        os.environ.setdefault("PYTHONSAFEPATH", "1")  # for the processes that this one begins
        from pgaudit.cli import main

        code = main()
    except KeyboardInterrupt:
        code = 130
    # Python notes that Ctrl-C came in the middle of `exec("...")`, as when a dataclass is made, and would end this
    # process with SIGINT in the place of its exit code; the next `exec("...")` takes the note back.
    exec("")
    return code


if __name__ == "__main__":
    sys.exit(run())
