"""In which order sources are asked."""

from typing import Literal

#: The order in which sources are asked, or `consensus`: several at once, and what they agree on.
Strategy = Literal["priority", "fastest", "consensus"]
