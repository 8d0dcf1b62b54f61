"""The steps of the Dockerfile, run as they stand on top of this machine's files.

No base image can be had without a registry, and no daemon runs here. So each stage is a layer over
this machine's own root: what the steps write lands in the layer, and what they run, they run for
real, as root, under the paths of the image. Needs the right to mount (`unshare --mount`).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.deploy.dockerfile import ROOT, context, stages

_BUILD = """
set -e
mount -t overlay overlay -o lowerdir=/,upperdir={layer}/up,workdir={layer}/work {layer}/root
mount --bind /dev {layer}/root/dev
mount -t proc proc {layer}/root/proc
exec chroot {layer}/root sh -c "$1"
"""
#: As with `--read-only --tmpfs /tmp -v …:/data --cap-drop ALL --security-opt no-new-privileges`, as
#: the image's user.
_RUN = """
set -e
n=0
# A container that is ending holds the layer for a moment.
until mount -t overlay -o ro,lowerdir=/,upperdir={layer}/up,workdir={layer}/work o {layer}/root
do n=$((n + 1)); [ $n -lt 20 ]; sleep 0.5; done 2>/dev/null
mount --bind /dev {layer}/root/dev
mount -t proc proc {layer}/root/proc
mount -t tmpfs -o mode=1777 tmpfs {layer}/root/tmp
mount --bind {data} {layer}/root/data
exec chroot {layer}/root setpriv --reuid {uid} --regid {gid} --clear-groups --no-new-privs \
  --bounding-set=-all --inh-caps=-all sh -c 'cd {workdir}; exec "$@"' sh "$@"
"""


def may_mount(folder):
    """Whether this process may lay a folder over the root, in a name space of its own."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    for name in ("upper", "work", "root"):
        (folder / name).mkdir(parents=True)
    layers = f"lowerdir=/,upperdir={folder}/upper,workdir={folder}/work"
    tried = f"mount -t overlay overlay -o {layers} {folder}/root && mount -t tmpfs tmpfs /mnt"
    done = subprocess.run(["unshare", "--mount", "sh", "-c", tried], capture_output=True)
    return done.returncode == 0


class Image:
    """What the Dockerfile builds, in folders of the test's own.

    Args:
        folder: where the layers are; on a file system that can be the upper part of an overlay.
    """

    def __init__(self, folder):
        self.folder = folder
        self.environ = {}
        self.workdir = "/"
        self.stages = {}
        for number, stage in enumerate(stages()):
            name = stage.name or str(number)
            self._begin(name)
            for word, text in stage.steps:
                self._step(word, text, name)
        self.config = stage

    def _begin(self, name):
        layer = self.folder / name
        for part in ("up", "work", "root"):
            (layer / part).mkdir(parents=True)
        self.stages[name] = layer
        #: The base image's Python is everybody's, this machine's may lie in a home of root's.
        python = Path(sys.base_prefix)
        self.environ = {"PATH": f"{python}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
        self.environ |= {name: text for name, text in os.environ.items() if name[:4] == "PIP_"}
        self.workdir = "/"
        opened = [one for one in python.parents if not one.stat().st_mode & 1]
        self.run(name, *(f"chmod a+x {one}" for one in opened), "mkdir -p /data /tmp")

    def _step(self, word, text, name):
        if word == "RUN":
            self.run(name, f"cd {self.workdir}", text)
        elif word == "WORKDIR":
            self.workdir = text
            self.run(name, f"mkdir -p {text}")
        elif word == "COPY":
            self._copy(text.split(), self.stages[name])
        elif word == "ENV":
            for pair in text.split():
                key, _, value = pair.partition("=")
                self.environ[key] = value.replace("$PATH", self.environ["PATH"])

    def _copy(self, words, layer):
        *sources, target = words
        if words[0].startswith("--from="):
            _, source, target = words
            origin = self.stages[words[0].removeprefix("--from=")] / "up"
            into = layer / "up" / target.strip("/")
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(origin / source.strip("/"), into, symlinks=True)
            return
        given = context()
        into = layer / "up" / (self.workdir if target == "." else target).strip("/")
        into.mkdir(parents=True, exist_ok=True)
        wanted = given if sources == ["."] else [Path(one) for one in sources]
        for path in wanted:
            assert path in given, f"the build is not given {path}"
            at = into / (path if sources == ["."] else path.name)
            at.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, at, follow_symlinks=False)

    def run(self, name, *commands):
        """Run shell commands as root in a stage; what they write stays in its layer."""
        layer = self.stages[name]
        inside = "\n".join(["set -e", *commands])
        script = _BUILD.format(layer=layer)
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, "sh", inside],
            env=self.environ, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{inside}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    def start(self, data, *command, **environ):
        """A container of the image; without a command it does what the image is for."""
        return self.execute(
            data, *self.config.last("ENTRYPOINT"), *(command or self.config.last("CMD")), **environ
        )

    def execute(self, data, *command, **environ):
        """A process in a container: the image's user without any right, and nothing to write to.

        Args:
            data: the folder that is `/data`.
        """
        uid, _, gid = self.config.last("USER").partition(":")
        os.chown(data, int(uid), int(gid))
        layer = self.stages[str(len(self.stages) - 1)]
        script = _RUN.format(layer=layer, data=data, uid=uid, gid=gid, workdir=self.workdir)
        return subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script, "sh", *command],
            env={**self.environ, **environ},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
