"""Where the demonstration writes, and that nothing stays unless it is asked to."""

from __future__ import annotations

import errno
import stat
import tempfile
from pathlib import Path

import pytest

from parley.sandbox.demo.errors import FolderUnusable
from parley.sandbox.demo.folder import opened


def test_a_temporary_folder_goes_and_the_shield_is_up_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    there: list[bool] = []
    with opened(None, lambda: there.append(any(tmp_path.iterdir()))) as folder:
        (folder.bundles / "1.json").write_text("{}")
        assert folder.logs.is_dir()
    assert there == [True]
    assert list(tmp_path.iterdir()) == []


def test_a_kept_folder_stays(tmp_path: Path) -> None:
    with opened(tmp_path / "a" / "b", lambda: None) as folder:
        (folder.bundles / "1.json").write_text("{}")
    assert (tmp_path / "a" / "b" / "bundles" / "1.json").read_text() == "{}"


@pytest.mark.parametrize("inside", ["mine", "mine/below", "mine/file/below"])
def test_a_place_that_will_not_do(tmp_path: Path, inside: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "below").mkdir()
    (tmp_path / "mine" / "file").write_text("precious")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FolderUnusable) as refused, opened(tmp_path / inside, lambda: None):
        pass
    assert refused.value.values["path"] == str(tmp_path / inside)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        writable = _writable(tmp_path)
        if not writable:
            with pytest.raises(FolderUnusable), opened(tmp_path / "new", lambda: None):
                pass
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def _writable(folder: Path) -> bool:
    """Root may write anywhere."""
    try:
        (folder / "probe").mkdir()
    except PermissionError:
        return False
    return True


def test_no_place_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    with pytest.raises(FolderUnusable), opened(None, lambda: None):
        pass


def test_a_full_disk_is_a_typed_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(FolderUnusable) as refused, opened(None, lambda: None):
        raise OSError(errno.ENOSPC, "No space left on device", "bundle.json")
    assert refused.value.values == {"path": "bundle.json", "reason": "No space left on device"}
    assert list(tmp_path.iterdir()) == []
