"""The explorer's two themes: its grounds, and what the terminal's colours are on them."""

from __future__ import annotations

from textual.app import App
from textual.theme import Theme

from pgaudit.render.palettes import ON_DARK, ON_LIGHT


def _theme(
    name: str, *, ground: str, surface: str, panel: str, text: str, muted: str, cursor: str, blurred: str, accent: str
) -> Theme:
    cursors = {
        "block-cursor-foreground": text,
        "block-cursor-background": cursor,
        "block-cursor-blurred-background": blurred,
    }
    return Theme(
        name,
        primary=accent,
        accent=accent,
        foreground=text,
        background=ground,
        surface=surface,
        panel=panel,
        dark=name == "dark",
        variables={**cursors, "text-muted": muted},
    )


DARK = _theme(
    "dark",
    ground="#0e1116",
    surface="#161b22",
    panel="#21262d",
    text="#e6edf3",
    muted="#9aa4af",
    cursor="#13304f",
    blurred="#18222f",
    accent="#58a6ff",
)
LIGHT = _theme(
    "light",
    ground="#ffffff",
    surface="#f6f8fa",
    panel="#eaeef2",
    text="#1f2328",
    muted="#57606a",
    cursor="#cfe5ff",
    blurred="#e6f0fb",
    accent="#0550ae",
)


def add_themes(app: App[None]) -> None:
    """Makes both known to an app."""
    app.register_theme(DARK)
    app.register_theme(LIGHT)
    app.ansi_theme_dark, app.ansi_theme_light = ON_DARK, ON_LIGHT
