"""A page → a frame of a notebook: the page runs its own scripts there, and reaches nothing around it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, repr=False)
class Frame:
    """What a notebook shows as a page inside the page."""

    page: str
    """The whole HTML file."""
    height: int
    """In pixels."""

    def __repr__(self) -> str:
        return f"<a page of {len(self.page):,} letters: a notebook shows it>"

    def _repr_html_(self) -> str:
        """Returns the frame. Its sandbox lets the page run its scripts and save a file, and nothing else."""
        style = f"width:100%;height:{self.height}px;border:1px solid rgba(128,128,128,.35);border-radius:6px"
        allowed = "allow-scripts allow-downloads"
        return f'<iframe title="pgaudit" sandbox="{allowed}" style="{style}" srcdoc="{escape(self.page)}"></iframe>'
