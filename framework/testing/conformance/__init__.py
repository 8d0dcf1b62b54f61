"""The conformance kit: what a provider must hold to, checked without a network, and graded.

`docs/conformance.md` says what is checked and why. In a test of your own:

```python
from coinmux.framework.testing.conformance import conformance

test_conformance = conformance("acme")
```
"""

from coinmux.framework.testing.conformance.check import Check, Verdict
from coinmux.framework.testing.conformance.grading import (
    CHECKS,
    Report,
    check_provider,
    examine,
    write,
)
from coinmux.framework.testing.conformance.pytest_suite import conformance
from coinmux.framework.testing.conformance.replay import ReplayClient, bind, call
from coinmux.framework.testing.conformance.subject import Subject

__all__ = [
    "CHECKS",
    "Check",
    "ReplayClient",
    "Report",
    "Subject",
    "Verdict",
    "bind",
    "call",
    "check_provider",
    "conformance",
    "examine",
    "write",
]
