"""Scénarios : payer, rejeter, récupérer, clôturer ; faits tardifs ; séparation des fonctions."""

from __future__ import annotations

from commands.testing.mots import (
    bilan,
    candidature,
    cloture,
    demande,
    encaissement,
    labellisation,
    ordre,
    rejet_bancaire,
    retrait,
    versement,
)
from tests.scenarios.recit import recit as raconter

LABEL = (candidature("lab01"), labellisation("lab01", "03/02/2020"))


def test_un_paiement_refuse_puis_verse_en_deux_fois() -> None:
    """Quand on paie trop tôt, puis trop, alors c'est refusé ; en deux fois, c'est soldé."""
    recit = raconter().etant_donne(*LABEL, versement("lab01", "03/02/2020", 1))
    recit.quand_on_tente(versement("lab01", "28/02/2021", 2))
    recit.alors_c_est_refuse("echeance_non_atteinte", "La tranche 2 échoit le 2021-03-01")
    recit.quand_on_tente(versement("lab01", "01/03/2021", 2, "50 000,01 €"))
    recit.alors_c_est_refuse("montant_excessif", "Il reste 50 000,00 €")
    recit.quand(versement("lab01", "01/03/2021", 2, "20 000,00 €"))
    recit.alors_les_tranches("lab01", "soldee", "partielle", "a_venir")
    recit.quand_on_tente(versement("lab01", "01/03/2022", 3))
    recit.alors_c_est_refuse("tranche_precedente_due", "Il reste 30 000,00 €")
    recit.quand(versement("lab01", "01/04/2021", 2, "30 000,00 €"))
    recit.alors_les_tranches("lab01", "soldee", "soldee", "a_venir")
    recit.alors_l_enveloppe(paye="100 000,00 €", reste_a_payer="50 000,00 €")


def test_un_rejet_bancaire_avant_la_cloture_se_retranche_de_son_annee() -> None:
    """Étant donné un versement de 2020 ; quand la banque le rejette à temps ; alors 2020 baisse."""
    recit = raconter().etant_donne(*LABEL)
    position = recit.quand(versement("lab01", "02/03/2020", 1))
    recit.quand(rejet_bancaire("lab01", "10/01/2021", position))
    recit.alors_l_exercice(
        2020, cp_payes="0,00 €", regularisations="0,00 €", rap_cloture="150 000,00 €"
    )
    recit.alors_les_tranches("lab01", "en_retard", "a_venir", "a_venir")


def test_un_rejet_bancaire_apres_la_cloture_est_une_regularisation() -> None:
    """Étant donné 2020 clos ; quand la banque rejette ; alors régularisation négative de 2021."""
    recit = raconter().etant_donne(*LABEL)
    position = recit.quand(versement("lab01", "02/03/2020", 1))
    recit.quand(cloture(2019, "02/01/2020"), cloture(2020, "02/01/2021"))
    scellee = recit.table(2020)
    recit.quand(rejet_bancaire("lab01", "31/12/2020", position))
    assert recit.table(2020) == scellee
    recit.alors_l_exercice(
        2021,
        cp_payes="0,00 €",
        regularisations="-50 000,00 €",
        rap_ouverture="100 000,00 €",
        rap_cloture="150 000,00 €",
        cp_restant_a_prevoir="100 000,00 €",
    )
    recit.alors_l_enveloppe(paye="0,00 €", reste_a_payer="150 000,00 €")
    recit.quand(versement("lab01", "05/01/2021", 1))
    recit.alors_l_exercice(2021, cp_payes="50 000,00 €", rap_cloture="100 000,00 €")


def test_un_rejet_bancaire_apres_le_retrait_n_est_plus_a_payer() -> None:
    """Étant donné un label retiré ; quand un versement est rejeté ; alors il est retiré aussi."""
    recit = raconter().etant_donne(*LABEL)
    position = recit.quand(versement("lab01", "02/03/2020", 1))
    recit.quand(retrait("lab01", "01/06/2020"), rejet_bancaire("lab01", "01/07/2020", position))
    recit.alors_l_enveloppe(disponible="45 000 000,00 €", paye="0,00 €", reste_a_payer="0,00 €")


def test_un_fait_tardif_compte_a_sa_date() -> None:
    """Étant donné un label enregistré après coup ; alors chaque date montre ce qui y valait."""
    recit = raconter().etant_donne(*LABEL)
    recit.quand(versement("lab01", "01/03/2021", 1), versement("lab01", "01/03/2021", 2))
    recit.quand(candidature("lab02", "01/02/2020"), labellisation("lab02", "01/04/2020"))
    recit.alors_l_enveloppe("03/02/2020", engage="150 000,00 €", paye="0,00 €")
    recit.alors_l_enveloppe("31/12/2020", engage="300 000,00 €", paye="0,00 €")
    recit.alors_l_enveloppe("31/12/2021", engage="300 000,00 €", paye="100 000,00 €")
    recit.alors_l_anomalie("versement_hors_exercice", "lab01")


