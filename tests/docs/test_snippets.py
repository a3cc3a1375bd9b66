"""Every snippet of README and docs runs, against the built wheel and not against the sources.

Blocks marked `sh` and `python` run in the order of the page, all of one page in one empty folder; a Python
block whose first line is `# name.py` is kept there under that name. A mark after the language changes that:
`no-run` (only where the command has a test of its own), `root` (runs in the checkout instead).
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from pages import PAGES, ROOT, Block, blocks

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

RUNNABLE = ("sh", "bash", "python")


def runnable(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language in RUNNABLE and "no-run" not in block.marks]


PAGES_WITH_SNIPPETS = [page for page in PAGES if runnable(page)]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with the wheel installed and its dependencies borrowed, and no trace of the sources."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    install = ["install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), *install],
        check=True,
        capture_output=True,
    )
    borrowed = next(Path(sys.prefix).glob("lib/python3.*/site-packages"))
    own = next(folder.glob("lib/python3.*/site-packages"))
    # A path named in a .pth file is searched, but .pth files in it, such as the checkout's own, are not read.
    (own / "borrowed.pth").write_text(f"{borrowed}\n")
    search = [folder / "bin", ROOT / ".tools" / "bin", Path(sys.prefix) / "bin", os.environ["PATH"]]
    inherited = {name: os.environ[name] for name in os.environ.keys() - {"PYTHONPATH", "VIRTUAL_ENV"}}
    return {
        **inherited,
        "PATH": os.pathsep.join(map(str, search)),
        "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def run(command: list[str], where: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=where, env=environment, capture_output=True, text=True, check=False, timeout=240
    )


def run_block(block: Block, folder: Path, environment: dict[str, str]) -> None:
    where = ROOT if "root" in block.marks else folder
    if block.language == "python":
        first = block.text.splitlines()[0]
        name = first.removeprefix("# ") if first.startswith("# ") and first.endswith(".py") else "snippet.py"
        (folder / name).write_text(block.text)
        command = ["python", str(folder / name)]
    else:
        command = ["bash", "-euo", "pipefail", "-c", block.text]
    done = run(command, where, environment)
    said = f"--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
    assert done.returncode == 0, f"{block.name}\n{block.text}\n{said}"


def test_environment_runs_the_wheel(environment: dict[str, str], tmp_path: Path) -> None:
    done = run(["python", "-c", "import parley; print(parley.__file__)"], tmp_path, environment)
    assert "site-packages" in done.stdout, done.stdout + done.stderr
    assert str(ROOT) not in done.stdout


def test_wheel_holds_what_running_needs(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for contract in ("Escrow", "AgentRegistry"):
        assert f"parley/chain/artifacts/{contract}.json" in names
    assert "parley/py.typed" in names
    assert any("scenario" in name for name in names), "the demo's scenario is not in the wheel"


@pytest.mark.parametrize("page", PAGES_WITH_SNIPPETS, ids=lambda page: str(page.relative_to(ROOT)))
def test_snippets_run(page: Path, environment: dict[str, str], tmp_path: Path) -> None:
    for block in runnable(page):
        run_block(block, tmp_path, environment)


def test_only_commands_with_tests_of_their_own_stay_unrun() -> None:
    tested = ("scripts/", "ape test", "pytest --deep tests/", "#")
    unrun = [block for page in PAGES for block in blocks(page) if "no-run" in block.marks]
    for block in unrun:
        for line in filter(None, map(str.strip, block.text.splitlines())):
            assert line.startswith(tested), f"{block.name}: {line}"


@pytest.mark.parametrize(("name", "most"), [("my_seller.py", 20), ("two_agents.py", 40)])
def test_examples_stay_short(name: str, most: int) -> None:
    [block] = [block for block in blocks(ROOT / "README.md") if block.text.startswith(f"# {name}\n")]
    lines = [line for line in block.text.splitlines() if line.strip() and not line.startswith("# ")]
    assert len(lines) <= most
