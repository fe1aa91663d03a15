"""Simuler : les vraies règles sur une copie, les verbes courts développés, rien d'écrit."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from commands import GrandLivre, LabelliserFabrique, VerserTranche
from commands import simulation as module
from commands.hypotheses import Groupe, Hypothese, HypotheseSansObjetError
from commands.scenario import Etape, lire_scenario
from commands.simulation import LimiteDepasseeError, Resultat, simuler
from ledger import Journal, MemoryStore
from ledger.simulation import EtapeJouee, RefusSimule
from projections import credits, enveloppe, regarder
from tests.properties.outils import octets as tout
from tests.unit.commands.test_scenario import GEL, LABELS, lignes
from tests.unit.monde import CHAMPS, HorlogeFixe, Monde, P

JOUR = date(2021, 3, 1)


def jouer(
    monde: Monde, *objets: dict[str, Any], jour: date = JOUR, position: int | None = None
) -> Resultat:
    """Play a scenario; the base must keep every byte."""
    avant = tout(monde.livre.store)
    scenario = lire_scenario(lignes(*objets), P)
    resultat = simuler(monde.livre.store, P, scenario, jour=jour, position=position)
    assert tout(monde.livre.store) == avant
    return resultat


def figures(resultat: Resultat, au: date | None = None) -> Any:
    """The envelope of the fork."""
    return enveloppe(regarder(Journal(resultat.fourche, P), au=au))


def test_quarante_labels_de_plus() -> None:
    """40 labels à 150 000 EUR : 80 commandes, 6 M EUR engagés, la base n'a pas bougé."""
    monde = Monde()
    monde.label()
    resultat = jouer(monde, {**LABELS, "intervalle_jours": 2, "vague": 2})
    assert resultat.etapes == (
        EtapeJouee(
            1,
            "labelliser",
            "40 labels de plus à 150 000,00 € hors QPV, à partir du 01/06/2021, un tous les 2 "
            "jours",
            40,
            0,
            80,
            0,
        ),
    )
    assert (resultat.refus, resultat.premier_refus) == ((), None)
    lu = figures(resultat)
    assert (lu.labels.total, lu.labels.hors_qpv) == (41, 40)
    assert lu.engage_centimes == 41 * 15_000_000
    labels = [c for c in resultat.commandes if isinstance(c, LabelliserFabrique)]
    assert [c.structure for c in labels[::39]] == ["simulation-0001", "simulation-0040"]
    assert [c.date_effet for c in labels[::39]] == [date(2021, 6, 1), date(2021, 8, 18)]
    assert labels[0].acteur.role == "ordonnateur"
    assert labels[0].id_commande == "simulation-3-2"


def test_la_premiere_regle_qui_casse_est_nommee() -> None:
    """La première règle qui refuse est dite avec sa date, son exercice, sa commande, ses
    chiffres."""
    monde = Monde(quota_hors_qpv=2)
    resultat = jouer(monde, {**LABELS, "nombre": 4, "intervalle_jours": 10})
    assert [(e.groupes_acceptes, e.groupes_refuses) for e in resultat.etapes] == [(2, 2)]
    assert resultat.premier_refus == RefusSimule(
        ligne=1,
        commande="LabelliserFabrique",
        id_commande="simulation-1-6",
        structure="simulation-0003",
        date_effet=date(2021, 6, 21),
        exercice=2021,
        code="quota_atteint",
        message="Quota hors QPV : 2 sur 2, il n'y a plus de place.",
        remede="Réviser le quota (RéviserRègles) ou attendre qu'une place se libère.",
        details={"quota": 2, "compte": 2},
        cherche=False,
    )
    assert [r.structure for r in resultat.refus] == ["simulation-0003", "simulation-0004"]
    # a refused label leaves no application behind
    assert len(regarder(Journal(resultat.fourche, P)).situation.fiches) == 2


