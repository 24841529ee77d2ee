from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.docs.snippets import ROOT

NOTEBOOK = ROOT / "examples" / "colab.ipynb"
SECONDS = 280


@pytest.fixture
def notebook() -> NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


def test_the_notebook_is_kept_without_outputs(notebook: NotebookNode) -> None:
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert [cell.id for cell in code if cell.outputs or cell.execution_count] == []


def test_it_begins_with_rendered_cells(notebook: NotebookNode) -> None:
    (images,) = [cell for cell in notebook.cells if cell.id == "images"]
    assert images.source.startswith('SOURCE = "demo"\n')


@pytest.mark.slow
@pytest.mark.filterwarnings("default::DeprecationWarning")
def test_it_runs_from_top_to_bottom(notebook: NotebookNode, tmp_path: Path) -> None:
    resources = {"metadata": {"path": str(tmp_path)}}
    client = NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources=resources)
    done = {cell.id: cell for cell in client.execute().cells}
    assert "192 images of 8 classes" in shown(done["audit"])
    assert "custom_cnn" in shown(done["train"])
    assert "Not for clinical use" in shown(done["report"])
    assert "confidence" in shown(done["predict"])
    assert (tmp_path / "runs" / "demo" / "report.html").is_file()
    assert len((tmp_path / "answers.csv").read_text("utf-8").splitlines()) == 1 + 2 * 8


def shown(cell: NotebookNode) -> str:
    """Everything below a cell that a reader sees, as text."""
    texts = []
    for output in cell.outputs:
        texts.append(output.get("text", ""))
        texts += [str(value) for value in output.get("data", {}).values()]
    return "".join(texts)
