"""A circuit as a PNG picture: the SVG on a white page, drawn by resvg."""

from __future__ import annotations

from exprgrad.errors import UsageError
from exprgrad.style import Style
from exprgrad.write.drawing import Drawing
from exprgrad.write.palette import palettes
from exprgrad.write.svg import FONTS, colours, picture

_SCALE = 2  # pixels for one of the SVG's
_PROBE = (
    f'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="15" font-family="{FONTS}">%s</text></svg>'
)


def write(drawing: Drawing, style: Style) -> bytes:
    """The picture.  Raises UsageError without the library or a font, or for a circuit that is too large."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise UsageError("a PNG picture takes one more library", hint="pip install 'exprgrad[png]'") from None
    light, _ = palettes(style)
    svg = "\n".join(picture(drawing, colours(light)))
    found = bytes(svg_to_bytes(svg_string=svg, background=light.page, zoom=_SCALE))
    if svg_to_bytes(svg_string=_PROBE % "") == svg_to_bytes(svg_string=_PROBE % "x"):
        raise UsageError(
            "there is no font here to write a picture's texts with",
            hint="install one whose letters are all as wide, such as DejaVu Sans Mono, or write the picture as .svg",
        )
    return found
