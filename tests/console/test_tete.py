"""Les vues de la console sont celles de la bibliothèque, à tout moment et par tout chemin."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from commands.demo import PROGRAMME
from ledger import Journal, SQLiteStore
from ledger.erreurs import ChainBrokenError, StoreRolledBackError, UsageError
from projections import expliquer as expliquer_du_journal
from projections import regarder
from projections.console import tete as module
from projections.console.application import Console, creer_console
from projections.console.contributions import expliquer
from projections.console.taches import Avancement
from projections.console.tete import Tete
from projections.rapport import ecrire, rapport
from tests.console.client import Client
from tests.unit.monde import Monde, P

MOMENTS = [
    (position, au)
    for position in (0, 1, 57, 230, 306, 400, 463, 464)
    for au in (None, date(2019, 7, 10), date(2020, 2, 3), date(2021, 6, 30), date(2030, 1, 1))
]


@pytest.fixture(params=["en mémoire", "relus de la base"])
def tete(
    request: pytest.FixtureRequest, base_demo: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Tete]:
    """The demonstration, its facts kept or read again, with kept situations on the way."""
    if request.param != "en mémoire":
        monkeypatch.setattr(module, "EN_MEMOIRE_MAX", 0)
        monkeypatch.setattr(module, "_LOT", 50)
        monkeypatch.setattr(module, "_JALON_MIN", 60)
    store = SQLiteStore(base_demo, ecriture=False)
    tete = Tete(store, PROGRAMME)
    yield tete
    tete.fermer()
    store.fermer()


def test_une_vue_est_celle_de_la_bibliotheque(tete: Tete) -> None:
    """À chaque position et chaque date, la vue de la console est celle de `regarder`."""
    for position, au in MOMENTS:
        vue = tete.regard(position, au).vue
        attendue = regarder(Journal(tete.store, PROGRAMME), au=au, connu_au=position)
        assert vue.situation == attendue.situation, (position, au)
        assert vue.racine == attendue.racine
        if position:
            assert ecrire(rapport(vue), "json") == ecrire(rapport(attendue), "json")


def test_l_avancement_d_une_vue_va_jusqu_au_bout(base_demo: Path) -> None:
    """Relue de la base, une vue annonce ce qu'elle compte, et finit par l'avoir lu."""
    store = SQLiteStore(base_demo, ecriture=False)
    tete, pas = Tete(store, PROGRAMME), Avancement()
    tete.rafraichir()
    tete._faits = None
    comptes = list(tete.faits(464, au=date(2020, 2, 3), pas=pas))
    assert pas.total == len(comptes) < 464
    pas(len(comptes) - 1)
    assert (pas.pour_cent, Avancement().pour_cent) == (99, 0)
    tete.fermer()
    store.fermer()


@pytest.mark.parametrize(
    "cellule", ["enveloppe.disponible", "credits.2021.cp_payes", "credits.2020.rap_cloture"]
)
def test_un_chiffre_s_explique_comme_dans_la_bibliotheque(tete: Tete, cellule: str) -> None:
    """Les apports d'un chiffre sont ceux d'`expliquer`, au même moment."""
    for position, au in ((464, None), (400, date(2021, 6, 30))):
        attendue = expliquer_du_journal(
            Journal(tete.store, PROGRAMME), cellule, au=au, connu_au=position
        )
        trouvee = expliquer(tete, tete.regard(position, au), cellule, Avancement())
        attendus = [(c.position, c.centimes) for c in attendue.contributions]
        assert list(zip(trouvee.positions, trouvee.gains, strict=True)) == attendus
        assert trouvee.valeur == attendue.valeur_centimes


def test_un_instant_donne_la_derniere_position_enregistree(tete: Tete) -> None:
    """Un instant donne la position du dernier fait enregistré jusque-là."""
    tete.rafraichir()
    instants = [fait.enregistre_le for _, fait in tete.lire(range(1, 465))]
    for rang in (0, 100, 463):
        assert tete.position_de(instants[rang]) == sum(i <= instants[rang] for i in instants)
    assert tete.position_de("1999-01-01T00:00:00.000000Z") == 0


def test_une_position_pas_encore_ecrite_est_refusee(tete: Tete) -> None:
    """Une position au-delà du journal est refusée, avec l'étendue du journal."""
    with pytest.raises(UsageError, match="va de 1 à 464"):
        tete.regard(465, None)


