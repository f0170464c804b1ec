"""The rules of the house: which room may import what, and what nobody may call."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("shared", "backend", "training", "blender_addon")
HEAVY = {"torch", "transformers", "bitsandbytes", "accelerate", "onnxruntime"}
LIGHT = ("serve", "worker.py", "cli.py", "client.py", "arguments.py", "manage.py")  # of backend: no model library

FORBIDDEN_NAMES = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
FORBIDDEN_CALLS = {"recv_pyobj", "send_pyobj", "os.system", "os.popen", "torch.load", "pandas.read_pickle"}
FORBIDDEN_TRUE = {"trust_remote_code", "shell", "allow_pickle"}  # keywords, and keys of dictionaries


def files(*places: str) -> list[Path]:
    found = [ROOT / place for place in places]
    return sorted(p for place in found for p in ([place] if place.is_file() else place.rglob("*.py")) if _ours(p))


def _ours(path: Path) -> bool:
    return not any(parent.is_symlink() for parent in path.parents if parent != ROOT and ROOT in parent.parents)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path, top: bool = False) -> Iterator[str]:
    """The modules that a file imports, in full: `meshscribe.shared.mesh`, `numpy`. `top`: only when it is imported."""
    room = path.relative_to(ROOT).with_suffix("").parts
    module = tree(path)
    for node in _at_import(module) if top else ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(room[: -node.level]) if node.level else []
            assert not node.level or base, f"{path}: a relative import leaves the house"
            target = [*(["meshscribe"] if node.level else []), *base, *([node.module] if node.module else [])]
            yield from (
                (".".join([*target, name.name]) for name in node.names) if not node.module else [".".join(target)]
            )


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    """The statements that run when a module is imported: not the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _at_import(child)


def outside(path: Path, top: bool = False) -> set[str]:
    """The packages beyond the standard library, and rooms as `room/...`, that a file imports."""
    found = set()
    for name in imports(path, top):
        first, *rest = name.split(".")
        if first == "meshscribe" and rest and rest[0] in ROOMS:
            found.add(f"{rest[0]}/")
        elif first != "meshscribe" and first not in sys.stdlib_module_names:
            found.add(first)
    return found


def check(places: list[Path], allowed: set[str], top: bool = False) -> None:
    assert places
    wrong = {str(path.relative_to(ROOT)): extra for path in places if (extra := outside(path, top) - allowed)}
    assert not wrong


def test_shared_stands_on_nothing_of_ours() -> None:
    check(files("shared"), {"shared/", "numpy", "msgspec", "zmq"})
    absolute = [path for path in files("shared") for name in _absolute(path) if name.startswith("meshscribe")]
    assert not absolute  # the add-on carries a copy of it under another name


def _absolute(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module


def test_backend_knows_neither_blender_nor_training() -> None:
    for path in files("backend"):
        assert not outside(path) & {"bpy", "bmesh", "mathutils", "training/", "blender_addon/", "blender_addon"}, path


def test_training_stands_on_backend_and_shared() -> None:
    for path in files("training"):
        assert not outside(path) & {"bpy", "bmesh", "mathutils", "blender_addon/", "blender_addon"}, path


def test_addon_stands_on_shared_alone() -> None:
    blender = {"bpy", "bmesh", "mathutils", "gpu", "gpu_extras", "blf", "bl_ui", "addon_utils", "rna_keymap_ui"}
    check(files("blender_addon"), {"shared/", "blender_addon/", "numpy", "msgspec", "zmq"} | blender)
    assert not [path for path in files("blender_addon") for name in _absolute(path) if name.startswith("meshscribe")]


def test_only_the_addon_imports_blender() -> None:
    for path in files("shared", "backend", "training"):
        assert not outside(path) & {"bpy", "bmesh", "mathutils"}, path


def test_decoding_needs_numpy_and_tokenizers_only() -> None:
    check(files("backend/decode"), {"backend/", "shared/", "numpy", "tokenizers"})
    for path in files("backend/decode"):
        for name in imports(path):
            if name.startswith("meshscribe.backend"):
                assert name.startswith(("meshscribe.backend.decode", "meshscribe.backend.forward.base")), (path, name)


@pytest.mark.parametrize("place", LIGHT)
def test_the_light_side_names_no_model_library_at_import(place: str) -> None:
    for path in files(f"backend/{place}"):
        assert not outside(path, top=True) & (HEAVY | {"tokenizers", "huggingface_hub"}), path


@pytest.mark.parametrize("module", ["serve.broker", "serve.supervisor", "worker", "cli", "client", "manage"])
def test_importing_the_light_side_loads_no_model_library(module: str) -> None:
    code = f"import sys, meshscribe.backend.{module}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not (HEAVY | {"trimesh"}) & set(ran.stdout.split())


def test_nothing_from_outside_is_executed() -> None:
    for path in files(*ROOMS, "scripts", "benchmarks"):
        assert not _dangers(tree(path)), path
        assert not {name.split(".")[0] for name in imports(path)} & FORBIDDEN_MODULES, path


def _dangers(module: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            last = name.rpartition(".")[2]
            if name in FORBIDDEN_NAMES | FORBIDDEN_CALLS or last in FORBIDDEN_CALLS:
                found.append(f"line {node.lineno}: {name}")
            found += [f"line {node.lineno}: {k.arg}" for k in node.keywords if k.arg in FORBIDDEN_TRUE and _on(k.value)]
        elif isinstance(node, ast.Dict):
            pairs = [(k.value, v) for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant)]
            found += [f"line {node.lineno}: {key}" for key, value in pairs if key in FORBIDDEN_TRUE and _on(value)]
    return found


def _on(value: ast.expr) -> bool:
    return not (isinstance(value, ast.Constant) and value.value in (False, None))


@pytest.mark.parametrize(
    "line",
    [
        "eval(text)",
        "torch.load(path)",
        "socket.recv_pyobj()",
        "os.system('ls')",
        "run('ls', shell=True)",
        "load(name, trust_remote_code=True)",
        "options = {'trust_remote_code': True}",
        "load(name, trust_remote_code=chosen)",
    ],
)
def test_the_rule_sees(line: str) -> None:
    assert _dangers(ast.parse(line))
    assert not _dangers(ast.parse("model.eval(); run('ls', shell=False); re.compile('x')"))
