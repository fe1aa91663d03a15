"""The benchmark: `python -m tests.bench [--rapide | --court] [--enorme] [--ecrire PAGE]`.

Exit code 0 whatever the ratios are: a benchmark states, it does not judge.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tabulate import tabulate

from . import comptables, console, ecriture, lecture, ouverture, postgres, simulation
from .chrono import Mesure, dire, machine, revision
from .commun import COMPLET, COURT, RAPIDE, Tailles, reference

RACINE = Path(__file__).resolve().parents[2]
DEBUT, FIN = "<!-- début de la table, écrite par make bench -->", "<!-- fin de la table -->"
"""Between them, in a page, `--ecrire` puts the table."""


def mesurer(dossier: Path, tailles: Tailles, *, enorme: bool = False) -> list[Mesure]:
    """Every measure, in the order of the table; bases are made in the folder.

    `enorme`: the console is measured over a million facts too.
    """
    dire(f"Préparation : {tailles.total} faits…")
    base = reference(dossier / "reference.db", tailles.total)
    grande = base
    if tailles.grande > tailles.total:
        dire(f"Préparation : {tailles.grande} faits…")
        grande = reference(dossier / "grande.db", tailles.grande)
    mesures: list[Mesure] = []
    dire("Commandes en séquence…")
    mesures += ecriture.sequence(dossier, base, tailles)
    dire("Appelants à la fois…")
    mesures += ecriture.concurrence(dossier, base, tailles)
    dire("Commandes par lots…")
    mesures += ecriture.par_lots(dossier, base, tailles)
    dire("PostgreSQL…")
    mesures += postgres.mesurer(tailles.tours)[1]
    dire("Rejeu…")
    mesures += lecture.rejeu(dossier, grande, tailles)
    mesures += lecture.croissance(grande, tailles)
    dire("ledger, hledger, Beancount…")
    mesures += comptables.comptables(dossier, base, tailles)
    dire("Ouverture à froid…")
    mesures += ouverture.ouverture(dossier, grande, tailles)
    dire("Modèle de lecture…")
    mesures += ouverture.modele_de_lecture(dossier, grande, tailles)
    dire("Positions…")
    loin = grande if tailles.positions[-1] > tailles.total else base
    mesures += ecriture.positions(dossier, loin, tailles)
    dire("Mémoire…")
    mesures += lecture.memoire(dossier, base, tailles)
    dire("Simulation…")
    mesures += simulation.simulation(dossier, tailles)
    dire("Vérification…")
    mesures += lecture.audit(dossier, grande, tailles)
    dire("Console…")
    charge = console.RAPIDE if tailles.grande < 10_000 else console.COMPLETE
    mesures += console.mesurer(dossier, charge)
    if enorme:
        dire(f"Console, {console.ENORME.faits} faits…")
        (dossier / "enorme").mkdir()
        mesures += console.mesurer(dossier / "enorme", console.ENORME)
    return mesures


def en_texte(mesures: Sequence[Mesure], contexte: dict[str, str]) -> str:
    """The report for a person."""
    lignes = [f"{nom} : {valeur}" for nom, valeur in contexte.items()]
    table = tabulate(
        [_ligne(m) for m in mesures],
        headers=["mesure", "valeur", "référence", "ratio", "visé", "tenu"],
        tablefmt="simple",
        disable_numparse=True,
        colalign=("left", "right", "right", "right", "right", "left"),
    )
    return "\n".join(
        [
            *lignes,
            "",
            table,
            "",
            "Valeurs : médianes. Ratio : médiane des ratios de tours appariés, débit sur débit",
            "de la référence (1 : aussi vite ; plus : mieux), sauf pour les positions (coût sur",
            "coût ; moins : mieux). Brut : sqlite3 seul, mêmes lignes, mêmes tables, même",
            "durabilité ; PostgreSQL brut : psycopg seul, de même. Stock : agrégats de la",
            "bibliothèque, même travail, réglages d'origine.",
        ]
    )


def _ligne(m: Mesure) -> tuple[str, ...]:
    contre = "" if m.reference is None else f"{_nombre(m.reference)} ({m.contre})"
    vise = ""
    if m.au_moins is not None:
        vise = f"≥ {_nombre(m.au_moins)}"
    elif m.au_plus is not None:
        vise = f"≤ {_nombre(m.au_plus)}"
    tenu = {None: "", True: "oui", False: "non"}[m.tenu]
    ratio = "" if m.ratio is None else _nombre(m.ratio)
    if m.absent:
        return m.nom, "absent", f"({m.contre})", "", "", "non mesuré"
    return m.nom, f"{_nombre(m.valeur)} {m.unite}", contre, ratio, vise, tenu


def _nombre(valeur: float) -> str:
    chiffres = 0 if valeur >= 100 else 1 if valeur >= 10 else 2
    texte = f"{valeur:,.{chiffres}f}".replace(",", " ").replace(".", ",")
    return texte.rstrip("0").rstrip(",") if "," in texte else texte


def main(argv: Sequence[str] | None = None) -> int:
    """Run and print. Returns 0."""
    lecteur = argparse.ArgumentParser(prog="python -m tests.bench", description="Banc de mesure.")
    taille = lecteur.add_mutually_exclusive_group()
    taille.add_argument("--rapide", action="store_true", help="petites tailles, quelques secondes")
    taille.add_argument("--court", action="store_true", help="tailles moyennes, trois minutes")
    lecteur.add_argument("--enorme", action="store_true", help="la console sur un million de faits")
    lecteur.add_argument(
        "--ecrire", type=Path, metavar="FICHIER", help="mettre la table dans cette page (docs)"
    )
    lecteur.add_argument("--json", action="store_true", help="résultat en JSON")
    lecteur.add_argument("--date", default=None, help="date à imprimer, telle quelle")
    options = lecteur.parse_args(argv)
    tailles = RAPIDE if options.rapide else COURT if options.court else COMPLET
    cible: Path | None = options.ecrire
    avant, apres = ("", "") if cible is None else _page(cible)
    # on the disk of the current folder: a memory disk would make durability free
    with tempfile.TemporaryDirectory(prefix="bench-", dir=Path.cwd()) as nom:
        dossier = Path(nom)
        contexte = {"date": options.date or datetime.now(UTC).date().isoformat()}
        contexte |= {"révision": revision(RACINE), **machine(dossier)}
        mesures = mesurer(dossier, tailles, enorme=options.enorme)
    if options.json:
        donnees: dict[str, Any] = {
            "machine": contexte,
            "mesures": [m.en_json() for m in mesures],
        }
        sys.stdout.write(json.dumps(donnees, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(en_texte(mesures, contexte) + "\n")
    if cible is not None:
        texte = en_texte(mesures, contexte)
        cible.write_text(f"{avant}{DEBUT}\n```text\n{texte}\n```\n{FIN}{apres}", "utf-8")
    return 0


def _page(fichier: Path) -> tuple[str, str]:
    """What stands before and after the table of a page; looked at before minutes of measures."""
    avant, debut, reste = fichier.read_text("utf-8").partition(DEBUT)
    _, fin, apres = reste.partition(FIN)
    if not debut or not fin:
        raise SystemExit(f"{fichier} n'a pas de place pour la table ({DEBUT} … {FIN}).")
    return avant, apres


if __name__ == "__main__":
    sys.exit(main())
