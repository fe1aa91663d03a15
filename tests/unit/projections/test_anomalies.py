"""Les anomalies d'une structure et d'un programme : phrases entières, bornes au centime."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from immutables import Map

from ledger.evenements import Tranche
from ledger.preuve.merkle import Arbre
from ledger.regles import Chronologie, Regles
from ledger.soldes import PROGRAMME, Soldes
from projections import anomalies
from projections.anomalies import CODES, Anomalie, Groupe, par_code
from projections.fiche import Fiche, Versement
from projections.situation import Situation, Vue
from tests.unit.monde import REGLES

LABEL = date(2020, 2, 3)
JOUR = date(2020, 6, 1)


def tranche(rang: int, exercice: int, montant: int = 5_000_000) -> Tranche:
    """An instalment due in March."""
    return Tranche(rang, exercice, montant, date(exercice, 3, 1))


def paye(
    position: int,
    rang: int,
    exercice: int,
    prevu: int,
    jour: date = JOUR,
    montant: int = 5_000_000,
) -> Versement:
    """A payment charged to an exercice and planned on another."""
    return Versement(position, rang, montant, exercice, prevu, jour, f"V-{position}")


def label(structure: str = "s1", /, **membres: Any) -> Fiche:
    """A label in order: agreement, SIRET, an amount far from every limit."""
    commun: dict[str, Any] = {
        "etat": "labellisee",
        "siret": "35600000000048",
        "montant": 12_000_000,
        "label_date": LABEL,
        "label_position": 3,
        "conventions": ("C-1",),
    }
    return Fiche(structure=structure, **(commun | membres))


def vues(
    *fiches: Fiche,
    au: date | None = JOUR,
    valeurs: dict[tuple[int, str], int] | None = None,
    jours: dict[date, tuple[int, int]] | None = None,
    **regles: Any,
) -> list[tuple[str, str | None, int | None, str]]:
    """The anomalies of these structures and balances under the rules of 2019, member by member."""
    situation = Situation(
        position=9,
        fiches=Map({fiche.structure: fiche for fiche in fiches}),
        soldes=Soldes(valeurs or {}),
        regles=Chronologie.ouvrir(date(1999, 1, 1), Regles.model_validate(REGLES | regles)),
        derniere_date=JOUR,
        disponible_par_jour=jours or {},
    )
    trouvees = anomalies(Vue("fabriques", au, situation, Arbre()))
    assert {a.code for a in trouvees} <= set(CODES)
    return [(a.code, a.structure, a.position, a.detail) for a in trouvees]


def details(code: str, fiche: Fiche, *, au: date = JOUR, **regles: Any) -> list[str]:
    """What the anomalies of that code say of a structure."""
    return [detail for lu, _, _, detail in vues(fiche, au=au, **regles) if lu == code]


def test_les_codes_sont_ceux_du_contrat() -> None:
    """Dix-sept codes, ni plus ni moins : contrôleurs et programmes les comparent à la lettre."""
    assert set(CODES) == {
        "acteurs_semblables",
        "convention_absente",
        "credits_depasses",
        "disponible_negatif",
        "doublon_structure",
        "doublon_versement",
        "fait_tardif",
        "horloge_immobile",
        "montant_sous_limite",
        "ordonne_et_paye",
        "quota_depasse",
        "reversement_excedentaire",
        "rythme_insoutenable",
        "siret_absent",
        "tranche_en_retard",
        "versement_apres_retrait",
        "versement_hors_exercice",
    }
    assert Anomalie("siret_absent", None, None, "d") == Anomalie("siret_absent", None, None, "d")


def test_un_label_en_regle_n_a_pas_d_anomalie() -> None:
    """Un label en règle, et un programme avant son ouverture, n'ont aucune anomalie."""
    assert vues(label()) == []
    assert anomalies(Vue("fabriques", JOUR, Situation(), Arbre())) == ()


def test_les_structures_sont_dans_l_ordre_de_leur_identifiant() -> None:
    """Par structure dans l'ordre des identifiants, une candidature entre deux labels sautée."""
    noms = ["s9", "s2", "s7", "s1", "s8", "s3", "s6", "s4"]
    fiches = [label(nom, siret=None) for nom in noms]
    trouvees = vues(*fiches, Fiche("s0"), Fiche("s5"))
    assert [(code, structure) for code, structure, _, _ in trouvees] == [
        ("siret_absent", nom) for nom in sorted(noms)
    ]


