"""The same on PostgreSQL, within the benchmark or alone: `python -m tests.bench.postgres [tours]`.

One durable command at a time against the same rows committed raw (one `INSERT` a transaction, as
any application would), and 32 callers against one, with the same commands. The five take turns,
starting with another one each turn.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
from tabulate import tabulate

from commands import Commande, GrandLivre
from tests.postgres.serveur import Serveur, dossier_de_serveur, nouveau

from .charge import PROGRAMME, commandes
from .chrono import Comparaison, Durees, Mesure
from .commun import exiger, modele

DEPART = 1_000
PAR_TOUR = 200
APPELANTS = 32
TOURS = 7
BRUT, SEUL = "PostgreSQL brut", "en séquence"
_LIGNE = "INSERT INTO fabriques.stored_events VALUES ('brut', %s, %s, %s)"
_ID = (
    "WITH l AS (INSERT INTO fabriques.stored_events VALUES ('deux', %s, %s, %s)) "
    "INSERT INTO fabriques.fabriques_commandes VALUES ('deux', %s, %s, %s)"
)


def mesurer(tours: int) -> tuple[str, list[Mesure]]:
    """The version of a server started for that, and its measures."""
    with dossier_de_serveur(disque=True) as (binaires, dossier):
        pg = nouveau(binaires, dossier, "banc")
        pg.initialiser()
        pg.demarrer()
        try:
            pg.sql("CREATE DATABASE foule")
            comparer = Comparaison(_alterner(pg, tours), PAR_TOUR, "µs/commande")
            ((version,),) = pg.sql("SHOW server_version")
        finally:
            pg.tuer()
    return str(version), [
        comparer("PostgreSQL, commandes durables en séquence", "sequence", BRUT, 0.50),
        comparer("· des hausses de l'enveloppe", SEUL, BRUT),
        comparer("· repère : la ligne et son identifiant, brut", "brut2", BRUT),
        comparer("PostgreSQL, 32 appelants à la fois", "ensemble", SEUL, 5),
    ]


def hausses(prefixe: str, nombre: int) -> list[dict[str, object]]:
    """Commands that any order suits: 32 callers have none."""
    return [
        {
            "commande": "ModifierEnveloppe",
            "id_commande": f"{prefixe}-{n}",
            "programme": PROGRAMME,
            "acteur": {"id": "ana", "role": "ordonnateur"},
            "date_effet": "2030-01-01",
            "variation_centimes": 1,
            "source": "LFR",
        }
        for n in range(nombre)
    ]


def _alterner(pg: Serveur, tours: int) -> Durees:
    """Nanoseconds of `PAR_TOUR` commands, turn by turn."""
    total = DEPART + (tours + 1) * PAR_TOUR
    modeles = [modele(o) for o in commandes(total)]
    durees: Durees = {}
    with (
        GrandLivre.ouvrir(pg.url(), creer=True) as livre,
        GrandLivre.ouvrir(pg.url("foule"), creer=True) as foule,  # cancellations name positions
        psycopg.connect(pg.url(), autocommit=True) as brut,
        ThreadPoolExecutor(APPELANTS) as bassin,
    ):
        exiger(livre.executer_flux(modeles[:DEPART]))
        exiger((foule.executer(modeles[0]),))
        lignes = [*livre.store.lire(PROGRAMME)]
        for tour in range(tours + 1):
            lot = modeles[DEPART + tour * PAR_TOUR :][:PAR_TOUR]
            rangs = range(tour * PAR_TOUR + 1, (tour + 1) * PAR_TOUR + 1)

            def un_par_un(lot: list[Commande] = lot) -> None:
                for commande in lot:
                    exiger((livre.executer(commande),))

            def nu(rangs: range = rangs) -> None:
                for rang in rangs:
                    ligne = lignes[rang % DEPART]
                    brut.execute(_LIGNE, (rang, ligne.topic, ligne.octets), prepare=True)

            def nu2(rangs: range = rangs) -> None:
                for rang in rangs:
                    ligne = lignes[rang % DEPART]
                    valeurs = (rang, ligne.topic, ligne.octets, f"c{rang}", rang, "e" * 64)
                    brut.execute(_ID, valeurs, prepare=True)

            def a_plusieurs(tour: int = tour) -> None:
                exiger(bassin.map(foule.executer, hausses(f"e{tour}", PAR_TOUR * 4)))

            def seul(tour: int = tour) -> None:
                for commande in hausses(f"s{tour}", PAR_TOUR):
                    exiger((foule.executer(commande),))

            mesures: list[tuple[str, Callable[[], None], int]] = [
                ("sequence", un_par_un, PAR_TOUR),
                (BRUT, nu, PAR_TOUR),
                ("brut2", nu2, PAR_TOUR),
                (SEUL, seul, PAR_TOUR),
                ("ensemble", a_plusieurs, PAR_TOUR * 4),
            ]
            depart = tour % len(mesures)  # none is always the one that comes after another
            for nom, faire, nombre in mesures[depart:] + mesures[:depart]:
                debut = time.perf_counter_ns()
                faire()
                duree = (time.perf_counter_ns() - debut) * PAR_TOUR // nombre
                if tour:  # the first one warms
                    durees.setdefault(nom, []).append(duree)
    return durees


def main() -> None:
    """Start a server, measure, print."""
    lecteur = argparse.ArgumentParser(
        prog="python -m tests.bench.postgres", description="Banc de mesure sur PostgreSQL."
    )
    lecteur.add_argument(
        "tours", nargs="?", type=int, default=TOURS, help="tours mesurés (par défaut : %(default)s)"
    )
    tours: int = lecteur.parse_args().tours
    if tours < 1:
        lecteur.error("au moins un tour")
    version, mesures = mesurer(tours)
    lignes = [
        (m.nom, f"{m.valeur:.0f}", f"{m.reference:.0f} ({m.contre})", f"{m.ratio:.2f}")
        for m in mesures
    ]
    entetes = (f"PostgreSQL {version}", "µs", "référence", "ratio")
    sys.stdout.write(tabulate(lignes, headers=entetes, disable_numparse=True) + "\n")


if __name__ == "__main__":
    main()
