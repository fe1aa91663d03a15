"""Plusieurs poignées, plusieurs processus, disque plein : jamais deux fois, jamais à moitié."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commands import GrandLivre
from ledger import Journal, SQLiteStore, StoreError, evolve
from ledger.preuve.merkle import racine_base64
from ledger.programme import Programme
from ledger.stockage.adaptateur import APPLICATION_ID
from tests.unit.monde import ALICE, CHAMPS, REGLES, Monde, P
from tests.unit.processus import Reponse, course, ensemble, remplir

NOMBRE = 4


def commande(verbe: str, identifiant: str, jour: str = "2020-02-03", **champs: Any) -> Any:
    """One command on the programme."""
    commun = {"commande": verbe, "id_commande": identifiant, "programme": P, "acteur": ALICE}
    return {**commun, "date_effet": jour, **CHAMPS[verbe], **champs}


@pytest.fixture(scope="module")
def manches(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Reponse, ...]]:
    """Four processes on an absent base: open, open with the same id, apply, race for the rest."""
    base = str(tmp_path_factory.mktemp("course") / "course.db")
    regles = REGLES | {"enveloppe_centimes": 15_000_000}
    ouverture: dict[str, Any] = {"jour": "2019-07-11", "regles": regles}
    plans = [
        (
            base,
            commande("OuvrirProgramme", f"ouvre-{n}", **ouverture),
            commande("ModifierEnveloppe", "la-meme", variation_centimes=-1),
            commande("DéposerCandidature", f"depose-{n}", structure=f"s{n}"),
            commande("ModifierEnveloppe", "la-meme-aussi", variation_centimes=1),
            commande("LabelliserFabrique", f"label-{n}", structure=f"s{n}"),
        )
        for n in range(NOMBRE)
    ]
    reponses = ensemble(course, *plans)
    return list(zip(*reponses, strict=True))


def test_quatre_ouvertures_une_seule_gagne(manches: list[tuple[Reponse, ...]]) -> None:
    """Quatre processus ouvrent le programme sur une base absente : un seul l'ouvre."""
    obtenu = sorted((r[0], r[1] or "") for r in manches[0])
    assert obtenu == [("acceptee", "")] + [("refusee", "programme_existant")] * 3


def test_le_meme_identifiant_de_quatre_processus_n_ecrit_qu_un_fait(
    manches: list[tuple[Reponse, ...]],
) -> None:
    """La même commande de quatre processus : un fait, quatre fois le même reçu."""
    assert sorted(r[0] for r in manches[1]) == ["acceptee"] + ["deja_executee"] * 3
    assert {r[2:] for r in manches[1]} == {((2,), manches[1][0][3])}


def test_quatre_candidatures_simultanees_sont_toutes_acceptees(
    manches: list[tuple[Reponse, ...]],
) -> None:
    """Quatre commandes sans rapport, au même instant : quatre positions qui se suivent."""
    assert {(r[0], r[1]) for r in manches[2]} == {("acceptee", None)}
    assert sorted(r[2] for r in manches[2]) == [(3,), (4,), (5,), (6,)]


def test_les_derniers_150_000_euros_n_ont_qu_un_gagnant(manches: list[tuple[Reponse, ...]]) -> None:
    """Quatre processus pour les derniers 150 000 EUR : un label, trois enveloppe_depassee."""
    obtenu = sorted((r[0], r[1] or "") for r in manches[4])
    assert obtenu == [("acceptee", "")] + [("refusee", "enveloppe_depassee")] * 3


def test_une_poignee_voit_ce_qu_une_autre_vient_d_ecrire(tmp_path: Path) -> None:
    """Deux poignées : chacune décide et retrouve les reçus sur le dernier état."""
    base = tmp_path / "a.db"
    with GrandLivre.ouvrir(base, creer=True) as un:
        premier = un.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        with GrandLivre.ouvrir(base) as deux:
            encore = deux.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
            assert (encore.statut, encore.positions, encore.racine) == (
                "deja_executee",
                (1,),
                premier.racine,
            )
            assert deux.executer(commande("DéposerCandidature", "d")).positions == (2,)
            assert un.executer(commande("LabelliserFabrique", "l")).positions == (3,)
            assert deux.executer(commande("RetirerLabel", "r")).positions == (4,)


def test_une_poignee_ouverte_avant_la_base_voit_son_ouverture(tmp_path: Path) -> None:
    """Une poignée ouverte sur une base absente voit le programme qu'une autre y a ouvert."""
    base = tmp_path / "a.db"
    with GrandLivre.ouvrir(base, creer=True) as un, GrandLivre.ouvrir(base, creer=True) as deux:
        un.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        recu = deux.executer(commande("ModifierEnveloppe", "m"))
        assert (recu.statut, recu.positions) == ("acceptee", (2,))


def test_une_seconde_poignee_ne_fait_pas_perdre_ses_verrous_a_la_premiere(tmp_path: Path) -> None:
    """Une base ouverte deux fois par un processus reste la sienne quand un autre la referme."""
    base = tmp_path / "a.db"
    with GrandLivre.ouvrir(base, creer=True) as un:
        un.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        with GrandLivre.ouvrir(base):
            pass  # opening it again, or closing, must drop no lock of `un`
        ensemble(course, (str(base), commande("ModifierEnveloppe", "m1")))
        assert un.executer(commande("ModifierEnveloppe", "m2")).positions == (3,)
        # another process sees it while `un` is still open: it went to the log that all share
        ((reponse,),) = ensemble(course, (str(base), commande("ModifierEnveloppe", "m2")))
    assert reponse[:3] == ("deja_executee", None, (3,))


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_une_base_en_cours_de_creation_n_est_pas_etrangere(tmp_path: Path, mode: str) -> None:
    """Un fichier qu'un autre processus vient de créer, encore sans tables, se complète."""
    base = tmp_path / "a.db"
    with closing(sqlite3.connect(base)) as autre:
        autre.execute(f"PRAGMA application_id={APPLICATION_ID}")
        autre.execute(f"PRAGMA journal_mode={mode}")
    assert base.stat().st_size > 0
    with GrandLivre.ouvrir(base, creer=True) as livre:
        recu = livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
    assert (recu.statut, recu.positions) == ("acceptee", (1,))


