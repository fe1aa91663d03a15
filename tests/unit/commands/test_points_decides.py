"""Les points décidés du contrat, un par un : chacun a au moins un test à son nom."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger import Journal
from ledger.evenements import LabelRetiré, Part, Retrait, VersementAnnulé
from projections import anomalies, credits, echeancier, enveloppe, regarder
from projections.situation import Vue
from tests.unit.monde import Monde, P, qui, tranches


def vue(monde: Monde, au: str | None = None) -> Vue:
    """The programme as projections read it."""
    jour = date.fromisoformat(au) if au is not None else None
    return regarder(Journal(monde.livre.store, P), au=jour)


def a_prevoir(monde: Monde) -> dict[int, int]:
    """What is left to plan, by exercice, in cents."""
    return {
        ligne.exercice: ligne.cp_restant_a_prevoir_centimes
        for ligne in credits(vue(monde))
        if ligne.cp_restant_a_prevoir_centimes
    }


def codes(monde: Monde) -> set[str]:
    """The codes of the anomalies."""
    return {anomalie.code for anomalie in anomalies(vue(monde))}


def test_point_1_clore_un_exercice_clot_les_precedents(monde: Monde) -> None:
    """Clore 2020 clôt tous les précédents ; le premier ouvert est 2021."""
    monde.cloturer(2019, 2020)
    assert monde.refus("ModifierEnveloppe", "2001-01-01") == "exercice_clos"
    assert monde.refus("ClôturerExercice", "2022-01-01", exercice=2001) == "exercice_deja_clos"
    assert monde.livre.etat(P).premier_exercice_ouvert == 2021


def test_point_1_bis_un_plan_et_un_bilan_ne_font_pas_d_exercice(monde: Monde) -> None:
    """Ni les tranches prévues ni l'exercice d'un bilan ne donnent des faits à un exercice."""
    monde.label()
    monde.ok("RecevoirBilan", "2020-12-31", exercice=2018)
    monde.cloturer(2019, 2020)
    monde.ok("ClôturerExercice", "2024-01-02", exercice=2021)
    assert monde.ok("ClôturerExercice", "2024-01-02", exercice=2023) == 8


def test_point_1_ter_un_exercice_charge_a_des_faits(monde: Monde) -> None:
    """Un exercice chargé sans aucun fait daté de lui doit être clos à son tour."""
    monde.ouvrir_credits(2018, ae=1, cp=1, jour="2019-07-12")
    assert monde.refus("ClôturerExercice", "2020-01-02", exercice=2019) == "exercice_non_termine"
    monde.cloturer(2018, 2019)


def test_point_2_la_date_se_juge_sur_le_fait_d_appui(monde: Monde) -> None:
    """Bonus : l'octroi ; annulation : le versement ; avenant : aussi le dernier avenant."""
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-03-01")
    assert monde.refus("VerserBonus", "2020-02-29") == "date_incoherente"
    assert monde.refus("OrdonnancerTranche", "2020-02-29", rang=0) == "date_incoherente"
    assert monde.ok("OrdonnancerTranche", "2020-02-29", rang=1) == 5
    position = monde.payer(1, "2020-03-02")
    assert monde.refus("AnnulerVersement", "2020-03-01", position=position) == "date_incoherente"
    assert monde.refus("DemanderReversement", "2020-02-02") == "date_incoherente"
    assert monde.refus("EncaisserReversement", "2020-02-02") == "date_incoherente"


def test_point_2_bis_deposer_n_a_pas_de_date_incoherente(monde: Monde) -> None:
    """Une nouvelle candidature peut être datée avant le rejet de la première."""
    monde.ok("DéposerCandidature", "2020-01-10")
    monde.ok("RejeterCandidature", "2020-01-20")
    assert monde.ok("DéposerCandidature", "2019-01-01") == 4


def test_point_3_bilan_et_ordonnancement_suivent_les_regles_du_label(monde: Monde) -> None:
    """Exigés après le label, ni bilan ni ordre ne s'imposent à ses paiements."""
    monde.label()
    monde.reviser("2020-02-04", bilan_requis=True, ordonnancement_requis=True)
    monde.payer(1, "2020-03-01", acteur=qui("karim", "systeme"))
    assert monde.payer(2, "2021-03-01", acteur=qui("karim", "systeme")) == 6
    monde.label("s2", "2020-02-04")
    assert monde.refus("VerserTranche", "2020-03-01", structure="s2") == "ordonnancement_manquant"


