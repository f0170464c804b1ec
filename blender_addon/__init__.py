"""MeshScribe: writes meshes from words and reads meshes into words. The artist's side; the only room that
imports bpy.

So far it has no panel: scripts and tests use `session`, `geometry`, `reading` and `render`.
"""


def register() -> None:
    """Called by Blender when the extension is switched on."""


def unregister() -> None:
    """Undoes `register`, in reverse."""
