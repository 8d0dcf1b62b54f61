"""The documentation as a site: built offline, without a warning, with every page by reader."""

import re
from pathlib import Path

import pytest

from tools.docs.site import READERS, ROOT, build

#: What myst-parser uses of Sphinx is theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore:.*Check CHANGES for Sphinx API")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    build(out)
    return out


def test_every_page_is_listed_for_a_reader():
    """A page that nobody is led to is not found."""
    listed = {page for pages in READERS.values() for page in pages}
    pages = {path.relative_to(ROOT / "docs").with_suffix("").as_posix()
             for path in (ROOT / "docs").glob("**/*.md")}  # fmt: skip
    assert {page for page in pages if not page.startswith("sources/")} <= listed
    assert sum(len(pages) for pages in READERS.values()) == len(listed)


def test_the_site_has_each_page_and_each_source(site):
    """A page of its own each, under its title."""
    for page in (ROOT / "docs").glob("**/*.md"):
        made = site / page.relative_to(ROOT).with_suffix(".html")
        title = re.search(r"^# (.+)$", page.read_text(), re.MULTILINE)[1]
        assert made.exists(), page
        assert f"<h1>{re.sub(r'[`&].*', '', title)[:12]}" in made.read_text(), page


def test_nothing_of_the_site_is_fetched_from_elsewhere(site):
    """It can be read without a network; links for people may lead out."""
    for page in site.rglob("*.html"):
        fetched = re.findall(
            r"""<(?:script|img|link)[^>]*?(?:src|href)="(https?:[^"]+)""", page.read_text()
        )
        assert fetched == [], page


def test_links_within_the_site_lead_to_pages_and_headings_there(site):
    """Each link of each page, with its heading."""
    anchors = {
        page: set(re.findall(r'id="([^"]+)"', page.read_text())) for page in site.rglob("*.html")
    }
    for page in anchors:
        for link in re.findall(r'<(?:a|link)\s[^>]*?href="([^":]*)"', page.read_text()):
            path, _, anchor = link.partition("#")
            path = path.partition("?")[0]
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), (page, link)
            if anchor and target.suffix == ".html":
                assert anchor in anchors[target], (page, link)


def test_a_link_that_leads_nowhere_ends_the_build(tmp_path, monkeypatch):
    """Its page and line are named."""
    from tools.docs import site as builder

    def with_a_bad_link(target: Path):
        staged(target)
        (target / "docs/api.md").write_text("# API\n\n[gone](nowhere)\n")

    staged = builder.stage
    monkeypatch.setattr(builder, "stage", with_a_bad_link)
    with pytest.raises(RuntimeError, match=r"api\.md:3.*nowhere"):
        build(tmp_path / "site")
