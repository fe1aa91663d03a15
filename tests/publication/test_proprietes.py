"""Toute histoire se publie : fichiers valides, montants qui retombent sur ceux du grand livre."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from commands.testing.histoires import Histoire
from projections import enveloppe, regarder
from projections.exports.attributions import attributions
from projections.exports.scdl import Declarations, ecrire_scdl, preparer
from tests.properties.outils import reglages
from tests.publication.exemple import siret
from tests.publication.table_schema import fautes
from tests.publication.tirages import histoires_publiables, regarder_une_fois

DECLARE = Declarations("Préfecture", siret(0))


def test_scdl_est_valide_pour_toute_histoire() -> None:
    """À toute date, le fichier est valide, et rien ne manque sans être mis à part."""
    publiees: list[int] = []

    @reglages(30)
    @given(histoire=histoires_publiables(), data=st.data())
    def propriete(histoire: Histoire, data: st.DataObject) -> None:
        journal, vue = regarder_une_fois(data, histoire)
        publication = preparer(vue, DECLARE)
        assert fautes("".join(ecrire_scdl(publication)).encode()) == []
        labels = [s for s, f in vue.situation.fiches.items() if f.label_position is not None]
        assert [s.structure for s in publication.suivis] == sorted(labels)
        assert len(publication.lignes) + len(publication.ecartes) == len(labels)
        assert all(s.manque for s in publication.ecartes)
        publiees.append(len(preparer(regarder(journal), DECLARE).lignes))
        jour = vue.date_de_vue
        if jour is None:
            return
        suite = preparer(
            vue,
            DECLARE,
            veille=regarder(journal, au=jour, connu_au=vue.situation.position),
        )
        assert suite.lignes == ()
        veille = regarder(journal, au=jour - timedelta(days=1), connu_au=vue.situation.position)
        ajout = preparer(vue, DECLARE, veille=veille).lignes
        avant = preparer(veille, DECLARE).lignes
        assert [x for x in publication.lignes if x not in avant] == list(ajout)

    propriete()
    assert sum(publiees) > 0


@reglages(30)
@given(histoire=histoires_publiables(), data=st.data())
def test_les_montants_publies_sont_ceux_de_l_enveloppe(
    histoire: Histoire, data: st.DataObject
) -> None:
    """La somme des attributions est l'engagé moins les retraits de l'enveloppe, à toute date."""
    _, vue = regarder_une_fois(data, histoire)
    figure = enveloppe(vue)
    attribue = sum(a.montant for a in attributions(vue).lignes)
    assert attribue == figure.paye_centimes + figure.reste_a_payer_centimes
