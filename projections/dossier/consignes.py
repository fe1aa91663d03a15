"""`VERIFIER.txt`: how to check a pack with tools that are not ours, as a script one can read.

The text is French, and is itself a bash script: `bash VERIFIER.txt` runs it as written, with
nothing but bash and its usual company (coreutils, `sed`, `awk`, `grep`, `find`, `cmp`), `openssl`,
`ssh-keygen`, `jq` and `sqlite3`; a journal above `LIGNES_MAX` also needs `python3`.
"""

from __future__ import annotations

from importlib.resources import files

from ledger.preuve.merkle import racine_base64
from ledger.preuve.releve import Releve

LIGNES_MAX = 5_000
"""Beyond, hashing line by line in a shell takes minutes: the Python file does it instead."""
_MODELES = files("projections.dossier") / "modeles"

VERIFICATEUR = "verifier_dossier.py"


def verificateur() -> bytes:
    """The standalone verifier: one stdlib-only Python file."""
    return (_MODELES / VERIFICATEUR).read_bytes()


def consignes(*, complet: bool, releve: Releve, prefixe: str, au: str | None, signe: bool) -> bytes:
    """The script of one pack. `prefixe` is the SHA-256 of the lines of the checkpoint `releve`."""
    parties = ["debut"]
    if not complet:
        parties.append("partiel")
    elif releve.taille <= LIGNES_MAX:
        parties += ["prefixe", "arbre"]
    else:
        parties += ["prefixe", "arbre-long"]
    if signe:
        parties.append("signatures")
    parties.append("cellules")
    if complet:
        parties.append("chiffres")
    texte = "".join((_MODELES / f"{nom}.txt").read_text("utf-8") for nom in [*parties, "fin"])
    valeurs = {
        "ORIGINE": releve.origine,
        "TAILLE": str(releve.taille),
        "RACINE": racine_base64(releve.racine),
        "PREFIXE": prefixe,
        "AU": au or "9999-12-31",
    }
    for nom, valeur in valeurs.items():
        texte = texte.replace(f"@{nom}@", valeur)
    return texte.encode()
