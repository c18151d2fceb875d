"""A file system that is full."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path

from helpers import wait_until

AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]


class SmallDisk:
    """A file system of its own in memory, limited in bytes or in files."""

    def __init__(self, folder: Path, limits: str):
        self.folder = folder
        folder.mkdir()
        self._mount(f"{limits},uid={os.geteuid()}")

    def _mount(self, options: str) -> None:
        subprocess.run([*AS_ROOT, "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)], check=True)

    def grow(self) -> None:
        self._mount("remount,size=64m,nr_inodes=1000")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Whoever looks at all mounts of the machine keeps it busy for a moment."""
        wait_until(lambda: subprocess.run([*AS_ROOT, "umount", str(self.folder)], check=False).returncode == 0)