class _Doublee(SQLiteStore):
    """A store that lets another handle write just before its own first write."""

    def __init__(self, fichier: Path, rivale: GrandLivre, sienne: Any) -> None:
        super().__init__(fichier)
        self.rivale: GrandLivre | None = rivale
        self.sienne = sienne

    def ajouter(self, ecritures: Any) -> None:
        """The rival first, once."""
        if self.rivale is not None:
            rivale, self.rivale = self.rivale, None
            rivale.executer(self.sienne)
        super().ajouter(ecritures)


@pytest.mark.parametrize(
    ("rivale", "attendu"),
    [
        (commande("ModifierEnveloppe", "autre"), ("acceptee", (4,))),
        (commande("LabelliserFabrique", "l"), ("deja_executee", (3,))),
        (commande("RetirerCandidature", "autre"), ("refusee", ())),
    ],
)
def test_un_conflit_fait_relire_et_decider_a_nouveau(
    tmp_path: Path, rivale: Any, attendu: tuple[str, tuple[int, ...]]
) -> None:
    """Doublée par une autre poignée, la commande est jugée à nouveau sur l'état nouveau."""
    base = tmp_path / "a.db"
    with GrandLivre.ouvrir(base, creer=True) as un:
        un.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        un.executer(commande("DéposerCandidature", "d"))
        with GrandLivre(_Doublee(base, un, rivale)) as deux:
            recu = deux.executer(commande("LabelliserFabrique", "l"))
            assert (recu.statut, recu.positions) == attendu


class _IndexMenteur(SQLiteStore):
    """A store whose every write meets an id already taken, though the journal has not it."""

    def retrouver(self, programme: str, ids: Any) -> dict[str, Any]:
        """Nothing is found: the journal and the index disagree."""
        return {}


def test_un_index_qui_contredit_le_journal_est_une_erreur(tmp_path: Path) -> None:
    """Un identifiant pris que le journal ignore arrête tout, sans boucler."""
    base = tmp_path / "a.db"
    with GrandLivre(_IndexMenteur(base, creer=True)) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        livre.executer(commande("ModifierEnveloppe", "m"))
        with pytest.raises(StoreError, match="contredit le journal"):
            livre.executer(commande("ModifierEnveloppe", "m"))


def test_un_disque_plein_ne_perd_rien(tmp_path: Path) -> None:
    """Disque plein : erreur disque_plein, reçus conservés, journal entier, reprise possible."""
    base = tmp_path / "a.db"
    with GrandLivre.ouvrir(base, creer=True) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
    (rapport,) = ensemble(remplir, (str(base), commande("ModifierEnveloppe", "modele")))
    recus = rapport.pop("recus")
    assert rapport == {
        "erreur": "disque_plein",
        "pendant": ("deja_executee", (2,)),
        "apres": "acceptee",
    }
    store = SQLiteStore(base, ecriture=False)
    journal, etat = Journal(store, P), Programme(slug=P)
    for _, fait in journal.rattraper():
        etat = evolve(etat, fait)
    assert {i: e.position for i, e in store.retrouver(P, recus).items()} == {
        i: position for i, (position, _) in recus.items()
    }
    assert {i: racine_base64(journal.arbre.racine(p)) for i, (p, _) in recus.items()} == {
        i: racine for i, (_, racine) in recus.items()
    }
    assert (journal.taille, etat.soldes.enveloppe) == (
        len(recus) + 1,
        4_500_000_000 + len(recus),
    )
    assert (len(recus) > 5, store.controler()) == (True, [])
    store.fermer()


def test_une_ouverture_refusee_ne_laisse_pas_de_fichier(tmp_path: Path) -> None:
    """Un premier OuvrirProgramme refusé, ou invalide, ne laisse aucun fichier."""
    base = tmp_path / "a.db"
    incoherentes = REGLES | {"exercices_max": 0}
    with GrandLivre.ouvrir(base, creer=True) as livre:
        refus = livre.executer(commande("OuvrirProgramme", "o", regles=incoherentes)).refus
        assert refus is not None
        assert refus.code == "regles_incoherentes"
        assert livre.executer({"commande": "OuvrirProgramme"}).statut == "refusee"
        assert livre.executer(commande("RetirerLabel", "r")).statut == "refusee"
    assert list(tmp_path.iterdir()) == []


def test_les_comptes_en_memoire_et_sur_disque_ont_la_meme_racine(tmp_path: Path) -> None:
    """Les mêmes commandes, en mémoire et sur disque, donnent la même racine."""
    racines = []
    for store in (None, SQLiteStore(tmp_path / "a.db", creer=True)):
        monde = Monde(store=store)
        monde.label()
        racines.append(monde.livre.executer(monde.commande("RetirerLabel", "2020-06-01")).racine)
        monde.livre.fermer()
    assert racines[0] == racines[1]
