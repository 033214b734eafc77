"""Random schedules as a config has them, and random steps at which to ask for the lrs."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

LENGTHS = st.integers(1, 40)
FACTORS = st.floats(0.01, 1.0)
LRS = st.floats(0, 0.3)


def _single(groups: int) -> st.SearchStrategy[dict[str, Any]]:
    per_group = st.lists(st.floats(0.001, 1), min_size=groups, max_size=groups)
    return st.one_of(
        st.fixed_dictionaries({"type": st.just("StepLR"), "step_size": LENGTHS, "gamma": FACTORS}),
        st.fixed_dictionaries({"type": st.just("ExponentialLR"), "gamma": FACTORS}),
        st.fixed_dictionaries({"type": st.just("CosineAnnealingLR"), "T_max": LENGTHS, "eta_min": LRS}),
        st.fixed_dictionaries({"type": st.just("LinearLR"), "start_factor": FACTORS, "total_iters": LENGTHS}),
        st.fixed_dictionaries({"type": st.just("PolynomialLR"), "total_iters": LENGTHS, "power": st.floats(0.5, 3)}),
        st.fixed_dictionaries(
            {"type": st.just("OneCycleLR"), "max_lr": st.floats(0.001, 1) | per_group, "total_steps": LENGTHS}
        ),
        st.just({"type": "ReduceLROnPlateau"}),
    )


def _sequence(groups: int) -> st.SearchStrategy[Any]:
    parts = st.lists(
        _single(groups).filter(lambda each: each["type"] in ("StepLR", "CosineAnnealingLR", "LinearLR")),
        min_size=2,
        max_size=2,
    )
    return st.tuples(parts, LENGTHS).map(lambda drawn: [*drawn[0], {"milestones": [drawn[1]]}])


def schedules(groups: int) -> st.SearchStrategy[Any]:
    """Returns schedules for an optimizer with so many groups; some have a value for each of them."""
    return _single(groups) | _sequence(groups)


STEPS = st.lists(st.integers(0, 60), min_size=1, max_size=5, unique=True).map(sorted)
