"""Outcomes of the gate to render: made-up ones with everything, and hostile ones."""

from __future__ import annotations

from hypothesis import strategies as st

from pgaudit.checks import DOCUMENTED
from pgaudit.core.findings import SEVERITIES, THRESHOLDS, Finding
from pgaudit.core.location import Location
from pgaudit.gate import Audit, Outcome

OTHERS = ("expect-rules", "expect-params", "expect-groups", "lock", "baseline")
"""The codes of the gate's own findings."""

_BLOCKS = tuple(f"blocks.{i}.norm{j}.{leaf}" for i in range(12) for j in (1, 2) for leaf in ("weight", "bias"))
FAILED = Outcome(
    Audit("vit_tiny", "vit.yaml", lock="vit.lock"),
    (
        Finding(
            "PG007", "decayed-vector", "info", "weight decay goes to 1 token",
            "norm_decay_mult: 0.0", Location("vit.yaml", 1, 50), ("cls_token",), "weight_decay",
        ),
        Finding(
            "lock", "moved", "error",
            "48 tensors such as blocks.0.norm1.weight: weight_decay 0.0 → 0.0001 by custom_keys.blocks",
            "pgaudit lock --update, if that is meant", Location("vit.yaml", 4, 5), _BLOCKS, "custom_keys.blocks",
        ),
        Finding(
            "PG001", "dead-key", "warning", '"heed" matches no parameter', 'did you mean "head"?',
            Location("vit.yaml", 5, 5), (), "heed",
        ),
        Finding(
            "expect-params", "unexpected-setting", "error",
            'head.bias ("*.bias"): expected lr 0.1, got 0.2 by bias_lr_mult (vit.yaml:3:3)', None,
            Location("vit.yaml", 9, 7), ("head.bias",),
        ),
        Finding(
            "expect-params", "unexpected-setting", "error",
            'head.bias ("*.bias"): expected weight_decay 0, got 0.0001 by weight_decay', None,
            Location("vit.yaml", 9, 7), ("head.bias",),
        ),
    ),
    parameters=152,
    groups=152,
    ignored=2,
)  # fmt: skip
"""Two kinds of failure, one of them twice at one line, and two findings that fail nothing."""
PASSED = Outcome(Audit(None, "resnet.yaml"), parameters=62, groups=2, notes=("a note",))
UNCHECKED = Outcome(
    Audit("resnet18", "typo.yaml", "the third"),
    (
        Finding.error('unknown key "optimiser"', Location("typo.yaml", 1, 1), 'did you mean "optimizer"?'),
        Finding.error("no such lock file: a.lock"),
    ),
)
CASES = {
    "nothing failed": [PASSED],
    "failures": [FAILED],
    "problems": [UNCHECKED],
    "everything": [FAILED, PASSED, UNCHECKED],
    "no audits": [],
}

_SINKS = [
    *("::error::x", "%0A::warning::", "\r\n::add-mask::", "a,b=c", "50%25"),  # workflow commands
    *("]]>", "<b>", "&amp;", "</details>", "<!--", "\x00", "\x1b[31m", "\ufffe", "\U000e0001"),  # XML and HTML
    *("|", "\\|", "\\\\|", "`", "``", "```", "*a*", "_b_", "[x](http://y)", "![x](y)", "# h", "- l", "> q", "$x$"),
    *("{0}", "{{1}}", "](", "\\](", "\\\\](", "[a", "]"),  # SARIF's placeholders and links
    # Half a character; two halves in a row are one to JSON.
    *("\u202e", "\u200b", "\u2028", "\udc80", "\ud800x", "é", "日本", "🜁", "\t", "\n", "\r", " ", "  "),
    *("layer1.0.bn1.weight", "layer1.1.bn1.weight", "a.b", ".", ".."),
]
HOSTILE = st.lists(st.sampled_from(_SINKS) | st.text(max_size=4), min_size=1, max_size=4).map("".join).filter(bool)
"""Text that some sink might obey."""
_PATHS = HOSTILE.map(lambda text: text.replace("/", "")).filter(lambda text: text.strip("."))
_LOCATIONS = st.builds(Location, _PATHS) | st.builds(Location, _PATHS, st.integers(1, 10**6), st.integers(1, 10**4))
_FINDINGS = st.builds(
    Finding,
    st.sampled_from([*DOCUMENTED, *OTHERS]),
    st.sampled_from(["dead-key", "moved"]),
    st.sampled_from(SEVERITIES),
    HOSTILE,
    st.none() | HOSTILE,
    st.none() | _LOCATIONS,
    st.lists(HOSTILE, max_size=6, unique=True).map(tuple),
    st.none() | HOSTILE,
)
_ERRORS = st.builds(Finding.error, HOSTILE, st.none() | _LOCATIONS, st.none() | HOSTILE)
_AUDITS = st.builds(Audit, st.none() | _PATHS, _PATHS, st.just("") | HOSTILE)
_COUNTS = {"parameters": st.integers(0, 5000), "groups": st.integers(0, 5000), "ignored": st.integers(0, 9)}
OUTCOMES = st.lists(
    st.builds(Outcome, _AUDITS, st.lists(_FINDINGS, max_size=5).map(tuple), st.sampled_from(THRESHOLDS), **_COUNTS)
    | st.builds(Outcome, _AUDITS, st.lists(_ERRORS, min_size=1, max_size=3).map(tuple)),
    max_size=4,
)
"""What might come of several audits, whose every text is hostile."""


def harmless(text: str) -> bool:
    """Whether no character of it does more than to be seen, or to end a line."""
    return all(char.isprintable() or char == "\n" for char in text)