def test_point_4_apres_cloture_du_programme_meme_une_baisse_est_refusee(monde: Monde) -> None:
    """Un avenant en baisse est refusé après CloreProgramme ; versements et retraits continuent."""
    monde.label()
    monde.ok("CloreProgramme", "2022-06-01")
    baisse = {
        "montant_centimes": 9_000_000,
        "echeancier": tranches((2020, 4_500_000, "2020-02-03"), (2021, 4_500_000)),
    }
    assert monde.refus("SignerAvenant", "2020-03-01", **baisse) == "programme_clos"
    position = monde.payer(1, "2020-03-01")
    monde.ok("AnnulerVersement", "2020-03-02", position=position)
    assert monde.ok("RetirerLabel", "2020-03-03") == 7


def test_point_5_l_exercice_d_un_bilan_est_un_sujet(monde: Monde) -> None:
    """Un bilan sur un exercice clos est reçu ; le dernier bilan est le dernier enregistré."""
    monde = Monde(bilan_requis=True)
    monde.label()
    monde.payer(1, "2020-03-01")
    monde.cloturer(2019, 2020)
    assert monde.refus("RecevoirBilan", "2020-12-31") == "exercice_clos"
    monde.ok("RecevoirBilan", "2021-02-10")
    assert monde.ok("RecevoirBilan", "2021-02-01", accepte=False) == 8
    assert monde.refus("VerserTranche", "2021-03-01", rang=2) == "bilan_manquant"


def test_point_6_instruction_et_avis_comptent_quels_qu_ils_soient() -> None:
    """Un avis défavorable et une instruction postérieurs au label suffisent, une fois par dépôt."""
    monde = Monde(instruction_requise=True, avis_requis=True)
    monde.ok("DéposerCandidature", "2020-01-10")
    monde.ok("InstruireCandidature", "2020-05-01")
    monde.ok("RendreAvis", "2020-05-01", avis="defavorable")
    monde.ok("RejeterCandidature", "2020-05-02")
    monde.ok("DéposerCandidature", "2020-01-10")
    assert monde.refus("LabelliserFabrique", "2020-02-03") == "instruction_manquante"
    monde.ok("InstruireCandidature", "2020-05-01")
    assert monde.refus("LabelliserFabrique", "2020-02-03") == "avis_manquant"
    monde.ok("RendreAvis", "2020-05-01", avis="defavorable")
    assert monde.ok("LabelliserFabrique", "2020-02-03") == 9


@pytest.mark.parametrize("criteres", [{}, {"experimentation": "rempli"}, {"autre": "rempli"}])
def test_point_6_bis_les_criteres_sont_exactement_cinq(
    monde: Monde, criteres: dict[str, str]
) -> None:
    """Une instruction porte exactement les cinq critères."""
    monde.ok("DéposerCandidature", "2020-01-10")
    champs: dict[str, Any] = {"criteres": criteres}
    assert monde.refus("InstruireCandidature", "2020-01-11", **champs) == "commande_invalide"


def test_point_7_le_rang_0_ignore_l_echeancier(monde: Monde) -> None:
    """L'ordre du bonus demande un bonus, et ignore l'échéancier."""
    monde.label()
    assert monde.refus("OrdonnancerTranche", "2020-02-03", rang=0) == "etat_incompatible"
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    trop = {"rang": 0, "montant_centimes": 10_000_001}
    assert monde.refus("OrdonnancerTranche", "2020-02-03", **trop) == "montant_excessif"
    monde.ok("VerserBonus", "2020-02-03")
    assert monde.refus("OrdonnancerTranche", "2020-02-03", rang=0) == "tranche_soldee"


def test_point_7_bis_annuler_rend_l_ordre_a_payer(monde: Monde) -> None:
    """Les ordres d'un versement annulé sont de nouveau à payer, et bornent les suivants."""
    monde.label()
    monde.ok("OrdonnancerTranche", "2020-03-01")
    position = monde.payer(1, "2020-03-01")
    monde.ok("AnnulerVersement", "2020-03-02", position=position)
    trop = {"montant_centimes": 1}
    assert monde.refus("OrdonnancerTranche", "2020-03-03", **trop) == "montant_excessif"


