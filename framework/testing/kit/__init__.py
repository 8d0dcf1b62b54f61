"""The conformance kit: what a provider must hold to, checked without a network, and graded.

`docs/conformance.md` says what is checked and why. In a test of your own:

```python
from coinmux.framework.testing.kit import conformance

test_conformance = conformance("acme")
```
"""

from coinmux.framework.testing.kit.check import Check, Verdict
from coinmux.framework.testing.kit.grading import CHECKS, Report, check_provider, examine, write
from coinmux.framework.testing.kit.replay import ReplayClient, bind, call
from coinmux.framework.testing.kit.subject import Subject
from coinmux.framework.testing.kit.suite import conformance

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
