"""Settings of the Sphinx site: ``make docs`` builds it into ``build/docs``."""

import sys
from pathlib import Path

from vidgan import runtime
from vidgan.version import __version__

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))
# autodoc imports modules that need TensorFlow.
runtime.prepare()

project = "vidgan"
author = "the authors of vidgan"
release = version = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "command_pages",
    "config_classes",
    "container_tables",
    "mathml",
    "network_tables",
    "page_language",
]
exclude_patterns = ["_extensions"]
default_role = "code"
highlight_language = "console"
# Not dashes: two hyphens begin an option.
smartquotes_action = "qe"
nitpicky = True
# Types of other packages have no page here, and nothing is fetched from their sites. Modules and
# constants of vidgan have none either.
nitpick_ignore_regex = [("py:.*", r"(?!vidgan\.).*"), ("py:(mod|data)", ".*")]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_math_renderer = "mathml"
html_title = f"vidgan {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
