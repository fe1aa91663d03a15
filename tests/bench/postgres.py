"""The same on PostgreSQL: `python -m tests.bench.postgres [tours]`. Ratios of one run, one server.

One durable command at a time against the same rows committed raw (one `INSERT` a transaction, as
any application would), and 32 callers against one, with the same commands. The five take turns,
starting with another one each turn.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
from tabulate import tabulate

from commands import Commande, GrandLivre
from tests.postgres.serveur import Serveur, dossier_de_serveur, nouveau

from .charge import PROGRAMME, commandes
from .commun import exiger, modele

DEPART = 1_000
PAR_TOUR = 200
APPELANTS = 32
TOURS = 7
_LIGNE = "INSERT INTO fabriques.stored_events VALUES ('brut', %s, %s, %s)"
_ID = (
    "WITH l AS (INSERT INTO fabriques.stored_events VALUES ('deux', %s, %s, %s)) "
    "INSERT INTO fabriques.fabriques_commandes VALUES ('deux', %s, %s, %s)"
)


def microsecondes(faire: Callable[[], None], nombre: int) -> float:
    """How long one takes."""
    debut = time.perf_counter_ns()
    faire()
    return (time.perf_counter_ns() - debut) / 1_000 / nombre


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


def mesurer(pg: Serveur, tours: int) -> dict[str, float]:
    """Medians, in microseconds a command."""
    total = DEPART + (tours + 1) * PAR_TOUR
    modeles = [modele(o) for o in commandes(total)]
    durees: defaultdict[str, list[float]] = defaultdict(list)
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
                ("brut", nu, PAR_TOUR),
                ("brut2", nu2, PAR_TOUR),
                ("seul", seul, PAR_TOUR),
                ("ensemble", a_plusieurs, PAR_TOUR * 4),
            ]
            depart = tour % len(mesures)  # none is always the one that comes after another
            for nom, faire, nombre in mesures[depart:] + mesures[:depart]:
                duree = microsecondes(faire, nombre)
                if tour:  # the first one warms
                    durees[nom].append(duree)
    return {nom: statistics.median(serie) for nom, serie in durees.items()}


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
    with dossier_de_serveur(disque=True) as (binaires, dossier):
        pg = nouveau(binaires, dossier, "banc")
        pg.initialiser()
        pg.demarrer()
        try:
            pg.sql("CREATE DATABASE foule")
            m = mesurer(pg, tours)
            ((version,),) = pg.sql("SHOW server_version")
        finally:
            pg.tuer()
    lignes = [
        ("une ligne validée, brut", f"{m['brut']:.0f}", ""),
        ("la ligne et son identifiant, brut", f"{m['brut2']:.0f}", f"{m['brut'] / m['brut2']:.2f}"),
        ("une commande en séquence", f"{m['sequence']:.0f}", f"{m['brut'] / m['sequence']:.2f}"),
        ("une hausse en séquence", f"{m['seul']:.0f}", f"{m['brut'] / m['seul']:.2f}"),
        ("des hausses, 32 appelants", f"{m['ensemble']:.0f}", f"{m['brut'] / m['ensemble']:.2f}"),
    ]
    entetes = (f"PostgreSQL {version}", "µs", "contre brut")
    sys.stdout.write(tabulate(lignes, headers=entetes, disable_numparse=True) + "\n")
    sys.stdout.write(f"32 appelants contre un, mêmes commandes : {m['seul'] / m['ensemble']:.1f}\n")


if __name__ == "__main__":
    main()
