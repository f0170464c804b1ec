"""A contact sheet: what the starter makes of 60 prompts with the first seed, nothing picked; and 8 variations of one
prompt. The pictures of docs/starter.md.

    .venv/bin/python scripts/sheet.py --out docs        (needs the extras blender and train)

Like the demo, it is a client of a backend process and uses the add-on's own code."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import demo
from PIL import Image, ImageDraw, ImageFont

PROMPTS = (
    """
a round table with four legs|a low square table|a wooden chair with armrests|a tall stool with three legs
a park bench with a back|a shelf with four boards|a wide bed with two pillows|a tall lamp
a white mug|a glass bottle with a cork|a house with a chimney|a two storey house
a round tower with battlements|a pine tree|an oak tree|a sword with a gem
a barrel with three bands|a war hammer|a mushroom with red cap|a snowman with a hat
a rocket with three fins|a desk with three drawers|a sofa with three seats|a green sofa
a vase with flowers|a tall vase|a bowl of fruit|a fence with five posts
a low fence|stairs with six steps|a cactus with two arms|a cactus in a pot
a big rock|three stones|a red car|a pickup with big wheels
a sailing boat with two masts|a rowing boat|a treasure chest|a wooden crate
an open crate|a round shield|a shield with a cross|a battle axe with two blades
a cube|a torus|a cone|a sphere
a metal table|a chair with a tall back|a small house with three windows|a stone tower
a tree with three layers|a long sword|a round stool|a bench made of stone
a short bottle|a mug with two handles|a tall bookshelf|a lamp with two shades
""".strip()
    .replace("\n", "|")
    .split("|")
)
VARIED = "a wooden chair"
TILE, LABEL = (240, 200), 22  # pixels


def main() -> int:
    parser = argparse.ArgumentParser(description="Contact sheets of the starter.")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--temperature", type=float, default=0.7)
    asked = parser.parse_args()
    with demo.backend(demo.connection.home()) as (link, _), tempfile.TemporaryDirectory() as folder:
        import bpy

        from blender_addon.render import render
        from blender_addon.session import Session

        bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
        session = Session(link())

        def picture(prompt: str, seed: int) -> Image.Image:
            job = session.generate(prompt, model="starter", seed=seed, temperature=asked.temperature, metres=1.0)
            while not job.over:
                session.tick(wait=0.05)
            made, path = job.object(), Path(folder) / "tile.png"
            tile = Image.new("RGB", TILE, (255, 255, 255))
            if job.state == "done" and made:
                with demo.quiet():
                    render([made], path, *TILE, exposures=6)
                tile = Image.open(path).convert("RGB")
                bpy.data.objects.remove(made)
            else:
                ImageDraw.Draw(tile).text((8, 90), job.sentence[:40], fill=(160, 0, 0))
            return tile

        asked.out.mkdir(parents=True, exist_ok=True)
        sheet([(prompt, picture(prompt, 1)) for prompt in PROMPTS], 10).save(asked.out / "starter_60.png")
        eight = [(f"{VARIED}, seed {seed}", picture(VARIED, seed)) for seed in range(1, 9)]
        sheet(eight, 4).save(asked.out / "starter_8.png")
        session.close()
    return 0


def sheet(tiles: list[tuple[str, Image.Image]], columns: int) -> Image.Image:
    """The pictures in rows, each over its prompt, in few colours (a small file)."""
    width, height = TILE[0], TILE[1] + LABEL
    whole = Image.new("RGB", (columns * width, -(-len(tiles) // columns) * height), (255, 255, 255))
    draw, font = ImageDraw.Draw(whole), ImageFont.load_default(13)
    for number, (prompt, tile) in enumerate(tiles):
        x, y = number % columns * width, number // columns * height
        whole.paste(tile, (x, y))
        draw.text((x + 6, y + TILE[1] + 3), prompt, fill=(30, 30, 30), font=font)
    return whole.quantize(128)


if __name__ == "__main__":
    sys.exit(main())
