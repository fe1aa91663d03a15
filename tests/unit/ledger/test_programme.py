"""L'état d'un programme après chaque fait, en entier : ce sur quoi les décisions se prennent."""

from __future__ import annotations

from datetime import date
from functools import reduce
from typing import Any

import pytest
from msgspec.structs import replace

from ledger import Journal, evolve
from ledger.erreurs import ImpossibleHistoryError
from ledger.evenements import Fait, Part
from ledger.programme import (
    DEPOSEE,
    LABEL_RETIRE,
    LABELLISEE,
    REJETEE,
    RETIREE,
    Bonus,
    Dossier,
    Label,
    Ordre,
    Programme,
    ajouter_parts,
)
from ledger.regles import Regles
from tests.unit.monde import REGLES_COMPLETES, Monde, P, echeancier, qui, tranches

LABEL_LE = date(2020, 2, 3)
NEUF = ((2020, 3_000_000, "2020-02-03"), (2021, 3_000_000), (2022, 3_000_000))
DOUZE = ((2020, 3_000_000, "2020-02-03"), (2021, 4_000_000), (2022, 5_000_000))


def faits(monde: Monde) -> list[Fait]:
    """What is recorded."""
    return [fait for _, fait in Journal(monde.livre.store, P).rattraper()]


def etat(monde: Monde) -> Programme:
    """The state, folded again from the journal."""
    return reduce(evolve, faits(monde), Programme(P))


def dossier(monde: Monde) -> Dossier:
    """The file of s1."""
    return etat(monde).dossiers["s1"]


def label(monde: Monde) -> Label:
    """The label of s1."""
    lu = dossier(monde).label
    assert lu is not None
    return lu


def labellisee(**champs: Any) -> Monde:
    """A programme where s1 holds a grant of 90 000 EUR since 3 February 2020."""
    monde = Monde()
    monde.label(montant_centimes=9_000_000, **champs)
    return monde


NEUVE = Label(
    date_effet=LABEL_LE,
    exercice=2020,
    regles=Regles(**REGLES_COMPLETES),
    montant=9_000_000,
    tranches=echeancier(*NEUF),
    verse=(0, 0, 0),
    cohortes=(Part(2020, 9_000_000),),
    dernier_avenant=LABEL_LE,
)
"""The label of s1 before anything happens to it."""


def test_une_candidature_s_instruit_recoit_un_avis_et_se_rejette() -> None:
    """Candidature déposée, instruite, avis rendu, rejetée, redéposée, retirée."""
    monde = Monde()
    monde.ok("DéposerCandidature", "2020-01-10", vague="1")
    depose = Dossier(DEPOSEE, date(2020, 1, 10), "qpv", True, "1")
    assert dossier(monde) == depose
    monde.ok("InstruireCandidature", "2020-01-11")
    assert dossier(monde) == replace(depose, instruite=True)
    monde.ok("RendreAvis", "2020-01-12")
    assert dossier(monde) == replace(depose, instruite=True, avis_rendu=True)
    monde.ok("RejeterCandidature", "2020-01-13")
    assert dossier(monde) == replace(depose, etat=REJETEE, instruite=True, avis_rendu=True)
    monde.ok("DéposerCandidature", "2020-01-14", territoire="hors_qpv", numerique=False)
    assert dossier(monde) == Dossier(DEPOSEE, date(2020, 1, 14), "hors_qpv", False, None)
    monde.ok("RetirerCandidature", "2020-01-15")
    assert dossier(monde).etat == RETIREE


@pytest.mark.parametrize(
    ("correction", "attendu"),
    [
        ({"territoire": "hors_qpv"}, {"territoire": "hors_qpv"}),
        ({"numerique": False}, {"numerique": False}),
        ({"vague": "3"}, {"vague": "3"}),
        ({"ville": "Lyon"}, {}),
    ],
)
def test_une_correction_ne_change_que_ce_qu_elle_nomme(
    correction: dict[str, Any], attendu: dict[str, Any]
) -> None:
    """Une correction ne change que ce qu'elle nomme."""
    monde = Monde()
    monde.ok("DéposerCandidature", "2020-01-10", vague="1")
    avant = dossier(monde)
    monde.ok("CorrigerStructure", "2020-01-11", **correction)
    assert dossier(monde) == replace(avant, **attendu)


def test_une_correction_vaut_aussi_apres_le_label() -> None:
    """La vague d'une Fabrique labellisée se corrige, le label reste."""
    monde = labellisee()
    monde.ok("CorrigerStructure", "2020-02-04", vague="2")
    assert dossier(monde) == Dossier(LABELLISEE, date(2020, 1, 10), "qpv", True, "2", label=NEUVE)


