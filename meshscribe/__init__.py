"""MeshScribe writes meshes from words and reads meshes into words.

This folder is the import name only: `shared`, `backend` and `training` are links to the rooms at the top of the tree.
"""

__version__ = "0.1.0"
