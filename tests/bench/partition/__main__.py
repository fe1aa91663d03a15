"""`python -m tests.bench.partition [--rapide] [--couts FICHIER] [--json]`: measure, confront with a
small real case, simulate. With `--couts`, nothing is measured: the same file and the same seed give
the same result."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tabulate import tabulate

from tests.bench.chrono import dire, machine

from . import couts as mesures
from . import preuve
from .modele import SECONDE, Charge, Couts, Partition, journee, simuler

BASES = (1, 2, 4, 8, 16, 32, 64)
_HEURE = 3_600 * SECONDE
_GIO = 2**30


def main(argv: Sequence[str] | None = None) -> int:
    """Run and print. Returns 0: it states, it does not judge."""
    lecteur = argparse.ArgumentParser(prog="python -m tests.bench.partition")
    lecteur.add_argument("--rapide", action="store_true", help="petites tailles, quelques secondes")
    lecteur.add_argument("--json", action="store_true", help="résultat en JSON, coûts compris")
    lecteur.add_argument(
        "--couts", type=Path, help="les coûts d'un JSON précédent ; rien n'est mesuré"
    )
    for champ in ("programmes", "faits", "annees", "zipf", "graine"):
        defaut = getattr(Charge(), champ)
        lecteur.add_argument(f"--{champ}", type=type(defaut), default=defaut)
    options = lecteur.parse_args(argv)
    charge = Charge(
        options.programmes, options.faits, options.annees, options.zipf, graine=options.graine
    )
    rendu: dict[str, Any] = {}
    if options.couts:
        lus = json.loads(options.couts.read_text("utf-8"))["couts"]
        couts = Couts(**{**lus, "transactions": tuple(lus["transactions"])})
    else:
        couts, rendu = _mesurer(rapide=options.rapide)
    dire("Simulation…")
    jour = journee(charge)
    parties = [simuler(charge, couts, bases, jour) for bases in BASES]
    if options.json:
        rendu |= {
            "couts": asdict(couts),
            "charge": asdict(charge),
            "partitions": [asdict(p) for p in parties],
        }
        sys.stdout.write(json.dumps(rendu, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(en_texte(charge, couts, parties, rendu) + "\n")
    return 0


def _mesurer(*, rapide: bool) -> tuple[Couts, dict[str, Any]]:
    mesurage = mesures.RAPIDE if rapide else mesures.COMPLET
    petit = preuve.RAPIDE if rapide else preuve.COMPLET
    # on the disk of the current folder: a memory disk would make durability free
    with tempfile.TemporaryDirectory(prefix="partition-", dir=Path.cwd()) as nom:
        dossier = Path(nom)
        contexte = machine(dossier)
        couts = mesures.mesurer(dossier, mesurage)
        confrontations = preuve.confronter(dossier, couts, petit)
        dire("Plusieurs bases sur cette machine…")
        seule, toutes = preuve.ensemble(dossier, petit.bases, mesurage.par_tour * mesurage.tours)
    return couts, {
        "machine": contexte,
        "confrontations": [asdict(c) | {"facteur": c.facteur} for c in confrontations],
        "ensemble": {"bases": petit.bases, "seule_par_s": seule, "toutes_par_s": toutes},
    }


def en_texte(
    charge: Charge, couts: Couts, parties: Sequence[Partition], rendu: dict[str, Any]
) -> str:
    """The report for a person."""
    morceaux = ["\n".join(f"{nom} : {valeur}" for nom, valeur in rendu.get("machine", {}).items())]
    morceaux.append(_table(("coût mesuré", "valeur"), _couts(couts)))
    if "confrontations" in rendu:
        lignes = [
            (c["nom"], f"{c['prevu']:.1f} {c['unite']}", f"{c['vu']:.1f}", f"{c['facteur']:.2f}")
            for c in rendu["confrontations"]
        ]
        morceaux.append(
            _table(("cas réel, 50 programmes sur 4 bases", "prévu", "vu", "facteur"), lignes)
        )
        e = rendu["ensemble"]
        morceaux.append(
            f"{e['bases']} bases à la fois sur cette machine, un processus chacune : "
            f"{e['toutes_par_s']:.0f} commandes/s, contre {e['seule_par_s']:.0f} pour une seule "
            f"({e['toutes_par_s'] / e['seule_par_s']:.2f} fois)."
        )
    morceaux.append(
        f"{charge.programmes} programmes, {charge.faits:.0e} faits en {charge.annees} ans, "
        f"tailles en 1/rang^{charge.zipf:g} ; le plus grand : {charge.tailles()[0]:.2e} faits, "
        f"le médian : {charge.tailles()[charge.programmes // 2]:.0f}. Jour le plus chargé : "
        f"{charge.jour_le_plus_charge():.0f} faits, dont {charge.en_fichiers:.0%} en fichiers."
    )
    morceaux.append(
        _table(
            (
                *("bases", "empreinte", "annuaire", "faits/s", "occupée", "p99", "fichier"),
                *("disque", "vérifier", "après perte", "mémoire"),
            ),
            [_ligne(p) for p in parties],
        )
    )
    plus_grand = charge.tailles()[0]
    morceaux.append(
        f"Amener le plus grand programme en mémoire : {plus_grand * couts.chaud / SECONDE:.0f} s. "
        f"Le déplacer : {plus_grand * couts.deplacer / _HEURE:.2f} h ; le "
        f"médian : {charge.tailles()[charge.programmes // 2] * couts.deplacer / SECONDE:.1f} s. "
        f"Un écrivain tient {SECONDE / (couts.transaction / 32 + couts.en_groupe):.0f} faits/s à "
        "32 appelants : la borne d'un programme seul, sur autant de bases que l'on veut."
    )
    return "\n\n".join(m for m in morceaux if m)


def _table(entetes: tuple[str, ...], lignes: Sequence[tuple[str, ...]]) -> str:
    alignement = ("left", *["right"] * (len(entetes) - 1))
    return str(tabulate(lignes, headers=entetes, disable_numparse=True, colalign=alignement))


def _couts(c: Couts) -> list[tuple[str, str]]:
    return [
        *((f"une commande seule, position {p}", f"{v:.0f} µs") for p, v in c.positions.items()),
        ("· part fixe d'une transaction, moyenne", f"{c.transaction:.0f} µs"),
        ("une commande de plus dans un lot", f"{c.en_lot:.1f} µs"),
        ("un appelant de plus dans un groupe", f"{c.en_groupe:.0f} µs"),
        ("amener un programme en mémoire, par fait", f"{c.chaud:.1f} µs"),
        ("vérifier un fait", f"{c.verifier:.1f} µs"),
        ("· et chaque programme", f"{c.verifier_programme / 1_000:.1f} ms"),
        ("modèle de lecture : construire, par fait", f"{c.lecture:.1f} µs"),
        ("modèle de lecture : rafraîchir, par fait nouveau", f"{c.rafraichir:.0f} µs"),
        ("déplacer un fait (migrer)", f"{c.deplacer:.1f} µs"),
        ("copie en ligne", f"{1 / c.copier:.0f} Mo/s"),
        ("ouvrir une base", f"{c.ouvrir / 1_000:.2f} ms"),
        ("disque, par fait", f"{c.octets:.0f} octets"),
        ("mémoire d'un programme chaud, par fait", f"{c.memoire:.0f} octets"),
        ("mémoire d'une base ouverte", f"{c.memoire_base / 1_024:.0f} Kio"),
    ]


def _ligne(p: Partition) -> tuple[str, ...]:
    return (
        str(p.bases),
        f"{p.part_empreinte:.1%}",
        f"{p.part:.1%}",
        f"{p.par_seconde:.1f}",
        f"{p.occupation:.1%}",
        f"{p.attente_p99 / 1_000:.1f} ms",
        f"{p.fichier / SECONDE:.0f} s",
        f"{p.octets / _GIO:.1f} Gio",
        f"{p.verification / _HEURE:.2f} h",
        f"{p.perte / _HEURE:.2f} h",
        f"{p.memoire / _GIO:.1f} Gio",
    )


if __name__ == "__main__":
    sys.exit(main())
