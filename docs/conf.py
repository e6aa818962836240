"""The Sphinx configuration of the documents: `make docs` builds them into out/docs."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from anthropix_py import __version__

project = "anthropix_py"
author = "The anthropix_py authors"
project_copyright = "the anthropix_py authors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "_reference"]
exclude_patterns = ["requirements.txt", "cli/**"]

# Two modules may each have a Policy or a Request; the link goes to one of them.
suppress_warnings = ["ref.python"]

# Single backquotes in docstrings are code.
default_role = "literal"
nitpicky = True
# The documents are built without a network: types of other packages have no link, and neither have
# our private ones.
nitpick_ignore_regex = [
    ("py:.*", r"(?!anthropix_py\.).*"),
    ("py:.*", r"anthropix_py\.(.*\.)?_.*"),
    # type variables
    ("py:.*", r"anthropix_py\.(.*\.)?[A-Z]"),
]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
add_module_names = False
toc_object_entries = False

html_theme = "furo"
html_title = f"anthropix_py {version}"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["narrow.css"]
