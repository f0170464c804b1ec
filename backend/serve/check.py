"""What can be wrong with a task before any model has seen it. The decoder has checked every bound by then."""

from __future__ import annotations

from meshscribe.shared.tasks import Ask, Change, Describe, Generate, Ground, MeshData, Name, Request, Scene, SceneObject


def fault(task: Request) -> str:
    """What is wrong with a task and what to do, in a sentence; "" where nothing is."""
    match task:
        case Generate():
            return _said(task.prompt, "The prompt is empty: say what to make.")
        case Change():
            return _said(task.instruction, "The instruction is empty: say what to change.") or _mesh(task.mesh)
        case Ask():
            return _said(task.question, "The question is empty: ask something.") or _mesh(task.mesh)
        case Describe() | Name():
            return _mesh(task.mesh)
        case Scene(about="question"):
            return _said(task.question, "The question is empty: ask something.") or _objects(task.objects)
        case Scene():
            return _objects(task.objects)
        case Ground():
            return _said(task.phrase, "The phrase is empty: say which object is meant.") or _objects(task.objects)


def _said(text: str, otherwise: str) -> str:
    return "" if text.strip() else otherwise


def _mesh(mesh: MeshData) -> str:
    try:
        return "" if len(mesh.unpack().sizes) else "The mesh has no faces: there is nothing to read."
    except ValueError as error:
        return str(error)


def _objects(objects: list[SceneObject]) -> str:
    if not objects:
        return "The scene has no objects: there is nothing to read."
    if len({each.id for each in objects}) < len(objects):
        return "Two objects of the scene have the same id: give each its own."
    turned = [each for each in objects if any(low > high for low, high in zip(each.low, each.high, strict=True))]
    return f"The box of {turned[0].name or turned[0].id} ends before it begins: send low, then high." if turned else ""
