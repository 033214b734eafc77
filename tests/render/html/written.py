"""Reports as files, and what stands packed in them."""

from __future__ import annotations

import base64
import gzip
import json
import re
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from torch import nn

import pgaudit
from pgaudit.render.html.page import render_html
from pgaudit.render.select import Selection
from tests.render.reports import HOSTILE

FINETUNE = Path(__file__).parents[3] / "docs" / "finetune.yaml"
BREAKOUT = "</script><script>document.title='run'</script><img src=x onerror=\"document.title='run'\">{{ 7*7 }}<!--"
"""A name that ends a script block, begins another, and is a template."""


@cache
def finetune() -> pgaudit.Report:
    """A config with three mistakes, each with its line, on a model of 152 tensors."""
    return pgaudit.audit("vit_base_patch16_224", FINETUNE)


def breaking(folder: Path) -> pgaudit.Report:
    """A config, a model and findings that want to be markup."""
    model = nn.Sequential()
    for name in (BREAKOUT, HOSTILE):
        model.add_module(name.replace(".", ""), nn.Linear(2, 2))
    keys = {BREAKOUT: {"lr_mult": 2.0, BREAKOUT: 1}, "weight": {"lr_mult": 3.0}, HOSTILE: {"decay_mult": 0.0}}
    config = folder / "a&b'c.json"
    config.write_text(
        json.dumps(
            {
                "optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 0.5},
                "paramwise_cfg": {"custom_keys": keys, BREAKOUT: 1},
            }
        )
    )
    return pgaudit.audit(model, config)


def page(report: pgaudit.Report, selection: Selection | None = None) -> str:
    """The whole file."""
    return render_html(report, selection or Selection())


def data_of(text: str) -> dict[str, Any]:
    """What the page's script reads, with its columns as numbers."""
    found = re.findall(r'<script type="text/plain" id="data">(.*?)</script>', text, re.DOTALL)
    (packed,) = found
    data: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    for column in ("make", "kind", "group", "why"):
        data[column] = list(accumulate(data[column]))
    data["names"] = data["names"].split("\n")
    return data


def cards_of(text: str) -> dict[str, str]:
    """The figures at a page's top, by their titles."""
    return dict(re.findall(r"<(?:span|a)[^>]*>([^<]*)</(?:span|a)>\s*<strong>([^<]*)</strong>", text))
