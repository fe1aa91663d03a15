"""Drawn histories with what publications need: identities (hostile ones too) and agreements."""

from __future__ import annotations

from hypothesis import strategies as st

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import Journal
from ledger.testing.valeurs import JOUR_MAX, JOUR_MIN
from projections import Vue, regarder
from tests.publication.exemple import FORMULE, siret

NOMS = st.sampled_from(
    ("Association", FORMULE, "-2+3", "@a", ' "x"', "a\u2063;=1", "é" * 500, "a, b ; =c", "'")
)
DATES = st.none() | st.none() | st.dates(JOUR_MIN, JOUR_MAX)


@st.composite
def histoires_publiables(draw: st.DrawFn, *, maximum: int = 45) -> Histoire:
    """A history, then names, SIRET and agreements for some of the structures that it labelled."""
    histoire = draw(histoires(maximum=maximum))
    etat = histoire.livre.etat(histoire.programme)
    for numero, (slug, dossier) in enumerate(sorted(etat.dossiers.items())):
        label = dossier.label
        if label is None or draw(st.integers(0, 4)) == 0:
            continue
        jour = draw(st.sampled_from((label.date_effet, JOUR_MAX))).isoformat()
        commun = {
            "programme": histoire.programme,
            "acteur": {"id": "exemple", "role": "systeme"},
            "date_effet": jour,
            "structure": slug,
        }
        identite = {"porteur": draw(NOMS), "siret": siret(numero), "motif": "Exemple"}
        signature = {"reference": draw(NOMS.filter(lambda nom: len(nom) <= 200))}
        for suffixe, verbe, champs in (
            ("i", "CorrigerStructure", identite),
            ("s", "SignerConvention", signature),
        ):
            commande = {"commande": verbe, "id_commande": f"{suffixe}-{numero}", **commun}
            histoire.envoyer({**commande, **champs})
    return histoire


def regarder_une_fois(data: st.DataObject, histoire: Histoire) -> tuple[Journal, Vue]:
    """A view of the history at a random effect date, as known at a random position."""
    connu_au = data.draw(st.none() | st.none() | st.integers(0, len(histoire.faits)))
    journal = Journal(histoire.store, PROGRAMME)
    return journal, regarder(journal, au=data.draw(DATES), connu_au=connu_au)
