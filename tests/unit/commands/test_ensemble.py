"""Plusieurs appelants à la fois : une transaction pour tous, et à chacun sa réponse."""

from __future__ import annotations

import gc
from functools import partial
from typing import Any

import pytest

from commands import GrandLivre, Recu
from commands.guichet import GROUPE_MAX
from ledger import MemoryStore, StoreError, UsageError
from ledger.erreurs import (
    ChainBrokenError,
    StoreClosedError,
    StoreFullError,
    UnrecordableFactError,
)
from ledger.stockage.port import Ecriture, LigneBrute
from tests.unit.attroupement import Retenu, attrouper, livre_retenu, suspendre
from tests.unit.monde import ALICE, CHAMPS, P

OUVRE, M, D = "OuvrirProgramme", "ModifierEnveloppe", "DéposerCandidature"


def commande(identifiant: str, verbe: str = M, programme: str = P, **champs: Any) -> dict[str, Any]:
    """One command of the day the programme opens."""
    commun = {"commande": verbe, "id_commande": identifiant, "programme": programme}
    return {**commun, "acteur": ALICE, "date_effet": "2019-07-11", **CHAMPS[verbe], **champs}


@pytest.fixture
def monde() -> tuple[GrandLivre, Retenu]:
    """An opened programme; what is written from now on is noted."""
    livre, store = livre_retenu()
    assert livre.executer(commande("o", OUVRE)).statut == "acceptee"
    store.ecrits.clear()
    return livre, store


def dits(reponses: list[Any]) -> list[Any]:
    """Status and positions of each receipt; the class and code of each error."""
    return [
        (r.statut, r.positions) if isinstance(r, Recu) else (type(r), getattr(r, "code", None))
        for r in reponses
    ]


def executions(livre: GrandLivre, *commandes: dict[str, Any]) -> list[Any]:
    """One call for each command."""
    return [partial(livre.executer, c) for c in commandes]


def test_ceux_qui_attendent_partagent_une_transaction(monde: tuple[GrandLivre, Retenu]) -> None:
    """Pendant qu'un appelant écrit, les autres attendent ; ils sont ensuite écrits ensemble."""
    livre, store = monde
    reponses = attrouper(livre, store, *executions(livre, *(commande(f"m{n}") for n in range(5))))
    assert store.ecrits == [["m0"], ["m1", "m2", "m3", "m4"]]
    assert dits(reponses) == [("acceptee", (n,)) for n in range(2, 7)]
    arbre = livre.journal(P).arbre
    assert [r.racine for r in reponses] == [
        Recu("", "acceptee", (n,), arbre=arbre).racine for n in range(2, 7)
    ]


def test_un_refus_ne_touche_que_son_appelant(monde: tuple[GrandLivre, Retenu]) -> None:
    """Refus, commande illisible et identifiant répété dans une transaction : à chacun le sien."""
    livre, store = monde
    reponses = attrouper(
        livre,
        store,
        *executions(
            livre,
            commande("m0"),
            commande("l", "LabelliserFabrique"),
            commande("m1"),
            {"commande": "Danser", "id_commande": "x"},
            commande("m1"),
            commande("m1", variation_centimes=2),
            commande("m2"),
        ),
    )
    assert store.ecrits == [["m0"], ["m1", "m2"]]
    assert dits(reponses) == [
        ("acceptee", (2,)),
        ("refusee", ()),
        ("acceptee", (3,)),
        ("refusee", ()),
        ("deja_executee", (3,)),
        ("refusee", ()),
        ("acceptee", (4,)),
    ]
    codes = [r.refus.code for r in reponses if r.refus is not None]
    assert codes == ["structure_inconnue", "commande_invalide", "commande_divergente"]


def test_ce_qu_un_appelant_ecrit_compte_pour_le_suivant(monde: tuple[GrandLivre, Retenu]) -> None:
    """Dans une transaction partagée, chaque commande est jugée après celles qui la précèdent."""
    livre, store = monde
    reponses = attrouper(
        livre,
        store,
        *executions(
            livre,
            commande("m0"),
            commande("d", D),
            commande("l", "LabelliserFabrique"),
            commande("d2", D),
        ),
    )
    assert dits(reponses)[1:] == [("acceptee", (3,)), ("acceptee", (4,)), ("refusee", ())]
    assert store.ecrits == [["m0"], ["d", "l"]]


