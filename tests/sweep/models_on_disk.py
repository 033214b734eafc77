"""Files of models, one a kind of trouble."""

from __future__ import annotations

from pathlib import Path

_NET = (
    "import os, sys, time\nfrom torch import nn\ndef tiny(): return nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))\n"
)
FILES = {
    "a_tiny.py": f"{_NET}make = tiny\n",
    "b_breaks.py": "def make(): raise RuntimeError('broken')\n",
    "c_exits.py": "import sys\ndef make(): sys.exit('bye')\n",
    "d_loud.py": (
        f"{_NET}def make():\n"
        "    print('printed'); print('printed', file=sys.stderr); os.write(1, b'raw'); os.write(2, b'raw')\n"
        "    return tiny()\n"
    ),
    "e_plain.py": f"{_NET}def make(): return nn.Linear(2, 2, bias=False)\n",
}
DIES = "import os\ndef make(): os._exit(3)\n"
SLOW = f"{_NET}def make():\n    time.sleep(0.3)\n    return tiny()\n"
CONFIG = "optimizer: {type: SGD, lr: 0.1, weight_decay: 1.0e-4}\nparamwise_cfg:\n  norm_decay_mult: 0\n"
DEAD_KEY = CONFIG + "  custom_keys:\n    haed: {lr_mult: 10}\n"


def write(folder: Path, *names: str) -> None:
    """Writes the files of these names, or all, and two configs."""
    for name, text in FILES.items():
        if not names or name in names:
            (folder / name).write_text(text)
    (folder / "a.yaml").write_text(CONFIG)
    (folder / "b.yaml").write_text(DEAD_KEY)
