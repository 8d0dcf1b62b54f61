"""Where a plugin's code is, and how it is found after Python has begun."""

import site as python_site
import sys

import pytest

from coinmux.framework.adoption import modules
from coinmux.framework.plugins.installed import Installed


@pytest.fixture
def editable(site, tmp_path, monkeypatch):
    """A plugin that is installed from its folder, by a file that Python reads when it starts."""
    source = tmp_path / "project"
    source.mkdir()
    site.install("acme")
    (site.folder / "extra_acme.py").rename(source / "extra_acme.py")
    (site.folder / "__editable__.acme.pth").write_text(f"{source}\n")
    record = site.folder / "extra_acme-1.0.dist-info/RECORD"
    record.write_text("__editable__.acme.pth,,\n")
    path = list(sys.path)
    yield source
    sys.path[:] = path


def found():
    installed = Installed()
    installed.look()
    return next(one for one in installed.found() if one.name == "acme")


def test_one_installed_from_its_folder_is_found(editable, site, monkeypatch):
    monkeypatch.setattr(python_site, "getsitepackages", lambda: [str(site.folder)])
    one = found()
    assert modules.files_of(one) == []
    modules.make_importable(one)
    assert modules.files_of(one) == [editable / "extra_acme.py"]


def test_a_folder_that_python_does_not_read_at_its_start_is_left_alone(editable):
    """It would not be found after a restart either."""
    before = list(sys.path)
    modules.make_importable(found())
    assert sys.path == before


@pytest.mark.parametrize(
    ("value", "root"),
    [("acme", "acme"), ("acme:Plugin", "acme"), ("acme.plugin", "acme"), ("json.decoder", "json")],
)
def test_the_package_of_a_plugin(value, root):
    assert modules.root_of(value) == root


def test_a_package_shared_by_distributions_is_not_one_plugins(tmp_path, monkeypatch):
    for name in ("one", "other"):
        folder = tmp_path / f"shared_extra/{name}"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    import shared_extra.one
    import shared_extra.other

    assert modules.root_of("shared_extra.one") == "shared_extra.one"
    taken = modules.take_out("shared_extra.one")
    assert list(taken) == ["shared_extra.one"]
    assert sys.modules["shared_extra.other"] is shared_extra.other
    modules.put_back("shared_extra.one", taken)
    assert sys.modules["shared_extra.one"] is shared_extra.one
    for name in ("shared_extra", "shared_extra.one", "shared_extra.other"):
        monkeypatch.delitem(sys.modules, name)
