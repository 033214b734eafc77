"""RT-DETR's ``optimizer: {type: AdamW, params: [{params: REGEX, lr: ...}], lr: ...}``, which D-FINE and DEIM have taken
over, with what a file names by ``__include__``.

Source of the semantics: D-FINE 4a1f73a, ``src/core/yaml_config.py``: ``get_optim_params`` makes the groups, see
:mod:`pgaudit.constructors.rtdetr`; ``src/core/workspace.py``: the class is called with all other keys. Numbers are
PyYAML's, to which ``1e-4`` is a text. ``model`` names a class that only the code registers. By
``src/solver/det_solver.py``, ``lr_scheduler`` counts epochs, and begins once the iterations of a warm-up are over; by
DEIM a9aa4ad, ``engine/solver/det_solver.py``, ``lrsheduler`` takes its place, and counts iterations.
"""

from __future__ import annotations

from pgaudit.config.dialects.translation import Translation, Translator, unreadable
from pgaudit.config.dialects.words import Words
from pgaudit.core.location import Path
from pgaudit.core.schedule import Schedule
from pgaudit.files.schemas import whole
from pgaudit.text import quoted

_OPTIMIZER = "optimizer"
_PARAMS = (_OPTIMIZER, "params")
_SCHEDULE, _WARM_UP, _OF_DEIM = "lr_scheduler", "lr_warmup_scheduler", "lrsheduler"
_LENGTHS = ("epochs", "epoches")
"""How many epochs there are: D-FINE's word, and that of RT-DETR and DEIM."""


def read(words: Words) -> Translation | None:
    """Returns what a config of RT-DETR's says, in one file; None for a config of another tool."""
    entries = words.peek(*_PARAMS) if words.holds(str, _OPTIMIZER, "type") else None
    if not isinstance(entries, list) or (entries and not any(isinstance(each, dict) for each in entries)):
        return None
    return translation(words)


def translation(words: Words) -> Translation:
    """Returns what a config says that is known to be one of RT-DETR's, all that it includes being read.

    Raises:
        ConfigError: it says nothing of an optimizer.
    """
    if not words.holds(str, _OPTIMIZER, "type"):
        message = "no file says which class the optimizer is"
        raises = "; get_optim_params would raise AssertionError" if words.has(_OPTIMIZER) else ""
        raise words.error(message + raises, _OPTIMIZER, "type", hint="optimizer: {type: AdamW, lr: 0.0001}")
    own = Translator(words, of_model=":" in str(words.peek("model")))
    own.say(("constructor",), "rtdetr", (_OPTIMIZER,))
    own.say((_OPTIMIZER,), {}, (_OPTIMIZER,))
    for key, value in words.get(_OPTIMIZER).items():
        at = (_OPTIMIZER, str(key))
        own.say(("paramwise_cfg", "params") if at == _PARAMS else at, value, at, literal=True)
    return own.done("RT-DETR's", _schedule(words))


def _schedule(words: Words) -> Schedule | None:
    """The schedule, if it counts nothing that the config does not hold."""
    if words.peek(_OF_DEIM) is not None:
        name = quoted(str(words.peek(_OF_DEIM)))
        return _unknown(words, (_OF_DEIM,), f"{name} counts iterations, and how many an epoch has is not said here")
    if not words.holds(dict, _SCHEDULE):
        return None
    if words.peek(_WARM_UP) is not None:
        message = "the warm-up counts iterations and the schedule epochs; how long an epoch is, is not said here"
        return _unknown(words, (_WARM_UP,), message)
    lengths = (words.peek(word) for word in _LENGTHS if words.holds(int, word))
    return Schedule("torch", words.get(_SCHEDULE), run=whole(next(lengths, None)), at=(_SCHEDULE,), of_training=True)


def _unknown(words: Words, at: Path, message: str) -> Schedule:
    error = words.error(message, *at, hint="`--scheduler` says one in its place")
    return unreadable(at, "torch", error.findings)
