"""Ce que chaque publication tient : engagé, retiré, signé, versé, et qui attribue."""

from __future__ import annotations

from datetime import date

import pytest

from ledger import Journal
from ledger.erreurs import UsageError
from ledger.evenements import Attribuant
from ledger.preuve.merkle import Arbre
from projections import regarder
from projections.exports.attributions import (
    Attributions,
    Signature,
    attribuant_connu,
    attribuant_du_journal,
    attributions,
    mois_apres,
)
from projections.situation import Situation, Vue
from tests.unit.monde import REGLES, Monde, P

SIRET = "73282932000074"
PREFECTURE = {"nom": "Préfecture", "siret": SIRET}
VIDE = Vue(P, None, Situation(), Arbre())


def lire(monde: Monde, au: str | None = None) -> Attributions:
    """The grants of this world."""
    journal = Journal(monde.livre.store, P)
    return attributions(regarder(journal, au=None if au is None else date.fromisoformat(au)))


def test_une_attribution_compte_au_centime_ce_qui_reste_du() -> None:
    """Subvention, bonus, retrait, versement annulé : engagé, retiré, montant et versements."""
    monde = Monde(ouvert=False)
    monde.ok("OuvrirProgramme", "2019-07-11", regles=REGLES, attribuant=PREFECTURE)  # 1
    monde.label(numerique=True)  # 2, 3
    monde.ok("DéposerCandidature", "2020-01-10", structure="s2")  # 4
    monde.ok("AccorderBonusNumérique", "2020-02-10")  # 5
    monde.ok("SignerConvention", "2020-02-11", reference="C-1")  # 6
    monde.ok("SignerConvention", "2020-02-12", reference="C-2")  # 7
    monde.payer(1, "2020-03-01", 2_000_001)  # 8
    monde.payer(1, "2020-03-02", 2_999_999, reference="V-2")  # 9
    monde.ok("AnnulerVersement", "2020-04-01", position=9)  # 10
    monde.ok("RetirerLabel", "2020-05-01")  # 11
    lues = lire(monde)
    assert lues.attribuant == Attribuant("Préfecture", SIRET)
    (une,) = lues.lignes
    assert (une.engage, une.retire, une.montant) == (25_000_000, 22_999_999, 2_000_001)
    assert une.signatures == (
        Signature(6, date(2020, 2, 11), "C-1"),
        Signature(7, date(2020, 2, 12), "C-2"),
    )
    assert (une.convention, une.date_limite) == (une.signatures[1], date(2020, 5, 12))
    assert [(v.position, v.montant) for v in une.versements] == [(8, 2_000_001)]
    assert [position for position, _ in une.faits] == [2, 3, 5, 6, 7, 8, 9, 10, 11]


def test_sans_rien_de_signe_ni_verse_il_n_y_a_que_l_engagement() -> None:
    """Un label seul : son montant, rien de retiré, ni convention, ni date limite, ni versement."""
    monde = Monde()
    monde.label()
    (une,) = lire(monde).lignes
    assert (une.engage, une.retire, une.versements) == (15_000_000, 0, ())
    assert (une.convention, une.date_limite) == (None, None)
    assert lire(monde, "2020-01-31") == Attributions(None, ())


def test_l_attribuant_n_est_connu_qu_a_partir_de_l_ouverture() -> None:
    """Vue avant l'ouverture ou vide, personne n'attribue ; ensuite, celui du journal."""
    monde = Monde(ouvert=False)
    monde.ok("OuvrirProgramme", "2019-07-11", regles=REGLES, attribuant=PREFECTURE)
    monde.ok("DéposerCandidature", "2019-01-01", structure="s1")
    journal = Journal(monde.livre.store, P)
    assert attribuant_du_journal(regarder(journal)) == Attribuant("Préfecture", SIRET)
    assert attribuant_du_journal(regarder(journal, au=date(2019, 7, 10))) is None
    assert attribuant_du_journal(VIDE) is None
    assert attributions(VIDE) == Attributions(None, ())


@pytest.mark.parametrize(
    ("tenu", "nom", "siret", "connu"),
    [
        (None, "N", "1", ("N", "1")),
        (Attribuant("N"), "", "", ("N", "")),
        (Attribuant("N"), "N", "1", ("N", "1")),
        (Attribuant("N", "1"), "", "", ("N", "1")),
        (Attribuant("N", "1"), "N", "1", ("N", "1")),
    ],
)
def test_ce_qui_est_declare_complete_le_journal(
    tenu: Attribuant | None, nom: str, siret: str, connu: tuple[str, str]
) -> None:
    """Le journal d'abord, la déclaration pour ce qu'il ne tient pas, vide si personne ne dit."""
    assert attribuant_connu(Attributions(tenu, ()), nom, siret) == connu


@pytest.mark.parametrize(
    ("nom", "siret", "phrase"),
    [
        ("M", "1", "L'attribuant déclaré (M) n'est pas celui du journal (N)."),
        ("N", "2", "L'attribuant déclaré (2) n'est pas celui du journal (1)."),
    ],
)
def test_une_declaration_ne_contredit_pas_le_journal(nom: str, siret: str, phrase: str) -> None:
    """Un autre nom, ou un autre SIRET, que celui du journal est refusé."""
    with pytest.raises(UsageError) as refus:
        attribuant_connu(Attributions(Attribuant("N", "1"), ()), nom, siret)
    assert str(refus.value).startswith(phrase)


def test_un_mois_plus_tard_est_le_meme_jour_ou_le_dernier() -> None:
    """Fins de mois, bissextiles, changement d'année ; au-delà de l'an 9999, une erreur le dit."""
    cas = {
        (date(2020, 1, 31), 1): date(2020, 2, 29),
        (date(2021, 1, 29), 1): date(2021, 2, 28),
        (date(2020, 9, 30), 3): date(2020, 12, 30),
        (date(2020, 10, 1), 3): date(2021, 1, 1),
        (date(2020, 12, 31), 14): date(2022, 2, 28),
    }
    assert {c: mois_apres(*c) for c in cas} == cas
    with pytest.raises(ValueError, match="9999-12-01 n'a pas de mois suivant"):
        mois_apres(date(9999, 12, 1), 1)