def test_jusqu_au_refus_compte_ce_qui_passe() -> None:
    """Labelliser jusqu'au refus dit combien passent, et s'arrête à la règle cherchée."""
    monde = Monde(enveloppe_centimes=100_000_000)
    cherche = {
        "hypothese": "labelliser_jusqu_au_refus",
        "montant_centimes": 15_000_000,
        "date_effet": "2021-06-01",
        "territoire": "qpv",
    }
    resultat = jouer(monde, cherche)
    assert [(e.groupes_acceptes, e.groupes_refuses) for e in resultat.etapes] == [(6, 1)]
    assert [(r.code, r.cherche, r.details) for r in resultat.refus] == [
        (
            "enveloppe_depassee",
            True,
            {"disponible_centimes": 10_000_000, "demande_centimes": 15_000_000},
        )
    ]
    borne = jouer(monde, {**cherche, "maximum": 3})
    assert [(e.groupes_acceptes, e.groupes_refuses) for e in borne.etapes] == [(3, 0)]


def test_les_labels_supposes_sont_instruits_si_la_regle_le_demande() -> None:
    """Instruction et avis sont supposés favorables quand les règles les exigent ; le bonus suit."""
    monde = Monde(instruction_requise=True, avis_requis=True)
    numerique = {**LABELS, "nombre": 2, "territoire": "qpv", "numerique": True, "bonus": True}
    resultat = jouer(monde, numerique)
    assert [c.verbe for c in resultat.commandes[:5]] == [
        "DéposerCandidature",
        "InstruireCandidature",
        "RendreAvis",
        "LabelliserFabrique",
        "AccorderBonusNumérique",
    ]
    assert figures(resultat).engage_bonus_centimes == 20_000_000


def test_un_nom_deja_pris_n_est_pas_reemploye() -> None:
    """Une structure au nom de simulation n'est jamais confondue avec une supposée."""
    monde = Monde()
    monde.label("simulation-0002")
    resultat = jouer(monde, {**LABELS, "nombre": 3})
    labels = [c.structure for c in resultat.commandes if isinstance(c, LabelliserFabrique)]
    assert labels == ["simulation-0001", "simulation-0003", "simulation-0004"]


def test_geler_une_part_des_credits() -> None:
    """4 % des AE et CP ouverts sont gelés, au centime inférieur ; sur les AE seules si demandé."""
    monde = Monde()
    monde.ouvrir_credits(2021, 1_000_099, 2_000_000)
    resultat = jouer(monde, GEL, {**GEL, "sur": "ae"})
    (ligne,) = credits(regarder(Journal(resultat.fourche, P)))
    assert (ligne.ae_gelees_centimes, ligne.cp_geles_centimes) == (80_006, 80_000)
    assert resultat.etapes[0].phrase == "gel de 4 % des AE et CP ouverts de 2021"
    (tout_gele,) = credits(
        regarder(Journal(jouer(monde, {**GEL, "part_dix_milliemes": 10_000}).fourche, P))
    )
    assert (tout_gele.ae_disponibles_centimes, tout_gele.cp_disponibles_centimes) == (0, 0)


def test_annuler_une_part_des_cp() -> None:
    """12,5 % des CP ouverts sont annulés, les AE restent."""
    monde = Monde()
    monde.ouvrir_credits(2021, 5, 2_000_001)
    annuler = {**GEL, "hypothese": "annuler_cp", "part_dix_milliemes": 1_250}
    resultat = jouer(monde, annuler)
    (ligne,) = credits(regarder(Journal(resultat.fourche, P)))
    assert (ligne.ae_ouvertes_centimes, ligne.cp_ouverts_centimes) == (5, 1_750_001)
    assert resultat.etapes[0].phrase == "annulation de 12,50 % des CP ouverts de 2021"


def test_un_gel_sans_credits_n_est_pas_tu() -> None:
    """Geler une part de rien est un défaut du scénario, nommé avec sa ligne, jamais un zéro."""
    with pytest.raises(HypotheseSansObjetError, match=r"ligne 2 \(geler_credits\).*2021 est nulle"):
        jouer(Monde(), {**LABELS, "nombre": 1}, GEL)


