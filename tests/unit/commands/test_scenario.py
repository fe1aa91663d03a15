"""Lire un scénario : chaque défaut a sa ligne, rien n'est deviné, rien n'est joué à moitié."""

from __future__ import annotations

import json
from typing import Any

import pytest

from commands.hypotheses import Labelliser
from commands.scenario import LIGNES_MAX, OCTETS_MAX, ScenarioUnreadableError, lire_scenario
from tests.unit.monde import P

LABELS = {
    "hypothese": "labelliser",
    "nombre": 40,
    "montant_centimes": 15_000_000,
    "date_effet": "2021-06-01",
    "territoire": "hors_qpv",
}
GEL = {
    "hypothese": "geler_credits",
    "exercice": 2021,
    "part_dix_milliemes": 400,
    "date_effet": "2021-01-05",
}
PAYER = {"hypothese": "verser_echeances", "jusqu_au": "2021-01-01"}
BUDGET = {"commande": "ModifierEnveloppe", "date_effet": "2021-06-01", "variation_centimes": 1}


def lignes(*objets: dict[str, Any]) -> bytes:
    """Objects as the bytes of a scenario."""
    return b"".join(json.dumps(o).encode() + b"\n" for o in objets)


def sans(objet: dict[str, Any], *membres: str, **autres: Any) -> dict[str, Any]:
    """The object without some members, with others."""
    return {k: v for k, v in objet.items() if k not in membres} | autres


def test_un_scenario_se_lit_ligne_a_ligne() -> None:
    """Lignes vides sautées, marque d'octets et fins de ligne admises, numéros du fichier gardés."""
    octets = b"\xef\xbb\xbf\n" + lignes(LABELS).replace(b"\n", b"\r\n") + b"  \n"
    octets += lignes({**BUDGET, "source": "essai"})
    un, deux = lire_scenario(octets, P)
    assert (un.ligne, un.nom, isinstance(un.action, Labelliser)) == (2, "labelliser", True)
    assert un.phrase == ("40 labels de plus à 150 000,00 € hors QPV, à partir du 01/06/2021")
    assert (deux.ligne, deux.nom, deux.numerotee) == (4, "ModifierEnveloppe", True)
    assert deux.phrase == "ModifierEnveloppe au 01/06/2021"
    assert lire_scenario(b"", P) == ()


def test_une_commande_garde_ce_qu_elle_dit() -> None:
    """Acteur et identifiant donnés sont gardés ; ce qui manque est rempli selon le verbe."""
    versement = {
        "commande": "VerserTranche",
        "date_effet": "2021-06-01",
        "structure": "s1",
        "rang": 1,
        "montant_centimes": 1,
        "reference": "x",
    }
    acteur = {"id": "alice", "role": "controleur"}
    a, b = lire_scenario(lignes(versement, {**versement, "id_commande": "v", "acteur": acteur}), P)
    assert a.numerotee
    assert (a.action.acteur.role, a.action.programme) == ("comptable", P)  # type: ignore[union-attr]
    assert not b.numerotee
    assert (b.action.id_commande, b.action.acteur.id) == ("v", "alice")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("octets", "phrase"),
    [
        (b"{", "ligne 1 : La ligne n'est pas du JSON (au caractère 2)."),
        (b"\n\xff", "ligne 2 : La ligne n'est pas en UTF-8."),
        (b"[1]", "ligne 1 : un objet JSON est attendu."),
        (b"{}", "ligne 1 : ni commande, ni hypothese."),
        (b'{"a": 1, "a": 2}', "ligne 1 : Le membre 'a' figure deux fois."),
        (b'{"hypothese": "x", "n": 1.5}', "Le nombre 1.5 n'est pas un entier"),
        (b'{"hypothese": "x", "n": NaN}', "Le nombre NaN n'est pas un entier"),
        (b"[" * 100_000, "ligne 1 : Le JSON est trop imbriqué."),
        (b'{"a": ' + b"9" * 5000 + b"}", "ligne 1 : Un nombre de la ligne a trop de chiffres."),
        (b'"' + b"x" * 1_000_001 + b'"', "ligne 1 : La commande dépasse 1000000 octets."),
        (b"x" * (OCTETS_MAX + 1), f"Le scénario dépasse {OCTETS_MAX} octets."),
        (b"{}\n" * (LIGNES_MAX + 1), f"Le scénario dépasse {LIGNES_MAX} lignes."),
        (lignes({**LABELS, "commande": "x"}), "ligne 1 : commande ou hypothese, pas les deux."),
        (lignes({"hypothese": 3}), "hypothese '(pas un texte)' inconnue"),
        (lignes({"hypothese": "tout"}), "hypothese 'tout' inconnue : un de labelliser, "),
        (lignes({"commande": "Tout"}), "ligne 1 : Le verbe 'Tout' est inconnu."),
        (lignes(BUDGET), "ligne 1 : ModifierEnveloppe : source : membre absent."),
        (lignes({**BUDGET, "source": "x", "programme": "autre"}), "le programme autre n'est pas"),
        (lignes(sans(LABELS, "nombre")), "labelliser : nombre : membre absent."),
        (lignes({**LABELS, "nombre": 10**9}), "nombre : valeur hors limite (<= 10000)."),
        (lignes({**LABELS, "nombre": 0}), "nombre : valeur hors limite (>= 1)."),
        (lignes({**LABELS, "nombre": True}), "nombre : entier attendu"),
        (lignes({**LABELS, "nombre": "40"}), "nombre : entier attendu"),
        (lignes({**LABELS, "montant_centimes": -1}), "montant_centimes : valeur hors limite"),
        (lignes({**LABELS, "date_effet": "2021-02-30"}), "la date '2021-02-30' n'existe pas"),
        (lignes({**LABELS, "territoire": "inconnu"}), "territoire : un de 'qpv', 'hors_qpv'"),
        (lignes({**LABELS, "bonus": True}), "bonus : réservé aux structures numériques en QPV"),
        (lignes({**LABELS, "couleur": "bleu"}), "couleur : membre inconnu."),
        (lignes({**GEL, "part_dix_milliemes": -1}), "part_dix_milliemes : valeur hors limite"),
        (lignes({**GEL, "part_dix_milliemes": 10_001}), "valeur hors limite (<= 10000)."),
        (
            lignes(
                {"hypothese": "verser_echeances", "jusqu_au": "2021-01-01", "depuis": "2022-01-01"}
            ),
            "depuis : postérieur à jusqu_au",
        ),
    ],
)
def test_un_defaut_est_nomme_avec_sa_ligne(octets: bytes, phrase: str) -> None:
    """Chaque défaut d'un scénario est dit en français, avec le numéro de sa ligne."""
    with pytest.raises(ScenarioUnreadableError) as lu:
        lire_scenario(octets, P)
    assert phrase in lu.value.message
    assert len(lu.value.message) < 600


def test_tous_les_defauts_sont_dits_ensemble() -> None:
    """Les vingt premiers défauts sont dits, les autres comptés : on ne corrige pas un par un."""
    with pytest.raises(ScenarioUnreadableError) as lu:
        lire_scenario(lignes(LABELS) + b"{\n" * 25, P)
    assert "ligne 2 :" in lu.value.message
    assert "ligne 21 :" in lu.value.message
    assert "ligne 22 :" not in lu.value.message
    assert lu.value.message.endswith("et 5 autres")
