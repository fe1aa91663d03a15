"""How much of a file of tables is read, at most. Beyond, it is refused by name, before memory goes.

Generous for what a grants office exchanges (tens of thousands of rows), small for a machine.
"""

from __future__ import annotations

OCTETS_MAX = 256 * 1024 * 1024
"""Bytes of the file."""
DECOMPRESSE_MAX = 512 * 1024 * 1024
"""Bytes of all the members of a workbook once decompressed, counted by decompressing them."""
MEMBRES_MAX = 5_000
"""Members of the archive that a workbook is."""
FEUILLES_MAX = 255
LIGNES_MAX = 1_000_000
COLONNES_MAX = 10_000
SURFACE_MAX = 20_000_000
"""Rows by columns of the used part of a sheet: a library holds it whole."""
CELLULE_MAX = 131_072
"""Characters of one cell of text (the limit of the csv module)."""
FORMULES_MAX = 1_000_000
"""Cells of formulas noted one by one."""
MEMOIRE_LECTEUR = 1536 * 1024 * 1024
"""Address space of the process that parses a workbook."""
SECONDES_LECTEUR = 120
"""Processor seconds of that process."""
REPONSE_MAX = 2 * 1024 * 1024 * 1024
"""Bytes that it may write: the rows of one sheet, in a temporary file."""