def test_toutes_les_echeances_payees_a_temps() -> None:
    """Chaque tranche due est payée à son échéance, ou le jour connu si elle est passée ; bonus
    compris."""
    monde = Monde()
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    monde.payer(1, "2020-02-03", 2_000_000)
    payer = {"hypothese": "verser_echeances", "jusqu_au": "2022-03-01"}
    resultat = jouer(monde, payer, jour=date(2020, 2, 10))
    versements = [
        (c.date_effet.isoformat(), c.verbe, getattr(c, "rang", 0), c.montant_centimes)  # type: ignore[attr-defined]
        for c in resultat.commandes
    ]
    assert versements == [
        ("2020-02-10", "VerserBonus", 0, 10_000_000),
        ("2020-02-10", "VerserTranche", 1, 3_000_000),
        ("2021-03-01", "VerserTranche", 2, 5_000_000),
        ("2022-03-01", "VerserTranche", 3, 5_000_000),
    ]
    assert figures(resultat).reste_a_payer_centimes == 0
    court = jouer(monde, {**payer, "jusqu_au": "2022-02-28", "depuis": "2021-05-01"})
    assert [c.date_effet.isoformat() for c in court.commandes] == ["2021-05-01"] * 3
    with pytest.raises(HypotheseSansObjetError, match="du 01/03/2021, après jusqu_au"):
        jouer(monde, {**payer, "jusqu_au": "2021-01-01"})


def test_les_paiements_suivent_les_regles_du_label() -> None:
    """Ordonnancement d'abord, par un autre que le payeur ; bilans acceptés seulement si supposé."""
    monde = Monde(ordonnancement_requis=True, bilan_requis=True)
    monde.label()
    payer = {"hypothese": "verser_echeances", "jusqu_au": "2021-12-31", "depuis": "2021-05-01"}
    sans = jouer(monde, payer)
    assert [c.verbe for c in sans.commandes] == ["OrdonnancerTranche", "VerserTranche"]
    assert [(r.code, r.commande) for r in sans.refus] == [("bilan_manquant", "OrdonnancerTranche")]
    avec = jouer(monde, {**payer, "bilans_acceptes": True})
    assert avec.refus == ()
    assert [c.verbe for c in avec.commandes][2:] == [
        "RecevoirBilan",
        "OrdonnancerTranche",
        "VerserTranche",
    ]


def test_les_verbes_courts_voient_ce_qui_les_precede() -> None:
    """Chaque ligne est jouée sur l'état que laissent les précédentes : crédits, règles, labels."""
    monde = Monde(credits="bloquants")
    credit = {
        "commande": "OuvrirCrédits",
        "date_effet": "2021-01-01",
        "exercice": 2021,
        "ae_centimes": 30_000_000,
        "cp_centimes": 10_000_000,
        "nature": "lfi",
        "source": "PLF",
    }
    resultat = jouer(
        monde,
        credit,
        {**GEL, "part_dix_milliemes": 5_000, "sur": "cp"},
        {**LABELS, "nombre": 3},
        {"hypothese": "verser_echeances", "jusqu_au": "2021-12-31"},
    )
    assert [(e.groupes_acceptes, e.groupes_refuses) for e in resultat.etapes] == [
        (1, 0),
        (1, 0),
        (2, 1),
        (1, 1),
    ]
    assert [(r.code, r.exercice, r.ligne) for r in resultat.refus] == [
        ("credits_insuffisants", 2021, 3),
        ("credits_insuffisants", 2021, 4),
    ]


def test_une_simulation_part_d_une_position_passee() -> None:
    """Depuis une position passée, ce qui suit n'existe pas : ni fait, ni identifiant."""
    monde = Monde()
    monde.label("s1")
    monde.label("s2")
    resultat = jouer(monde, monde.derniere, position=4)
    assert resultat.etapes[0].deja_executees == 0
    assert figures(resultat).labels.total == 2
    rejoue = jouer(monde, monde.derniere)
    assert (rejoue.etapes[0].deja_executees, rejoue.commandes) == (1, ())


def test_executer_pour_de_bon_donne_ce_qui_etait_simule() -> None:
    """Les commandes acceptées, exécutées pour de bon, donnent les chiffres simulés."""
    monde = Monde()
    monde.label()
    payer = {"hypothese": "verser_echeances", "jusqu_au": "2022-12-31"}
    resultat = jouer(monde, {**LABELS, "nombre": 5}, payer)
    recus = monde.livre.executer_lot(resultat.commandes)
    assert {r.statut for r in recus} == {"acceptee"}
    assert figures(resultat) == enveloppe(regarder(Journal(monde.livre.store, P)))


