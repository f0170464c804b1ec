"""MeshScribe: writes meshes from words and reads meshes into words. The artist's side; the only room that
imports bpy.

`ui/addon.py` registers what Blender shows; `api.py` is what scripts use.
"""


def register() -> None:
    """Called by Blender when the extension is switched on."""
    from .ui import addon

    addon.register()


def unregister() -> None:
    """Undoes `register`, in reverse."""
    from .ui import addon

    addon.unregister()