def test_une_panne_du_magasin_est_dite_a_tous_et_a_eux_seuls(
    monde: tuple[GrandLivre, Retenu],
) -> None:
    """Une panne à l'écriture est levée chez chaque appelant de la transaction, et rien d'autre."""
    livre, store = monde
    store.pannes[1] = StoreFullError("plein", remede="Vider.")
    commandes = [commande(f"m{n}") for n in range(4)]
    reponses = attrouper(livre, store, *executions(livre, *commandes))
    assert dits(reponses) == [("acceptee", (2,))] + [(StoreFullError, "disque_plein")] * 3
    assert {(e.message, e.remede) for e in reponses[1:]} == {("plein", "Vider.")}
    assert len({id(e) for e in reponses[1:]}) == 3  # a traceback belongs to one thread
    assert livre.journal(P).taille == 2
    assert dits([livre.executer(c) for c in commandes]) == [
        ("deja_executee", (2,)),
        ("acceptee", (3,)),
        ("acceptee", (4,)),
        ("acceptee", (5,)),
    ]


def test_une_reponse_perdue_se_retrouve_en_renvoyant(monde: tuple[GrandLivre, Retenu]) -> None:
    """Écrite mais sans réponse, une transaction partagée se retrouve en renvoyant les commandes."""
    livre, store = monde
    store.apres[1] = StoreError("coupure")
    commandes = [commande(f"m{n}") for n in range(3)]
    reponses = attrouper(livre, store, *executions(livre, *commandes))
    assert dits(reponses)[1:] == [(StoreError, "base_inutilisable")] * 2
    assert dits([livre.executer(c) for c in commandes]) == [
        ("deja_executee", (n,)) for n in (2, 3, 4)
    ]


