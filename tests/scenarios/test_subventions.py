"""Scénarios : engager, retirer, modifier une subvention ; candidater ; le bonus."""

from __future__ import annotations

from commands.testing.mots import (
    avenant,
    bonus,
    candidature,
    fin_du_programme,
    labellisation,
    rejet,
    retrait,
    versement,
    versement_du_bonus,
)
from tests.scenarios.recit import recit as raconter

LABEL = (candidature("lab01"), labellisation("lab01", "03/02/2020"))
QUATRE_VINGT_DIX = (
    candidature("lab01"),
    labellisation("lab01", "03/02/2020", "90 000,00 €"),
)


def test_un_retrait_la_meme_annee_rend_enveloppe_et_ae() -> None:
    """Étant donné un label de 2020 ; quand il est retiré en 2020 ; alors tout est rendu."""
    recit = raconter().etant_donne(*LABEL)
    recit.alors_l_enveloppe(disponible="44 850 000,00 €")
    recit.quand(retrait("lab01", "01/06/2020"))
    recit.alors_l_enveloppe(
        disponible="45 000 000,00 €",
        retraits_meme_exercice="150 000,00 €",
        retraits_anterieurs="0,00 €",
        reste_a_payer="0,00 €",
    )
    recit.alors_l_exercice(2020, ae_disponibles="0,00 €", rap_cloture="0,00 €")


def test_un_retrait_une_annee_ulterieure_ne_rend_rien() -> None:
    """Étant donné un label de 2020 entamé ; quand il est retiré en 2021 ; alors rien ne revient."""
    recit = raconter().etant_donne(*LABEL, versement("lab01", "02/03/2020", 1))
    recit.quand(retrait("lab01", "15/02/2021"))
    recit.alors_l_enveloppe(
        disponible="44 850 000,00 €",
        retraits_meme_exercice="0,00 €",
        retraits_anterieurs="100 000,00 €",
        reste_a_payer="0,00 €",
    )
    recit.alors_l_exercice(2021, retraits_anterieurs="100 000,00 €", ae_disponibles="0,00 €")
    recit.alors_les_tranches("lab01", "soldee", "annulee", "annulee")


def test_un_retrait_ulterieur_recyclable_rend_enveloppe_et_ae_de_son_annee() -> None:
    """Étant donné des retraits recyclables ; quand un label est retiré en 2021 ; alors il rend."""
    recit = raconter(retraits_anterieurs_recyclables=True)
    recit.etant_donne(*LABEL, versement("lab01", "02/03/2020", 1))
    recit.quand(retrait("lab01", "15/02/2021"))
    recit.alors_l_enveloppe(disponible="44 950 000,00 €", retraits_anterieurs="100 000,00 €")
    recit.alors_l_exercice(2021, ae_disponibles="100 000,00 €")


def test_un_avenant_en_hausse_puis_en_baisse_sur_deux_ans() -> None:
    """Hausse de 30 000 en 2021, baisse de 40 000 en 2021 : la hausse part d'abord, puis 2020."""
    recit = raconter().etant_donne(*QUATRE_VINGT_DIX)
    recit.quand(
        avenant(
            "lab01",
            "10/01/2021",
            "120 000,00 €",
            (2020, "30 000,00 €", "03/02/2020"),
            (2021, "40 000,00 €", "01/03/2021"),
            (2022, "50 000,00 €", "01/03/2022"),
        )
    )
    recit.alors_l_exercice(2020, ae_engagees="90 000,00 €")
    recit.alors_l_exercice(2021, ae_engagees="30 000,00 €", rap_cloture="120 000,00 €")
    recit.alors_l_enveloppe(disponible="44 880 000,00 €")
    recit.quand(
        avenant(
            "lab01",
            "10/06/2021",
            "80 000,00 €",
            (2020, "30 000,00 €", "03/02/2020"),
            (2021, "50 000,00 €", "01/03/2021"),
        )
    )
    recit.alors_l_exercice(
        2021,
        retraits_meme_exercice="30 000,00 €",
        retraits_anterieurs="10 000,00 €",
        rap_cloture="80 000,00 €",
    )
    recit.alors_l_enveloppe(disponible="44 910 000,00 €", reste_a_payer="80 000,00 €")


