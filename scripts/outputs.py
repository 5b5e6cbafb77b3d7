"""Run the notebooks in place and draw the README's pictures, so that stored outputs match the code.

`python scripts/outputs.py [NOTEBOOK...]`, from the top of the checkout; without names it runs everything.
"""

import sys
from pathlib import Path

import nbformat
import rooms
from nbclient import NotebookClient
from pictures import draw

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def run(path: Path) -> None:
    """Execute a notebook and store its outputs without traces of the machine."""
    notebook = nbformat.read(path, 4)
    beside = {"metadata": {"path": path.parent}}
    client = NotebookClient(
        notebook, record_timing=False, store_widget_state=False, coalesce_streams=True, resources=beside
    )
    client.execute()
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for output in (output for cell in notebook.cells for output in cell.get("outputs", ())):
        for kind in [kind for kind in output.get("data", ()) if "widget" in kind]:
            del output.data[kind]
    nbformat.write(notebook, path)


def main() -> None:
    """Run the notebooks in the arguments, or all; with all, draw the pictures too."""
    paths = [Path(name) for name in sys.argv[1:]]
    for path in paths or sorted(Path("notebooks").glob("*.ipynb")):
        print(path)
        run(path)
    if not paths:
        draw()
        rooms.write()


if __name__ == "__main__":
    main()
