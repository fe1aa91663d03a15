"""Datasette's settings, and the reference page of the read model, both drawn from the words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..lecture import Lecture
from ..lecture.schema import TABLES, creer_acces, creer_tables
from ..lecture.vues import VUES
from .mots import OBJETS, phrase, unite
from .mots import description as decrire
from .requetes import REQUETES

BASE = "fabriques"
"""The name of the database in Datasette: that of the copy, without its suffix."""
_CACHEES = ("types", "etats", "codes", "soldes", "signalements", "saisies", "comptes", "jours")


def colonnes() -> dict[str, tuple[str, ...]]:
    """Table or view -> its columns, read from an empty read model."""
    with Lecture(":memory:") as vide:
        creer_tables(vide.db)
        creer_acces(vide.db)
        return {
            nom: tuple(
                c[0]
                for c in vide.db.execute(f'SELECT * FROM "{nom}" LIMIT 0').description  # noqa: S608
            )
            for nom in (*TABLES, *VUES)
        }


def metadonnees(titre: str, texte: str) -> dict[str, Any]:
    """The `metadata.json` of Datasette: titles, descriptions, units, questions."""
    par_objet = colonnes()
    return {
        "title": titre,
        "description": texte,
        "source": "fabriques-ledger, modèle de lecture",
        "databases": {
            BASE: {
                "title": titre,
                "description": "Montants en centimes, affichés en euros. Le journal seul fait foi.",
                "tables": {
                    nom: {
                        "title": nom_fr,
                        "description": f"{nom_fr}. {quoi}",
                        "columns": {c: decrire(nom, c) for c in par_objet[nom]},
                        "hidden": nom in _CACHEES,
                    }
                    for nom, (nom_fr, quoi) in OBJETS.items()
                },
                "queries": {
                    r.nom: {"title": r.titre, "description": r.description, "sql": r.sql}
                    for r in REQUETES
                },
            }
        },
    }


def reference() -> str:
    """The reference part of `docs/guides/explorer.md`, in Markdown."""
    return "\n".join(_reference()) + "\n"


def _reference() -> Iterator[str]:
    par_objet = colonnes()
    yield "## Les questions toutes prêtes\n"
    yield "| Adresse | Question | Réponse |\n|---|---|---|"
    for r in REQUETES:
        yield f"| `{r.nom}` | {r.titre} | {r.description} |"
    for titre, noms in (("Les vues", VUES), ("Les tables", TABLES)):
        yield f"\n## {titre}"
        for nom, (nom_fr, quoi) in OBJETS.items():
            if nom not in noms:
                continue
            yield f"\n### `{nom}` : {nom_fr}\n\n{quoi}\n"
            yield "| Colonne | Ce qu'elle dit | Unité |\n|---|---|---|"
            for colonne in par_objet[nom]:
                yield f"| `{colonne}` | {phrase(nom, colonne)} | {unite(colonne)} |"
