"""A Dockerfile read into stages of instructions, and what its context holds."""

import fnmatch
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "deploy/Dockerfile"


@dataclass
class Stage:
    """One FROM, its name, and the instructions below it."""

    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def last(self, word):
        """What the last instruction of that word says, as JSON where it is."""
        text = next(text for one, text in reversed(self.steps) if one == word)
        return json.loads(text) if text.startswith("[") else text


def stages():
    """The stages in their order."""
    text = re.sub(r"^\s*#.*\n", "", FILE.read_text(), flags=re.MULTILINE)
    found = []
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            found.append(Stage(base, name))
        elif word and word != "ARG":
            found[-1].steps.append((word, rest.strip()))
    return found


def context():
    """The files that a build is given, by `.dockerignore`'s rules: the last that fits decides."""
    rules = [
        line
        for line in FILE.with_name("Dockerfile.dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    kept = [rule[1:] for rule in rules if rule.startswith("!")]
    left = [rule for rule in rules if not rule.startswith("!") and rule != "**"]
    assert rules[0] == "**", "nothing is given but what is named"

    def is_left_out(path):
        return any(
            fnmatch.fnmatch(part, rule.removeprefix("**/")) for rule in left for part in path.parts
        )

    found = []
    for rule in kept:
        top = ROOT / rule
        # A link is given as a link: what it leads to has a rule of its own.
        below = [] if top.is_symlink() or top.is_file() else top.rglob("*")
        found += [top, *below]
    relative = [path.relative_to(ROOT) for path in found if path.is_symlink() or path.is_file()]
    return sorted(path for path in relative if not is_left_out(path))