def test_une_simulation_ne_depend_pas_de_l_horloge() -> None:
    """La même simulation donne les mêmes lignes, quel que soit le jour où elle est jouée."""
    monde = Monde()
    un = jouer(monde, LABELS).fourche
    deux = jouer(monde, LABELS).fourche
    assert [*un.lire(P)] == [*deux.lire(P)]
    dernier = json.loads([*un.lire(P)][-1].octets)
    assert dernier["enregistre_le"] == "2020-01-01T00:00:00.000000Z"


def test_une_simulation_trop_longue_s_arrete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Au-delà de la limite de commandes, la simulation s'arrête et le dit ; rien n'est écrit."""
    monkeypatch.setattr(module, "COMMANDES_MAX", 9)
    assert len(jouer(Monde(), {**LABELS, "nombre": 4}).commandes) == 8
    with pytest.raises(LimiteDepasseeError, match="plus de 9 commandes"):
        jouer(Monde(), {**LABELS, "nombre": 5})


def test_une_longue_simulation_dit_ou_elle_en_est(monkeypatch: pytest.MonkeyPatch) -> None:
    """Le nombre de commandes jouées est dit toutes les cinq cents, et de même à un autre pas."""

    def dits(nombre: int) -> list[int]:
        lus: list[int] = []
        scenario = lire_scenario(lignes(*[credits_a_ouvrir(2021)] * nombre), P)
        simuler(Monde().livre.store, P, scenario, jour=JOUR, progres=lus.append)
        return lus

    assert dits(501) == [500]
    monkeypatch.setattr(module, "_PAS", 2)
    assert dits(5) == [2, 4]


def test_un_label_apres_l_an_2999_est_refuse() -> None:
    """Une cadence qui sort du calendrier est un défaut du scénario, dit avec sa ligne."""
    loin = {**LABELS, "date_effet": "2999-12-01", "intervalle_jours": 366}
    with pytest.raises(HypotheseSansObjetError, match=r"ligne 1 \(labelliser\).*après 2999"):
        jouer(Monde(), loin)


def test_un_programme_clos_refuse_la_premiere_hypothese() -> None:
    """Un programme clos refuse le premier label supposé, avec son code."""
    monde = Monde()
    monde.ok("CloreProgramme", "2021-01-01")
    resultat = jouer(monde, {**LABELS, "nombre": 1})
    assert [(r.code, r.commande) for r in resultat.refus] == [
        ("programme_clos", "DéposerCandidature")
    ]


def test_la_fourche_se_verifie_comme_une_base() -> None:
    """Le journal simulé est conforme à toutes les vérifications."""
    from ledger.audit import verifier  # noqa: PLC0415

    monde = Monde()
    monde.label()
    payer = {"hypothese": "verser_echeances", "jusqu_au": "2022-12-31"}
    assert verifier(jouer(monde, LABELS, payer).fourche, P).constats == ()


def test_une_base_vide_n_est_pas_simulee_en_silence() -> None:
    """Sans programme ouvert, le scénario est refusé par les règles, pas par une panne."""
    livre = GrandLivre(MemoryStore(), clock=HorlogeFixe())
    scenario = lire_scenario(lignes({**LABELS, "nombre": 1}), P)
    resultat = simuler(livre.store, P, scenario, jour=JOUR)
    assert [r.code for r in resultat.refus] == ["programme_inconnu"]
    assert [c for c in resultat.commandes if isinstance(c, VerserTranche)] == []


def test_les_paiements_vont_par_date_puis_par_structure() -> None:
    """Les versements supposés suivent le calendrier, pas les structures : c'est l'ordre où les
    crédits manquent. Ce qui est soldé ou retiré n'est pas payé."""
    monde = Monde()
    monde.label("a")
    monde.label("b", "2020-03-02")
    monde.label("c")
    monde.payer(1, "2020-02-03", structure="a")
    monde.ok("RetirerLabel", "2020-02-20", structure="c")
    payer = {"hypothese": "verser_echeances", "jusqu_au": "2021-12-31", "depuis": "2020-02-25"}
    resultat = jouer(monde, payer)
    assert resultat.refus == ()
    assert [
        (c.date_effet.isoformat(), c.structure, c.rang)
        for c in resultat.commandes
        if isinstance(c, VerserTranche)
    ] == [("2020-03-02", "b", 1), ("2021-03-01", "a", 2), ("2021-03-01", "b", 2)]


