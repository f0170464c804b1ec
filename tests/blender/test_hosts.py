"""Servers in the preferences: added and removed, with a key that stays out of Blender."""

from __future__ import annotations

import bpy
import pytest
from layout import Layout

from blender_addon import runtime
from blender_addon.shared.servers import load
from blender_addon.ui.hosts import draw_hosts

KEY = "sk-of-nobody-0123456789"


def test_a_server_is_added_with_its_key_and_removed(addon):
    home = runtime.current().home
    bpy.ops.meshscribe.host_add(host="studio", url="studio:8000", which="llama-mesh", key=KEY, views=4)
    server = load(home)["studio"]
    assert (server.url, server.model, server.secret()) == ("http://studio:8000/v1", "llama-mesh", KEY)
    assert server.views == 4
    layout = Layout()
    draw_hosts(layout, bpy.context)
    assert "studio: studio:8000" in str(layout.shown) and KEY not in str(layout.shown)
    assert KEY not in str([dict(each.properties.items()) for each in bpy.context.window_manager.operators])
    bpy.ops.meshscribe.host_remove(host="studio")
    assert load(home) == {}


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [({"host": "A B", "url": "x"}, "small letters"), ({"host": "a", "url": "ftp://x"}, "is no address")],
)
def test_what_is_no_server_is_a_sentence(addon, wish, sentence):
    with pytest.raises(RuntimeError, match=sentence):
        bpy.ops.meshscribe.host_add(**wish)
    assert load(runtime.current().home) == {}
