"""Two scenes laid out by hand, for phrases and questions that people wrote."""

from __future__ import annotations

from meshscribe.shared.tasks import SceneObject


def box(
    id: str, name: str, kind: str, x: float, y: float, z: float, wide: float, deep: float, high: float
) -> SceneObject:
    """An object by the middle of its floor and its sides."""
    low, high_corner = (x - wide / 2, y - deep / 2, z), (x + wide / 2, y + deep / 2, z + high)
    return SceneObject(id=id, name=name, kind=kind, low=low, high=high_corner)


ROOM = [
    box("floor", "Floor", "", 0, 0, -0.1, 10, 10, 0.1),
    box("wall", "Wall", "", 0, 5.1, 0, 10, 0.2, 3),
    box("window", "Window", "", 2, 5, 1, 1.5, 0.1, 1.2),
    box("table", "Table", "", 0, 0, 0, 2, 1, 0.8),
    box("chair1", "Chair.001", "", -1.5, 0, 0, 0.5, 0.5, 1),
    box("chair2", "Chair.002", "", 1.5, 0, 0, 0.5, 0.5, 1),
    box("chair3", "Chair.003", "red chair", 2.5, 4.3, 0, 0.5, 0.5, 1),
    box("mug1", "Mug", "", -0.6, 0, 0.8, 0.1, 0.1, 0.1),
    box("mug2", "Mug.001", "", 0, 0.2, 0.8, 0.1, 0.1, 0.1),
    box("mug3", "CoffeeMug", "", 0.6, 0, 0.8, 0.1, 0.1, 0.12),
    box("shelf", "Cube.004", "shelf", -4, 4.5, 0, 1.5, 0.4, 2),
    box("book1", "Cube.005", "book", -4.5, 4.5, 1, 0.05, 0.2, 0.3),
    box("book2", "Cube.006", "book", -4.2, 4.5, 1, 0.05, 0.2, 0.3),
    box("book3", "Cube.007", "book", -3.8, 4.5, 1, 0.05, 0.2, 0.35),
    box("lamp", "Table_Lamp", "", 0.9, 0.3, 0.8, 0.3, 0.3, 0.5),
    box("cat", "Cat", "", 0, 0, 0, 0.4, 0.2, 0.3),
    box("box", "Box", "", 4, -4, 0, 1, 1, 1),
    box("ball", "Ball", "", 4, -4, 0.1, 0.3, 0.3, 0.3),
]

STREET = [
    box("ground", "Ground", "", 0, 0, -0.1, 60, 60, 0.1),
    box("house1", "House", "", -15, 10, 0, 8, 6, 6),
    box("house2", "House.001", "", 0, 12, 0, 7, 6, 8),
    box("house3", "House.002", "red house", 15, 10, 0, 8, 6, 5),
    box("oak", "Oak_Tree", "", -8, 9, 0, 3, 3, 7),
    box("tree2", "Tree.001", "", 8, 9, 0, 2, 2, 4),
    box("tree3", "Tree.002", "", 22, 9, 0, 4, 4, 9),
    box("car1", "Mesh.001", "blue car", -12, -2, 0, 4, 1.8, 1.5),
    box("car2", "Mesh.002", "red car", -4, -2, 0, 4, 1.8, 1.5),
    box("car3", "Mesh.003", "red car", 5, -2, 0, 4.2, 1.8, 1.4),
    box("truck", "Truck", "", 14, -2, 0, 8, 2.5, 3),
    box("bench", "Bench", "", 0, 5, 0, 2, 0.6, 0.9),
    box("cat", "Cat", "", 0.4, 5, 0.45, 0.5, 0.2, 0.3),
    box("bin", "Trash_Can", "", 1.6, 5, 0, 0.5, 0.5, 1),
    box("lamp1", "StreetLamp.L", "", -8, 2, 0, 0.4, 0.4, 5),
    box("lamp2", "StreetLamp.R", "", 8, 2, 0, 0.4, 0.4, 5),
    box("mailbox", "Mailbox", "", -12, 6, 0, 0.4, 0.4, 1.2),
    box("well", "Cylinder.004", "well", 6, -12, 0, 2, 2, 2),
    box("bucket", "Bucket", "", 6.2, -12, 1.2, 0.4, 0.4, 0.4),
    box("crate1", "Crate", "", 12, -12, 0, 1, 1, 1),
    box("crate2", "Crate.001", "", 12, -12, 1, 1, 1, 1),
    box("crate3", "Crate.002", "", 13.5, -12, 0, 1, 1, 1),
    box("barrel", "Barrel", "", 15, -12, 0, 0.8, 0.8, 1.1),
    box("dog", "Dog", "", -12, 1, 0, 1, 0.4, 0.7),
]
