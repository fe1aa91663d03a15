"""Crowds: processes and threads that write at once on one base, some of them killed.

Each command is given to several writers, in different orders, with more labels asked for than the
envelope can bear. Whoever wins: one event an id, dense positions, an envelope never overdrawn, and
every receipt given is that of the journal.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from commands import GrandLivre
from commands.testing.contexte import PROGRAMME
from ledger import Fait, Journal, SQLiteStore
from ledger.audit import verifier
from ledger.preuve.merkle import racine_base64
from ledger.testing.valeurs import Json
from projections import enveloppe, regarder
from tests.properties.outils import octets

from .commun import Bilan, dossier
from .enfants import Enfant, Ligne
from .remplacements import OUVERTURE, modifier

LABELS_POSSIBLES = 4
_ENVELOPPE = LABELS_POSSIBLES * 15_000_000


def commandes(structures: int) -> list[Json]:
    """The opening, then what each structure and a few mere changes ask for."""
    regles = OUVERTURE["regles"] | {"enveloppe_centimes": _ENVELOPPE}
    suite = [OUVERTURE | {"regles": regles}]
    commun = {"programme": PROGRAMME, "acteur": {"id": "ana", "role": "ordonnateur"}}
    for rang in range(structures):
        suite.append(
            {
                **commun,
                "commande": "DéposerCandidature",
                "id_commande": f"d{rang}",
                "date_effet": "2020-01-10",
                "structure": f"s{rang}",
                "porteur": "Le Lieu",
                "code_postal": "01000",
                "ville": "Bourg",
                "territoire": "qpv",
                "numerique": False,
            }
        )
        suite.append(
            {
                **commun,
                "commande": "LabelliserFabrique",
                "id_commande": f"l{rang}",
                "date_effet": "2020-02-03",
                "structure": f"s{rang}",
                "montant_centimes": 15_000_000,
            }
        )
        suite += [modifier(f"p{rang}"), modifier(f"m{rang}", variation=-1)]
    return suite


def part(suite: Sequence[Json], sort: random.Random) -> list[Json]:
    """What one writer sends: the opening, then two thirds of the rest, slightly out of order."""
    gardees = [(rang + sort.randrange(4), c) for rang, c in enumerate(suite) if sort.randrange(3)]
    return [suite[0], *(c for _, c in sorted(gardees, key=lambda paire: paire[0]))]


def processus(
    base: Path, suite: list[Json], sort: random.Random, bilan: Bilan, *, fous: bool = False
) -> list[Ligne]:
    """Two to eight processes at once, a third of them killed. Their receipts."""
    enfants: list[Enfant] = []
    for _ in range(sort.randrange(2, 9)):
        # a clock that jumps by years, back and forth
        secondes = [sort.randrange(-(10**8), 10**8) for _ in range(7)] if fous else (0,)
        mort = sort.randrange(1, 400) if sort.randrange(3) == 0 else 0
        lot = sort.choice((1, 1, 4))
        enfants.append(
            Enfant("ecrire", str(base), part(suite, sort), lot, tuple(secondes), cible=mort)
        )
    recus = [recu for enfant in enfants for recu in enfant.enterrer()]
    bilan.vues["processus"] += len(enfants)
    bilan.vues["processus tués"] += sum(not enfant.fini for enfant in enfants)
    return recus


def fils(base: Path, suite: list[Json], sort: random.Random, bilan: Bilan) -> list[Ligne]:
    """Eight threads on one handle."""
    parts = [part(suite, sort) for _ in range(8)]
    with GrandLivre.ouvrir(base, creer=True) as livre, ThreadPoolExecutor(8) as bassin:
        envois = bassin.map(lambda p: [livre.executer(c).en_json() for c in p], parts)
        recus = [recu for envoi in envois for recu in envoi]
    bilan.vues["fils d'exécution"] += len(parts)
    return recus


def controler(base: Path, recus: list[Ligne], bilan: Bilan) -> list[Fait]:
    """What must hold whoever won. The facts."""
    store = SQLiteStore(base, ecriture=False)
    try:
        journal = Journal(store, PROGRAMME)
        faits = [fait for _, fait in journal.rattraper()]
        doubles = [i for i, n in Counter(f.id_commande for f in faits).items() if n > 1]
        bilan.exiger(not doubles, f"inscrits deux fois : {doubles}")
        lignes, ids = octets(store)
        bilan.exiger([p for p, *_ in lignes] == [*range(1, len(lignes) + 1)], "position perdue")
        attendus = {(f.id_commande, position) for position, f in enumerate(faits, start=1)}
        bilan.exiger({(i, p) for _, i, p, _ in ids} == attendus, "l'index contredit le journal")
        rendus = 0
        for recu in recus:
            if recu["statut"] == "refusee":
                continue
            rendus += 1
            taille = recu["taille"]
            tenu = taille <= len(faits) and faits[taille - 1].id_commande == recu["id_commande"]
            racine = racine_base64(journal.arbre.racine(taille)) if tenu else None
            bilan.exiger(racine == recu["racine"] is not None, f"reçu sans fait : {recu}")
        bilan.vues["reçus confrontés"] += rendus
        bilan.exiger(verifier(store, PROGRAMME).conforme, "audit non conforme")
        vue = regarder(Journal(store, PROGRAMME))
        bilan.exiger(enveloppe(vue).disponible_centimes >= 0, "enveloppe dépassée")
        gagnants = sum(f.id_commande.startswith("l") for f in faits)
        bilan.exiger(gagnants <= LABELS_POSSIBLES, f"{gagnants} labels")
        return faits
    finally:
        store.fermer()


def campagne(rondes: int, graine: int) -> Bilan:
    """`rondes` crowds, of processes or of threads; then everything is sent again by one writer."""
    bilan = Bilan()
    sort = random.Random(graine)
    while bilan.rondes < rondes and not bilan.manquees:
        suite = commandes(sort.randrange(LABELS_POSSIBLES, 9))
        with dossier() as place:
            base = place / "base.db"
            foule = processus if bilan.rondes % 3 else fils
            recus = foule(base, suite, sort, bilan)
            with GrandLivre.ouvrir(base, creer=True) as livre:
                recus += [livre.executer(c).en_json() for c in suite]
            faits = controler(base, recus, bilan)
        bilan.exiger(len(faits) >= len(suite) - 8, f"{len(faits)} faits seulement")
        bilan.rondes += 1
    return bilan