def test_chaque_tranche_en_retard_dit_son_reste() -> None:
    """Toutes les tranches passées en retard, une seule soldée : chaque reste est dit."""
    trois = (tranche(1, 2020), tranche(2, 2021), tranche(3, 2022))
    fiche = label(montant=15_000_000, tranches=trois, verse={1: 5_000_000, 2: 4_999_999})
    fin_2022 = details("tranche_en_retard", fiche, au=date(2022, 12, 31))
    assert fin_2022 == ["Tranche 2 (2021) : il reste 0,01 € au 31/12/2022."]
    assert vues(fiche, au=date(2023, 1, 1))[:2] == [
        ("tranche_en_retard", "s1", 3, "Tranche 2 (2021) : il reste 0,01 € au 01/01/2023."),
        ("tranche_en_retard", "s1", 3, "Tranche 3 (2022) : il reste 50 000,00 € au 01/01/2023."),
    ]
    assert details("tranche_en_retard", fiche, au=date(2021, 12, 31)) == []


def test_un_versement_hors_exercice_dit_ses_deux_exercices() -> None:
    """Chaque tranche imputée ailleurs est dite ; les régulières, annulées ou bonus ne le sont pas.

    Le bonus est attendu après l'année de son engagement.
    """
    versements = (
        paye(4, 1, 2020, 2020),
        paye(5, 2, 2020, 2021),
        paye(6, 0, 2020, 2019),
        paye(7, 3, 2021, 2022),
        paye(8, 1, 2019, 2020),
    )
    assert vues(label(versements=versements, annules=(5,))) == [
        ("versement_hors_exercice", "s1", 7, "Tranche 3 : prévue sur 2022, imputée à 2021."),
        ("versement_hors_exercice", "s1", 8, "Tranche 1 : prévue sur 2020, imputée à 2019."),
    ]


def test_un_versement_apres_le_retrait_dit_ses_deux_dates() -> None:
    """Le versement du jour du retrait ne compte pas, celui du lendemain oui, bonus compris."""
    retrait, lendemain = date(2020, 5, 1), date(2020, 5, 2)
    versements = (
        paye(4, 1, 2020, 2020, retrait),
        paye(5, 2, 2020, 2020, lendemain),
        paye(6, 0, 2020, 2019, lendemain),
        paye(7, 3, 2020, 2020, lendemain),
        paye(8, 3, 2020, 2021, lendemain),
    )
    fiche = label(etat="label_retire", retrait_date=retrait, versements=versements, annules=(7,))
    suite = "versement du 02/05/2020, label retiré au 01/05/2020."
    assert vues(fiche) == [
        ("versement_apres_retrait", "s1", 5, f"Tranche 2 : {suite}"),
        ("versement_apres_retrait", "s1", 6, f"Bonus : {suite}"),
        ("versement_hors_exercice", "s1", 8, "Tranche 3 : prévue sur 2021, imputée à 2020."),
        ("versement_apres_retrait", "s1", 8, f"Tranche 3 : {suite}"),
    ]


def test_chaque_annulation_d_un_versement_reclame_est_dite() -> None:
    """Chaque annulation après réclamation est dite à sa position, avec le réclamé et le payé."""
    fiche = label(annulations_reclamees=(7, 9), reclame=5_000_000, verse={1: 123})
    phrase = "Versement annulé alors qu'il était réclamé : 50 000,00 € réclamés, 1,23 € payés."
    assert vues(fiche) == [("reversement_excedentaire", "s1", p, phrase) for p in (7, 9)]


@pytest.mark.parametrize(
    ("montant", "du"),
    [(2_300_000, False), (2_300_001, True)],
)
def test_la_convention_est_due_au_dessus_du_seuil(montant: int, du: bool) -> None:
    """À 23 000 EUR, rien ; un centime au-dessus, la convention manque et la phrase dit la loi."""
    trouvees = details("convention_absente", label(montant=montant, conventions=()))
    phrase = (
        "23 000,01 € sans convention (seuil : 23 000,00 €, Décret n° 2001-495 du 6 juin 2001, "
        "article 1er : convention au-delà de 23 000 euros)."
    )
    assert trouvees == ([phrase] if du else [])


