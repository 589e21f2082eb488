"""Colours that can be read: as they were chosen, or lighter or darker until they stand out from the page."""

from __future__ import annotations

from typing import NamedTuple

from exprgrad.style import Style

CONTRAST = 5.5  # of text and page; the Web Content Accessibility Guidelines ask for 4.5
_NAMED = {
    "black": "#000", "red": "#f00", "green": "#008000", "yellow": "#ff0",
    "blue": "#00f", "magenta": "#f0f", "cyan": "#0ff", "white": "#fff",
}  # fmt: skip

_Rgb = tuple[int, int, int]


class Palette(NamedTuple):
    """The colours of a picture on one page."""

    page: str
    ink: str
    line: str
    local: str
    value: str
    gradient: str


def palettes(style: Style) -> tuple[Palette, Palette]:
    """The colours on a light and on a dark page."""
    return _palette(style, "#ffffff", "#1f2328"), _palette(style, "#0d1117", "#e6edf3")


def _palette(style: Style, page: str, ink: str) -> Palette:
    grey = "#808080"
    chosen = (grey, style.local or grey, style.value or ink, style.gradient or ink)
    return Palette(page, ink, *[readable(colour, page) for colour in chosen])


def readable(colour: str, page: str) -> str:
    """The colour as hexadecimal digits, mixed with black or white as far as it takes on this page."""
    chosen, back = _rgb(colour), _rgb(page)
    towards = 0 if _luminance(back) > 0.18 else 255
    mixed = (_mixed(chosen, towards, share / 100) for share in range(101))
    red, green, blue = next(one for one in mixed if contrast(one, back) >= CONTRAST)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _mixed(colour: _Rgb, towards: int, share: float) -> _Rgb:
    """The colour with a share of black or white in it."""
    red, green, blue = [round(part + (towards - part) * share) for part in colour]
    return red, green, blue


def contrast(one: _Rgb, other: _Rgb) -> float:
    """The ratio of two colours' luminances, from 1 to 21."""
    darker, lighter = sorted([_luminance(one), _luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def _rgb(colour: str) -> _Rgb:
    digits = _NAMED.get(colour, colour)[1:]
    red, green, blue = [2 * one for one in digits] if len(digits) == 3 else (digits[:2], digits[2:4], digits[4:])
    return int(red, 16), int(green, 16), int(blue, 16)


def _luminance(colour: _Rgb) -> float:
    """How bright sRGB is, from 0 to 1."""
    parts = [part / 255 for part in colour]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
