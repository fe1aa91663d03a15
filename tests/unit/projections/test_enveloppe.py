"""L'enveloppe et ses compléments, membre par membre, sur des soldes tous différents."""

from __future__ import annotations

from datetime import date

import pytest
from immutables import Map

from ledger.preuve.merkle import Arbre
from ledger.soldes import PROGRAMME, Exercice, Labels, Soldes
from projections import complements, enveloppe
from projections.enveloppe import Complements, Enveloppe
from projections.fiche import Fiche
from projections.situation import Situation, Vue


def vue(
    valeurs: dict[tuple[int, str], int], *fiches: Fiche, au: date | None = date(2021, 1, 2)
) -> Vue:
    """A view of these balances and structures, before any rules."""
    par_nom = Map({fiche.structure: fiche for fiche in fiches})
    return Vue("p", au, Situation(position=7, soldes=Soldes(valeurs), fiches=par_nom), Arbre())


def label(structure: str, annee: int, vague: str | None = None, montant: int = 10) -> Fiche:
    """A label in force."""
    return Fiche(
        structure,
        etat="labellisee",
        montant=montant,
        label_date=date(annee, 2, 3),
        label_position=3,
        vague=vague,
    )


def test_chaque_membre_de_l_enveloppe_est_la_somme_de_ses_soldes() -> None:
    """Chaque membre additionne ses soldes, sur deux exercices, et aucun autre."""
    rangs = {membre: 10**rang for rang, membre in enumerate(Exercice.__struct_fields__)}
    valeurs = {(2020, m): n for m, n in rangs.items()} | {(2021, m): n for m, n in rangs.items()}
    valeurs |= {
        (PROGRAMME, "enveloppe"): 1_000,
        (PROGRAMME, "impute"): 300,
        (PROGRAMME, "rendu"): 5,
    }
    assert enveloppe(vue(valeurs)) == Enveloppe(
        programme="p",
        position=7,
        au="2021-01-02",
        enveloppe_centimes=1_000,
        engage_centimes=220_000,
        engage_subventions_centimes=20_000,
        engage_bonus_centimes=200_000,
        retraits_meme_exercice_centimes=22_000_000,
        retraits_anterieurs_centimes=2_200_000_000,
        retraits_meme_exercice_bonus_centimes=20_000_000,
        retraits_anterieurs_bonus_centimes=2_000_000_000,
        disponible_centimes=705,
        paye_centimes=222_200_000_000_000,
        reste_a_payer_centimes=-222_202_221_780_000,
        reversements_centimes=2_000_000_000_000_000,
        taux_consommation_dix_milliemes=2_950,
        labels=Labels(),
        quotas=Labels(),
    )
    assert enveloppe(vue(valeurs, au=None)).au is None


def test_les_complements_sont_dans_l_ordre_des_vagues_et_des_exercices() -> None:
    """Vagues puis exercices croissants, la moyenne arrondie en dessous, un rejeté non compté."""
    fiches = (
        label("s1", 2023, "3", montant=11),
        label("s2", 2020, "1"),
        label("s3", 2022),
        label("s4", 2019, "2"),
        label("s5", 2021, "4"),
        Fiche("s6", etat="label_retire", label_date=date(2018, 1, 1), montant=99),
        label("s7", 2020, "1"),
    )
    rendus = complements(vue({(PROGRAMME, "enveloppe"): 100, (PROGRAMME, "impute"): 61}, *fiches))
    assert rendus == Complements(
        labels_par_vague={"1": 2, "2": 1, "3": 1, "4": 1, "non renseignée": 1},
        subvention_moyenne_centimes=10,
        labels_par_exercice={2019: 1, 2020: 2, 2021: 1, 2022: 1, 2023: 1},
        labels_financables=9,
    )
    assert list(rendus.labels_par_vague) == ["1", "2", "3", "4", "non renseignée"]
    assert list(rendus.labels_par_exercice) == [2019, 2020, 2021, 2022, 2023]


@pytest.mark.parametrize(
    ("impute", "rendu", "labels", "attendu"),
    [
        (1, 0, 1, 100),
        (2, 1, 1, 100),
        (3, 0, 2, 66),
        (0, 0, 1, None),
        (1, 1, 1, None),
        (1, 2, 1, None),
        (5, 0, 0, None),
    ],
)
def test_ce_que_finance_l_enveloppe_suit_le_cout_net(
    impute: int, rendu: int, labels: int, attendu: int | None
) -> None:
    """Le coût est ce qui est imputé moins ce qui est rendu ; sans coût ou sans label, rien."""
    valeurs = {
        (PROGRAMME, "enveloppe"): 100,
        (PROGRAMME, "impute"): impute,
        (PROGRAMME, "rendu"): rendu,
    }
    fiches = (label(f"s{n}", 2020) for n in range(labels))
    assert complements(vue(valeurs, *fiches)).labels_financables == attendu


def test_les_vagues_se_lisent_dans_l_ordre_des_nombres() -> None:
    """La vague 10 vient après la 9 et la 2, les noms en lettres après, même un très long nombre."""
    noms = ("10", "9", "2", "2 bis", "vague 10", "vague 9", "09", "9" * 5_000)
    fiches = (label(f"s{rang}", 2020, nom) for rang, nom in enumerate(noms))
    rendus = complements(vue({(PROGRAMME, "enveloppe"): 1, (PROGRAMME, "impute"): 1}, *fiches))
    lus = [nom for nom, _ in rendus.vagues()]
    assert lus == ["2", "2 bis", "09", "9", "10", "9" * 5_000, "vague 9", "vague 10"]
    assert list(rendus.labels_par_vague) == sorted(noms)


@pytest.mark.parametrize(
    "noms",
    [
        ["a1b02", "a1b2", "a1b10", "a02b1", "a10b1"],
        ["1 aa", "1 b", "2 a"],
        ["aaa", "b", "c1", "xb"],
        ["", "007", "7", "8"],
        ["2", "10", "100", "a"],
    ],
)
def test_chaque_nombre_d_un_nom_de_vague_se_compare_comme_un_nombre(noms: list[str]) -> None:
    """Où qu'il soit et sans ses zéros de tête ; les lettres par ordre, un nom court ou long."""
    for suite in (noms, noms[::-1]):
        lues = Complements(dict.fromkeys(suite, 1), 0, {}, None).vagues()
        assert lues == [(nom, 1) for nom in noms]
