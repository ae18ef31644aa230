"""What part a system plays in a comparison."""

from typing import Literal

Role = Literal["system", "baseline", "anchor", "reference"]
