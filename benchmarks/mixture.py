"""A mixture of experts as an inventory: records only, since no machine here holds such a model."""

from __future__ import annotations

from pgaudit.core.parameters import Hints, Inventory, ModuleType, Parameter, Visit

PER_LAYER = 5
"""Parameters of a layer beside its experts' three: two norms, qkv and its bias, and the router."""


def _type(name: str, *families: str) -> ModuleType:
    return ModuleType(name, (name, "torch.nn.modules.module.Module", "builtins.object"), frozenset(families))


LINEAR = _type("torch.nn.modules.linear.Linear")
NORM = _type("torch.nn.modules.normalization.LayerNorm", "layer_norm")
RMS = _type("moe.layers.RMSNorm", "norm_like")
LAYER, EXPERT, EXPERTS, LIST, MODEL = (
    _type(f"moe.model.{name}") for name in ("Layer", "Expert", "Experts", "ModuleList", "MixtureOfExperts")
)


def mixture(parameters: int, *, layers: int = 50) -> Inventory:
    """Returns an inventory of about so many parameters: layers, each with experts of w1, w2 and w3, a router, attention
    and norms; an embedding's bias makes up the number.
    """
    layers = min(layers, max(parameters // 20, 1))
    experts = (parameters - layers * PER_LAYER) // (layers * 3)
    found = _Found()
    in_layer = (MODEL, LIST, LAYER)
    in_expert = (*in_layer, EXPERTS, EXPERT)
    for layer in range(layers):
        at = f"layers.{layer}"
        found.add(f"{at}.norm1", "weight", (64,), NORM, in_layer, layer)
        found.add(f"{at}.attn.qkv", "weight", (64, 64), LINEAR, in_layer, layer)
        found.add(f"{at}.attn.qkv", "bias", (64,), LINEAR, in_layer, layer)
        found.add(f"{at}.norm2", "weight", (64,), RMS, in_layer, layer)
        found.add(f"{at}.router", "weight", (experts, 64), LINEAR, in_layer, layer)
        for expert in range(experts):
            for own in ("w1", "w2", "w3"):
                found.add(f"{at}.experts.{expert}.{own}", "weight", (64, 128), LINEAR, in_expert, layer)
    while len(found.parameters) < parameters:
        found.add(f"heads.{len(found.parameters)}", "bias", (8,), LINEAR, (MODEL,), layers)
    return Inventory(
        parameters=tuple(found.parameters),
        visits=tuple(found.visits),
        whole=tuple(range(len(found.parameters))),
        model_type=MODEL,
        ref=f"mixture of experts, {parameters:,} parameters",
        source="module",
        hints=Hints(layers=found.layers, layered_by="group_matcher"),
    )


class _Found:
    def __init__(self) -> None:
        self.parameters: list[Parameter] = []
        self.visits: list[Visit] = []
        self.layers: dict[str, int] = {}

    def add(
        self,
        prefix: str,
        own: str,
        shape: tuple[int, ...],
        module: ModuleType,
        parents: tuple[ModuleType, ...],
        layer: int,
    ) -> None:
        name, numel = f"{prefix}.{own}", 1
        for length in shape:
            numel *= length
        self.visits.append(Visit(prefix, own, len(self.parameters), module, parents, ndim=len(shape)))
        self.parameters.append(Parameter(name, shape, "float32", True, module, numel=numel))
        self.layers[name] = layer
