"""A page, a section or a row that a comment cites is there to be read."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = {page.name: page.read_text() for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))}
FOLDERS = ("framework", "plugins", "server", "static", "tools", "bench", "examples", "tests", "src")
KINDS = {".py", ".js", ".css", ".html", ".toml", ".pyi"}
#: A page, and what follows it: ids of rows, a heading in quotes, or a section by number.
CITED = re.compile(
    r"`?(?:docs/)?(?P<page>[\w-]+\.md)\b`?"
    r"(?:(?:,| rows?)? (?P<rows>[A-HS]\d+(?:(?:,| and| to| or) [A-HS]\d+)*)\b"
    r'|, (?P<quote>")(?P<heading>[^"\n]+)"'
    r"|,? (?P<section>(?:section )?\d[\d.]*|[Ss]ection \S+|defaults|item \d+))?"
)
#: Words before a line break are joined to what follows it.
COMMENT_BREAK = re.compile(r"\s*\n\s*(?:#:?\s|//\s|\*\s)?\s*")


def files():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            is_foreign = "vendor" in path.parts or path.is_symlink() or path == Path(__file__)
            if path.suffix in KINDS and not is_foreign:
                yield path
    yield ROOT / "Makefile"


def wrong(text):
    """Citations within `text` that lead nowhere."""
    for found in CITED.finditer(COMMENT_BREAK.sub(" ", text)):
        page = PAGES.get(found["page"])
        if page is None:
            yield found[0]
            continue
        ids = re.findall(r"[A-HS]\d+", found["rows"] or "")
        if any(not re.search(rf"^\| {one} \|", page, re.MULTILINE) for one in ids):
            yield found[0]
        heading = found["heading"]
        if heading and not re.search(rf"^#+ {re.escape(heading)}$", page, re.MULTILINE):
            yield found[0]
        if found["section"]:
            yield found[0]


def test_every_citation_in_code_leads_somewhere():
    """Pages, rows, rules and headings that comments and docstrings name exist."""
    lost = [
        f"{path.relative_to(ROOT)}: {one}" for path in files() for one in wrong(path.read_text())
    ]
    # Names of files that tests make up, not of pages.
    assert [one for one in lost if "README.md" not in one] == []


@pytest.mark.parametrize(
    ("text", "leads"),
    [
        ("# `faults.md` E4", True),
        ("# `docs/faults.md` G1 to G3", True),
        ("# (`faults.md` rows E2 to E8)", True),
        ("# a line that breaks before (`faults.md`\n# S10)", True),
        ('# `docs/health.md`, "Cooldowns"', True),
        ("# `docs/health.md` gives the rules", True),
        ("# `faults.md` E44", False),
        ("# `faults.md` section 3, item 10", False),
        ("# `faults.md` 3.10", False),
        ("# `faults.md`, defaults", False),
        ('# `docs/health.md`, "No such heading"', False),
        ("# `design.md`", False),
    ],
)
def test_a_wrong_citation_is_found(text, leads):
    """The check itself sees what it should."""
    assert (list(wrong(text)) == []) is leads
