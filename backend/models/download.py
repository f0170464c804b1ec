"""Fetching a repository from the hub with the hub's own client: resumable, checked, with progress by bytes."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled
from tqdm.auto import tqdm

from meshscribe.backend.engines.base import EngineError

from .verify import verify


def fetch(repository: str, revision: str, folder: Path, patterns: list[str], progress) -> str:
    """Download the files of a repository that match, and check their hashes; returns the commit that was fetched.
    EngineError `download_failed` or `checksum`."""

    class Reported(tqdm):
        """The client's own bar, turned into progress messages; it counts bytes over all files."""

        def update(self, n=1):
            super().update(n)
            if self.unit == "B":
                progress("download", int(self.n), int(self.total or 0), "bytes")

    try:
        info = HfApi().model_info(repository, revision=revision or None, files_metadata=True)
        snapshot_download(repository, revision=info.sha, local_dir=folder, allow_patterns=patterns, tqdm_class=Reported)
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EngineError(
            "download_failed",
            f"{repository} could not be downloaded ({reason[:200]}); what came is kept: try again.",
            True,
        ) from None
    verify(folder, {s.rfilename: s.lfs.sha256 for s in info.siblings or [] if s.lfs}, progress)
    return str(info.sha)
