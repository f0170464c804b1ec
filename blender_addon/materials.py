"""Materials: one Blender material for each material word of the codec, made once and found again."""

from __future__ import annotations

import bpy

from .shared.materials import COLOURS

MARK = "meshscribe"
"""Custom property of the materials we made: the word. The name may change, or be taken by the artist's own
material."""

UNKNOWN = (0.5, 0.5, 0.5)  # linear RGB of a word that has no colour
ROUGHNESS = 0.65
SHINY = {"metal": 0.35, "iron": 0.5, "gold": 0.3, "glass": 0.12, "ceramic": 0.3, "plastic": 0.4}  # roughness
METALS = {"metal", "iron", "gold"}
GLOWING = {"light": 1.5, "flame": 3.0}  # emission strength


def material(word: str) -> bpy.types.Material:
    """The material of a word. One that we made before is used again as it is, with what the artist changed on
    it."""
    for known in bpy.data.materials:
        if known.library is None and known.get(MARK) == word:
            return known
    made = bpy.data.materials.new(word)
    made[MARK] = word
    red, green, blue = COLOURS.get(word, UNKNOWN)
    metallic, roughness = float(word in METALS), SHINY.get(word, ROUGHNESS)
    made.diffuse_color = (red, green, blue, 1.0)
    made.metallic, made.roughness = metallic * 0.6, roughness  # solid mode shows full metal almost black
    shader = _principled(made)
    shader.inputs["Base Color"].default_value = (red, green, blue, 1.0)
    shader.inputs["Metallic"].default_value = metallic * 0.6
    shader.inputs["Roughness"].default_value = roughness
    if word in GLOWING:
        shader.inputs["Emission Color"].default_value = (red, green, blue, 1.0)
        shader.inputs["Emission Strength"].default_value = GLOWING[word]
    return made


def word(material: bpy.types.Material | None) -> str:
    """The codec's word for a material: ours by their mark, others where their name is a known word
    ("Wood.001")."""
    if material is None:
        return ""
    if isinstance(mark := material.get(MARK), str):
        return mark
    name = material.name.lower().split(".")[0].replace(" ", "").replace("_", "")
    return name if name in COLOURS else ""


def _principled(made: bpy.types.Material) -> bpy.types.ShaderNode:
    """The material's Principled shader, wired to its output."""
    if bpy.app.version < (5, 0, 0):
        made.use_nodes = True  # from 5.0 on materials always have nodes, and setting this warns
    nodes = made.node_tree.nodes
    for node in nodes:
        if node.type == "BSDF_PRINCIPLED":
            return node
    shader = nodes.new("ShaderNodeBsdfPrincipled")
    output = next((node for node in nodes if node.type == "OUTPUT_MATERIAL"), None)
    output = output or nodes.new("ShaderNodeOutputMaterial")
    made.node_tree.links.new(shader.outputs["BSDF"], output.inputs["Surface"])
    return shader