def test_un_avenant_en_baisse_l_annee_suivante_ne_refait_pas_l_enveloppe() -> None:
    """Étant donné 90 000 de 2020 ; quand ils baissent à 80 000 en 2021 ; alors rien ne revient."""
    recit = raconter().etant_donne(*QUATRE_VINGT_DIX)
    recit.quand(
        avenant(
            "lab01",
            "10/01/2021",
            "80 000,00 €",
            (2020, "40 000,00 €", "03/02/2020"),
            (2021, "40 000,00 €", "01/03/2021"),
        )
    )
    recit.alors_l_enveloppe(disponible="44 910 000,00 €", retraits_anterieurs="10 000,00 €")


def test_le_bonus_dans_l_enveloppe_la_consomme() -> None:
    """Étant donné un bonus imputé à l'enveloppe ; alors il la consomme, sur l'exercice 2019."""
    recit = raconter().etant_donne(*LABEL)
    recit.quand(bonus("lab01", "03/02/2020"), versement_du_bonus("lab01", "02/03/2020"))
    recit.alors_l_enveloppe(disponible="44 750 000,00 €", engage_bonus="100 000,00 €")
    recit.alors_l_exercice(2019, ae_engagees="100 000,00 €", cp_payes="0,00 €")
    recit.alors_l_exercice(2020, cp_payes="100 000,00 €")


def test_le_bonus_hors_enveloppe_ne_la_consomme_pas() -> None:
    """Étant donné un bonus hors enveloppe ; alors le disponible l'ignore, AE et CP le comptent."""
    recit = raconter(imputation_bonus="hors_enveloppe", enveloppe_centimes=15_000_000)
    recit.etant_donne(*LABEL)
    recit.quand(bonus("lab01", "03/02/2020"), versement_du_bonus("lab01", "02/03/2020"))
    recit.alors_l_enveloppe(
        disponible="0,00 €",
        engage="250 000,00 €",
        engage_bonus="100 000,00 €",
        paye="100 000,00 €",
    )
    recit.alors_l_exercice(2019, ae_engagees="100 000,00 €")
    recit.quand(retrait("lab01", "01/06/2020"))
    recit.alors_l_enveloppe(disponible="150 000,00 €", retraits_meme_exercice="150 000,00 €")


def test_une_candidature_rejetee_puis_labellisee() -> None:
    """Étant donné une candidature rejetée ; quand une autre suit ; alors le label est donné."""
    recit = raconter(instruction_requise=True)
    recit.etant_donne(
        candidature("lab01"),
        ("InstruireCandidature", "12/01/2020", {"structure": "lab01"}),
        rejet("lab01", "20/01/2020"),
    )
    recit.quand_on_tente(labellisation("lab01", "03/02/2020"))
    recit.alors_c_est_refuse("etat_incompatible", "« rejetee »")
    recit.quand(candidature("lab01", "01/04/2020"))
    recit.quand_on_tente(labellisation("lab01", "03/05/2020"))
    recit.alors_c_est_refuse("instruction_manquante")
    recit.quand(("InstruireCandidature", "02/04/2020", {"structure": "lab01"}))
    recit.quand_on_tente(labellisation("lab01", "03/05/2020"))
    recit.alors_c_est_accepte()
    recit.alors_l_enveloppe(engage="150 000,00 €")


def test_la_fin_du_programme_arrete_les_engagements_et_non_les_paiements() -> None:
    """Étant donné un programme clos ; alors ni candidature ni bonus, mais versements et retrait."""
    recit = raconter().etant_donne(*LABEL, fin_du_programme("01/03/2020"))
    recit.quand_on_tente(candidature("lab02", "02/03/2020"))
    recit.alors_c_est_refuse("programme_clos", "n'est plus possible")
    recit.quand_on_tente(bonus("lab01", "03/02/2020"))
    recit.alors_c_est_refuse("programme_clos")
    recit.quand(versement("lab01", "02/03/2020", 1), retrait("lab01", "01/04/2020"))
    recit.alors_l_enveloppe(paye="50 000,00 €", retraits_meme_exercice="100 000,00 €")
