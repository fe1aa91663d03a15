"""La provenance : le fichier et la ligne où la commande a été lue, gardés dans le fait."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from commands import ModifierEnveloppe
from ledger import UsageError
from ledger.provenance import Provenance, lire_provenance
from tests.unit.attroupement import attrouper, livre_retenu
from tests.unit.commands.test_correlation import OUVERTURE, faits, modif
from tests.unit.monde import Monde

FICHIER = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def ligne(n: int, feuille: str | None = None) -> Provenance:
    return Provenance(fichier=FICHIER, ligne=n, feuille=feuille)


@pytest.fixture
def monde() -> Monde:
    return Monde()


def test_chaque_fait_garde_la_ligne_de_sa_commande() -> None:
    """Seule, en lot, en flux ou tout ou rien : chaque fait garde le fichier et la ligne donnés."""
    livre, _ = livre_retenu()
    livre.executer(OUVERTURE, provenance={"fichier": FICHIER, "ligne": 1})
    livre.executer(modif("seul"))
    livre.executer_lot([modif("l1"), modif("l2")], provenances=[ligne(2, "Feuil1"), None])
    flux = map(ligne, (3, 4, 5))
    list(livre.executer_flux(map(modif, ("f1", "f2", "f3")), lot=2, provenances=flux))
    livre.executer_lot([modif("a1")], atomique=True, provenances=[ligne(6)])
    assert [fait.provenance for fait in faits(livre)] == [
        ligne(1),
        None,
        ligne(2, "Feuil1"),
        None,
        *map(ligne, (3, 4, 5, 6)),
    ]


def test_la_provenance_ne_change_pas_la_commande(monde: Monde) -> None:
    """Relue d'un autre fichier, la même commande est déjà exécutée ; la première est gardée."""
    envoyee = modif("m")
    premier = monde.livre.executer(envoyee, provenance=ligne(2))
    for autre in (ligne(3), ligne(2, "Feuil1"), None):
        encore = monde.livre.executer(envoyee, provenance=autre)
        assert (encore.statut, encore.positions, encore.racine) == (
            "deja_executee",
            premier.positions,
            premier.racine,
        )
    sans = Monde()
    sans.livre.executer(envoyee)
    (avec, nu) = (faits(m.livre)[1] for m in (monde, sans))
    assert (avec.provenance, nu.provenance) == (ligne(2), None)
    assert avec.empreinte_commande == nu.empreinte_commande


MAUVAISES: list[Any] = [
    "a" * 64,
    {},
    {"fichier": FICHIER},
    {"fichier": FICHIER.upper(), "ligne": 1},
    {"fichier": FICHIER[1:], "ligne": 1},
    {"fichier": FICHIER, "ligne": 0},
    {"fichier": FICHIER, "ligne": True},
    {"fichier": FICHIER, "ligne": "1"},
    {"fichier": FICHIER, "ligne": 2**53},
    {"fichier": FICHIER, "ligne": 1, "nom": "a.csv"},
    {"fichier": FICHIER, "ligne": 1, "feuille": ""},
    {"fichier": FICHIER, "ligne": 1, "feuille": "a\tb"},
    {"fichier": FICHIER, "ligne": 1, "feuille": "x" * 201},
    Provenance(fichier="x", ligne=1),
    Provenance(fichier=FICHIER, ligne=-1),
]


@pytest.mark.parametrize("mauvaise", MAUVAISES, ids=lambda p: str(p)[-60:])
def test_une_provenance_mal_formee_est_une_faute_d_usage(monde: Monde, mauvaise: Any) -> None:
    """Sans SHA-256 ni ligne, ou avec autre chose : rien n'est jugé ni écrit."""
    envois: list[Callable[[], object]] = [
        lambda: monde.livre.executer(modif("m"), provenance=mauvaise),
        lambda: monde.livre.executer_lot([modif("m")], provenances=[mauvaise]),
        lambda: list(monde.livre.executer_flux([modif("m")], provenances=[mauvaise])),
    ]
    for envoyer in envois:
        with pytest.raises(UsageError, match="provenance"):
            envoyer()
    assert monde.taille == 1


def test_il_faut_une_provenance_par_commande(monde: Monde) -> None:
    """Un nombre de provenances qui n'est pas celui des commandes est une faute d'usage."""
    for donnees in ([], [ligne(1)], [ligne(1)] * 3):
        with pytest.raises(UsageError, match="2 attendues"):
            monde.livre.executer_lot([modif("m"), modif("n")], provenances=donnees)
    assert monde.taille == 1


def test_elle_n_est_pas_un_membre_de_la_commande(monde: Monde) -> None:
    """Dans l'objet JSON ou le modèle, la provenance est un membre inconnu."""
    refus = monde.livre.executer(modif("m") | {"provenance": {}}).refus
    assert refus is not None
    assert "provenance : membre inconnu" in refus.phrase
    assert "provenance" not in ModifierEnveloppe.model_fields


def test_a_plusieurs_chacun_garde_la_sienne() -> None:
    """Dans une transaction partagée, chaque fait garde la provenance de son appelant."""
    livre, store = livre_retenu()
    livre.executer(OUVERTURE)
    appels = [
        partial(livre.executer, modif(f"m{n}"), provenance=None if n == 2 else ligne(n + 1))
        for n in range(4)
    ]
    attrouper(livre, store, *appels)
    assert store.ecrits[1:] == [["m0"], ["m1", "m2", "m3"]]
    assert [f.provenance for f in faits(livre)[1:]] == [ligne(1), ligne(2), None, ligne(4)]


def test_le_nom_de_la_feuille_est_mis_en_nfc() -> None:
    """Le nom de la feuille est gardé en NFC, comme tout texte."""
    lue = lire_provenance({"fichier": FICHIER, "ligne": 1, "feuille": "Vague e\u0301largie"})
    assert lue.feuille == "Vague élargie"