def test_les_nouveaux_faits_paraissent_sans_relire_les_anciens() -> None:
    """Ce qui s'ajoute paraît à la page suivante ; une vue déjà située ne change pas."""
    monde = Monde()
    monde.label()
    console = Console(monde.livre.store)
    client = Client(creer_console(console))
    avant = client.lire(f"/programmes/{P}/situation")
    assert "position 3 du journal" in avant.texte
    monde.payer(1, "2020-02-03")
    apres = client.lire(f"/programmes/{P}/situation")
    assert "position 4 du journal" in apres.texte
    assert "Payé50 000,00 €" in "".join(apres.textes)
    fixee = client.lire(f"/programmes/{P}/situation?connu_au=3")
    assert "Payé0,00 €" in "".join(fixee.textes)
    console.fermer()


def test_une_ligne_changee_apres_lecture_est_dite(base_demo: Path, tmp_path: Path) -> None:
    """Une ligne modifiée sous la console n'est jamais montrée : la page dit la rupture."""
    base = Path(shutil.copy(base_demo, tmp_path / "copie.db"))
    store = SQLiteStore(base, ecriture=False)
    console = Console(store)
    client = Client(creer_console(console))
    client.lire(f"/programmes/{PROGRAMME}/journal/200")
    with sqlite3.connect(base) as connexion:
        connexion.execute(
            "UPDATE stored_events SET state = replace(state, 'demonstration', 'falsification') "
            "WHERE originator_version = 200"
        )
    connexion.close()
    page = client.lire(f"/programmes/{PROGRAMME}/journal/200", 500)
    assert "position 200 : la ligne a changé" in page.texte
    console.fermer()
    store.fermer()


def test_une_base_qui_recule_est_dite(tete: Tete, monkeypatch: pytest.MonkeyPatch) -> None:
    """Un journal devenu plus court que ce qui en fut lu est un défaut dit, pas une vue."""
    tete.rafraichir()
    monkeypatch.setattr(tete.store, "taille", lambda _: 100)
    with pytest.raises(StoreRolledBackError, match="n'a plus que 100 lignes"):
        tete.regard(None, None)


def test_la_verification_dit_ce_qui_est_faux(base_demo: Path, tmp_path: Path) -> None:
    """La page de vérification montre le constat et sa position quand une ligne est falsifiée."""
    base = Path(shutil.copy(base_demo, tmp_path / "faux.db"))
    with sqlite3.connect(base) as connexion:
        connexion.execute("DELETE FROM fabriques_commandes WHERE position = 464")
    connexion.close()
    store = SQLiteStore(base, ecriture=False)
    console = Console(store)
    page = Client(creer_console(console)).lire(f"/programmes/{PROGRAMME}/verification?lancer=oui")
    assert "Non conforme : 1 constat." in page.texte
    assert "index_divergent" in page.texte
    console.fermer()
    store.fermer()


def test_une_chaine_rompue_n_a_pas_de_vue(base_demo: Path, tmp_path: Path) -> None:
    """Un journal dont la chaîne est rompue n'est pas montré."""
    base = Path(shutil.copy(base_demo, tmp_path / "rompue.db"))
    with sqlite3.connect(base) as connexion:
        connexion.execute("DELETE FROM stored_events WHERE originator_version = 200")
    connexion.close()
    store = SQLiteStore(base, ecriture=False)
    tete = Tete(store, PROGRAMME)
    with pytest.raises(ChainBrokenError):
        tete.rafraichir()
    store.fermer()
