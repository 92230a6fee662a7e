"""Sphinx's configuration: `make docs`."""

from __future__ import annotations

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "RedoRaft"
author = "The RedoRaft authors"
copyright = author
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["parts", "_build", "tutorial"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = "RedoRaft"
html_copy_source = False
pygments_style = "default"


def setup(app: Sphinx) -> None:
    """Diagrams and the specification are shown as they are written."""
    app.add_lexer("mermaid", TextLexer)
    app.add_lexer("tla", TextLexer)
