# ruff: noqa: INP001 - a script that stands alone
"""Make docs/demo.svg: what `aggregator demo` prints, drawn as a terminal.

    python docs/make_demo_picture.py

The demo is really run, in a folder that is thrown away; only the way to that folder is cut out of what it printed.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).with_name("demo.svg")
COLUMNS = 112
PROMPT = "$ aggregator demo"


def demo_output() -> str:
    """Run the demo and return what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        printed = subprocess.run(
            [sys.executable, "-m", "aggregator", "demo"],
            cwd=folder,
            env=os.environ | {"COLUMNS": str(COLUMNS)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        printed = re.sub(r"\S*__main__\.py", "aggregator", printed)  # started as a module, and shown as the command
        return printed.replace(f"{Path(folder).resolve()}/", "").replace(f"{folder}/", "")


def drawn(output: str) -> str:
    """Return the SVG. Rich would have it load a font from the network; the viewer's own will do."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text(PROMPT, style="bold green"))
    for line in output.splitlines():
        console.print(Text(line, style="dim" if line.startswith("─") else ""))
    console.print()  # the frame cuts into its last line
    svg = console.export_svg(title="aggregator demo", unique_id="demo")
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    PICTURE.write_text(drawn(demo_output()), encoding="utf-8")
