"""The pictures of HTML pages in the README and docs/, drawn anew from real models and compared.

``python -m tests.test_pictures`` writes them.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from PIL import Image, ImageChops, ImageStat

from pgaudit import cli
from tests.render.html.window import browsing, needs_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "pictures"
FONTS = shutil.which("fc-list")
SANS, MONO = "DejaVu Sans", "DejaVu Sans Mono"


@dataclass(frozen=True)
class Picture:
    """What a page shows of itself."""

    name: str
    command: str
    """Without `pgaudit`, and without the file that it writes; ``RUN`` is the folder of a training run."""
    lens: str = ""
    part: str = ""
    """An element's selector; else what a window shows."""
    width: int = 1200
    height: int = 800
    scheme: str = "light"

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.png"


FINETUNE = "show vit_base_patch16_224 docs/finetune.yaml"
DIFF = "diff vit_base_patch16_224 docs/finetune.yaml docs/finetune_mended.yaml"
PICTURES = [
    Picture("report-light", FINETUNE, "finding=PG003"),
    Picture("report-dark", FINETUNE, "finding=PG003", scheme="dark"),
    Picture("map", "show vit_tiny_patch16_224 configs/vit_timm.yaml", part="#map"),
    Picture("along", "show vit_tiny_patch16_224 configs/vit_timm.yaml", part="#along"),
    Picture("diff", DIFF, height=860),
    Picture("diff-map", DIFF, "by=lr", part="#map"),
    Picture("resume", "resume RUN/last.pt RUN/finetune.py:make", part="#groups"),
]
SCRIPT = """
import torch
from torch import nn

def make(lr=LR):
    blocks = nn.ModuleList(nn.Sequential(nn.Linear(16, 16), nn.LayerNorm(16)) for _ in range(4))
    model = nn.ModuleDict({"blocks": blocks, "head": nn.Linear(16, 4)})
    decayed = [param for param in blocks.parameters() if param.ndim > 1]
    others = [param for param in blocks.parameters() if param.ndim == 1]
    groups = [
        {"params": decayed, "lr": lr / 10},
        {"params": others, "lr": lr / 10, "weight_decay": 0.0},
        {"params": list(model["head"].parameters())},
    ]
    return model, torch.optim.AdamW(groups, lr=lr, weight_decay=0.05)
"""


def interrupted(folder: Path) -> None:
    """Writes the checkpoint of a run, and its script with another lr."""
    script: dict[str, Any] = {}
    exec(SCRIPT.replace("LR", "1e-3"), script)
    model, optimizer = script["make"]()
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 100)
    for _ in range(20):
        for param in model.parameters():
            param.grad = torch.ones_like(param)
        optimizer.step()
        scheduler.step()
    state = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    torch.save({name: each.state_dict() for name, each in state.items()}, folder / "last.pt")
    (folder / "finetune.py").write_text(SCRIPT.replace("LR", "2e-4"), encoding="utf-8")


def drawn(browser: Browser, picture: Picture, folder: Path) -> bytes:
    """The picture, as a PNG."""
    path = folder / f"{picture.name}.html"
    if "RUN" in picture.command:
        interrupted(folder)
    assert cli.main([*picture.command.replace("RUN", str(folder)).split(), "-o", str(path)]) == 0
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme="dark" if picture.scheme == "dark" else "light",
        bypass_csp=True,  # its fonts are set to those that any machine can have
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{path.as_uri()}#{picture.lens}" if picture.lens else path.as_uri())
    page.add_style_tag(content=f':root {{ --mono: "{MONO}" !important; }} body {{ font-family: "{SANS}" !important; }}')
    if page.locator("#data").count():
        page.locator("html[data-ready]").wait_for()
    page.wait_for_timeout(300)
    shown = page.locator(picture.part).screenshot() if picture.part else page.screenshot()
    context.close()
    return _small(shown)


def _small(png: bytes) -> bytes:
    """With 256 colours, which are enough, in a third of the bytes."""
    out = io.BytesIO()
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as started:
        yield started


def _has_fonts() -> bool:
    if FONTS is None:
        return False
    found = subprocess.run([FONTS, ":", "family"], capture_output=True, text=True, check=False).stdout
    return {SANS, MONO} <= {name.strip() for line in found.splitlines() for name in line.split(",")}


@pytest.mark.slow
@needs_chromium
@pytest.mark.skipif(not _has_fonts(), reason="the fonts of the pictures are not on this machine")
@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_the_picture_is_what_the_page_shows(
    browser: Browser, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    now = Image.open(io.BytesIO(drawn(browser, picture, tmp_path))).convert("L")
    kept = Image.open(picture.path).convert("L")
    assert now.size == kept.size, "python -m tests.test_pictures draws it anew"
    # Another release of a browser sets letters a little otherwise: a word more or less is far more than that.
    other = ImageStat.Stat(ImageChops.difference(now, kept)).mean[0]
    assert other < 0.5, "python -m tests.test_pictures draws it anew"


def test_every_picture_is_shown_and_drawn() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    assert {path.stem for path in FOLDER.iterdir()} == {picture.name for picture in PICTURES}
    assert [picture.name for picture in PICTURES if f"pictures/{picture.path.name}" not in text] == []


def _rewrite() -> None:
    FOLDER.mkdir(exist_ok=True)
    with browsing() as browser, tempfile.TemporaryDirectory() as folder:
        for picture in PICTURES:
            picture.path.write_bytes(drawn(browser, picture, Path(folder)))


if __name__ == "__main__":
    _rewrite()
