"""Reprendre un journal : le fait entier, les refus, et l'origine nouvelle."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from msgspec.structs import replace

from commands import GrandLivre
from ledger import Journal, Programme, SQLiteStore
from ledger.evenements import JournalRepris
from ledger.journal import Brouillon
from ledger.preuve.releve import Releve
from projections import credits, enveloppe, regarder
from tests.unit.monde import CHAMPS, HorlogeFixe, Monde, P


def relu(monde: Monde) -> Journal:
    """The journal as a fresh reader finds it in the store."""
    journal = Journal(monde.livre.store, P)
    for _ in journal.rattraper():
        pass
    return journal


def origine_de(monde: Monde, position: int) -> str:
    """The origin that a founding line makes, computed from its bytes."""
    ligne = list(monde.livre.journal(P).lignes())[position - 1]
    return f"fabriques-ledger/fabriques/{sha256(bytes(1) + ligne).hexdigest()[:16]}"


def test_reprendre_journal_enregistre_ce_qui_est_perdu(monde: Monde) -> None:
    """ReprendreJournal enregistre l'origine quittée, les deux tailles, la racine et le motif."""
    monde.reviser("2020-01-01", quota_numeriques=32)
    obtenu = monde.fait("ReprendreJournal", "2020-03-01", taille_satisfaite=2, taille_perdue=3)
    assert obtenu == monde.attendu(
        JournalRepris,
        "2020-03-01",
        version=2,
        origine_precedente="fabriques-ledger/fabriques/0123456789abcdef",
        taille_satisfaite=2,
        taille_perdue=3,
        racine_perdue="A" * 43 + "=",
        motif="Disque perdu",
    )


def test_sans_ligne_perdue_la_reprise_est_sans_objet(monde: Monde) -> None:
    """Une taille perdue qui ne dépasse pas la taille satisfaite : reprise_sans_objet."""
    code = "reprise_sans_objet"
    for satisfaite, perdue in ((1, 1), (1, 0), (0, 0)):
        tailles = {"taille_satisfaite": satisfaite, "taille_perdue": perdue}
        assert monde.refus("ReprendreJournal", "2020-03-01", **tailles) == code
    monde.ok("ReprendreJournal", "2020-03-01", taille_satisfaite=0, taille_perdue=1)


def test_une_taille_satisfaite_que_le_journal_n_a_pas_est_sans_objet(monde: Monde) -> None:
    """Une taille satisfaite au-delà du journal : reprise_sans_objet, avec les trois chiffres."""
    recu = monde.envoyer("ReprendreJournal", "2020-03-01", taille_satisfaite=2, taille_perdue=9)
    assert recu.refus is not None
    assert (recu.refus.code, recu.refus.phrase, recu.refus.details) == (
        "reprise_sans_objet",
        "Rien n'est perdu entre les lignes 2 et 9 d'un journal de 1 lignes. "
        "Comparer d'abord le journal aux relevés : `fabriques verifier --releve`.",
        {"position": 1, "satisfaite": 2, "perdue": 9},
    )
    monde.ok("ReprendreJournal", "2020-03-01", taille_satisfaite=1, taille_perdue=9)


@pytest.mark.parametrize(
    "defaut",
    [
        {"taille_satisfaite": -1},
        {"taille_perdue": 2**53},
        {"taille_perdue": 9.0},
        {"taille_perdue": "9"},
        {"taille_perdue": True},
        {"racine_perdue": "A" * 44},
        {"racine_perdue": "A" * 43 + "=\n"},
        {"racine_perdue": "A" * 42 + "=="},
        {"racine_perdue": "-" * 43 + "="},
        {"origine_precedente": ""},
        {"origine_precedente": "a\u202eb"},
        {"motif": " "},
        {"motif": None},
        {"origine_precedente": None},
        {"racine_perdue": None},
        {"taille_satisfaite": None},
    ],
)
def test_une_reprise_mal_formee_est_invalide(monde: Monde, defaut: dict[str, object]) -> None:
    """Taille, racine, origine ou motif mal formés ou absents : commande_invalide."""
    assert monde.refus("ReprendreJournal", "2020-03-01", **defaut) == "commande_invalide"


def test_une_reprise_passe_en_exercice_clos_et_apres_la_fin_du_programme(monde: Monde) -> None:
    """Un journal se reprend à une date d'un exercice clos, et après CloreProgramme."""
    monde.cloturer(2019)
    assert monde.ok("ReprendreJournal", "2019-12-31") == 3
    monde.ok("CloreProgramme", "2020-03-01")
    assert monde.ok("ReprendreJournal", "2019-08-01") == 5