def test_un_fait_non_inscriptible_n_arrete_que_son_appelant(
    monde: tuple[GrandLivre, Retenu], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Un fait trop gros pour le journal est une erreur pour son appelant, pas pour les autres."""
    livre, store = monde
    monkeypatch.setattr("ledger.journal.ETAT_MAX_OCTETS", 1_000)
    gros = commande("gros", source="x" * 499, variation_centimes=1)
    gros["acteur"] = {"id": "é" * 200, "role": "comptable"}
    reponses = attrouper(
        livre, store, *executions(livre, commande("m0"), commande("m1"), gros, commande("m2"))
    )
    assert dits(reponses) == [
        ("acceptee", (2,)),
        ("acceptee", (3,)),
        (UnrecordableFactError, "fait_non_inscriptible"),
        ("acceptee", (4,)),
    ]


def test_un_journal_rompu_n_arrete_pas_les_autres_programmes(
    monde: tuple[GrandLivre, Retenu],
) -> None:
    """Un programme au journal rompu est une erreur pour ses appelants, pas pour les autres."""
    livre, store = monde
    store.ajouter([Ecriture("rompu", [LigneBrute(1, "avis-rendu", b"{}")], [])])
    store.ecrits.clear()
    reponses = attrouper(
        livre,
        store,
        *executions(livre, commande("m0"), commande("x", programme="rompu"), commande("m1")),
    )
    assert dits(reponses)[::2] == [("acceptee", (2,)), ("acceptee", (3,))]
    assert isinstance(reponses[1], ChainBrokenError)


def test_un_lot_atomique_est_seul_dans_sa_transaction(monde: tuple[GrandLivre, Retenu]) -> None:
    """Un lot atomique n'est ni coupé ni mêlé à d'autres, accepté comme refusé."""
    livre, store = monde
    bon = [commande("a1"), commande("a2")]
    mauvais = [commande("b1"), commande("b2", "LabelliserFabrique")]
    reponses = attrouper(
        livre,
        store,
        partial(livre.executer, commande("m0")),
        partial(livre.executer, commande("m1")),
        partial(livre.executer_lot, bon, atomique=True),
        partial(livre.executer_lot, mauvais, atomique=True),
        partial(livre.executer, commande("m2")),
        partial(livre.executer_lot, [commande("c1"), commande("c2")]),
    )
    assert store.ecrits == [["m0"], ["m1"], ["a1", "a2"], ["m2", "c1", "c2"]]
    assert dits([*reponses[2], *reponses[3], *reponses[5]]) == [
        ("acceptee", (4,)),
        ("acceptee", (5,)),
        ("refusee", ()),
        ("acceptee", (7,)),
        ("acceptee", (8,)),
    ]
    assert reponses[3][0].rang == 1


def test_une_transaction_partagee_a_256_commandes_au_plus(
    monde: tuple[GrandLivre, Retenu],
) -> None:
    """Au-delà de 256 commandes, la suite attend la transaction suivante ; un grand lot est seul."""
    livre, store = monde
    lots = [[commande(f"{n}-{k}") for k in range(100)] for n in range(3)]
    grand = [commande(f"g{k}") for k in range(257)]
    attrouper(
        livre,
        store,
        partial(livre.executer, commande("m0")),
        *(partial(livre.executer_lot, lot) for lot in (*lots, grand, [commande("fin")])),
    )
    assert [len(ids) for ids in store.ecrits] == [1, 200, 100, 257, 1]


def test_une_lecture_et_une_fermeture_attendent_leur_tour(
    monde: tuple[GrandLivre, Retenu],
) -> None:
    """L'état lu compte ce qui précède ; fermer attend ce qui précède et refuse ce qui suit."""
    livre, store = monde
    suspendus = suspendre(
        livre,
        store,
        *executions(livre, commande("m0"), commande("m1")),
        lambda: livre.etat(P).position,
        livre.fermer,
        livre.fermer,
        partial(livre.executer, commande("m2")),
        partial(livre.executer, {"commande": "Danser"}),
        lambda: livre.etat(P),
    )
    assert all(appel.is_alive() for appel in suspendus.tous)
    suspendus.relacher()
    reponses = [appel.rendre() for appel in suspendus.tous]
    assert dits(reponses[:2]) == [("acceptee", (2,)), ("acceptee", (3,))]
    assert reponses[2:5] == [3, None, None]
    assert dits(reponses[5:]) == [(StoreClosedError, "base_fermee")] * 3
    assert store.ecrits == [["m0"], ["m1"]]


def test_le_meneur_interrompu_laisse_la_place(monde: tuple[GrandLivre, Retenu]) -> None:
    """Ctrl-C chez celui qui écrit pour tous : lui seul est interrompu, les autres ont leur reçu."""
    livre, store = monde
    store.pannes[1] = KeyboardInterrupt()
    commandes = [commande(f"m{n}") for n in range(5)]
    reponses = attrouper(livre, store, *executions(livre, *commandes))
    interrompus = [r for r in reponses if isinstance(r, KeyboardInterrupt)]
    assert len(interrompus) == 1
    assert sorted(dits([r for r in reponses if isinstance(r, Recu)])) == [
        ("acceptee", (n,)) for n in range(2, 6)
    ]
    perdue = next(c for c, r in zip(commandes, reponses, strict=True) if r is interrompus[0])
    assert livre.executer(perdue).positions == (6,)


def test_un_meneur_interrompu_apres_l_ecriture_ne_perd_rien(
    monde: tuple[GrandLivre, Retenu],
) -> None:
    """Interrompu juste après l'écriture : les autres ont le reçu de ce qui est déjà écrit."""
    livre, store = monde
    store.apres[1] = KeyboardInterrupt()
    commandes = [commande(f"m{n}") for n in range(4)]
    reponses = attrouper(livre, store, *executions(livre, *commandes))
    assert sorted(r.positions for r in reponses[1:] if isinstance(r, Recu)) in (
        [(4,), (5,)],
        [(3,), (5,)],
        [(3,), (4,)],
    )
    assert [livre.executer(c).statut for c in commandes] == ["deja_executee"] * 4
    assert livre.journal(P).taille == 5


def test_une_operation_qui_rappelle_son_livre_est_une_faute(
    monde: tuple[GrandLivre, Retenu],
) -> None:
    """Rappelé depuis sa propre opération, le livre le dit au lieu de s'attendre lui-même."""
    livre, store = monde

    class HorlogeBavarde:
        """A clock that calls its ledger."""

        def maintenant(self) -> str:
            """Never answers."""
            bavard.etat(P)
            raise AssertionError

    bavard = GrandLivre(store, clock=HorlogeBavarde())
    with pytest.raises(UsageError, match="rappelé par sa propre opération"):
        bavard.executer(commande("m"))
    assert livre.executer(commande("m")).statut == "acceptee"
    assert bavard.etat(P).position == 2


class _HorlogeAuxAguets:
    """A clock that notes whether the cycle collector is on when it is read."""

    def __init__(self) -> None:
        self.vues: set[bool] = set()

    def maintenant(self) -> str:
        """Always the same instant."""
        self.vues.add(gc.isenabled())
        return "2026-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(("nombre", "allume"), [(1, True), (GROUPE_MAX, True), (301, False)])
def test_un_long_lot_ne_fait_pas_ramasser(nombre: int, allume: bool) -> None:
    """Le ramasse-miettes n'est suspendu que le temps d'un lot trop long pour être partagé."""
    horloge = _HorlogeAuxAguets()
    with GrandLivre(MemoryStore(), clock=horloge) as livre:
        livre.executer(commande("o", OUVRE))
        horloge.vues.clear()
        recus = livre.executer_lot([commande(f"m{n}") for n in range(nombre)])
    assert {r.statut for r in recus} == {"acceptee"}
    assert (horloge.vues, gc.isenabled()) == ({allume}, True)
