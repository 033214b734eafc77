from __future__ import annotations

from tests.checks.built_cases import BuiltCase, check_cases, sgd, stem_and_head


def _groups(*empty: dict[str, object]) -> BuiltCase:
    model = stem_and_head()
    return BuiltCase(lambda: (model, sgd(model, *({"params": [], **each} for each in empty), weight_decay=0.01)))


CASES = {
    "one": BuiltCase(
        _groups({"lr": 0.3}).make,
        ("group 1 (lr 0.3, weight decay 0.01) holds no parameter",),
        "what was to fill it matches nothing",
    ),
    "two": BuiltCase(_groups({}, {"lr": 1.0}).make, ("groups 1, 2 hold no parameter",)),
    "of several optimizers": BuiltCase(
        lambda: (None, {"body": sgd(stem_and_head()), "head": sgd({"params": []}, stem_and_head())}),
        ('group 0 of the optimizer "head" (lr 0.1, weight decay 0) holds no parameter',),
    ),
    "none": _groups(),
}
test_pg022 = check_cases("PG022", CASES)
