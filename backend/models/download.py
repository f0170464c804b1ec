"""Fetching a repository from the hub with the hub's own client: file by file, checked, with progress by bytes."""

from __future__ import annotations

import errno
import io
from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.hf_api import RepoSibling
from huggingface_hub.utils import filter_repo_objects
from tqdm.auto import tqdm

from meshscribe.backend.engines.base import EngineError

from .verify import verify


def fetch(repository: str, revision: str, folder: Path, patterns: list[str], progress) -> str:
    """Download the files of a repository that match, and check that all are there, with their sizes and hashes;
    returns the commit that was fetched. EngineError `download_failed` or `checksum`."""
    here = total = told = 0  # bytes

    class Reported(tqdm):
        """The client's own bars, turned into progress messages. Two of them count bytes over all files (off the
        network, onto the disk): the one that is further is told."""

        def __init__(self, *args, **options):
            super().__init__(*args, **{**options, "file": io.StringIO()})  # nothing is drawn

        def update(self, n=1):
            nonlocal told
            super().update(n)
            if self.unit == "B" and here + self.n > told:
                told = min(total, here + int(self.n))
                progress("download", told, total, "bytes")

    try:
        info = HfApi().model_info(repository, revision=revision or None, files_metadata=True)
        files = list(filter_repo_objects(info.siblings or [], allow_patterns=patterns, key=lambda s: s.rfilename))
        if not files:
            raise OSError("it holds no model")
        total = sum(file.size or 0 for file in files)
        here = sum(file.size or 0 for file in files if _whole(folder, file))
        snapshot_download(repository, revision=info.sha, local_dir=folder, allow_patterns=patterns, tqdm_class=Reported)
        for file in files:  # interrupted, the client may return a folder that lacks some
            if not _whole(folder, file):
                (folder / file.rfilename).unlink(missing_ok=True)
                raise OSError(f"{file.rfilename} did not arrive whole")
    except Exception as error:  # the hub's own, and those of whichever network library it uses
        if _full(error):
            raise EngineError("no_space", f"The disk is full: make room and try again; {repository} goes on.") from None
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EngineError(
            "download_failed",
            f"{repository} could not be downloaded ({reason[:200]}); files that came whole are kept: try again.",
            True,
        ) from None
    verify(folder, {file.rfilename: file.lfs.sha256 for file in files if file.lfs}, progress)
    return str(info.sha)


def _full(error: BaseException | None) -> bool:
    """Whether an error comes from a disk, or a quota, that is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return True
        error = error.__cause__ or error.__context__
    return False


def _whole(folder: Path, file: RepoSibling) -> bool:
    path = folder / file.rfilename
    return path.is_file() and file.size in (None, path.stat().st_size)
