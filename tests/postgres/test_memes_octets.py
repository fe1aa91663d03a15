"""Sur PostgreSQL et sur SQLite : les mêmes lignes, index, racines et chiffres, à l'octet près."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import GrandLivre
from commands.testing import Moteur
from commands.testing.contexte import PROGRAMME
from commands.testing.figees import HistoireFigee, histoires_figees, jouer
from commands.testing.histoires import Histoire, histoires
from ledger import Journal, SQLiteStore
from ledger.audit import verifier
from ledger.preuve.ligne import Lineur
from ledger.stockage.port import Ecriture, EntreeIndex, LigneBrute
from ledger.stockage.postgres import PostgresStore
from ledger.testing.horloge import Horloge
from projections.testing import lecteur
from projections.testing.chiffres import chiffres
from tests.properties.outils import octets, racine, reglages

from .conftest import vider
from .serveur import Serveur


@reglages(15)
@given(histoire=histoires(maximum=25), lot=st.integers(1, 30))
def test_une_histoire_quelconque_laisse_les_memes_octets(
    histoire: Histoire, lot: int, serveur: Serveur, base_a_vider: str
) -> None:
    """Une histoire quelconque laisse sur PostgreSQL les octets, racines et chiffres de SQLite."""
    vider(serveur, base_a_vider)
    vus = []
    with tempfile.TemporaryDirectory() as dossier:
        for base in (str(Path(dossier) / "a.db"), base_a_vider):
            with GrandLivre.ouvrir(base, creer=True, clock=Horloge()) as livre:
                recus = [r.en_json() for r in livre.executer_flux(histoire.commandes, lot=lot)]
                conforme = verifier(livre.store, PROGRAMME).conforme
                vus.append(
                    (
                        octets(livre.store),
                        racine(livre.store),
                        [*Journal(livre.store, PROGRAMME).lignes()],
                        chiffres(livre.store, programme=PROGRAMME),
                        recus,
                        conforme,
                    )
                )
    assert vus[0] == vus[1]
    assert vus[1][-1]


@pytest.mark.parametrize("histoire", list(histoires_figees()), ids=lambda h: h.nom)
def test_postgres_repond_aux_histoires_figees(
    histoire: HistoireFigee, serveur: Serveur, base_a_vider: str
) -> None:
    """Sur PostgreSQL, chaque histoire figée rend ses reçus et ses chiffres figés."""
    vider(serveur, base_a_vider)

    def moteur() -> Moteur:
        livre = GrandLivre.ouvrir(base_a_vider, creer=True)
        return Moteur(livre, lecteur=lecteur(livre.store))

    jouer(moteur, histoire)


@given(
    topic=st.sampled_from(("tranche-versee", "avis-rendu", "x")),
    contenu=st.binary(max_size=300),
    position=st.integers(1, 2**40),
    journal=st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True),
    change=st.booleans(),
)
@reglages(25)
def test_le_serveur_calcule_la_meme_feuille(
    topic: str,
    contenu: bytes,
    position: int,
    journal: str,
    change: bool,
    serveur: Serveur,
    base_a_vider: str,
) -> None:
    """Le serveur n'ajoute qu'à la suite de la ligne dont l'empreinte est celle de docs/format."""
    vider(serveur, base_a_vider)
    store = PostgresStore(base_a_vider)
    try:
        store.ajouter([Ecriture(journal, [LigneBrute(position, topic, contenu)], [])])
        tete = Lineur(journal).feuille(position, topic, contenu + b"x" * change).hex()
        suite = Ecriture(
            journal,
            [LigneBrute(position + 1, topic, b"{}")],
            [EntreeIndex("c", position + 1, "e")],
            tete,
        )
        if change:
            with pytest.raises(Exception, match="remplacée"):
                store.ajouter([suite])
            store.fermer()  # having seen that, it answers nothing more
            store = PostgresStore(base_a_vider)
            assert (store.taille(journal), store.taille_index(journal)) == (position, 0)
        else:
            store.ajouter([suite])
            assert (store.taille(journal), store.taille_index(journal)) == (position + 1, 1)
    finally:
        store.fermer()


def test_les_noms_se_rangent_par_octets(store: PostgresStore, tmp_path: Path) -> None:
    """Programmes et identifiants se rangent comme sur SQLite, quelle que soit la langue."""
    ids = ["Z", "a", "É", "é", "_", "-", "0", "aa", "a b", "ß", "z"]
    lot = [
        Ecriture(p, [LigneBrute(1, "t", b"{}")], [EntreeIndex(i, 1, "e") for i in ids])
        for p in ("b", "a-", "a", "a1", "0")
    ]
    fichier = SQLiteStore(tmp_path / "a.db", creer=True)
    for magasin in (store, fichier):
        magasin.ajouter(lot)
    assert store.programmes() == fichier.programmes()
    assert [*store.index()] == [*fichier.index()]
    fichier.fermer()
