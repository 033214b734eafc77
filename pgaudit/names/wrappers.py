"""Names without what wrappers put into them."""

from __future__ import annotations

from collections.abc import Sequence

PREFIXES = ("_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
"""The parts of a name that are always a wrapper's: torch.compile, FSDP (2.15, ``_common_utils.py``), checkpoint_wrapper
(``checkpoint_wrapper.py``).
"""
_PARAMETRIZED, _ORIGINAL = "parametrizations", "original"
_PEFT = ("base_model", "model")
PARTS = (*PREFIXES, _PARAMETRIZED, _PEFT[0])
"""What stands in a name that has any prefix of a wrapper, ``module`` aside."""


def plain_name(name: str, *, module: bool = False) -> str:
    """Returns a name without the prefixes of wrappers.

    Args:
        name: as the wrapped model, or a file of it, has it.
        module: whether a leading ``module.`` is one, too.
    """
    parts = name.split(".")
    if module and parts[0] == "module" and len(parts) > 1:
        parts = parts[1:]
    return ".".join(plain_parts(parts)) or name


def spellings(name: str) -> tuple[str, str, str]:
    """Returns a name as it is, without the prefixes of wrappers, and without a leading ``module.``, too."""
    return name, plain_name(name), plain_name(name, module=True)


def plain_parts(parts: Sequence[str]) -> list[str]:
    """Returns the parts of a name that are no wrapper's."""
    kept = [part for part in parts if part not in PREFIXES]
    if tuple(kept[:2]) == _PEFT and len(kept) > 2:
        kept = kept[2:]
    if kept[-1:] == [_ORIGINAL] and kept[-3:-2] == [_PARAMETRIZED]:
        kept = [*kept[:-3], kept[-2]]
    return kept
