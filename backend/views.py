"""Pictures of a mesh for models that see: fixed cameras, a shaded pass and one that colours the parts, with a legend in
words. Drawn with numpy alone, so they are the same from Blender, the command line and a script."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from meshscribe.shared.mesh import Mesh

SIZE = 512  # pixels a side
FINE = 2  # drawn that much larger, then averaged
MARGIN = 0.06  # of the picture's side, left free around the mesh
CHUNK = 4_000_000  # pixels that are looked at together
LIGHT = np.array([-0.35, 0.75, 0.55]) / np.linalg.norm([-0.35, 0.75, 0.55])  # in the camera's axes
PAPER, CLAY = (255, 255, 255), (196, 190, 182)
CREASE = 0.8  # cosine between the normals of two pixels under which an edge is drawn between them
COLOURS = {
    "red": (214, 39, 40),
    "blue": (31, 119, 180),
    "green": (44, 160, 44),
    "orange": (255, 127, 14),
    "purple": (128, 62, 178),
    "yellow": (240, 200, 40),
    "brown": (140, 86, 75),
    "pink": (247, 150, 200),
    "cyan": (23, 190, 207),
    "grey": (127, 127, 127),
    "lime": (170, 220, 60),
    "navy": (20, 30, 110),
}

# Names, and turn (degrees to the left around the mesh, from its front) and tilt (degrees up) of the camera.
CAMERAS = {
    "from the front right, above": (35, 25),
    "from the front": (0, 0),
    "from the right": (90, 0),
    "from above": (0, 90),
    "from the back left, above": (215, 25),
    "from the back": (180, 0),
    "from the left": (270, 0),
    "from below": (0, -90),
}


@dataclass(frozen=True, slots=True)
class View:
    """A picture: what it shows, in words, and a PNG."""

    words: str
    png: bytes


def views(mesh: Mesh, count: int) -> list[View]:
    """`count` pictures of a mesh with faces (1 to 8), y up and its front towards +z. From three pictures on, where the
    mesh has differently named parts, every fourth shows them by colour."""
    names = list(dict.fromkeys(part.name for part in mesh.parts))
    by_part = count // 4 or count // 3 if len(names) > 1 else 0
    cameras = list(CAMERAS)[: count - by_part]
    shown = [View(f"{camera[0].upper()}{camera[1:]}.", picture(mesh, camera)) for camera in cameras]
    legend = dict(zip(names, COLOURS, strict=False))
    told = ", ".join(f"{colour} is {name.replace('_', ' ')}" for name, colour in legend.items())
    others = ", white the rest" if len(names) > len(COLOURS) else ""
    for camera in ["from the front right, above", "from the back left, above"][:by_part]:
        shown.append(View(f"{camera[0].upper()}{camera[1:]}, by part: {told}{others}.", picture(mesh, camera, legend)))
    return shown


def picture(mesh: Mesh, camera: str, legend: dict[str, str] | None = None) -> bytes:
    """One picture, as a PNG; with `legend`, from names of parts to names of COLOURS, in those."""
    corners, colours = mesh.triangles(), np.tile(np.array(CLAY, float), (len(mesh.sizes), 1))  # [T, 3], [F, 3]
    if legend is not None:
        counts = [part.faces for part in mesh.parts]
        colours = np.repeat([COLOURS.get(legend.get(part.name, ""), PAPER) for part in mesh.parts], counts, 0)
    colours = np.repeat(colours, mesh.sizes - 2, 0)  # [T, 3]
    points = (mesh.vertices - mesh.bounds().mean(0)) @ _axes(*CAMERAS[camera]).T  # [V, 3] right, up, towards us
    radius = max(float(np.linalg.norm(mesh.vertices - mesh.bounds().mean(0), axis=1).max(initial=0)), 1e-9)
    side = SIZE * FINE
    points = points / radius * (0.5 - MARGIN) * side
    seen, near = _nearest(points[corners], side)
    a, b, c = (points[corners[:, i]] for i in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    normals *= np.where(normals[:, 2:] < 0, -1.0, 1.0)  # whichever way it is wound, the side that is seen
    pixels = np.tile(np.array(PAPER, float), (side, side, 1))
    drawn = seen >= 0
    shade = 0.35 + 0.65 * np.maximum(normals @ LIGHT, 0)
    pixels[drawn] = (colours * shade[:, None])[seen[drawn]]
    pixels[_edges(seen, near, normals, colours)] *= 0.35
    pixels = pixels.reshape(SIZE, FINE, SIZE, FINE, 3).mean((1, 3))
    return png(np.clip(pixels + 0.5, 0, 255).astype(np.uint8))


def plain_picture(colour: tuple[int, int, int], side: int = 64) -> bytes:
    """A PNG of one colour."""
    return png(np.tile(np.array(colour, np.uint8), (side, side, 1)))


def png(pixels: np.ndarray) -> bytes:
    """uint8 [height, width, 3] as a PNG file."""
    height, width, _ = pixels.shape
    rows = np.concatenate(
        [np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], 1
    )  # each begins with its filter

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _axes(turn: float, tilt: float) -> np.ndarray:
    """[3, 3]: the camera's right, up and towards-us directions, as rows."""
    a, b = np.radians([turn, tilt])
    right = np.array([np.cos(a), 0, -np.sin(a)])
    towards = np.array([np.sin(a) * np.cos(b), np.sin(b), np.cos(a) * np.cos(b)])
    return np.stack([right, np.cross(towards, right), towards])