@pytest.mark.parametrize(
    ("jour", "exercice", "attendu"),
    [
        ("2022-03-01", 2020, "exercice_invalide"),
        ("2022-03-01", 2021, None),
        ("2022-03-01", None, None),
        ("2022-03-01", 2023, "exercice_invalide"),
    ],
)
def test_point_8_l_exercice_charge_suit_l_engagement_consomme(
    monde: Monde, jour: str, exercice: int | None, attendu: str | None
) -> None:
    """Ni après l'année du paiement, ni avant un engagement qu'il consomme."""
    monde.label(montant_centimes=9_000_000)
    lignes = tranches((2020, 4_000_000, "2020-02-03"), (2021, 4_000_000), (2022, 4_000_000))
    monde.ok("SignerAvenant", "2021-01-10", montant_centimes=12_000_000, echeancier=lignes)
    for rang in (1, 2):
        monde.payer(rang, "2021-03-01", 4_000_000)
    champs = {"rang": 3, "montant_centimes": 4_000_000, "exercice": exercice}
    recu = monde.envoyer("VerserTranche", jour, **champs)
    assert (recu.refus.code if recu.refus is not None else None) == attendu


def test_point_9_un_retrait_compte_au_plus_tot_dans_l_exercice_de_l_engagement(
    monde: Monde,
) -> None:
    """Un bonus engagé sur 2022 et retiré en 2020 est retiré dans 2022, même exercice."""
    monde = Monde(imputation_bonus="hors_enveloppe")
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03", exercice=2022)
    monde.reviser("2020-05-01", retraits_anterieurs_recyclables=True)
    fait = monde.fait("RetirerLabel", "2020-06-01")
    assert isinstance(fait, LabelRetiré)
    assert fait.retraits == (
        Retrait("subvention", 2020, 2020, 15_000_000, True, "enveloppe"),
        Retrait("bonus", 2022, 2022, 10_000_000, True, "hors_enveloppe"),
    )


@pytest.mark.parametrize(("jour", "exercice"), [("2020-12-01", 2021), ("2022-01-05", 2022)])
def test_point_9_bis_une_annulation_apres_retrait_est_retiree_aussitot(
    monde: Monde, jour: str, exercice: int
) -> None:
    """Après le retrait du label, ce qui revient est retiré dans le premier exercice ouvert."""
    monde.label()
    position = monde.payer(1, "2020-03-01")
    monde.ok("RetirerLabel", "2020-06-01")
    monde.cloturer(2019, 2020)
    fait = monde.fait("AnnulerVersement", jour, position=position)
    assert isinstance(fait, VersementAnnulé)
    assert (fait.exercice, fait.regularisation) == (2021, True)
    assert fait.retraits == (Retrait("subvention", 2020, exercice, 5_000_000, False, "enveloppe"),)


def test_point_10_ce_qui_reste_a_prevoir_glisse_au_premier_exercice_ouvert(monde: Monde) -> None:
    """Le reste à prévoir d'un exercice clos passe au premier ouvert ; sa somme est le reste."""
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    monde.payer(1, "2020-03-01", 1_000_000)
    attendu = {2019: 10_000_000, 2020: 4_000_000, 2021: 5_000_000, 2022: 5_000_000}
    assert a_prevoir(monde) == attendu
    monde.cloturer(2019, 2020)
    assert a_prevoir(monde) == {2021: 19_000_000, 2022: 5_000_000}
    assert enveloppe(vue(monde)).reste_a_payer_centimes == 24_000_000


@pytest.mark.parametrize(
    ("enveloppe_centimes", "attendu"),
    [(0, 0), (200_000_000, 750), (160_000_000, 938), (4_500_000_000, 33)],
)
def test_point_11_le_taux_arrondit_la_moitie_vers_le_haut(
    enveloppe_centimes: int, attendu: int
) -> None:
    """Taux de consommation en dix-millièmes, moitié vers le haut, 0 sans enveloppe."""
    monde = Monde(enveloppe_centimes=enveloppe_centimes)
    if enveloppe_centimes:
        monde.label()
    assert enveloppe(vue(monde)).taux_consommation_dix_milliemes == attendu


