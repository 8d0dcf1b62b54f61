"""The command in the process of the tests: most of what it says needs no start of Python."""

import contextlib
import io
import os
from subprocess import CompletedProcess
from unittest.mock import patch

from coinmux.server.cli import main


def run_here(arguments, environ, cwd=None):
    """What `subprocess.run` would give of the command with this environment and folder."""
    out, err = io.StringIO(), io.StringIO()
    folder = contextlib.nullcontext() if cwd is None else contextlib.chdir(cwd)
    with (
        patch.dict(os.environ, environ, clear=True),
        folder,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main(list(arguments))
        except SystemExit as end:
            code = end.code
    return CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
