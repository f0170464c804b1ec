"""Makes the Blender extension: `python build_addon.py`. Leaves in dist/ one zip for all platforms and one for
each; with --repository also a folder that Blender can subscribe to, once it lies on a web server.

The zips hold the add-on, the wheels of pyzmq and msgspec for every Python that Blender has, and, for the backend's own
environment, the backend's wheel with the starter model, and pip's. Needs pip; Blender's own builder and
validator are taken from the `bpy` module of this Python, or from --blender-ext."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent
ADDON = ROOT / "blender_addon"
CACHE = ROOT / "build" / "wheels"  # not in the repository

PYZMQ, MSGSPEC, PIP = "pyzmq==27.3.0", "msgspec==0.22.0", "pip==26.3"

PLATFORMS = {  # Blender's names -> pip's
    "linux-x64": ["manylinux_2_28_x86_64", "manylinux_2_26_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"],
    "macos-arm64": ["macosx_11_0_arm64", "macosx_10_15_universal2", "macosx_10_9_universal2"],
    "windows-x64": ["win_amd64"],
}
PYTHONS = {  # Blender 4.2 to 5.0: 3.11; 5.1 on: 3.13; Debian's 5.2: 3.14. pyzmq's stable-ABI wheel serves the last two
    PYZMQ: ["3.11", "3.13"],
    MSGSPEC: ["3.11", "3.13", "3.14"],
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--repository", type=Path, help="also make a folder that Blender can subscribe to")
    parser.add_argument("--blender-ext", type=Path, help="Blender's blender_ext.py (default: the bpy module's)")
    parser.add_argument("--backend-wheel", type=Path, help="take this one and do not build it")
    asked = parser.parse_args()
    tool = asked.blender_ext or find_tool()
    if tool is None:
        print("Blender's blender_ext.py is not here: install bpy, or say --blender-ext.", file=sys.stderr)
        return 2
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="meshscribe-build-") as folder:
        source = Path(folder) / "meshscribe"
        stage(source, asked.backend_wheel)
        run_tool(tool, "validate", str(source))
        for split in ([], ["--split-platforms"]):
            run_tool(tool, "build", "--source-dir", str(source), "--output-dir", str(asked.out), *split)
    zips = sorted(asked.out.glob(f"meshscribe-{version()}*.zip"))
    for made in zips:
        run_tool(tool, "validate", str(made))
        print(f"{made}: {made.stat().st_size / 1e6:.1f} MB")
    if asked.repository:
        publish(tool, [each for each in zips if each.stem != f"meshscribe-{version()}"], asked.repository)
        print(asked.repository / "index.json")
    return 0


def stage(source: Path, backend: Path | None) -> None:
    """The add-on as it goes into the zip."""
    # copytree follows the link `shared`: the zip gets the real files.
    shutil.copytree(ADDON, source, ignore=shutil.ignore_patterns("__pycache__", "wheels", "data"))
    shutil.copy(ROOT / "LICENSE", source / "LICENSE")
    wheels, data = source / "wheels", source / "data"
    wheels.mkdir()
    data.mkdir()
    for wheel in fetch():
        shutil.copy(wheel, wheels)
    shutil.copy(pure(PIP), data)
    shutil.copy(backend or build_backend(), data)
    manifest = source / "blender_manifest.toml"
    listed = "".join(f'    "./wheels/{wheel.name}",\n' for wheel in sorted(wheels.iterdir()))
    named = ", ".join(f'"{name}"' for name in PLATFORMS)
    head, permissions, rest = manifest.read_text().partition("[permissions]")
    manifest.write_text(f"{head}platforms = [{named}]\nwheels = [\n{listed}]\n\n{permissions}{rest}")


def fetch() -> list[Path]:
    """The wheels for Blender's own Python, from the cache or the index."""
    found: set[Path] = set()
    for package, pythons in PYTHONS.items():
        for platform, tags in PLATFORMS.items():
            for python in pythons:
                folder = CACHE / f"{package}-{platform}-{python}"
                if not list(folder.glob("*.whl")):
                    for_it = [each for tag in tags for each in ("--platform", tag)]
                    download(package, folder, ["--python-version", python, *for_it])
                found.update(folder.glob("*.whl"))
    return sorted({wheel.name: wheel for wheel in found}.values())


def pure(package: str) -> Path:
    folder = CACHE / package
    if not list(folder.glob("*.whl")):
        download(package, folder, [])
    return next(folder.glob("*.whl"))


def download(package: str, folder: Path, options: list[str]) -> None:
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check"]
    subprocess.run(
        [*command, "--only-binary=:all:", "--no-deps", *options, "-d", str(folder), package], check=True, cwd=ROOT
    )


def build_backend() -> Path:
    """The wheel of the backend, with the starter in it."""
    folder = CACHE / "backend"
    for old in (folder, ROOT / "build" / "lib"):  # setuptools would put deleted modules from there into the wheel
        shutil.rmtree(old, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*command, "-w", str(folder), str(ROOT)], check=True)
    return next(folder.glob("meshscribe-*.whl"))


def publish(tool: Path, zips: list[Path], folder: Path) -> None:
    """A static repository: the zips, index.json and a page."""
    folder.mkdir(parents=True, exist_ok=True)
    for made in zips:
        shutil.copy(made, folder)
    run_tool(tool, "server-generate", "--repo-dir", str(folder), "--html")


def find_tool() -> Path | None:
    """blender_ext.py inside the bpy module, without importing it."""
    spec = importlib.util.find_spec("bpy")
    if spec is None or spec.origin is None:
        return None
    inside = Path(spec.origin).parent
    return next(iter(inside.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")), None)


def run_tool(tool: Path, command: str, *arguments: str) -> None:
    options: list[str] = []
    tags = tool.parents[3] / "modules" / "_bpy_internal" / "extensions" / "tags.py"
    if command == "validate" and tags.exists():
        options = ["--valid-tags", str(tags)]
    done = subprocess.run(
        [sys.executable, "-I", str(tool), command, *arguments, *options], capture_output=True, text=True, check=False
    )
    if done.returncode or "WARN" in done.stdout + done.stderr:
        sys.exit(f"Blender's {command} complains:\n{done.stdout}{done.stderr}")


def version() -> str:
    found = re.search(r'^version = "(.+)"', (ADDON / "blender_manifest.toml").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


if __name__ == "__main__":
    sys.exit(main())
