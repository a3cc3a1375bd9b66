"""Where the demonstration puts what it makes, and how it goes away."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from parley.sandbox.demo.errors import FolderUnusable


@dataclass(frozen=True, slots=True)
class Folder:
    """The parts of one folder; all of them exist."""

    root: Path

    @property
    def agents(self) -> Path:
        """Configurations and databases of the agents."""
        return self.root / "agents"

    @property
    def bundles(self) -> Path:
        """Evidence, one file a deal."""
        return self.root / "bundles"

    @property
    def logs(self) -> Path:
        """What each process printed."""
        return self.root / "logs"

    @property
    def approvals(self) -> Path:
        """Requests of the buyer, and the reviewer's signed decisions."""
        return self.root / "approvals"

    @property
    def result(self) -> Path:
        """Everything that the play showed, for machines."""
        return self.root / "result.json"

    @property
    def chain(self) -> Path:
        """The chain as it was at the end, for `anvil --load-state`."""
        return self.root / "chain.json"

    @classmethod
    def made(cls, root: Path) -> Folder:
        folder = cls(root)
        for part in (folder.agents, folder.bundles, folder.logs, folder.approvals):
            part.mkdir()
        return folder


@contextlib.contextmanager
def opened(keep: Path | None, shield: Callable[[], None]) -> Iterator[Folder]:
    """A new folder at `keep`, which stays, or a temporary one; `shield` is called before that is removed.

    Raises FolderUnusable, also when a file in it cannot be written later.
    """
    with contextlib.ExitStack() as exits:
        try:
            if keep is None:
                root = Path(
                    exits.enter_context(
                        tempfile.TemporaryDirectory(prefix="parley-demo-", ignore_cleanup_errors=True)
                    )
                )
            else:
                keep.mkdir(parents=True)
                root = keep.resolve()
            folder = Folder.made(root)
        except OSError as error:
            path = tempfile.gettempdir() if keep is None and tempfile.tempdir else str(keep or "$TMPDIR")
            raise FolderUnusable(
                "The folder cannot be made.", path=path, reason=error.strerror or str(error)
            ) from None
        try:
            yield folder
        except OSError as error:
            raise FolderUnusable(
                "A file cannot be written or read.",
                path=str(error.filename or root),
                reason=error.strerror or str(error),
            ) from error
        finally:
            shield()
