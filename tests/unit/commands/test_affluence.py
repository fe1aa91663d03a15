"""Huit appelants, des centaines de commandes, doublons, refus et pannes : tout se tient."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Lock
from typing import Any

import pytest

from commands import GrandLivre, Recu
from ledger import Journal, MemoryStore, SQLiteStore, Store, StoreError
from ledger.audit import verifier
from ledger.erreurs import StoreFullError
from ledger.preuve.merkle import racine_base64
from ledger.stockage.port import Ecriture
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import P

FILS = 8
PAR_FIL = 150

Reponse = tuple[dict[str, Any], Recu | StoreError]


def programmes(graine: int) -> list[list[dict[str, Any]]]:
    """What each caller sends: own ids, shared ids, refusals; the same for a seed."""
    sort = random.Random(graine)
    suites = []
    for fil in range(FILS):
        suite = []
        for n in range(PAR_FIL):
            match sort.randrange(10):
                case 0 | 1 | 2:
                    suite.append(commande("ModifierEnveloppe", f"commun-{n % 40}"))
                case 3:
                    suite.append(commande("LabelliserFabrique", f"{fil}-{n}", structure="nulle"))
                case 4:
                    suite.append(
                        commande("DéposerCandidature", f"{fil}-{n}", structure=f"s{n % 20}")
                    )
                case _:
                    suite.append(commande("ModifierEnveloppe", f"{fil}-{n}"))
        suites.append(suite)
    return suites


def jouer(livres: Sequence[GrandLivre], suites: list[list[dict[str, Any]]]) -> list[Reponse]:
    """Every caller at once; a command that met an error of the store is sent again."""
    depart = Barrier(FILS)

    def un(fil: int) -> list[Reponse]:
        livre = livres[fil % len(livres)]
        depart.wait(30)
        reponses: list[Reponse] = []
        for envoyee in suites[fil]:
            while True:
                try:
                    reponses.append((envoyee, livre.executer(envoyee)))
                    break
                except StoreError as erreur:
                    reponses.append((envoyee, erreur))
        return reponses

    pas = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(FILS) as bassin:
            return [r for rs in bassin.map(un, range(FILS)) for r in rs]
    finally:
        sys.setswitchinterval(pas)


def confronter(store: Store, reponses: list[Reponse]) -> None:
    """Positions without gap, one event for an id, each receipt as the journal says, roots too."""
    journal = Journal(store, P)
    faits = dict(journal.rattraper())
    assert list(faits) == list(range(1, journal.taille + 1))
    positions = {fait.id_commande: position for position, fait in faits.items()}
    assert len(positions) == len(faits)
    acceptes: Counter[str] = Counter()
    for envoyee, recu in reponses:
        if isinstance(recu, StoreError):
            continue
        assert recu.id_commande == envoyee["id_commande"]
        if recu.statut == "refusee":
            assert recu.refus is not None
            assert recu.refus.code in ("structure_inconnue", "candidature_existante")
            continue
        position = positions[envoyee["id_commande"]]
        assert recu.positions == (position,)
        assert recu.racine == racine_base64(journal.arbre.racine(position))
        acceptes[envoyee["id_commande"]] += recu.statut == "acceptee"
    assert max(acceptes.values()) == 1
    refuses = {e["id_commande"] for e, r in reponses if isinstance(r, Recu) and not r.acceptee}
    assert set(positions) - {"o"} == {e["id_commande"] for e, _ in reponses} - refuses
    rapport = verifier(store, P)
    assert (rapport.constats, rapport.taille) == ((), journal.taille)


class Fragile(MemoryStore):
    """Fails the transactions that `panne` chooses by rank: before the write, or after it."""

    def __init__(self, panne: Callable[[int], str]) -> None:
        super().__init__()
        self._panne = panne
        self._rang = 0

    def ajouter(self, ecritures: Sequence[Ecriture]) -> None:
        """Add, unless it is the turn of a failure."""
        self._rang += 1
        quand = self._panne(self._rang)
        if quand == "avant":
            raise StoreFullError("plein")
        super().ajouter(ecritures)
        if quand == "apres":
            raise StoreError("réponse perdue")


@pytest.mark.parametrize("poignees", [1, 2])
def test_huit_appelants_sur_une_base_sqlite(tmp_path: Path, poignees: int) -> None:
    """Huit appelants sur un fichier, par une ou deux poignées : tout reçu dit vrai."""
    base = tmp_path / "a.db"
    livres = [GrandLivre.ouvrir(base, creer=True) for _ in range(poignees)]
    livres[0].executer(commande("OuvrirProgramme", "o", "2019-07-11"))
    reponses = jouer(livres, programmes(poignees))
    for livre in livres:
        livre.fermer()
    assert len(reponses) == FILS * PAR_FIL
    store = SQLiteStore(base, ecriture=False)
    confronter(store, reponses)
    store.fermer()


@pytest.mark.parametrize("rang", [1, 2, 3, 7])
@pytest.mark.parametrize("quand", ["avant", "apres"])
def test_une_panne_toutes_les_quelques_transactions(rang: int, quand: str) -> None:
    """Le magasin tombe en panne toutes les k transactions : renvoyer suffit, rien n'est double."""
    restantes, verrou = [40], Lock()

    def panne(numero: int) -> str:
        with verrou:
            if numero == 1 or (numero - 1) % rang or not restantes[0]:
                return ""
            restantes[0] -= 1
            return quand

    store = Fragile(panne)
    livre = GrandLivre(store)
    livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
    reponses = jouer([livre], programmes(rang))
    erreurs = [r for _, r in reponses if isinstance(r, StoreError)]
    assert len(reponses) == FILS * PAR_FIL + len(erreurs)
    assert erreurs  # a failure may also fall on a transaction that meets a conflict
    confronter(store, reponses)
