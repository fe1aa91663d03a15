"""Ouvrir, réviser, modifier l'enveloppe, clore : le fait entier et chaque refus."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from commands import RéviserRègles
from ledger import Acteur
from ledger.evenements import (
    Attribuant,
    EnveloppeModifiée,
    ProgrammeClos,
    ProgrammeOuvert,
    RèglesRévisées,
)
from ledger.regles import RevisionRegles
from tests.unit.monde import REGLES, REGLES_COMPLETES, Monde


def test_ouvrir_programme_enregistre_les_regles_completes() -> None:
    """OuvrirProgramme enregistre les règles complètes, la source et l'attribuant."""
    monde = Monde(ouvert=False)
    attribuant = {"nom": "État", "siret": "35600000000048"}
    obtenu = monde.fait("OuvrirProgramme", "2019-07-11", attribuant=attribuant)
    assert obtenu == monde.attendu(
        ProgrammeOuvert,
        "2019-07-11",
        intitule="Fabriques",
        regles=REGLES_COMPLETES,
        source="AMI 2019",
        attribuant=Attribuant("État", "35600000000048"),
    )


@pytest.mark.parametrize(
    "changement",
    [
        {"enveloppe_centimes": -1},
        {"plancher_centimes": -1},
        {"plafond_annuel_centimes": -1},
        {"quota_total": -1},
        {"quota_qpv": -1},
        {"quota_hors_qpv": -1},
        {"quota_numeriques": -1},
        {"bonus_centimes": -1},
        {"plancher_centimes": 15_000_001},
        {"exercices_max": 0},
        {"imputation_bonus": "ailleurs"},
        {"quotas": "souples"},
        {"credits": "libres"},
    ],
)
def test_des_regles_incoherentes_n_ouvrent_pas_de_programme(changement: dict[str, object]) -> None:
    """Un montant ou quota négatif, un plancher trop haut, un mot hors liste : refus."""
    monde = Monde(ouvert=False)
    assert (
        monde.refus("OuvrirProgramme", "2019-07-11", regles=REGLES | changement)
        == "regles_incoherentes"
    )


@pytest.mark.parametrize(
    "changement",
    [
        {"quota_total": 10, "quota_qpv": 9, "quota_hors_qpv": 9},
        {"enveloppe_centimes": 0},
        {"plancher_centimes": 15_000_000},
        {"exercice_bonus": None},
    ],
)
def test_des_regles_inhabituelles_restent_coherentes(changement: dict[str, object]) -> None:
    """Les quotas n'ont pas à s'additionner, ni l'enveloppe à les couvrir."""
    monde = Monde(ouvert=False)
    assert monde.ok("OuvrirProgramme", "2019-07-11", regles=REGLES | changement) == 1


def test_un_programme_ne_s_ouvre_qu_une_fois(monde: Monde) -> None:
    """Ouvrir un programme déjà ouvert est refusé."""
    assert monde.refus("OuvrirProgramme", "2019-07-12") == "programme_existant"


def test_un_programme_existant_passe_avant_des_regles_incoherentes(monde: Monde) -> None:
    """Programme existant et règles incohérentes : c'est programme_existant qui répond."""
    mauvaises = REGLES | {"exercices_max": 0}
    assert monde.refus("OuvrirProgramme", "2019-07-12", regles=mauvaises) == "programme_existant"
    neuf = Monde(ouvert=False)
    assert neuf.refus("OuvrirProgramme", "2019-07-12", regles=mauvaises) == "regles_incoherentes"


def test_reviser_regles_n_enregistre_que_ce_qui_change(monde: Monde) -> None:
    """RéviserRègles n'enregistre que les règles qui changent, null compris."""
    regles = {"exercice_bonus": None, "quota_numeriques": 32}
    obtenu = monde.fait("RéviserRègles", "2020-02-03", regles=regles)
    assert obtenu == monde.attendu(
        RèglesRévisées, "2020-02-03", regles=regles, source="Dossier de presse"
    )


def test_une_revision_incoherente_est_refusee(monde: Monde) -> None:
    """Une révision qui met le plancher au-dessus du plafond est refusée."""
    assert (
        monde.refus("RéviserRègles", "2020-02-03", regles={"plafond_centimes": 7_499_999})
        == "regles_incoherentes"
    )


def test_reviser_suit_programme_inconnu_clos_et_exercice_clos() -> None:
    """Les refus communs passent avant les règles incohérentes, dans l'ordre."""
    mauvaise = {"regles": {"exercices_max": 0}}
    monde = Monde(ouvert=False)
    assert monde.refus("RéviserRègles", "2019-12-01", **mauvaise) == "programme_inconnu"
    monde = Monde()
    monde.cloturer(2019)
    assert monde.refus("RéviserRègles", "2019-12-01", **mauvaise) == "exercice_clos"
    assert monde.refus("RéviserRègles", "2020-12-01", **mauvaise) == "regles_incoherentes"
    monde.ok("CloreProgramme", "2020-01-03")
    assert monde.refus("RéviserRègles", "2019-12-01", **mauvaise) == "programme_clos"


