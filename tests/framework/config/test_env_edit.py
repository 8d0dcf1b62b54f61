"""One variable of an `.env` file is changed, and nothing else of it."""

import pytest

from coinmux.framework.config.env_edit import set_in_file
from coinmux.framework.config.env_file import EnvFile
from coinmux.framework.errors import InvalidRequest

NAME = "PLUGINS_BLOCK"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "PLUGINS_BLOCK=a,b\n"),
        ("A=1\n", "A=1\nPLUGINS_BLOCK=a,b\n"),
        ("A=1", "A=1\nPLUGINS_BLOCK=a,b\n"),
        ("A=1\r\n", "A=1\r\nPLUGINS_BLOCK=a,b\r\n"),
        ("# why\nPLUGINS_BLOCK=a\n\n# B\nB=2\n", "# why\nPLUGINS_BLOCK=a,b\n\n# B\nB=2\n"),
        ("PLUGINS_BLOCK=\nB=2\n", "PLUGINS_BLOCK=a,b\nB=2\n"),
        ("PLUGINS_BLOCK\nB=2\n", "PLUGINS_BLOCK=a,b\nB=2\n"),
        ("PLUGINS_BLOCK=a # for now\n", "PLUGINS_BLOCK=a,b # for now\n"),
        ("export PLUGINS_BLOCK = 'a'\nB=2\n", "export PLUGINS_BLOCK =a,b\nB=2\n"),
        ('PLUGINS_BLOCK="a"', "PLUGINS_BLOCK=a,b"),
        ("PLUGINS_BLOCK=x\nB=2\nPLUGINS_BLOCK=y\n", "PLUGINS_BLOCK=x\nB=2\nPLUGINS_BLOCK=a,b\n"),
        ("#PLUGINS_BLOCK=x\n", "#PLUGINS_BLOCK=x\nPLUGINS_BLOCK=a,b\n"),
        ("K='one\ntwo'\nPLUGINS_BLOCK=a\n", "K='one\ntwo'\nPLUGINS_BLOCK=a,b\n"),
        ("KEY=é # ü\nPLUGINS_BLOCK=a\n", "KEY=é # ü\nPLUGINS_BLOCK=a,b\n"),
    ],
)
def test_only_its_value_changes(tmp_path, before, after):
    file = tmp_path / ".env"
    file.write_bytes(before.encode())
    set_in_file(file, NAME, "a,b")
    assert file.read_bytes().decode() == after
    assert EnvFile.read(file).values[NAME] == "a,b"


def test_a_file_that_is_made_is_its_owners_alone(tmp_path):
    set_in_file(tmp_path / ".env", NAME, "a")
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_rights_stay_and_a_link_stays_one(tmp_path):
    real = tmp_path / "real"
    real.write_text("A=1\n")
    real.chmod(0o640)
    link = tmp_path / ".env"
    link.symlink_to(real)
    set_in_file(link, NAME, "a")
    assert link.is_symlink()
    assert real.read_text() == "A=1\nPLUGINS_BLOCK=a\n"
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == [".env", "real"]


@pytest.mark.parametrize("text", [b"PLUGINS_BLOCK=${OTHERS},a\n", b"# caf\xe9\nPLUGINS_BLOCK=a\n"])
def test_what_cannot_be_changed_safely_stays_as_it_was(tmp_path, text):
    file = tmp_path / ".env"
    file.write_bytes(text)
    with pytest.raises(InvalidRequest, match="by hand"):
        set_in_file(file, NAME, "b")
    assert file.read_bytes() == text
