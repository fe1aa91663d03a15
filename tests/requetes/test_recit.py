"""Un récit qui rencontre toutes les anomalies, relu à chaque position et à plusieurs dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from commands import GrandLivre
from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire
from ledger import Journal, MemoryStore
from ledger.testing.horloge import HorlogeDonnee
from projections import regarder
from projections.anomalies import CODES
from projections.lecture import Lecture
from projections.situation import Vue
from tests.requetes import confrontations as c
from tests.requetes import naif_anomalies as naives
from tests.requetes.naif import Naif
from tests.requetes.naif_fonctions import STATUTS, figure_des_fonctions
from tests.requetes.outils import Moment, recompter
from tests.requetes.recit import recit

DATES = (
    None,
    date(2019, 3, 1),
    date(2020, 5, 2),
    date(2020, 6, 15),
    date(2020, 12, 31),
    date(2022, 1, 1),
)


@pytest.fixture(scope="module")
def histoire() -> Histoire:
    """The story, told once."""
    return recit()


def vues(histoire: Histoire) -> Iterator[tuple[Moment, Vue, Naif]]:
    """What each position and date show, by the engine and by the lines."""
    for connu_au in range(len(histoire.faits) + 1):
        for au in DATES:
            vue = regarder(Journal(histoire.store, PROGRAMME), au=au, connu_au=connu_au)
            yield (au, connu_au), vue, recompter(histoire, (au, connu_au))


def test_le_recit_rencontre_chaque_code_et_chaque_statut(histoire: Histoire) -> None:
    """Le recompte trouve dans le récit toutes les anomalies ; les tirages n'y suffiraient pas."""
    naif = recompter(histoire, (None, None))
    assert {code for code, *_ in naives.toutes(naif)} == set(CODES)
    statuts = {ligne["statut"] for ligne in figure_des_fonctions(naif)["lignes"]}
    assert statuts == set(STATUTS) - {"payeur_non_comptable"}


def test_chaque_anomalie_du_recit_est_dans_ses_lignes(histoire: Histoire) -> None:
    """À chaque position et à chaque date, ni une anomalie de plus ni une de moins."""
    for (_, connu_au), vue, naif in vues(histoire):
        c.confronter_les_anomalies(vue, naif, connu_au)


def test_chaque_euro_du_recit_a_son_ordre_dans_les_lignes(histoire: Histoire) -> None:
    """À chaque position et à chaque date, qui a ordonné et qui a payé est dans les lignes."""
    for _, vue, naif in vues(histoire):
        c.confronter_les_fonctions(vue, naif)


def test_la_prevision_du_recit_est_dans_ses_lignes(histoire: Histoire) -> None:
    """À chaque position et à chaque date, le ferme et le supposé se recomptent des lignes."""
    vus = 0
    for _, vue, naif in vues(histoire):
        if naif.regles() is None or naif.jour is None:
            continue
        labels = [e["date_effet"] for _, genre, e in naif.faits if genre == "fabrique-labellisee"]
        ecart = date.fromisoformat(naif.jour) - date.fromisoformat(max(labels, default=naif.jour))
        for fenetre in (3_000, ecart.days + 1):  # from the day of the last label, that day included
            vus += 1
            c.confronter_la_prevision(vue, naif, fenetre=fenetre)
    assert vus > len(histoire.faits)


def test_le_modele_de_lecture_du_recit_suit_ses_lignes(histoire: Histoire) -> None:
    """Rafraîchi après chaque fait, le modèle de lecture donne le recompte des lignes connues."""
    store = MemoryStore()
    livre = GrandLivre(store, clock=HorlogeDonnee((0, 0, 1)))
    with Lecture(":memory:") as lecture:
        for commande in histoire.acceptees:
            assert livre.executer(commande).statut == "acceptee"
            lecture.rafraichir(store)
            naif = Naif(Journal(store, PROGRAMME).lignes())
            c.confronter_le_modele(lecture, naif)