def credits_a_ouvrir(exercice: int, **champs: Any) -> dict[str, Any]:
    """A line that opens credits, dated 2021."""
    ouverture = {"commande": "OuvrirCrédits", "date_effet": "2021-01-04", "exercice": exercice}
    return {
        **ouverture,
        "ae_centimes": 1,
        "cp_centimes": 1,
        "nature": "lfi",
        "source": "x",
    } | champs


def test_une_commande_sans_identifiant_est_numerotee_les_autres_gardent_le_leur() -> None:
    """Deux commandes semblables sans identifiant sont deux commandes ; un identifiant donné
    reste."""
    deux = credits_a_ouvrir(2021)
    resultat = jouer(Monde(), deux, {**deux, "id_commande": "a-moi"}, deux)
    assert [c.id_commande for c in resultat.commandes] == [
        "simulation-1-1",
        "a-moi",
        "simulation-1-2",
    ]
    assert resultat.refus == ()


def test_un_refus_dit_l_exercice_de_la_regle_puis_de_la_commande_puis_de_la_date() -> None:
    """L'exercice d'un refus est celui que la règle nomme, sinon celui de la commande, sinon
    l'année de sa date ; une commande n'est jamais cherchée."""
    monde = Monde(bilan_requis=True)
    monde.label()
    monde.payer(1, "2020-02-03")
    payer = {
        "commande": "VerserTranche",
        "date_effet": "2021-03-01",
        "structure": "s1",
        "rang": 2,
        "montant_centimes": 1,
        "reference": "x",
    }
    clore = {"commande": "CloreProgramme", "date_effet": "2021-03-02", "motif": "Fin"}
    bilan = {"commande": "RecevoirBilan", "date_effet": "2021-03-03", **CHAMPS["RecevoirBilan"]}
    depot = {
        "commande": "DéposerCandidature",
        "date_effet": "2021-03-04",
        **CHAMPS["DéposerCandidature"],
    }
    resultat = jouer(
        monde, payer, clore, {**bilan, "structure": "s9"}, {**depot, "structure": "s2"}
    )
    assert [(r.code, r.exercice, r.structure, r.cherche) for r in resultat.refus] == [
        ("bilan_manquant", 2020, "s1", False),
        ("structure_inconnue", 2020, "s9", False),
        ("programme_clos", 2021, "s2", False),
    ]


def test_la_limite_de_commandes_est_permise(monkeypatch: pytest.MonkeyPatch) -> None:
    """La dernière commande permise est jouée ; sans personne à prévenir, rien n'est dit."""
    assert (module.COMMANDES_MAX, LimiteDepasseeError.code) == (100_000, "scenario_trop_long")
    monkeypatch.setattr(module, "COMMANDES_MAX", 8)
    monkeypatch.setattr(module, "_PAS", 2)
    assert len(jouer(Monde(), {**LABELS, "nombre": 4}).commandes) == 8


def test_une_hypothese_mal_developpee_est_dite_avec_sa_ligne() -> None:
    """Un verbe court qui développerait une commande illisible est un défaut, jamais un silence."""

    class Bancale(Hypothese):
        nom = "bancale"

        def groupes(self, etat: Any, jour: date) -> Any:
            groupe: Groupe = [{"commande": "CloreProgramme", "date_effet": "demain", "motif": "x"}]
            return iter([groupe])

    with pytest.raises(HypotheseSansObjetError, match=r"ligne 7 \(bancale\) : .*demain") as lu:
        simuler(Monde().livre.store, P, [Etape(7, Bancale())], jour=JOUR)
    assert lu.value.remede


def test_les_faits_simules_se_reconnaissent() -> None:
    """Chaque fait d'une simulation porte la corrélation « simulation »."""
    resultat = jouer(Monde(), credits_a_ouvrir(2021))
    dernier = json.loads([*resultat.fourche.lire(P)][-1].octets)
    assert dernier["correlation"] == "simulation"
