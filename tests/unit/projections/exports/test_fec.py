"""Le FEC, écriture par écriture : journaux, comptes non nuls, équilibre exigé de chacune."""

from __future__ import annotations

import pytest

from ledger import Fait, Journal
from ledger.erreurs import ImpossibleHistoryError
from projections import regarder
from projections.exports import fec
from projections.exports.fec import COLONNES, ecrire_fec
from projections.partie_double import Ecriture
from tests.unit.monde import Monde, P


def lire(monde: Monde) -> list[dict[str, str]]:
    """The lines of the file."""
    journal = Journal(monde.livre.store, P)
    _, *lignes = "".join(ecrire_fec(journal, regarder(journal))).removesuffix("\r\n").split("\r\n")
    return [dict(zip(COLONNES, ligne.split("\t"), strict=True)) for ligne in lignes]


def test_chaque_fait_va_dans_le_journal_de_sa_nature() -> None:
    """Programme, crédits, engagements, paiements, reversements : code, libellé et texte."""
    monde = Monde()
    monde.ouvrir_credits(2020, 30_000_000, 30_000_000)  # 2
    monde.label()  # 3, 4
    monde.payer(1, "2020-03-01")  # 5
    monde.ok("RetirerLabel", "2020-05-01")  # 6
    monde.ok("DemanderReversement", "2020-06-01", montant_centimes=100, titre="T-1")  # 7
    vues = {
        (x["EcritureNum"], x["PieceRef"], x["JournalCode"], x["JournalLib"], x["EcritureLib"])
        for x in lire(monde)
    }
    assert sorted(vues) == [
        ("1", "position 1", "PRG", "Programme et enveloppe", "programme-ouvert"),
        ("2", "position 2", "CRE", "Crédits", "credits-ouverts"),
        ("3", "position 4", "ENG", "Engagements et retraits", "fabrique-labellisee s1"),
        ("4", "position 5", "PAI", "Paiements", "tranche-versee s1 V-1"),
        ("5", "position 6", "ENG", "Engagements et retraits", "label-retire s1"),
        ("6", "position 7", "REV", "Reversements", "reversement-demande s1 T-1"),
    ]


def test_un_compte_qui_revient_a_zero_n_a_pas_de_ligne() -> None:
    """Un versement annulé après le retrait rend et retire le même reste : aucune ligne à zéro."""
    monde = Monde()
    monde.label()
    paye = monde.payer(1, "2020-03-01")
    monde.ok("RetirerLabel", "2020-05-01")
    annule = monde.ok("AnnulerVersement", "2020-06-01", position=paye)
    siennes = [x for x in lire(monde) if x["PieceRef"] == f"position {annule}"]
    assert "801120201" not in {x["CompteNum"] for x in siennes}
    assert {(x["Debit"], x["Credit"]) for x in siennes} == {
        ("50000,00", "0,00"),
        ("0,00", "50000,00"),
    }


def test_une_ecriture_fausse_d_un_centime_arrete_l_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """Même si les suivantes la compensent, l'écriture qui ne s'équilibre pas est nommée."""

    def fausses(position: int, fait: Fait) -> tuple[Ecriture, ...]:
        ecart = {1: 1, 2: 0, 3: -1}[position]
        deux = (("enveloppe:disponible", 5 + ecart), ("enveloppe:plafond", -5))
        return tuple(Ecriture(position, compte, n, None) for compte, n in deux)

    monkeypatch.setattr(fec, "ecritures", fausses)
    monde = Monde()
    monde.label()
    with pytest.raises(
        ImpossibleHistoryError, match="FEC, position 1 : débit et crédit diffèrent de 1 centimes"
    ):
        lire(monde)