def test_point_11_bis_reversements_encaisses_et_derniers_quotas(monde: Monde) -> None:
    """Les reversements comptent l'argent reçu ; les quotas sont ceux des dernières règles."""
    monde.label()
    monde.payer(1, "2020-03-01")
    monde.ok("DemanderReversement", "2020-04-01")
    monde.ok("EncaisserReversement", "2020-04-01", montant_centimes=400_000)
    monde.reviser("2021-01-01", quota_numeriques=32)
    assert enveloppe(vue(monde)).reversements_centimes == 400_000
    assert enveloppe(vue(monde)).quotas.numeriques == 32
    assert enveloppe(vue(monde, "2020-12-31")).quotas.numeriques == 30


INVALIDES: list[tuple[str, dict[str, Any]]] = [
    ("VerserTranche", {"autre": 1}),
    ("VerserTranche", {"montant_centimes": 5000000.0}),
    ("VerserTranche", {"montant_centimes": "5000000"}),
    ("VerserTranche", {"montant_centimes": True}),
    ("VerserTranche", {"montant_centimes": 0}),
    ("VerserBonus", {"montant_centimes": 0}),
    ("OrdonnancerTranche", {"montant_centimes": -1}),
    ("LabelliserFabrique", {"montant_centimes": 0}),
    ("SignerAvenant", {"montant_centimes": 0, "echeancier": []}),
    ("DemanderReversement", {"montant_centimes": 0}),
    ("EncaisserReversement", {"montant_centimes": 0}),
    ("RéviserRègles", {"regles": {}}),
    ("RéviserRègles", {"regles": {"enveloppe_centimes": 1}}),
    ("RéviserRègles", {"regles": {"echeance_defaut": "02-29"}}),
    ("RéviserRègles", {"regles": {"quota_total": None}}),
    ("CorrigerStructure", {}),
]


@pytest.mark.parametrize(("verbe", "champs"), INVALIDES)
def test_point_12_une_commande_mal_formee_est_invalide(
    monde: Monde, verbe: str, champs: dict[str, Any]
) -> None:
    """Membre inconnu, montant non entier ou nul, règles vides, correction vide : invalide."""
    monde.label()
    assert monde.refus(verbe, "2020-03-01", **champs) == "commande_invalide"


@pytest.mark.parametrize("lignes", [[], tranches((2020, 0)), tranches((2020, -5))])
def test_point_12_bis_des_montants_faux_dans_l_echeancier_sont_de_l_echeancier(
    monde: Monde, lignes: list[dict[str, Any]]
) -> None:
    """Un échéancier vide ou aux montants nuls est invalide, pas la commande."""
    monde.ok("DéposerCandidature", "2020-01-10")
    code = monde.refus("LabelliserFabrique", "2020-02-03", echeancier=lignes)
    assert code == "echeancier_invalide"


def test_point_13_un_rang_dont_tout_est_annule_redevient_libre(monde: Monde) -> None:
    """Un rang payé puis annulé en entier peut changer d'exercice et d'échéance."""
    monde.label()
    position = monde.payer(1, "2020-03-01")
    lignes = tranches((2021, 5_000_000), (2022, 5_000_000))
    champs = {"montant_centimes": 10_000_000, "echeancier": lignes}
    assert monde.refus("SignerAvenant", "2020-05-01", **champs) == "echeancier_invalide"
    monde.ok("AnnulerVersement", "2020-04-01", position=position)
    assert monde.ok("SignerAvenant", "2020-05-01", **champs) == 6


def test_point_14_une_revision_se_juge_aussi_aux_dates_ulterieures(monde: Monde) -> None:
    """Une révision tardive qui rendrait incohérente une règle ultérieure est refusée."""
    monde.reviser("2021-01-01", plafond_centimes=8_000_000)
    hausse = {"plancher_centimes": 9_000_000}
    assert monde.refus("RéviserRègles", "2020-01-01", regles=hausse) == "regles_incoherentes"
    monde.reviser("2021-01-01", plafond_centimes=9_000_000)
    assert monde.ok("RéviserRègles", "2020-01-01", regles=hausse) == 4


