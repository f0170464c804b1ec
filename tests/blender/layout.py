"""A layout without a window: draws a panel into a list of what it shows, and checks every name against
Blender's own tables, as the real one would."""

from __future__ import annotations

from types import SimpleNamespace

import bpy

LAYOUT = bpy.types.UILayout.bl_rna.functions
OWN = {"panel"}  # returns a pair


class Button:
    """What `operator` gives: its settings can be set, and only those that there are."""

    def __init__(self, names):
        object.__setattr__(self, "_names", names)

    def __setattr__(self, name, value):
        assert name in self._names, f"the operator has no setting {name}"
        object.__setattr__(self, name, value)


class Layout:
    """Every call is one of UILayout's, with arguments that it has; `shown` is a flat list of (what, words)."""

    translate = staticmethod(str)  # what Blender does with a text, unless it is told not to

    def __init__(self, shown=None):
        self.shown = [] if shown is None else shown

    def __getattr__(self, name):
        if name not in LAYOUT:
            raise AttributeError(name)

        def call(*args, **keywords):
            known = set(LAYOUT[name].parameters.keys()) | {"text"}
            assert set(keywords) <= known, (name, set(keywords) - known)
            return self._add(name, args, keywords)

        return call

    def _add(self, name, args, keywords):
        if icon := keywords.get("icon"):
            assert icon in bpy.types.UILayout.bl_rna.functions["label"].parameters["icon"].enum_items, icon
        if "text" in keywords and keywords.get("translate", True):
            keywords["text"] = self.translate(keywords["text"])
        if name == "prop":
            data, prop = args
            assert prop in data.bl_rna.properties, prop
            self.shown.append((name, prop))
        elif name == "textbox":
            self.shown.append(("prop", args[1]))
        elif name == "operator":
            module, verb = args[0].split(".")
            kind = getattr(getattr(bpy.ops, module), verb).get_rna_type()
            button = Button(set(kind.properties.keys()))
            self.shown.append((name, args[0], keywords.get("text", self.translate(kind.name)), button))
            return button
        elif name in ("label", "progress"):
            self.shown.append((name, keywords.get("text", "")))
        elif name == "panel":
            return Layout(self.shown), Layout(self.shown)
        elif name == "menu":
            assert hasattr(bpy.types, args[0])
        return Layout(self.shown)

    def __setattr__(self, name, value):
        assert name == "shown" or name in bpy.types.UILayout.bl_rna.properties, name
        object.__setattr__(self, name, value)

    def words(self):
        return [each[1] for each in self.shown if each[0] in ("label", "progress")]

    def operators(self):
        return [each[1] for each in self.shown if each[0] == "operator"]

    def button(self, name):
        return next(each[3] for each in self.shown if each[0] == "operator" and each[1] == name)


def draw(kind) -> Layout:
    """A panel, as it is drawn now."""
    layout = Layout()
    kind.draw(SimpleNamespace(layout=layout), bpy.context)
    return layout
