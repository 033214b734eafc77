"""Muon takes a matrix that is none of the hidden ones: an embedding, a head, a stem, a bias table, a LoRA matrix.

What: Muon makes the update of a matrix orthogonal, which is meant for the hidden layers. Embeddings and tables look up
rows, the head gives one row to each class, and the stem reads the input: AdamW takes those, and a tensor that is tied
to an embedding or a head. The halves of a LoRA are thin, and their product is what counts.

Why it hurts: rows that were not looked up move as far as the others, and rare classes as far as frequent ones. Nothing
fails: the loss is worse, and Muon is blamed.

Example: timm's ``create_optimizer_v2(model, opt="muon")``, which goes by shape alone: the classifier and the stem of
ViT, ConvNeXt, ResNet and Swin go to Muon. Published: LlamaFactory PR 10618, where GPT-2's embeddings and LoRA
matrices did; DeepSpeed PR 7641; AReaL PR 1270.

How to fix it: a group of their own with ``use_muon=False``, or an AdamW of their own; with timm
``fallback_list=["head*", "patch_embed*"]``, which a config of timm's constructor has, too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from pgaudit.checks import words
from pgaudit.checks.as_built import BuiltAudit, Member
from pgaudit.checks.base import Audited, Kind
from pgaudit.core.assignment import ParameterInfo
from pgaudit.core.findings import Finding
from pgaudit.core.parameters import Inventory, Parameter
from pgaudit.models.walk.families import EMBEDDING, NORM_LIKE, NORMS
from pgaudit.optimizers.muon import suits
from pgaudit.text import quoted, visible

KIND = Kind("PG023", "muon-misrouted", "warning")

_KINDS = (
    ("LoRA matrix", re.compile(r"(.*\.)?lora_(embedding_)?[AB](\..*)?")),
    ("bias table", re.compile(r".*relative_position_bias_table")),
    (
        "embedding",
        re.compile(r"(.*[._])?(tokens?|pos_embed(ding)?|position_embeddings?)|(.*\.)?(wte|wpe|embed_tokens)\.weight"),
    ),
    (
        "head",
        re.compile(r"([^\d]*\.)?(lm_head|head|classifier|cls|score|unembed\w*)\.([^\d]*\.)?weight|(fc|output)\.weight"),
    ),
    ("stem", re.compile(r"([^\d]*\.)?(patch_embed|patch_embeddings?)\.(\d+\.)?(\w+\.)?weight")),
)
_IN_A_ROW = re.compile(r"(([^\d]*\.)?(heads?|classifier))\.\d+\.weight")
"""A layer of a head that is several, the last of which gives the classes: torchvision's ``classifier.6``."""
_ONE = {"head": "the head", "stem": "the stem"}
_COLOURS = 4
"""Channels that an input has at most: an image's."""
_WITH_FALLBACK = "fallback_lr_scale"
"""What timm's Muon alone fills into a group (1.0.31)."""


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for what timm's Muon takes, which chooses by shape where no group speaks."""
    if _WITH_FALLBACK not in audited.defaults.filled_in:
        return
    rows = zip(audited.inventory.parameters, audited.assignment.params, strict=True)
    taken = [
        index
        for index, (parameter, decision) in enumerate(rows)
        if parameter.trainable and decision.group is not None and not decision.setting.get("use_fallback")
        if suits(parameter.shape)
    ]
    wrong = _Kinds(audited.inventory).among([audited.inventory.parameters[index] for index in taken])
    found = [index for index in taken if audited.inventory.parameters[index].name in wrong]
    if found:
        at = audited.constructor.optimizer(audited.config).at("type")
        hint = f"fallback_list: [{', '.join(_globs(wrong))}]" if audited.constructor.name == "timm" else _HINT
        yield audited.finding(KIND, _sentence(wrong), hint, at=at, key="muon", indices=found)


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding for what the Muon in each optimizer takes."""
    taken = [member for member in audit.members if not member.frozen and _is_muon(audit, member)]
    wrong = _Kinds(audit.inventory).among([audit.parameters.get(each.name, each.row.param) for each in taken])
    for at in range(len(audit.optimizers)):
        rows = [each.row for each in taken if each.optimizer == at and each.name in wrong]
        if rows:
            its = {row.name: wrong[row.name] for row in rows}
            yield audit.finding(KIND, _sentence(its), _HINT, key="muon", rows=rows)


_HINT = "leave them to AdamW: another optimizer, or a group with use_muon=False where the class reads that"


def _is_muon(audit: BuiltAudit, member: Member) -> bool:
    """Whether the class is one of those called Muon, and takes this tensor by it."""
    info = audit.assignment.optimizers[member.optimizer]
    if "muon" not in (info.class_name or info.type or "").lower():
        return False
    chosen = member.row.setting.get("use_muon")
    return len(member.row.param.shape or ()) > 1 if chosen is None else bool(chosen)


class _Kinds:
    """What the parameters of a model are, for Muon."""

    def __init__(self, inventory: Inventory | None) -> None:
        parameters = inventory.parameters if inventory is not None else ()
        self._classifier = tuple(f"{name}." for name in inventory.hints.classifier) if inventory is not None else ()
        kernels = (each for each in parameters if len(each.shape) > 2 and each.name.endswith("weight"))
        first = next(kernels, None)
        rows = ((_IN_A_ROW.fullmatch(each.name), each) for each in parameters if len(each.shape) > 1)
        self._outputs = frozenset({found[1]: each.name for found, each in rows if found}.values())
        self._reads_input = first.name if first is not None and 1 < first.shape[1] <= _COLOURS else None

    def among(self, params: Iterable[ParameterInfo]) -> dict[str, str]:
        """Returns by name what each parameter is that Muon should not take."""
        kinds = ((each.name, self._of(each)) for each in params)
        return {name: kind for name, kind in kinds if kind}

    def _of(self, param: ParameterInfo) -> str | None:
        if isinstance(param, Parameter) and param.module is not None:
            if EMBEDDING in param.module.bases:
                return "embedding"
            if not NORMS.isdisjoint(param.module.families) or NORM_LIKE in param.module.families:
                return "norm tensor"
        if param.name in self._outputs or (self._classifier and param.name.startswith(self._classifier)):
            return "head"
        if param.name == self._reads_input:
            return "stem"
        named = (kind for name in (param.name, *param.aliases) for kind, spelled in _KINDS if spelled.fullmatch(name))
        return next(named, None)


def _globs(kinds: dict[str, str]) -> Iterator[str]:
    """Names, but one glob for all bias tables."""
    tables = {name.rpartition(".")[2] for name, kind in kinds.items() if kind == "bias table"}
    yield from (visible(name) for name, kind in kinds.items() if kind != "bias table")
    yield from (quoted(f"*.{table}") for table in sorted(tables))


def _sentence(kinds: dict[str, str]) -> str:
    what = words.kinds(Counter(kinds.values()), _ONE)
    return f"Muon takes {what}{words.such_as([*kinds])}; it is made for hidden matrices"