def test_le_label_fixe_le_montant_l_echeancier_et_ce_qu_est_la_structure() -> None:
    """Le label fixe la subvention, et l'emporte sur la candidature."""
    monde = Monde()
    monde.ok("DéposerCandidature", "2020-01-10")
    champs: dict[str, Any] = {"territoire": "hors_qpv", "numerique": False, "vague": "4"}
    monde.ok("LabelliserFabrique", "2020-02-03", montant_centimes=9_000_000, **champs)
    assert dossier(monde) == Dossier(
        LABELLISEE, date(2020, 1, 10), "hors_qpv", False, "4", label=NEUVE
    )


def test_ordres_paiements_et_annulations_se_suivent_par_rang() -> None:
    """Un ordre, un paiement qui l'use, son annulation qui le rend : rang par rang."""
    monde = labellisee()
    monde.ok("AccorderBonusNumérique", "2020-02-04")
    bonus = Bonus(date(2020, 2, 4), 2019, 10_000_000, "enveloppe")
    assert label(monde) == replace(NEUVE, bonus=bonus)
    bob = {"acteur": qui("bob", "ordonnateur")}
    monde.ok("OrdonnancerTranche", "2020-03-01", montant_centimes=2_000_000, **bob)
    monde.ok("OrdonnancerTranche", "2020-03-01", rang=0, montant_centimes=4_000_000, **bob)
    un, zero = Ordre(5, "bob", 1, 2_000_000), Ordre(6, "bob", 0, 4_000_000)
    assert label(monde) == replace(NEUVE, bonus=bonus, ordres=(un, zero))
    tranche = monde.payer(1, "2020-03-02", 1_500_000)
    use = replace(un, utilise=1_500_000)
    paye = replace(
        NEUVE,
        bonus=bonus,
        ordres=(use, zero),
        verse=(1_500_000, 0, 0),
        cohortes=(Part(2020, 7_500_000),),
    )
    assert label(monde) == paye
    assert [label(monde).ordonnance(rang) for rang in (0, 1, 2)] == [4_000_000, 500_000, 0]
    assert [label(monde).reste(rang) for rang in (1, 2, 3)] == [1_500_000, 3_000_000, 3_000_000]
    versement = monde.ok("VerserBonus", "2020-03-02", montant_centimes=4_000_000)
    des_deux = replace(
        paye,
        bonus=replace(bonus, verse=4_000_000),
        ordres=(use, replace(zero, utilise=4_000_000)),
    )
    assert label(monde) == des_deux
    assert label(monde).paye == 5_500_000
    monde.ok("AnnulerVersement", "2020-03-03", position=tranche)
    rendu = replace(
        des_deux,
        verse=(0, 0, 0),
        cohortes=(Part(2020, 9_000_000),),
        ordres=(un, replace(zero, utilise=4_000_000)),
        annules=frozenset({tranche}),
    )
    assert label(monde) == rendu
    monde.ok("AnnulerVersement", "2020-03-03", position=versement)
    assert label(monde) == replace(
        rendu, bonus=bonus, ordres=(un, zero), annules=frozenset({tranche, versement})
    )


def test_le_dernier_bilan_de_chaque_exercice_compte() -> None:
    """D'un exercice, le dernier bilan reçu compte ; les autres exercices gardent le leur."""
    monde = labellisee()
    monde.ok("RecevoirBilan", "2021-01-10", exercice=2020, accepte=False)
    monde.ok("RecevoirBilan", "2022-01-10", exercice=2021, accepte=True)
    monde.ok("RecevoirBilan", "2022-01-11", exercice=2020, accepte=True)
    assert label(monde) == replace(NEUVE, bilans=((2021, True), (2020, True)))


def test_un_avenant_garde_ce_qui_est_paye_et_range_les_engagements() -> None:
    """Un avenant garde les paiements, ajoute ou retire des engagements, change de dernière date."""
    monde = labellisee()
    monde.payer(1, "2020-02-03", 3_000_000)
    monde.ok(
        "SignerAvenant",
        "2021-01-10",
        montant_centimes=12_000_000,
        echeancier=tranches(*DOUZE),
    )
    hausse = replace(
        NEUVE,
        montant=12_000_000,
        tranches=echeancier(*DOUZE),
        verse=(3_000_000, 0, 0),
        cohortes=(Part(2020, 6_000_000), Part(2021, 3_000_000)),
        dernier_avenant=date(2021, 1, 10),
    )
    assert label(monde) == hausse
    quatre = ((2020, 3_000_000, "2020-02-03"), (2021, 2_000_000), (2021, 2_000_000), (2022, 4))
    monde.reviser("2021-01-11", plancher_centimes=1)
    refus = monde.envoyer(
        "SignerAvenant", "2021-01-12", montant_centimes=7_000_004, echeancier=tranches(*quatre)
    )
    assert refus.statut == "refusee"  # judged by the rules of the label
    huit = (
        (2020, 3_000_000, "2020-02-03"),
        (2021, 2_000_000),
        (2021, 2_000_000),
        (2022, 1_000_000),
    )
    monde.ok("SignerAvenant", "2021-01-12", montant_centimes=8_000_000, echeancier=tranches(*huit))
    assert label(monde) == replace(
        hausse,
        montant=8_000_000,
        tranches=echeancier(*huit),
        verse=(3_000_000, 0, 0, 0),
        cohortes=(Part(2020, 5_000_000),),
        dernier_avenant=date(2021, 1, 12),
    )
    deux = ((2020, 3_000_000, "2020-02-03"), (2021, 5_000_000))
    monde.ok("SignerAvenant", "2021-01-13", montant_centimes=8_000_000, echeancier=tranches(*deux))
    assert label(monde) == replace(
        hausse,
        montant=8_000_000,
        tranches=echeancier(*deux),
        verse=(3_000_000, 0),
        cohortes=(Part(2020, 5_000_000),),
        dernier_avenant=date(2021, 1, 13),
    )