def test_point_15_une_tranche_annulee_n_a_plus_de_reste(monde: Monde) -> None:
    """Label retiré : un rang non soldé est annulé et n'a plus de reste ; un soldé le demeure."""
    monde.label()
    monde.payer(1, "2020-03-01")
    monde.payer(2, "2021-03-01", 1_000_000)
    monde.ok("RetirerLabel", "2021-06-01")
    lignes = echeancier(vue(monde), "s1").tranches
    assert [(t.statut, t.verse_centimes, t.reste_centimes) for t in lignes] == [
        ("soldee", 5_000_000, 0),
        ("annulee", 1_000_000, 0),
        ("annulee", 0, 0),
    ]


def test_point_16_un_retrait_date_avant_un_versement_est_signale(monde: Monde) -> None:
    """Le retrait daté avant un versement est accepté, et l'anomalie est listée."""
    monde.label()
    monde.payer(1, "2020-03-01")
    monde.ok("RetirerLabel", "2020-02-15")
    assert "versement_apres_retrait" in codes(monde)


def test_point_16_bis_annuler_un_versement_reclame_est_signale(monde: Monde) -> None:
    """Annuler un versement réclamé est accepté, signalé, et plus rien ne se réclame."""
    monde.label()
    position = monde.payer(1, "2020-03-01")
    monde.ok("DemanderReversement", "2020-04-01", montant_centimes=5_000_000)
    assert "reversement_excedentaire" not in codes(monde)
    monde.ok("AnnulerVersement", "2020-05-01", position=position)
    assert "reversement_excedentaire" in codes(monde)
    champs = {"montant_centimes": 1}
    assert monde.refus("DemanderReversement", "2020-06-01", **champs) == "montant_excessif"
    monde.payer(1, "2020-06-01")
    assert monde.refus("DemanderReversement", "2020-06-01", **champs) == "montant_excessif"


def test_point_17_un_identifiant_appartient_a_un_programme(monde: Monde) -> None:
    """Le même identifiant sert dans deux programmes."""
    ouverture = monde.commande("OuvrirProgramme", "2019-07-11")
    recus = [monde.livre.executer(ouverture | {"programme": p}) for p in ("p1", "p2")]
    assert [(r.statut, r.positions) for r in recus] == [("acceptee", (1,)), ("acceptee", (1,))]


def test_point_17_bis_la_graphie_du_verbe_ne_change_rien(monde: Monde) -> None:
    """Le verbe sans accents, ou décomposé, est la même commande."""
    commande = monde.commande("RéviserRègles", "2020-01-01")
    monde.livre.executer(commande)
    for verbe in ("ReviserRegles", "Re\u0301viserRe\u0300gles"):
        recu = monde.livre.executer(commande | {"commande": verbe})
        assert (recu.statut, recu.positions) == ("deja_executee", (2,))


def test_point_17_ter_un_defaut_explicite_ne_change_rien(monde: Monde) -> None:
    """L'exercice par défaut, écrit ou non, est la même commande."""
    monde.label()
    commande = monde.commande("VerserTranche", "2020-03-01")
    monde.livre.executer(commande)
    recu = monde.livre.executer(commande | {"exercice": 2020})
    assert (recu.statut, recu.positions) == ("deja_executee", (4,))


def test_point_17_quater_une_liste_de_roles_vide_est_le_defaut(monde: Monde) -> None:
    """Une liste de rôles vide, écrite ou non, est la même commande."""
    monde.ok("DéposerCandidature", "2020-01-10")
    commande = monde.commande("InstruireCandidature", "2020-01-11")
    monde.livre.executer(commande)
    recu = monde.livre.executer(commande | {"roles": []})
    assert (recu.statut, recu.positions) == ("deja_executee", (3,))


def test_les_previsions_suivent_l_exercice_prevu_et_non_le_charge(monde: Monde) -> None:
    """Un versement imputé hors de son exercice solde quand même ce qui y était prévu."""
    monde.label()
    monde.payer(1, "2021-03-01")
    assert a_prevoir(monde) == {2021: 5_000_000, 2022: 5_000_000}
    fiche = vue(monde).situation.fiches["s1"]
    assert fiche.paye == 5_000_000
    label = monde.livre.etat(P).dossiers["s1"].label
    assert label is not None
    assert label.cohortes == (Part(2020, 10_000_000),)
