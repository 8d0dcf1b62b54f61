"""The documentation as a site: `python -m tools.docs.site OUT`.

The pages are the files of `docs/` as they are read in the repository; only their index is made for
the site, by reader. A warning ends the build, so a link that leads nowhere does.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from io import StringIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: By reader: which pages of `docs/`, in the order to read them.
READERS: Mapping[str, Sequence[str]] = {
    "Ask for data": (
        "api", "streams", "indicators", "client", "frames", "mcp", "udf", "openbb", "models",
    ),
    "Write a plugin": (
        "tutorial", "authors", "plugins", "samples", "conformance", "simulator", "fields",
    ),
    "Run it": (
        "deploy", "consumers", "state", "workers", "archive", "transport", "doctor", "alerts",
        "traces",
    ),
    "Watch it": ("dashboard", "monitoring", "incidents"),
    "Understand it": (
        "architecture", "health", "faults", "speed", "soak", "dependencies",
    ),
    "Look it up": (
        "reference/hooks", "reference/settings", "reference/errors", "reference/events",
        "reference/metrics", "reference/routes", "reference/stability", "providers",
        "sources/README",
    ),
    "The project": (
        "../README", "README", "../CHANGELOG", "../CONTRIBUTING", "../SECURITY", "../bench/README",
    ),
}  # fmt: skip
_SAYS = {
    "Ask for data": "Over HTTP, from Python, in a notebook, by a language model or a chart.",
    "Write a plugin": "A source, an indicator, or a question nobody has asked yet.",
    "Run it": "On one machine or many, behind a proxy, with keys for its users.",
    "Watch it": "Who answers, who fails, and why.",
    "Understand it": "How a request goes, and the rules it goes by.",
    "Look it up": "Every hook, setting, error, event, metric and source; made from the code.",
    "The project": "What changed, and how to take part.",
}
#: Beside `docs/` in the staged copy, as pages link to them.
_BESIDE = (
    "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "bench/README.md",
    ".env.example",
)  # fmt: skip
#: The first page of the site.
_INDEX = "index"
_OPTIONS: Mapping[str, object] = {
    "project": "coinmux",
    "author": "the coinmux authors",
    "project_copyright": "the coinmux authors",
    "extensions": ["myst_parser"],
    "html_theme": "furo",
    "html_title": "coinmux",
    "html_show_sourcelink": False,
    "html_show_sphinx": False,
    "myst_heading_anchors": 4,
    "myst_links_external_new_tab": False,
    "nitpicky": True,
    "smartquotes": False,
    # Blocks of HTTP headers, tables of the command and the like are no language.
    "highlight_language": "none",
    "suppress_warnings": ["misc.highlighting_failure"],
}


def build(out: Path) -> list[Path]:
    """Build the site into `out`; no network is used.

    Returns:
        Its pages.

    Raises:
        RuntimeError: there was a warning, such as a link that leads nowhere.
        ImportError: the extra `site` is not installed.
    """
    # Imported here, as it is an extra.
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace

    said = StringIO()
    with tempfile.TemporaryDirectory() as folder, docutils_namespace():
        staged = Path(folder) / "source"
        stage(staged)
        app = Sphinx(
            srcdir=staged,
            confdir=None,
            outdir=out,
            doctreedir=Path(folder) / "trees",
            buildername="html",
            confoverrides={**_OPTIONS, "release": version("coinmux")},
            status=None,
            warning=said,
            freshenv=True,
        )
        app.build()
    if said.getvalue().strip():
        raise RuntimeError(said.getvalue())
    return sorted(out.rglob("*.html"))


def stage(target: Path) -> None:
    """Copy the pages to `target` as they lie in the repository, and write the index."""
    shutil.copytree(ROOT / "docs", target / "docs")
    for name in _BESIDE:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)
    sources = target / "docs/sources"
    pages = sorted(page.stem for page in sources.glob("*.md") if page.stem != "README")
    with (sources / "README.md").open("a", encoding="utf-8") as index:
        index.write("\n".join(("\n```{toctree}", ":hidden:", "", *pages, "```\n")))
    (target / f"{_INDEX}.md").write_text(_index(), encoding="utf-8")


def _index() -> str:
    parts = [
        "# coinmux",
        "",
        "One door to crypto data: every source a plugin, every answer routed, checked, explained.",
        "",
        "![The way of a request](docs/images/request.svg)",
        "",
    ]
    for reader, pages in READERS.items():
        places = [_place(page) for page in pages]
        parts += [f"## {reader}", "", _SAYS[reader], ""]
        parts += [f"- [](/{place}.md)" for place in places]
        parts += ["", "```{toctree}", ":hidden:", f":caption: {reader}", "", *places, "```", ""]
    return "\n".join(parts)


def _place(page: str) -> str:
    return page.removeprefix("../") if page.startswith("../") else f"docs/{page}"


if __name__ == "__main__":
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    sys.stdout.write(f"{len(build(Path(sys.argv[1])))} pages in {sys.argv[1]}\n")
