"""Text in a panel: wrapping, since a label is one line, and numbers as people say them."""

from __future__ import annotations

import blf
import bpy

MARGIN = 62  # pixels of a panel's width that are no text, in a box, at scale 1
FONT = 0


def width(context: bpy.types.Context) -> float:
    """Pixels that a line may have in the region that is drawn."""
    scale = context.preferences.system.ui_scale
    region = context.region
    return max(120.0, (region.width if region else 300) - MARGIN * scale)


def wrap(text: str, pixels: float, size: float = 11.0) -> list[str]:
    """Lines that are no wider than so many pixels; a word that is wider stands alone."""
    blf.size(FONT, size)
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and blf.dimensions(FONT, longer)[0] > pixels:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines


def paragraph(
    layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str = "NONE", pixels: float = 0.0
) -> None:
    """Wrapped text as labels, an icon before the first line. `pixels`: of a line, at scale 1, where it is not the
    width of the region."""
    scale = context.preferences.system.ui_scale
    size = context.preferences.ui_styles[0].widget.points * scale
    column = layout.column(align=True)
    column.scale_y = 0.75
    room = (pixels * scale or width(context)) - (32 * scale if icon != "NONE" else 0)
    for number, line in enumerate(wrap(text, room, size)):
        if icon == "NONE":
            column.label(text=line, translate=False)
        else:
            column.label(text=line, translate=False, icon="BLANK1" if number else icon)


def amount(size: float) -> str:
    """Bytes for people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)}:{int(seconds % 60):02} min"