def test_modifier_enveloppe_enregistre_la_variation_signee(monde: Monde) -> None:
    """ModifierEnveloppe enregistre la variation signée et sa source."""
    obtenu = monde.fait("ModifierEnveloppe", "2020-05-01", variation_centimes=-4_500_000_000)
    assert obtenu == monde.attendu(
        EnveloppeModifiée, "2020-05-01", variation_centimes=-4_500_000_000, source="LFR"
    )
    assert monde.livre.etat("fabriques").soldes.disponible == 0


def test_l_enveloppe_ne_baisse_pas_sous_ce_qui_est_engage(monde: Monde) -> None:
    """Une baisse d'un centime de plus que le disponible est refusée."""
    monde.label()
    baisse = -(4_500_000_000 - 15_000_000)
    code = monde.refus("ModifierEnveloppe", "2020-05-01", variation_centimes=baisse - 1)
    assert code == "enveloppe_insuffisante"
    assert monde.ok("ModifierEnveloppe", "2020-05-01", variation_centimes=baisse) == 4


def test_exercice_clos_passe_avant_enveloppe_insuffisante(monde: Monde) -> None:
    """Exercice clos et enveloppe insuffisante : c'est exercice_clos qui répond."""
    monde.cloturer(2019)
    trop = {"variation_centimes": -4_500_000_001}
    assert monde.refus("ModifierEnveloppe", "2019-12-31", **trop) == "exercice_clos"
    assert monde.refus("ModifierEnveloppe", "2020-01-01", **trop) == "enveloppe_insuffisante"


def test_clore_programme_enregistre_le_motif(monde: Monde) -> None:
    """CloreProgramme enregistre son motif, une fois."""
    obtenu = monde.fait("CloreProgramme", "2022-12-31")
    assert obtenu == monde.attendu(ProgrammeClos, "2022-12-31", motif="Fin")
    assert monde.refus("CloreProgramme", "2022-12-31") == "programme_clos"


def test_programme_clos_passe_avant_exercice_clos(monde: Monde) -> None:
    """Programme clos et exercice clos : c'est programme_clos qui répond."""
    monde.cloturer(2019)
    assert monde.refus("CloreProgramme", "2019-12-31") == "exercice_clos"
    monde.ok("CloreProgramme", "2020-01-03")
    assert monde.refus("CloreProgramme", "2019-12-31") == "programme_clos"


@pytest.mark.parametrize(
    ("regles", "phrase"),
    [
        ({"enveloppe_centimes": 1}, "l'enveloppe ne change que par ModifierEnveloppe"),
        ({}, "une révision change au moins une règle"),
        (RevisionRegles(), "une révision change au moins une règle"),
        (None, "Input should be a valid dictionary or instance of RevisionRegles"),
    ],
)
def test_une_revision_impossible_dit_pourquoi(regles: Any, phrase: str) -> None:
    """Une révision vide, ou qui touche l'enveloppe, est refusée en disant pourquoi."""
    with pytest.raises(ValidationError) as refuse:
        RéviserRègles(
            id_commande="c1",
            programme="p",
            acteur=Acteur("alice", "comptable"),
            date_effet=date(2020, 2, 3),
            regles=regles,
            source="S",
        )
    assert phrase in str(refuse.value)


def test_une_revision_se_donne_en_valeur() -> None:
    """Une révision donnée en valeur ne garde que les règles nommées."""
    commande = RéviserRègles(
        id_commande="c1",
        programme="p",
        acteur=Acteur("alice", "comptable"),
        date_effet=date(2020, 2, 3),
        regles=RevisionRegles(quota_total=0, exercice_bonus=None),
        source="S",
    )
    assert commande.contenu()["regles"] == {"quota_total": 0, "exercice_bonus": None}


def test_deux_revisions_du_meme_jour_se_jugent_dans_l_ordre_de_leur_arrivee() -> None:
    """De deux révisions du même jour, la seconde s'applique après la première."""
    monde = Monde()
    monde.reviser("2020-03-01", plafond_centimes=9_000_000)
    monde.reviser("2020-03-01", plafond_centimes=15_000_000, plancher_centimes=10_000_000)
    champs = {"regles": {"plafond_centimes": 9_999_999}}
    assert monde.refus("RéviserRègles", "2020-03-01", **champs) == "regles_incoherentes"
