"""Toute histoire exportée se recompte : les outils comptables trouvent les soldes annoncés."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from datetime import date
from pathlib import Path

import pytest
from beancount import loader
from hypothesis import given
from hypothesis import strategies as st

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import Journal
from ledger.testing.valeurs import JOUR_MAX, JOUR_MIN
from projections import regarder
from projections.exports import ecrire_beancount, ecrire_hledger
from projections.exports.commun import montant
from projections.situation import Vue
from tests.properties.outils import reglages

EXEMPLES = 25
DATES = st.none() | st.dates(JOUR_MIN, JOUR_MAX)
_ECRITURE = re.compile(r"^  [A-Z]\S+  (-?[0-9.]+) EUR$", re.MULTILINE)


def _regarder(data: st.DataObject, histoire: Histoire) -> tuple[Journal, Vue]:
    """A view of the history at a random effect date, as known at a random position."""
    au: date | None = data.draw(DATES)
    connu_au = data.draw(st.none() | st.integers(0, len(histoire.faits)))
    journal = Journal(histoire.store, PROGRAMME)
    return journal, regarder(journal, au=au, connu_au=connu_au)


def _erreurs(texte: str) -> list[str]:
    return [erreur.message for erreur in loader.load_string(texte)[1]]


@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_beancount_recompte_toute_histoire_a_toute_date(
    histoire: Histoire, data: st.DataObject
) -> None:
    """À toute date et connu à toute position, Beancount ne trouve aucun écart."""
    journal, vue = _regarder(data, histoire)
    assert _erreurs("".join(ecrire_beancount(journal, vue))) == []


@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_beancount_refuse_un_centime_sur_toute_ecriture(
    histoire: Histoire, data: st.DataObject
) -> None:
    """Un centime ajouté à n'importe quelle ligne d'écriture est vu."""
    journal = Journal(histoire.store, PROGRAMME)
    texte = "".join(ecrire_beancount(journal, regarder(journal)))
    ligne = data.draw(st.sampled_from(list(_ECRITURE.finditer(texte))))
    altere = montant(int(ligne[1].replace(".", "")) + 1).split(" ")[0]
    erreurs = _erreurs(texte[: ligne.start(1)] + altere + texte[ligne.end(1) :])
    assert any("does not balance" in erreur for erreur in erreurs)
    assert any("Balance failed" in erreur for erreur in erreurs)


@pytest.mark.parametrize(("outil", "verbe"), [("hledger", "check"), ("ledger", "balance")])
@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_hledger_et_ledger_recomptent_toute_histoire(
    outil: str, verbe: str, histoire: Histoire, data: st.DataObject
) -> None:
    """À toute date et connu à toute position, hledger et ledger ne trouvent aucun écart."""
    chemin = shutil.which(outil)
    if chemin is None:
        pytest.skip(f"{outil} n'est pas installé : son format n'est pas vérifié par lui")
    journal, vue = _regarder(data, histoire)
    with tempfile.TemporaryDirectory() as dossier:
        fichier = Path(dossier, "fabriques.journal")
        fichier.write_text("".join(ecrire_hledger(journal, vue)), "utf-8")
        fait = subprocess.run(
            [chemin, "-f", str(fichier), verbe],
            capture_output=True,
            text=True,
            check=False,
            env={"LC_ALL": "C.UTF-8"},
        )
    assert (fait.returncode, fait.stderr) == (0, "")