def _nearest(triangles: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of the triangles [T, 3, 3] (in pixels around the middle, z towards us) each pixel shows, -1 for none, and
    how near it is there: int [side, side] and float [side, side], in pixels. Each triangle looks at the pixels of its
    box."""
    flat = triangles[:, :, :2] * (1, -1) + (side - 1) / 2  # columns right, rows down
    low = np.clip(np.floor(flat.min(1)), 0, side - 1).astype(np.int64)
    high = np.clip(np.ceil(flat.max(1)), 0, side - 1).astype(np.int64)
    wide, tall = (high - low + 1).T
    boxes = wide * tall
    # Two of the barycentric coordinates and the depth, each as p * column + q * row + r.
    system = np.concatenate([flat, np.ones_like(flat[:, :, :1])], 2)  # [T, 3, 3]
    solid = np.abs(np.linalg.det(system)) > 1e-9  # seen from the edge it covers nothing
    forms = np.zeros((len(flat), 3, 3))
    values = np.stack(
        [np.tile([0.0, 1.0, 0.0], (len(flat), 1)), np.tile([0.0, 0.0, 1.0], (len(flat), 1)), triangles[:, :, 2]], 2
    )
    forms[solid] = np.linalg.solve(system[solid], values[solid]).transpose(0, 2, 1)
    best = np.full(side * side, -1, np.int64)  # depth in the upper half, triangle in the lower
    for part in _chunks(np.where(solid, boxes, 0)):
        part = part[solid[part]]
        which = np.repeat(part, boxes[part])
        number = np.arange(len(which)) - np.repeat(np.cumsum(boxes[part]) - boxes[part], boxes[part])
        row, column = np.divmod(number, wide[which])
        row, column = row + low[which, 1], column + low[which, 0]
        v, w, z = (p[which] * column + q[which] * row + r[which] for p, q, r in forms.transpose(1, 2, 0))
        inside = (v >= 0) & (w >= 0) & (v + w <= 1)
        level = ((z[inside] / side + 1) * (1 << 29)).astype(
            np.int64
        )  # above 0: the mesh is within a side of the middle
        np.maximum.at(best, (row * side + column)[inside], level << 32 | which[inside])
    near = ((best >> 32) / (1 << 29) - 1) * side
    return np.where(best < 0, -1, best & 0xFFFFFFFF).reshape(side, side), near.reshape(side, side)


def _chunks(pixels: np.ndarray) -> Iterator[np.ndarray]:
    """The triangles in groups of about CHUNK pixels."""
    group = np.cumsum(pixels) // CHUNK
    cuts = np.flatnonzero(np.diff(group)) + 1
    yield from np.split(np.arange(len(pixels)), cuts)


def _edges(seen: np.ndarray, near: np.ndarray, normals: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """bool [side, side]: pixels where another surface begins to the right or below."""
    found = np.zeros(seen.shape, bool)
    for step in ((0, 1), (1, 0)):
        rows, columns = np.nonzero(seen[: -step[0] or None, : -step[1] or None] != seen[step[0] :, step[1] :])
        below = rows + step[0], columns + step[1]
        one, other = seen[rows, columns], seen[below]
        steep = 2 + 2 / np.maximum(normals[one, 2], 0.02)  # pixels of depth from one to the next on the same surface
        bent = (normals[one] * normals[other]).sum(-1) < CREASE
        far = np.abs(near[rows, columns] - near[below]) > steep
        found[rows, columns] |= bent | far | (colours[one] != colours[other]).any(-1) | (one < 0) | (other < 0)
    return found
