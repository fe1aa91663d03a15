"""Les chiffres lus : deux axes de temps, statuts, anomalies, partie double."""

from __future__ import annotations

from datetime import date

import pytest

from ledger import Journal, UsageError
from ledger.soldes import Labels
from projections import anomalies, complements, echeancier, enveloppe, regarder, structures
from projections.enveloppe import Enveloppe
from projections.partie_double import ecritures
from projections.partie_double import soldes as balances
from projections.situation import Vue
from projections.structures import LigneStructure
from tests.unit.monde import Monde, P


def vue(monde: Monde, au: str | None = None, connu_au: int | str | None = None) -> Vue:
    """The programme as projections read it."""
    jour = date.fromisoformat(au) if au is not None else None
    return regarder(Journal(monde.livre.store, P), au=jour, connu_au=connu_au)


def statuts(monde: Monde, au: str | None, connu_au: int | None = None) -> list[str]:
    """The status of each instalment of s1."""
    return [t.statut for t in echeancier(vue(monde, au, connu_au), "s1").tranches]


def test_l_enveloppe_dit_tous_ses_membres(monde: Monde) -> None:
    """Engagé, retiré, disponible, payé, reste, taux, labels et quotas d'un coup."""
    monde.label()
    monde.label("s2", territoire="hors_qpv", numerique=False)
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    monde.payer(1, "2020-03-01")
    monde.ok("RetirerLabel", "2021-06-01")
    assert enveloppe(vue(monde)) == Enveloppe(
        programme=P,
        position=8,
        au=None,
        enveloppe_centimes=4_500_000_000,
        engage_centimes=40_000_000,
        engage_subventions_centimes=30_000_000,
        engage_bonus_centimes=10_000_000,
        retraits_meme_exercice_centimes=0,
        retraits_anterieurs_centimes=20_000_000,
        retraits_meme_exercice_bonus_centimes=0,
        retraits_anterieurs_bonus_centimes=10_000_000,
        disponible_centimes=4_460_000_000,
        paye_centimes=5_000_000,
        reste_a_payer_centimes=15_000_000,
        reversements_centimes=0,
        taux_consommation_dix_milliemes=89,
        labels=Labels(total=1, hors_qpv=1),
        quotas=Labels(total=300, qpv=150, hors_qpv=150, numeriques=30),
    )


def test_les_deux_axes_de_temps_se_croisent(monde: Monde) -> None:
    """Un fait tardif compte à sa date d'effet, mais seulement une fois connu."""
    monde.label()
    monde.ok("ModifierEnveloppe", "2019-08-01", variation_centimes=7)
    plafond = {
        (au, connu): enveloppe(vue(monde, au, connu)).enveloppe_centimes
        for au in ("2019-07-31", "2019-08-01", None)
        for connu in (3, 4)
    }
    assert plafond == {
        ("2019-07-31", 3): 4_500_000_000,
        ("2019-07-31", 4): 4_500_000_000,
        ("2019-08-01", 3): 4_500_000_000,
        ("2019-08-01", 4): 4_500_000_007,
        (None, 3): 4_500_000_000,
        (None, 4): 4_500_000_007,
    }


def test_un_instant_connu_vaut_les_faits_enregistres_jusqu_a_lui(monde: Monde) -> None:
    """Connu à un instant : les faits enregistrés jusqu'à lui, celui-ci compris."""
    monde.label()
    assert vue(monde, connu_au="2020-01-01T00:00:00.000000Z").situation.position == 3
    assert vue(monde, connu_au="2019-12-31T23:59:59.999999Z").situation.position == 0


def test_une_position_ou_un_programme_absent_est_une_erreur_d_usage(monde: Monde) -> None:
    """Une position pas encore atteinte, un programme absent : erreur d'usage."""
    with pytest.raises(UsageError, match="va de 1 à 1, position"):
        vue(monde, connu_au=2)
    with pytest.raises(UsageError, match="n'est pas dans cette base"):
        regarder(Journal(monde.livre.store, "autre"))
    with pytest.raises(UsageError, match="n'est pas dans fabriques"):
        echeancier(vue(monde), "s1")


def test_le_statut_est_le_premier_qui_s_applique(monde: Monde) -> None:
    """annulee, soldee, en_retard, partielle, exigible, a_venir : le premier qui s'applique."""
    monde.label()
    monde.payer(1, "2020-03-01")
    monde.payer(2, "2021-03-01", 1_000_000)
    fin = monde.ok("RetirerLabel", "2021-06-01")
    assert statuts(monde, "2020-02-10") == ["exigible", "a_venir", "a_venir"]
    assert statuts(monde, "2021-03-01", 4) == ["soldee", "exigible", "a_venir"]
    assert statuts(monde, "2021-05-01") == ["soldee", "partielle", "a_venir"]
    assert statuts(monde, "2022-03-01", fin - 1) == ["soldee", "en_retard", "exigible"]
    assert statuts(monde, None) == ["soldee", "annulee", "annulee"]


