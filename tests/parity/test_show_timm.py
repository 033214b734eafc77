"""`show` works on every model of timm: a sample here, all of them under `make parity`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.parity.show_timm import show

SAMPLE = (
    "resnet18 vgg11_bn mobilenetv3_small_100 vit_tiny_patch16_224 swin_tiny_patch4_window7_224 convnextv2_atto "
    "levit_128s xcit_nano_12_p16_224 mixer_s32_224 dla34 nf_resnet26 coatnet_0_224 hiera_tiny_224 "
    "eva02_tiny_patch14_224 ghostnet_100"
).split()
SLICES = 64


@pytest.mark.parametrize("name", SAMPLE)
def test_a_sample(name: str) -> None:
    assert show(name) > 0


@pytest.mark.parity_full
@pytest.mark.parametrize("part", range(SLICES))
def test_every_timm_model_is_shown(part: int, record_property: Callable[[str, object], None]) -> None:
    import timm

    names = timm.list_models()[part::SLICES]
    parameters = 0
    for name in names:
        print(name)  # seen where it fails
        parameters += show(name)
    record_property("shown, models of timm", len(names))
    record_property("shown, parameters", parameters)