def test_une_reprise_ne_change_ni_solde_ni_dossier_ni_chiffre(monde: Monde) -> None:
    """L'état, l'enveloppe et les crédits sont les mêmes après, à la position près."""
    monde.label()
    monde.payer(1, "2020-03-01")
    avant = monde.livre.etat(P)
    vue = regarder(monde.livre.journal(P))
    monde.ok("ReprendreJournal", "2020-12-31")
    apres = monde.livre.etat(P)
    assert isinstance(apres, Programme)
    assert replace(apres, position=avant.position) == avant
    suite = regarder(monde.livre.journal(P))
    assert credits(suite) == credits(vue)
    assert replace(enveloppe(suite), position=0) == replace(enveloppe(vue), position=0)


def test_l_origine_change_a_la_ligne_de_reprise(monde: Monde) -> None:
    """L'origine est celle de la ligne 1, puis de chaque ligne de reprise, à partir d'elle."""
    monde.label()
    ecrivain = monde.livre._redacteur.fil(P).journal  # the one that commands move
    premiere = origine_de(monde, 1)
    assert [ecrivain.origine(n) for n in (1, 2, 3)] == [premiere] * 3
    assert monde.ok("ReprendreJournal", "2020-03-01") == 4
    deuxieme = origine_de(monde, 4)
    assert ecrivain.origine() == deuxieme
    monde.ok("ModifierEnveloppe", "2020-03-01")
    assert monde.ok("ReprendreJournal", "2020-03-01", motif="Encore") == 6
    troisieme = origine_de(monde, 6)
    attendu = [premiere] * 3 + [deuxieme] * 2 + [troisieme]
    for journal in (ecrivain, relu(monde)):
        assert [journal.origine(n) for n in range(1, 7)] == attendu
        assert journal.origine() == troisieme
        assert journal.fondations == [1, 4, 6]
    assert len({premiere, deuxieme, troisieme}) == 3


def test_le_releve_d_un_journal_dit_son_origine_sa_taille_et_sa_racine(monde: Monde) -> None:
    """Le relevé d'une taille passée porte l'origine et la racine d'alors."""
    monde.label()
    monde.ok("ReprendreJournal", "2020-03-01")
    journal = relu(monde)
    for taille in range(1, 5):
        position = 4 if taille == 4 else 1
        assert journal.releve(taille) == Releve(
            origine_de(monde, position), taille, journal.arbre.racine(taille)
        )
    assert journal.releve() == journal.releve(4)
    with pytest.raises(IndexError):
        journal.releve(5)


def test_un_brouillon_non_ecrit_ne_change_pas_l_origine(monde: Monde) -> None:
    """Une reprise scellée mais pas encore écrite laisse l'origine ; écrite, elle la change."""
    journal = monde.livre.journal(P)
    avant = journal.origine()
    monde.commande("ReprendreJournal", "2020-03-01")
    fait = monde.attendu(JournalRepris, "2020-03-01", **CHAMPS["ReprendreJournal"])
    brouillon = Brouillon(journal)
    brouillon.sceller(fait, instant="2020-01-01T00:00:00.000000Z", empreinte="0" * 64)
    assert (journal.origine(), journal.fondations) == (avant, [1])
    journal.valider(brouillon)
    assert journal.fondations == [1, 2]
    assert journal.origine().endswith(brouillon.feuilles[0].hex()[:16])


def test_l_origine_est_la_meme_page_par_page_et_d_un_processus_a_l_autre(tmp_path: Path) -> None:
    """Relu d'un fichier, en une ou plusieurs fois, par un autre écrivain : les mêmes origines."""
    base = tmp_path / "base.db"
    with GrandLivre.ouvrir(base, creer=True, clock=HorlogeFixe()) as livre:
        monde = Monde(ouvert=False)
        monde.livre = livre
        monde.ok("OuvrirProgramme", "2019-07-11")
        monde.ok("ReprendreJournal", "2020-03-01")
        monde.ok("ModifierEnveloppe", "2020-03-01")
        monde.ok("ReprendreJournal", "2020-03-02")
        attendu = [livre.journal(P).origine(n) for n in range(1, 5)]
    store = SQLiteStore(base, ecriture=False)
    try:
        journal = Journal(store, P)
        for jusqua in (1, 2, 3, 4):
            assert len(list(journal.rattraper(jusqua=jusqua))) == 1
            assert [journal.origine(n) for n in range(1, jusqua + 1)] == attendu[:jusqua]
        assert journal.fondations == [1, 2, 4]
    finally:
        store.fermer()
    with GrandLivre.ouvrir(base, clock=HorlogeFixe()) as livre:
        assert [livre.journal(P).origine(n) for n in range(1, 5)] == attendu
        assert livre.etat(P).regles is not None
        assert livre.etat(P).regles_au(date(2020, 3, 1))[1] == 1