def test_un_label_retire_n_a_plus_rien_a_payer() -> None:
    """Label retiré : engagements vidés, reste du bonus retiré ; une annulation y retire aussi."""
    monde = labellisee()
    monde.ok("AccorderBonusNumérique", "2020-02-04")
    monde.payer(1, "2020-02-05", 1_000_000)
    tranche = monde.payer(1, "2020-02-05", 2_000_000)
    premier = monde.ok("VerserBonus", "2020-02-05", montant_centimes=3_000_000)
    monde.ok("VerserBonus", "2020-02-05", montant_centimes=1_000_000)
    monde.ok("RetirerLabel", "2020-03-01")
    bonus = Bonus(date(2020, 2, 4), 2019, 10_000_000, "enveloppe", 4_000_000, 6_000_000)
    retire = replace(NEUVE, verse=(3_000_000, 0, 0), cohortes=(), bonus=bonus)
    assert dossier(monde) == Dossier(
        LABEL_RETIRE, date(2020, 1, 10), "qpv", True, None, label=retire
    )
    monde.ok("AnnulerVersement", "2020-03-02", position=tranche)
    monde.ok("AnnulerVersement", "2020-03-02", position=premier)
    assert label(monde) == replace(
        retire,
        verse=(1_000_000, 0, 0),
        bonus=replace(bonus, verse=1_000_000, retire=9_000_000),
        annules=frozenset({tranche, premier}),
    )
    sans_bonus = labellisee()
    sans_bonus.ok("RetirerLabel", "2020-03-01")
    assert label(sans_bonus) == replace(NEUVE, cohortes=())


def test_les_reversements_s_ajoutent() -> None:
    """Demandes et encaissements de reversement s'ajoutent."""
    monde = labellisee()
    monde.payer(1, "2020-02-05", 3_000_000)
    paye = replace(NEUVE, verse=(3_000_000, 0, 0), cohortes=(Part(2020, 6_000_000),))
    for _ in range(2):
        monde.ok("DemanderReversement", "2020-03-01", montant_centimes=700_000)
        monde.ok("EncaisserReversement", "2020-03-02", montant_centimes=300_000)
    assert label(monde) == replace(paye, reclame=1_400_000, encaisse=600_000)


def test_une_convention_ne_change_pas_ce_qui_se_decide() -> None:
    """Une convention signée ne change rien de ce que les décisions regardent."""
    monde = labellisee()
    monde.ok("SignerConvention", "2020-02-04")
    assert label(monde) == NEUVE
    assert etat(monde).position == 4


def test_les_exercices_qui_ont_des_faits_sont_ceux_des_dates_et_des_charges() -> None:
    """Compte un exercice : la date d'un fait, ce qu'il charge, ce qu'il retire ; pas un sujet."""
    monde = labellisee()
    assert etat(monde).exercices_avec_faits == {2019, 2020}
    monde.ok("OuvrirCrédits", "2020-02-04", exercice=2031)
    assert etat(monde).exercices_avec_faits == {2019, 2020, 2031}
    monde.ok("RecevoirBilan", "2020-02-05", exercice=2032, accepte=True)
    assert etat(monde).exercices_avec_faits == {2019, 2020, 2031}
    hausse = {"montant_centimes": 12_000_000, "echeancier": tranches(*DOUZE)}
    monde.ok("SignerAvenant", "2022-01-10", **hausse)
    monde.ok("RetirerLabel", "2020-03-01")  # the part of 2022 is withdrawn in 2022
    assert etat(monde).exercices_avec_faits == {2019, 2020, 2022, 2031}
    monde.ok("ClôturerExercice", "2020-01-02", exercice=2019)
    assert etat(monde).exercices_avec_faits == {2019, 2020, 2022, 2031}


