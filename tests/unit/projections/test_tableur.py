"""Cellules de CSV : rien ne s'exécute dans un tableur, rien ne commande un terminal."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from projections.tableur import cellule, visible

FORMULES = "=+-@\uff1d\uff0b\uff0d\uff20"
SIGNES = st.text(st.sampled_from(f"{FORMULES};,|\t\n\r \u00a0'\"a1\x1b\u202e"), max_size=12)


def rangee(*valeurs: str | int) -> str:
    """One line of CSV."""
    flux = io.StringIO(newline="")
    csv.writer(flux, lineterminator="\n").writerow([cellule(v) for v in valeurs])
    return flux.getvalue()


@pytest.mark.parametrize("debut", [*FORMULES, "\t=", "\r=", "\n=", " =", "\u00a0=", '"=', "'="])
def test_une_formule_est_precedee_d_une_apostrophe(debut: str) -> None:
    """Après des blancs ou des guillemets aussi, ce qui imite une formule commence par « ' »."""
    assert str(cellule(f"{debut}1+1")).startswith("'")


@pytest.mark.parametrize(
    ("separateur", "guillemets"),
    [
        (",", True),
        (";", True),
        ("|", True),
        ("\t", True),
        (";", False),
        ("|", False),
        ("\t", False),
    ],
)
@given(texte=SIGNES)
@example("a;=cmd|'/c calc'!A0;b")
@example('a;"=1+1";b')
@example("a\n=1+1")
def test_aucun_separateur_ne_fait_naitre_une_formule(
    separateur: str, guillemets: bool, texte: str
) -> None:
    """Découpé à la virgule, au point-virgule, à la barre : aucune cellule n'est une formule."""
    lecteur = csv.reader(
        io.StringIO(rangee("x", texte, "y"), newline=""),
        delimiter=separateur,
        quoting=csv.QUOTE_MINIMAL if guillemets else csv.QUOTE_NONE,
    )
    for case in (case for lue in lecteur for case in lue):
        # before the sign that begins a formula, an apostrophe: the cell is a text
        avant = case[: len(case) - len(case.lstrip(" \u00a0\"'\n"))]
        assert not case.removeprefix(avant).startswith(tuple(FORMULES)) or "'" in avant, case


@pytest.mark.parametrize("nombre", [-5, 0, 150_000_00])
def test_un_nombre_reste_un_nombre(nombre: int) -> None:
    """Un montant, négatif compris, est écrit tel quel."""
    assert rangee("x", nombre) == f"x,{nombre}\n"


def test_un_booleen_et_une_absence_ont_leur_mot() -> None:
    """Vrai, faux et absent s'écrivent `true`, `false` et rien, jamais 1 ou 0."""
    assert [cellule(valeur) for valeur in (True, False, None)] == ["true", "false", ""]


def test_un_blanc_en_tete_est_precede_d_une_apostrophe_seule() -> None:
    """Devant une tabulation ou un saut de ligne, une apostrophe et rien d'autre."""
    assert cellule("\nab") == "'\nab"
    assert cellule("\tab") == "'\N{REPLACEMENT CHARACTER}ab"
    assert cellule("a\nb") == "a\nb"


@given(texte=st.text("aé0 .,'()/&", max_size=20))
def test_un_texte_ordinaire_est_intact(texte: str) -> None:
    """Un nom ordinaire traverse le CSV sans changer d'une lettre."""
    assert next(csv.reader([rangee("x", texte)]))[1] == texte


@given(texte=st.text())
def test_rien_n_y_commande_un_terminal(texte: str) -> None:
    """Ni échappement, ni marque bidirectionnelle, ni signe caché, ni demi-caractère."""
    ecrite = rangee("x", texte)
    assert visible(ecrite) == ecrite
    assert len(ecrite.encode("utf-8")) <= 4 * (len(texte) * 2 + 6)
