"""What every test can rely on: a plain terminal, and reproducible property tests."""

from __future__ import annotations

import os
import sys
import tempfile

# A test may edit a model's code within a second and keep its length: Python would take the old bytecode for the new.
sys.dont_write_bytecode = True
for _variable in (
    "COLUMNS",
    "LINES",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR_FORCE",
    "TTY_COMPATIBLE",
):
    os.environ.pop(_variable, None)
if "PYTEST_XDIST_WORKER" not in os.environ:  # its environment is that of the process that began it
    for _variable in [name for name in os.environ if name.startswith("PGAUDIT_") and name != "PGAUDIT_EXAMPLES"]:
        os.environ.pop(_variable)
    # What is kept by one test is found by others, as it is by users; nothing of it is anybody's own.
    _KEPT = tempfile.TemporaryDirectory(prefix="pgaudit-cache-")
    os.environ["PGAUDIT_CACHE_DIR"] = _KEPT.name
os.environ["HF_HUB_OFFLINE"] = "1"  # no model name may ever cause a download

import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

from tests.budget import examples  # noqa: E402

_COMMON = settings(
    max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
# The same examples in every run: no change fails by bad luck. `make fuzz` looks further.
settings.register_profile("reproducible", _COMMON, derandomize=True, database=None)
settings.register_profile("fuzz", _COMMON, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "reproducible"))

ORACLES = ("mmengine", "mmpretrain", "transformers", "timm", "mmcv", "library", "reader", "training")
"""The fixtures with processes of real libraries, which are slow to begin."""


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps together, with ``--dist loadgroup``, what needs the same oracle, and else the tests of a file, which share
    models: each is begun and built in one process of xdist, not in all.
    """
    for item in items:
        oracle = next((name for name in ORACLES if name in getattr(item, "fixturenames", ())), None)
        item.add_marker(pytest.mark.xdist_group(oracle or item.nodeid.partition("::")[0]))
        if oracle:
            item.add_marker(pytest.mark.oracle)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how much the parity tests compared: a green run over nothing would look the same."""
    compared: dict[str, int] = {}
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name.startswith(("compared ", "shown, ")):
                compared[name] = compared.get(name, 0) + int(value)
    for name, value in sorted(compared.items()):
        terminalreporter.write_line(f"{name}: {value:,}")
