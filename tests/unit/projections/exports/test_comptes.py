"""Les comptes des exports : chaque poste du grand livre a le sien, et un seul."""

from __future__ import annotations

import pytest

from ledger.erreurs import UnreadableFactError
from projections.exports.comptes import Ligne, ligne
from projections.partie_double import Ecriture

RIEN: tuple[tuple[str, str], ...] = ()
BONUS = (("nature", "bonus"),)
EN_2021 = (("exercice", "2021"), *BONUS)
COMPTES: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "enveloppe:disponible": ("Soldes:Enveloppe:Disponible", RIEN),
    "enveloppe:plafond": ("Origines:Enveloppe:Plafond", RIEN),
    "enveloppe:engage:bonus": ("Emplois:Enveloppe:Engage", BONUS),
    "enveloppe:retraits:bonus": ("Emplois:Enveloppe:Retraits", BONUS),
    "hors_enveloppe:disponible": ("Soldes:Hors-Enveloppe:Disponible", RIEN),
    "hors_enveloppe:engage:bonus": ("Emplois:Hors-Enveloppe:Engage", BONUS),
    "hors_enveloppe:retraits:bonus": ("Emplois:Hors-Enveloppe:Retraits", BONUS),
    "ae:disponibles:2021": ("Soldes:AE:2021:Disponibles", RIEN),
    "ae:gelees:2021": ("Soldes:AE:2021:Gelees", RIEN),
    "ae:ouvertes:2021": ("Origines:AE:2021:Ouvertes", RIEN),
    "ae:engagees:2021:bonus": ("Emplois:AE:2021:Engagees", BONUS),
    "ae:retraits_meme:2021:bonus": ("Emplois:AE:2021:Retraits-Meme-Exercice", BONUS),
    "ae:retraits_anterieurs:2021:bonus": ("Emplois:AE:2021:Retraits-Anterieurs", BONUS),
    "cp:disponibles:2021": ("Soldes:CP:2021:Disponibles", RIEN),
    "cp:geles:2021": ("Soldes:CP:2021:Geles", RIEN),
    "cp:ouverts:2021": ("Origines:CP:2021:Ouverts", RIEN),
    "cp:payes:2021:bonus": ("Emplois:CP:Paye:S-a", (("mouvement", "versements"), *EN_2021)),
    "cp:regularisations:2021:bonus": (
        "Emplois:CP:Paye:S-a",
        (("mouvement", "regularisations"), *EN_2021),
    ),
    "rap:reste:2021:bonus": ("Soldes:RAP:Reste:S-a", EN_2021),
    "rap:engage:2021:bonus": ("Mouvements:RAP:2021:Engage", BONUS),
    "rap:payes:2021:bonus": ("Mouvements:RAP:2021:Payes", BONUS),
    "rap:regularisations:2021:bonus": ("Mouvements:RAP:2021:Regularisations", BONUS),
    "rap:retraits_meme:2021:bonus": ("Mouvements:RAP:2021:Retraits-Meme-Exercice", BONUS),
    "rap:retraits_anterieurs:2021:bonus": ("Mouvements:RAP:2021:Retraits-Anterieurs", BONUS),
    "reversements:demandes": ("Soldes:Reversements:Demandes:S-a", RIEN),
    "reversements:titres": ("Origines:Reversements:Titres", RIEN),
    "reversements:encaisses:2021": ("Mouvements:Reversements:2021:Encaisses", RIEN),
}


@pytest.mark.parametrize("poste", COMPTES)
def test_chaque_poste_a_son_compte_et_ses_details(poste: str) -> None:
    """Compte, mouvement, exercice et nature de chaque poste des quatre livres."""
    assert ligne(Ecriture(4, poste, -5, "a")) == Ligne(*COMPTES[poste], -5)


@pytest.mark.parametrize(("structure", "dite"), [(None, "''"), ("A b", "'A b'")])
def test_un_poste_par_structure_exige_un_identifiant(structure: str | None, dite: str) -> None:
    """Sans structure, ou sous un identifiant forgé, aucun compte : l'erreur dit la position."""
    with pytest.raises(UnreadableFactError) as refus:
        ligne(Ecriture(4, "rap:reste:2021:bonus", 5, structure))
    assert str(refus.value).startswith(f"Position 4 : {dite} n'est pas un identifiant. ")
    assert refus.value.position == 4
