"""The trial of a simulation: forty labels, a freeze and every payment, on the 300 structures of the
synthetic programme, against a plain replay of the same base to the same tables."""

from __future__ import annotations

from pathlib import Path

from commands import GrandLivre
from commands.scenario import lire_scenario
from commands.simulation import simuler
from commands.synthese import DERNIER_JOUR, PROGRAMME_2019, commandes_synthetiques
from ledger import Journal, SQLiteStore
from projections import regarder
from projections.simulation import anomalies_comparees, cote_a_cote, tables

from .chrono import Comparaison, Mesure, alterner, geler
from .commun import Tailles, exiger

LABELS = 300
COMMANDES = 650
"""What the scenario plays at least: a simulation that refuses would be too cheap."""
SCENARIO = """
{"commande": "RéviserRègles", "date_effet": "2022-03-01", "source": "banc", \
"regles": {"quota_total": 400, "quota_qpv": 200, "credits": "indicatifs"}}
{"commande": "ModifierEnveloppe", "date_effet": "2022-03-01", "source": "banc", \
"variation_centimes": 600000000}
{"hypothese": "labelliser", "nombre": 40, "montant_centimes": 15000000, \
"date_effet": "2022-03-01", "territoire": "qpv"}
{"hypothese": "geler_credits", "exercice": 2022, "part_dix_milliemes": 400, \
"date_effet": "2022-03-02"}
{"hypothese": "verser_echeances", "jusqu_au": "2024-12-31"}
""".encode()


def simulation(dossier: Path, t: Tailles) -> list[Mesure]:
    """From the file to the tables side by side, in milliseconds each."""
    base = dossier / "synthese.db"
    toutes = [c for c in commandes_synthetiques(DERNIER_JOUR) if c["programme"] == PROGRAMME_2019]
    with GrandLivre.ouvrir(base, creer=True) as livre:
        exiger(livre.executer_flux(toutes))
    depuis = sum(1 for c in toutes if c["date_effet"] <= "2022-02-28")  # 300 labels, 2022 unpaid
    geler()
    durees = alterner(
        {
            "simulation": lambda _: _simuler(base, depuis),
            "rejeu": lambda _: _rejouer(base, depuis),
        },
        tours=t.rejeux,
        chauffe=1,
    )
    comparer = Comparaison(durees, 1_000, "ms")
    return [comparer(f"simulation à {LABELS} structures", "simulation", "rejeu")]


def _simuler(base: Path, depuis: int) -> None:
    store = SQLiteStore(base, ecriture=False)
    reel = regarder(Journal(store, PROGRAMME_2019), connu_au=depuis)
    jour = reel.situation.derniere_date
    if jour is None or reel.situation.soldes.labels.total != LABELS:
        raise ValueError(f"{base} : {reel.situation.soldes.labels.total} labels")
    etapes = lire_scenario(SCENARIO, PROGRAMME_2019)
    joue = simuler(store, PROGRAMME_2019, etapes, jour=jour, position=depuis)
    simule = regarder(Journal(joue.fourche, PROGRAMME_2019))
    cote_a_cote(tables(reel), tables(simule))
    anomalies_comparees(reel, simule)
    store.fermer()
    if joue.refus or len(joue.commandes) < COMMANDES:
        raise ValueError(f"{len(joue.commandes)} commandes acceptées, {len(joue.refus)} refus")


def _rejouer(base: Path, depuis: int) -> None:
    store = SQLiteStore(base, ecriture=False)
    tables(regarder(Journal(store, PROGRAMME_2019), connu_au=depuis))
    store.fermer()
