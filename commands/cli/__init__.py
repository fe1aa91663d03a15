"""The command line `fabriques`: French for people, stable JSON for programs.

Results on stdout, everything else on stderr. Exit codes: 0 ok, 1 finding, 2 usage, 3 refusal,
4 broken, absent or unreachable base; 130 interrupted, 141 output closed by its reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

__all__ = ["main"]


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line (on `sys.argv` by default) and exit with its code."""
    # the embedder that only imports `commands` pays neither click nor the translations
    from .application import application  # noqa: PLC0415
    from .terminal import regler_les_flux  # noqa: PLC0415

    regler_les_flux()
    raise SystemExit(application.main(args, "fabriques", standalone_mode=False))
