"""What people write by hand: the model from timm, the optimizer from the real mmcv 1.x, and a plain table.

Run with the oracle's folder on PYTHONPATH.
"""

from __future__ import annotations

import sys

import timm
import yaml
from mmcv.runner.optimizer import build_optimizer


def main() -> None:
    with open(sys.argv[2], encoding="utf-8") as file:
        config = yaml.safe_load(file)
    model = timm.create_model(sys.argv[1])
    optimizer = build_optimizer(model, {**config["optimizer"], "paramwise_cfg": config["paramwise_cfg"]})
    names = {id(tensor): name for name, tensor in model.named_parameters()}
    for group in optimizer.param_groups:
        for tensor in group["params"]:
            shape = "x".join(map(str, tensor.shape))
            print(f"{names[id(tensor)]:40} {shape:16} {group['lr']:8g} {group['weight_decay']:8g}")


if __name__ == "__main__":
    main()