def test_la_loi_est_celle_du_jour_du_label() -> None:
    """Un label d'avant le décret de 2001 n'a pas de seuil, quel que soit le jour de la vue."""
    veille = {"label_date": date(2001, 6, 5), "conventions": ()}
    for montant in (15_000_000, 2_299_999, 2_300_000):
        assert vues(label(montant=montant, **veille), plafond_centimes=20_000_000) == []
    jour_meme = veille | {"label_date": date(2001, 6, 6)}
    codes = [code for code, *_ in vues(label(**jour_meme))]
    assert codes == ["convention_absente"]
    juste = details("montant_sous_limite", label(montant=2_300_000, **jour_meme))
    assert juste == ["Subvention sans convention : 23 000,00 €, à la limite de 23 000,00 €."]


def test_un_label_retire_doit_siret_et_convention_des_le_premier_centime_paye() -> None:
    """Retiré et payé d'un centime, un label doit convention et SIRET ; de zéro, non."""
    retire = {"etat": "label_retire", "siret": None, "conventions": ()}
    codes = [code for code, *_ in vues(label(verse={1: 1}, **retire))]
    assert codes == ["convention_absente", "siret_absent"]
    assert vues(label(verse={1: 0}, **retire)) == []
    juste = label(montant=2_299_999, verse={1: 1}, **retire | {"siret": "35600000000048"})
    assert details("montant_sous_limite", juste) == [
        "Subvention sans convention : 22 999,99 €, juste sous 23 000,00 €."
    ]
    assert vues(label(siret=None)) == [
        (
            "siret_absent",
            "s1",
            3,
            "Aucun SIRET : la convention ne peut pas être publiée en données ouvertes.",
        )
    ]


@pytest.mark.parametrize(
    ("montant", "attendu"),
    [
        (15_000_000, []),
        (14_999_999, ["Subvention : 149 999,99 €, juste sous 150 000,00 €."]),
        (14_850_000, ["Subvention : 148 500,00 €, juste sous 150 000,00 €."]),
        (14_849_999, []),
        (15_000_001, []),
    ],
)
def test_une_subvention_juste_sous_le_plafond_est_signalee(
    montant: int, attendu: list[str]
) -> None:
    """D'un centime à 1 % sous le plafond, bornes comprises : signalé ; au plafond même, non."""
    assert details("montant_sous_limite", label(montant=montant)) == attendu


@pytest.mark.parametrize(
    ("premiere", "attendu"),
    [
        (4_000_000, []),
        (3_999_999, ["Tranches de 2021 : 49 999,99 €, juste sous 50 000,00 €."]),
        (3_950_000, ["Tranches de 2021 : 49 500,00 €, juste sous 50 000,00 €."]),
        (3_949_999, []),
        (4_000_001, []),
    ],
)
def test_des_tranches_juste_sous_le_plafond_annuel_sont_signalees(
    premiere: int, attendu: list[str]
) -> None:
    """Les tranches d'un exercice s'additionnent ; d'un centime à 1 % sous l'annuel : signalées."""
    tranches = (tranche(1, 2021, premiere), tranche(2, 2020, 1), tranche(3, 2021, 1_000_000))
    assert details("montant_sous_limite", label(tranches=tranches)) == attendu


def test_avant_que_la_marge_existe_aucun_montant_n_est_sous_une_limite() -> None:
    """Regardé avant 1900, où la marge n'est pas encore définie, aucun montant n'est signalé."""
    fiche = label(montant=14_999_999)
    assert details("montant_sous_limite", fiche, au=date(1899, 12, 31)) == []
    assert len(details("montant_sous_limite", fiche, au=date(1900, 1, 1))) == 1


def test_chaque_quota_depasse_est_nomme() -> None:
    """Chaque quota dépassé est nommé, bonus compris ; un quota juste plein ne l'est pas."""
    quotas: dict[str, Any] = {
        "quota_total": 1,
        "quota_qpv": 2,
        "quota_hors_qpv": 3,
        "quota_numeriques": 4,
    }
    membres = ("labels", "labels_qpv", "labels_hors_qpv", "labels_numeriques", "bonus_accordes")
    pleins = {(PROGRAMME, m): n for m, n in zip(membres, (1, 2, 3, 4, 4), strict=True)}
    assert vues(valeurs=pleins, **quotas) == []
    assert vues(valeurs={cle: n + 1 for cle, n in pleins.items()}, **quotas) == [
        ("quota_depasse", None, None, "Quota total : 2 pour 1."),
        ("quota_depasse", None, None, "Quota QPV : 3 pour 2."),
        ("quota_depasse", None, None, "Quota hors QPV : 4 pour 3."),
        ("quota_depasse", None, None, "Quota numériques : 5 pour 4."),
        ("quota_depasse", None, None, "Quota bonus : 5 pour 4."),
    ]


