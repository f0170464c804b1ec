"""Mesh files in and out: any file that trimesh reads; OBJ with materials, GLB and PLY written. Y is up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import trimesh

from meshscribe.shared.materials import COLOURS
from meshscribe.shared.mesh import INDEX, Mesh
from meshscribe.shared.stream import MAX_CORNERS, MAX_FACES, MAX_PARTS, MAX_VERTICES, StreamReader
from meshscribe.shared.tasks import SceneObject

FORMATS = ("obj", "glb", "ply")
MAX_BYTES = 1 << 30
MAX_OBJECTS = 2_000  # of a scene
PLAIN = (0.6, 0.6, 0.6)  # the colour of a part without a known material


class FileError(ValueError):
    """A file that cannot be read or written; the sentence says why."""


def load(path: Path, tell: Callable[[str], object] = lambda sentence: None, most: int = MAX_FACES) -> Mesh:
    """The mesh of a file: OBJ with its polygons and groups as they are, other formats as triangles with equal vertices
    merged. With `most` faces over the reader's own limit, a larger OBJ comes as triangles too. FileError where there is
    no mesh in it, or more than the limits; `tell` hears what had to be left out."""
    try:
        if path.is_dir():
            raise FileError(f"{path} is a folder.")
        if not path.is_file():
            raise FileError(f"There is no file {path}.")
        if path.stat().st_size > MAX_BYTES:
            raise FileError(f"{path} is larger than {MAX_BYTES >> 30} GiB.")
        mesh = _obj(path, tell, most) if path.suffix.lower() in (".obj", ".txt") else _other(path, most)
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}.") from None
    if not len(mesh.sizes):
        raise FileError(f"{path} holds no faces.")
    return mesh


def _obj(path: Path, tell: Callable[[str], object], most: int) -> Mesh:
    reader = StreamReader()
    with path.open(encoding="utf-8", errors="replace") as file:
        while text := file.read(1 << 20):
            reader.feed(text)
            if reader.problems["limit"] and most > MAX_FACES:
                tell(f"{path} is large: it is read as triangles, without its parts.")
                return _other(path, most)
            if reader.problems["limit"]:
                raise FileError(_too_large(path))
    reader.close()
    lost = [note for note in reader.notes if note.kind not in ("material", "parts")]
    if lost:
        more = sum(reader.problems.values()) - reader.problems["material"] - reader.problems["parts"] - 1
        tell(f"{path}, line {lost[0].line}: {lost[0].sentence}{f' So it is with {more} more.' if more else ''}")
    return reader.mesh()


def _too_large(path: Path) -> str:
    limits = f"{MAX_VERTICES:,} vertices, {MAX_FACES:,} faces, {MAX_CORNERS:,} corners and {MAX_PARTS:,} parts"
    return f"{path} is over the limit of {limits}: simplify it."


def _other(path: Path, most: int) -> Mesh:
    try:
        scene = trimesh.load_scene(path)
        mesh = scene.to_mesh()
        mesh.merge_vertices(merge_tex=True, merge_norm=True)
    except OSError:
        raise
    except Exception as error:  # readers of some thirty formats, each with errors of its own
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileError(f"{path} cannot be read as a mesh: {reason[:200].rstrip('.')}.") from None
    if len(mesh.vertices) > max(MAX_VERTICES, most) or len(mesh.faces) > most:
        raise FileError(f"{path} is over the limit of {most:,} faces: simplify it.")
    faces = np.asarray(mesh.faces, INDEX).reshape(-1, 3)
    made = Mesh(np.asarray(mesh.vertices, np.float32), faces.reshape(-1), np.full(len(faces), 3, INDEX))
    made.check()
    return made


def objects(path: Path) -> list[SceneObject]:
    """The named objects of a scene file with their boxes in the world, z up. FileError where there are none."""
    if not path.is_file():
        raise FileError(f"There is no file {path}.")
    try:
        scene = trimesh.load_scene(path)
        placed = [(name, *scene.graph.get(name)) for name in scene.graph.nodes_geometry]
        boxes = [
            (name, trimesh.bounds.corners(scene.geometry[geometry].bounds), matrix) for name, matrix, geometry in placed
        ]
    except Exception as error:  # as in _other
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileError(f"{path} cannot be read as a scene: {reason[:200].rstrip('.')}.") from None
    out = []
    for number, (name, corners, matrix) in enumerate(boxes[:MAX_OBJECTS]):
        x, y, z = (corners @ matrix[:3, :3].T + matrix[:3, 3]).T
        points = np.stack([x, -z, y], 1)  # files have y up
        low, high = points.min(0).tolist(), points.max(0).tolist()
        out.append(SceneObject(id=str(number), name=str(name)[:200], low=tuple(low), high=tuple(high)))
    if not out:
        raise FileError(f"{path} holds no objects.")
    return out


def save(mesh: Mesh, path: Path, comment: str = "") -> None:
    """Write a mesh by the ending of its path. FileError where the place cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".obj":
            _save_obj(mesh, path, comment)
        else:
            scene = trimesh.Scene()
            for number, piece in enumerate(mesh.pieces()):
                name = piece.parts[0].name or "part"
                scene.add_geometry(_coloured(piece), node_name=f"{name}.{number}", geom_name=f"{name}.{number}")
            data = scene.export(file_type="glb") if path.suffix == ".glb" else scene.to_mesh().export(file_type="ply")
            _replace(path, data)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}.") from None


def _coloured(piece: Mesh) -> trimesh.Trimesh:
    colour = COLOURS.get(piece.parts[0].material, PLAIN)
    made = trimesh.Trimesh(piece.vertices, piece.triangles(), process=False)
    made.visual.vertex_colors = np.array([*(_display(c) for c in colour), 255], np.uint8)
    return made


def _display(linear: float) -> int:
    """0..255 as screens have it (sRGB) from linear light."""
    return round(255 * (12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055))


def _save_obj(mesh: Mesh, path: Path, comment: str) -> None:
    materials = sorted({part.material for part in mesh.parts if part.material})
    if materials:
        library = path.with_suffix(".mtl")
        colours = {name: COLOURS.get(name, PLAIN) for name in materials}
        described = (
            f"newmtl {name}\nKd {r:.4f} {g:.4f} {b:.4f}\nKs 0 0 0\nNs 10\nillum 1\n"
            for name, (r, g, b) in ((n, tuple(_display(c) / 255 for c in colour)) for n, colour in colours.items())
        )
        _replace(library, "\n".join(described).encode())
    head = [f"# {line}" for line in comment.splitlines()] + ([f"mtllib {library.name}"] if materials else [])
    _replace(path, "".join([*(line + "\n" for line in head), obj_text(mesh)]).encode())


def obj_text(mesh: Mesh) -> str:
    """Plain OBJ of a mesh, its parts as groups with their materials' names."""
    lines: list[str] = []
    start = 1
    for piece in mesh.pieces() if mesh.parts else [mesh]:
        if piece.parts:
            lines.append(f"g {piece.parts[0].name}")
            lines += [f"usemtl {piece.parts[0].material}"] if piece.parts[0].material else []
        lines += ["v {:.6g} {:.6g} {:.6g}".format(*point) for point in piece.vertices.tolist()]
        lines += ["f " + " ".join(str(corner + start) for corner in face) for face in piece.faces()]
        start += len(piece.vertices)
    return "".join(line + "\n" for line in lines)


def _replace(path: Path, data: bytes) -> None:
    """Write a whole file or none."""
    new = path.with_name(path.name + ".new")
    try:
        new.write_bytes(data)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