def test_le_registre_a_une_ligne_par_structure(monde: Monde) -> None:
    """Le registre a une ligne par structure, rangée par identifiant."""
    monde.label("s2")
    monde.ok("DéposerCandidature", "2020-01-10", porteur="AUORE", numerique=False)
    commun = ("01500", "Ambérieu-en-Bugey", "qpv")
    assert structures(vue(monde)) == (
        LigneStructure("s1", "AUORE", *commun, False, "deposee", 0, 0),
        LigneStructure("s2", "LAB01", *commun, True, "labellisee", 15_000_000, 0),
    )


def test_les_anomalies_ordinaires_sont_listees(monde: Monde) -> None:
    """Retard, hors exercice, convention et SIRET absents : listés avec leur structure."""
    monde.label(montant_centimes=14_900_000)
    monde.payer(1, "2021-02-01", 4_966_666)
    obtenu = [(a.code, a.structure, a.position) for a in anomalies(vue(monde, "2022-01-01"))]
    assert obtenu == [
        ("tranche_en_retard", "s1", 3),
        ("versement_hors_exercice", "s1", 4),
        ("convention_absente", "s1", 3),
        ("siret_absent", "s1", 3),
        ("montant_sous_limite", "s1", 3),
        ("montant_sous_limite", "s1", 3),
        ("montant_sous_limite", "s1", 3),
        ("montant_sous_limite", "s1", 3),
    ]


def test_un_fait_tardif_qui_rend_le_disponible_negatif_est_signale() -> None:
    """Une hausse tardive de l'enveloppe laisse le disponible négatif à une date : signalé."""
    monde = Monde(enveloppe_centimes=15_000_000)
    monde.ok("ModifierEnveloppe", "2021-01-01", variation_centimes=15_000_000)
    monde.label()
    monde.label("s2")
    codes = [a.code for a in anomalies(vue(monde))]
    assert codes.count("disponible_negatif") == 1


def test_un_quota_indicatif_depasse_est_une_anomalie() -> None:
    """Sous quotas indicatifs, le dépassement est une anomalie, pas un refus."""
    monde = Monde(quotas="indicatifs", quota_qpv=0)
    monde.label()
    assert [a.detail for a in anomalies(vue(monde)) if a.code == "quota_depasse"] == [
        "Quota QPV : 1 pour 0."
    ]


def test_les_complements_comptent_par_vague_et_par_annee(monde: Monde) -> None:
    """Vagues, moyenne et rythme, sur les labels en vigueur."""
    monde.label(vague=1)
    monde.label("s2", montant_centimes=9_000_000)
    obtenu = complements(vue(monde))
    assert obtenu.labels_par_vague == {"1": 1, "non renseignée": 1}
    assert obtenu.subvention_moyenne_centimes == 12_000_000
    assert (obtenu.labels_par_exercice, obtenu.labels_financables) == ({2020: 2}, 375)


def test_chaque_fait_a_des_ecritures_qui_s_annulent(monde: Monde) -> None:
    """Les écritures de chaque fait font zéro ; leur somme redonne le disponible et le reste."""
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    position = monde.payer(1, "2020-03-01")
    monde.ok("AnnulerVersement", "2020-03-02", position=position)
    monde.payer(1, "2020-03-03")
    monde.ok("RetirerLabel", "2020-06-01")
    tout = [
        poste
        for numero, fait in Journal(monde.livre.store, P).rattraper()
        for poste in ecritures(numero, fait)
    ]
    par_fait = {n: sum(p.centimes for p in tout if p.position == n) for n in range(1, 9)}
    assert par_fait == dict.fromkeys(range(1, 9), 0)
    comptes = balances(tout)
    assert comptes["enveloppe:disponible"] == enveloppe(vue(monde)).disponible_centimes
    restes = sum(v for k, v in comptes.items() if k.startswith("rap:reste"))
    assert restes == enveloppe(vue(monde)).reste_a_payer_centimes == 0


def test_un_label_retire_mais_paye_doit_encore_sa_convention_et_son_siret(monde: Monde) -> None:
    """Retirer un label payé n'efface ni la convention ni le SIRET qui manquent ; non payé, si."""
    monde.label()
    monde.payer(1, "2020-03-01")
    monde.ok("RetirerLabel", "2020-04-01")
    monde.label("s2")
    monde.ok("RetirerLabel", "2020-04-01", structure="s2")
    trouvees = {(a.code, a.structure) for a in anomalies(vue(monde))}
    assert {("convention_absente", "s1"), ("siret_absent", "s1")} <= trouvees
    assert "s2" not in {structure for _, structure in trouvees}


def test_annuler_un_versement_reclame_est_signale_pour_toujours(monde: Monde) -> None:
    """L'annulation d'un versement déjà réclamé reste listée à sa position, même repayé ensuite."""
    monde.label()
    paiement = monde.payer(1, "2020-03-01")
    monde.ok("DemanderReversement", "2020-04-01", montant_centimes=5_000_000)
    annulation = monde.ok("AnnulerVersement", "2020-05-01", position=paiement)
    monde.payer(1, "2020-06-01")
    trouvees = [a for a in anomalies(vue(monde)) if a.code == "reversement_excedentaire"]
    assert [(a.structure, a.position) for a in trouvees] == [("s1", annulation)]