def test_des_credits_negatifs_d_un_centime_sont_depasses_quand_ils_sont_suivis() -> None:
    """Un centime d'AE ou de CP de trop est dit par exercice, si les crédits sont suivis."""
    valeurs = {(2020, "engage"): 1, (2021, "cp_payes"): 1, (2021, "ae_ouvertes"): 0}
    assert vues(valeurs=valeurs, credits="indicatifs") == [
        ("credits_depasses", None, None, "AE de 2020 : -0,01 € disponibles."),
        ("credits_depasses", None, None, "CP de 2021 : -0,01 € disponibles."),
    ]
    assert len(vues(valeurs=valeurs, credits="bloquants")) == 2
    assert vues(valeurs=valeurs) == []


def test_un_disponible_negatif_d_un_centime_est_dit_jour_par_jour() -> None:
    """Le cumul d'un centime sous zéro est dit au jour et à la dernière position qui a pris.

    Les jours se cumulent dans l'ordre des dates ; à zéro tout juste, rien n'est dit.
    """
    jours = {
        date(2020, 1, 4): (1, 0),
        date(2020, 1, 1): (10, 0),
        date(2020, 1, 2): (-10, 6),
        date(2020, 1, 3): (-1, 5),
    }
    assert vues(jours=jours) == [
        ("disponible_negatif", None, 6, "Disponible de -0,01 € au 03/01/2020.")
    ]
    assert vues(jours={date(2020, 1, 1): (-3, 1), date(2020, 1, 2): (0, 0)}) == [
        ("disponible_negatif", None, 1, "Disponible de -0,03 € au 01/01/2020."),
        ("disponible_negatif", None, 1, "Disponible de -0,03 € au 02/01/2020."),
    ]


@pytest.mark.parametrize(("enveloppe", "finances"), [(3_600_000_000, None), (3_599_999_999, 299)])
def test_un_rythme_qui_ne_finance_pas_l_objectif_est_dit(
    enveloppe: int, finances: int | None
) -> None:
    """Au coût moyen, 300 labels financés sur 300 : rien ; 299 : dit."""
    valeurs = {
        (PROGRAMME, "enveloppe"): enveloppe,
        (PROGRAMME, "impute"): 13_000_000,
        (PROGRAMME, "rendu"): 1_000_000,
    }
    phrase = "Au coût moyen constaté, l'enveloppe finance 299 labels sur 300."
    attendu = [] if finances is None else [("rythme_insoutenable", None, None, phrase)]
    assert vues(label(), valeurs=valeurs) == attendu
    assert vues(valeurs=valeurs) == []


def test_un_centime_d_une_seule_tranche_passee_est_en_retard() -> None:
    """L'exercice passé, un centime dû suffit, fût-il la tranche entière ; en cours, non."""
    reste = "Tranche 1 (2019) : il reste 0,01 € au 01/06/2020."
    seule = label(tranches=(tranche(1, 2019, 1),))
    assert details("tranche_en_retard", seule) == [reste]
    suivie = label(tranches=(tranche(1, 2019, 1), tranche(2, 2020)), verse={2: 5_000_000})
    assert details("tranche_en_retard", suivie) == [reste]
    en_cours = label(tranches=(tranche(1, 2019, 1), tranche(2, 2020)), verse={1: 1})
    assert details("tranche_en_retard", en_cours) == []


def test_les_anomalies_se_groupent_par_code_puis_par_phrase() -> None:
    """Codes dans l'ordre avec leur sens et leur nombre ; phrases et anomalies dans le leur."""
    tardif, autre, siret = (
        Anomalie("fait_tardif", "s2", 9, "Tard."),
        Anomalie("fait_tardif", None, 4, "Après."),
        Anomalie("siret_absent", "s1", 3, "Aucun."),
    )
    encore = Anomalie("fait_tardif", "s1", 5, "Tard.")
    convention = Anomalie("convention_absente", "s1", 3, "Sans.")
    assert par_code([siret, tardif, autre, encore, convention]) == [
        Groupe("convention_absente", CODES["convention_absente"], 1, [("Sans.", [convention])]),
        Groupe(
            "fait_tardif",
            CODES["fait_tardif"],
            3,
            [("Tard.", [tardif, encore]), ("Après.", [autre])],
        ),
        Groupe("siret_absent", CODES["siret_absent"], 1, [("Aucun.", [siret])]),
    ]
    assert par_code([]) == []