def test_la_chaine_bilan_ordre_versement_separe_les_fonctions() -> None:
    """Bilan accepté, ordre de l'ordonnateur, versement d'un comptable autre : toute la chaîne."""
    recit = raconter(bilan_requis=True, ordonnancement_requis=True).etant_donne(*LABEL)
    olga, karim = "olga (ordonnateur)", "karim (comptable)"
    recit.quand_on_tente(versement("lab01", "02/03/2020", 1, par=karim))
    recit.alors_c_est_refuse("ordonnancement_manquant", "0,00 € ordonnancés et non payés")
    recit.quand(ordre("lab01", "01/03/2020", 1, "50 000,00 €", olga))
    recit.quand_on_tente(versement("lab01", "02/03/2020", 1, par=olga))
    recit.alors_c_est_refuse("separation_des_fonctions", "olga (ordonnateur) ne peut pas payer")
    recit.quand(versement("lab01", "02/03/2020", 1, par=karim))
    recit.quand_on_tente(ordre("lab01", "01/03/2021", 2, "50 000,00 €", olga))
    recit.alors_c_est_refuse("bilan_manquant", "Le dernier bilan sur 2020")
    recit.quand(bilan("lab01", "10/01/2021", 2020, accepte=False))
    recit.quand_on_tente(ordre("lab01", "01/03/2021", 2, "50 000,00 €", olga))
    recit.alors_c_est_refuse("bilan_manquant")
    recit.quand(
        bilan("lab01", "10/02/2021", 2020, accepte=True),
        ordre("lab01", "01/03/2021", 2, "50 000,00 €", "karim (comptable)"),
    )
    recit.quand_on_tente(versement("lab01", "02/03/2021", 2, par=karim))
    recit.alors_c_est_refuse("separation_des_fonctions", "karim")
    recit.quand(versement("lab01", "02/03/2021", 2, par="alice (comptable)"))
    recit.alors_les_tranches("lab01", "soldee", "soldee", "a_venir")


def test_un_reversement_est_montre_et_ne_rend_rien() -> None:
    """Étant donné 50 000 payés, un retrait ; quand 20 000 reviennent ; alors rien n'est rendu."""
    recit = raconter().etant_donne(
        *LABEL, versement("lab01", "02/03/2020", 1), retrait("lab01", "01/06/2021")
    )
    recit.quand(demande("lab01", "01/07/2021", "30 000,00 €"))
    recit.quand_on_tente(demande("lab01", "01/07/2021", "20 000,01 €"))
    recit.alors_c_est_refuse("montant_excessif", "20 000,00 € payés et non encore réclamés")
    recit.quand(encaissement("lab01", "01/09/2021", "20 000,00 €"))
    recit.quand_on_tente(encaissement("lab01", "02/09/2021", "10 000,01 €"))
    recit.alors_c_est_refuse("montant_excessif", "10 000,00 € réclamés et non encaissés")
    recit.alors_l_enveloppe(
        disponible="44 850 000,00 €", paye="50 000,00 €", reversements="20 000,00 €"
    )
    recit.alors_l_exercice(2021, reversements="20 000,00 €", cp_payes="0,00 €")


def test_les_exercices_se_cloturent_dans_l_ordre_et_ne_bougent_plus() -> None:
    """Quand on clôt 2020 avant 2019, alors c'est refusé ; une fois clos, ses tables sont figées."""
    recit = raconter().etant_donne(*LABEL, versement("lab01", "02/03/2020", 1, "10 000,00 €"))
    recit.quand_on_tente(cloture(2020, "02/01/2021"))
    recit.alors_c_est_refuse("exercice_non_termine", "L'exercice 2019 a des faits")
    recit.quand(cloture(2019, "02/01/2021"))
    recit.quand_on_tente(cloture(2020, "31/12/2020"))
    recit.alors_c_est_refuse("exercice_non_termine", "Clôturer à partir du 1er janvier 2021")
    recit.quand(cloture(2020, "02/01/2021"))
    scellee = recit.table(2020)
    recit.quand_on_tente(versement("lab01", "30/12/2020", 1, "40 000,00 €"))
    recit.alors_c_est_refuse("exercice_clos", "Le premier exercice ouvert est 2021.")
    recit.alors_l_exercice(2021, cp_restant_a_prevoir="90 000,00 €")
    recit.quand(versement("lab01", "05/01/2021", 1, "40 000,00 €"))
    assert recit.table(2020) == scellee
    recit.quand_on_tente(cloture(2020, "02/01/2022"))
    recit.alors_c_est_refuse("exercice_deja_clos")