def test_un_retrait_compte_l_exercice_ou_il_tombe() -> None:
    """Un retrait compté après l'année de sa date fait compter cet exercice."""
    monde = labellisee()
    monde.ok("AccorderBonusNumérique", "2020-02-04", exercice=2021)
    tous = faits(monde)
    monde.ok("RetirerLabel", "2020-03-01")
    retrait = faits(monde)[-1]
    sans_2021 = replace(reduce(evolve, tous, Programme(P)), exercices_avec_faits=frozenset({2020}))
    assert evolve(sans_2021, retrait).exercices_avec_faits == {2020, 2021}


@pytest.mark.parametrize(
    ("fait", "phrase"),
    [
        (-1, "Position 1 : s1 n'a jamais candidaté."),
        (-2, "Le programme autre n'est pas ouvert."),
    ],
)
def test_une_histoire_impossible_est_une_erreur(fait: int, phrase: str) -> None:
    """Un paiement sans candidature, un label sans programme : une erreur, qui dit où."""
    monde = labellisee()
    monde.payer(1, "2020-02-05", 1)
    vide = Programme("autre")
    if fait == -2:
        vide = evolve(vide, faits(monde)[1])
    with pytest.raises(ImpossibleHistoryError) as levee:
        evolve(vide, faits(monde)[fait])
    assert str(levee.value).startswith(phrase)


def test_un_paiement_sans_label_est_une_histoire_impossible() -> None:
    """Un paiement à une structure sans label est une erreur, qui dit où."""
    monde = labellisee()
    monde.payer(1, "2020-02-05", 1)
    tous = faits(monde)
    depose = reduce(evolve, tous[:2], Programme(P))
    with pytest.raises(ImpossibleHistoryError) as levee:
        evolve(depose, tous[3])
    assert str(levee.value).startswith("Position 3 : s1 est sans label.")


def test_la_fin_du_programme_et_ses_regles_sont_dans_l_etat() -> None:
    """Ouverture, révision et fin changent l'état ; le reste ne touche ni règles ni fin."""
    monde = Monde()
    assert (etat(monde).clos, etat(monde).position) == (False, 1)
    revision = monde.reviser("2020-01-01", quota_total=1)
    assert etat(monde).regles_au(date(2019, 12, 31)) == (Regles(**REGLES_COMPLETES), 1)
    revisees = Regles.model_validate(REGLES_COMPLETES | {"quota_total": 1})
    assert etat(monde).regles_au(date(2020, 1, 1)) == (revisees, revision)
    monde.ok("ModifierEnveloppe", "2020-01-02")
    assert (etat(monde).clos, etat(monde).regles_au(date(2020, 1, 1))) == (
        False,
        (revisees, revision),
    )
    monde.ok("CloreProgramme", "2020-01-03")
    assert etat(monde).clos


@pytest.mark.parametrize(
    ("cohortes", "parts", "sens", "attendu"),
    [
        (((2020, 5),), (), 1, ((2020, 5),)),
        (((2020, 5),), ((2020, 2),), -1, ((2020, 3),)),
        (((2020, 5),), ((2020, 5),), -1, ()),
        (((2020, 5),), ((2019, 2),), 1, ((2019, 2), (2020, 5))),
        (((2020, 5),), ((2020, 2), (2021, 1)), 1, ((2020, 7), (2021, 1))),
        (((2020, 5), (2021, 4)), ((2020, 5), (2021, 1)), -1, ((2021, 3),)),
        (((2020, 5), (2021, 4)), ((2021, 4),), -1, ((2020, 5),)),
        ((), ((2020, 2),), 1, ((2020, 2),)),
    ],
)
def test_les_cohortes_se_rangent_par_exercice_sans_zero(
    cohortes: tuple[tuple[int, int], ...],
    parts: tuple[tuple[int, int], ...],
    sens: int,
    attendu: tuple[tuple[int, int], ...],
) -> None:
    """Des parts ajoutées ou prises : une cohorte par exercice, rangées, sans zéro."""

    def en_parts(lignes: tuple[tuple[int, int], ...]) -> tuple[Part, ...]:
        return tuple(Part(*ligne) for ligne in lignes)

    assert ajouter_parts(en_parts(cohortes), en_parts(parts), sens) == en_parts(attendu)


def test_l_annee_d_un_paiement_compte_meme_quand_il_charge_une_annee_connue() -> None:
    """Un paiement daté d'une année nouvelle la fait compter, même s'il charge une année connue."""
    monde = labellisee()
    monde.payer(1, "2023-03-01", 1, exercice=2020)
    assert etat(monde).exercices_avec_faits == {2019, 2020, 2023}
