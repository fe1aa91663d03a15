"""Les mots français des codes : ceux que lit un contrôleur, au terminal comme dans un rapport."""

from __future__ import annotations

from datetime import date
from typing import get_args

from ledger.evenements import Tranche
from ledger.registre import TYPES
from ledger.valeurs import Territoire
from projections.echeancier import de_fiche
from projections.fiche import Fiche
from projections.libelles import ETATS, STATUTS, TERRITOIRES, libelle_du_type


def test_chaque_code_a_son_mot() -> None:
    """Chaque état, chaque statut et chaque territoire a son mot, à la lettre."""
    assert ETATS == {
        "deposee": "déposée",
        "rejetee": "rejetée",
        "retiree": "retirée",
        "labellisee": "labellisée",
        "label_retire": "label retiré",
    }
    assert STATUTS == {
        "annulee": "annulée",
        "soldee": "soldée",
        "en_retard": "en retard",
        "partielle": "partielle",
        "exigible": "exigible",
        "a_venir": "à venir",
    }
    assert TERRITOIRES == {"qpv": "QPV", "hors_qpv": "hors QPV", "inconnu": "inconnu"}
    assert set(TERRITOIRES) == set(get_args(Territoire))


def test_chaque_statut_rendu_a_son_mot() -> None:
    """Les six statuts qu'une tranche peut prendre sont exactement ceux qui ont un mot."""
    tranche = Tranche(1, 2020, 10, date(2020, 3, 1))
    cas = [
        ("labellisee", 10, date(2021, 1, 1), "soldee"),
        ("label_retire", 9, date(2021, 1, 1), "annulee"),
        ("labellisee", 9, date(2021, 1, 1), "en_retard"),
        ("labellisee", 9, date(2020, 12, 31), "partielle"),
        ("labellisee", 0, date(2020, 3, 1), "exigible"),
        ("labellisee", 0, date(2020, 2, 29), "a_venir"),
        ("labellisee", 1, None, "partielle"),
        ("labellisee", 0, None, "a_venir"),
    ]
    rendus = []
    for etat, verse, jour, attendu in cas:
        fiche = Fiche("s1", etat=etat, tranches=(tranche,), verse={1: verse})
        (ligne,) = de_fiche(fiche, jour).tranches
        assert (ligne.statut, ligne.reste_centimes) == (
            attendu,
            0 if attendu == "annulee" else 10 - verse,
        )
        rendus.append(ligne.statut)
    assert set(rendus) == set(STATUTS)


def test_le_type_d_un_fait_se_lit_en_francais() -> None:
    """Mots séparés, accents gardés, une seule majuscule ; un type inconnu se lit tel quel."""
    assert {topic: libelle_du_type(topic) for topic in list(TYPES)[:6]} == {
        "programme-ouvert": "Programme ouvert",
        "regles-revisees": "Règles révisées",
        "enveloppe-modifiee": "Enveloppe modifiée",
        "credits-ouverts": "Crédits ouverts",
        "credits-geles": "Crédits gelés",
        "credits-degeles": "Crédits dégelés",
    }
    assert libelle_du_type("bonus-numerique-verse") == "Bonus numérique versé"
    assert libelle_du_type("tranche-versee:1") == "tranche-versee:1"
