"""Le flux : suivre un journal depuis un curseur, et voir qu'il a été réécrit."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import ChainBrokenError, Journal, LedgerError, MemoryStore, SQLiteStore
from ledger.flux import Curseur, lire_curseur, suivre
from tests.properties.outils import reglages
from tests.unit.monde import Monde, P


class Tours:
    """A wait without time: runs one action each time the end is reached, then stops the feed."""

    def __init__(self, *actions: Callable[[], object]) -> None:
        self._actions = list(actions)

    def __call__(self) -> bool:
        """Whether to look again."""
        if not self._actions:
            return False
        self._actions.pop(0)()
        return True


def en_fichier(dossier: Path, nom: str = "a.db") -> Monde:
    """A programme in a file: opened, one application, one label."""
    monde = Monde(store=SQLiteStore(dossier / nom, creer=True))
    monde.label()
    return monde


def curseurs(monde: Monde) -> list[str]:
    """The cursor after each fact."""
    suivi = suivre(monde.livre.store, P)
    return [str(suivi.curseur) for _ in suivi]


def code_et_phrase(appel: Callable[[], object]) -> tuple[str, str]:
    """The error that the call raises."""
    with pytest.raises(LedgerError) as leve:
        appel()
    return leve.value.code, leve.value.message


def test_le_flux_donne_chaque_fait_une_fois_dans_l_ordre() -> None:
    """Le flux donne chaque fait une fois, dans l'ordre, puis s'arrête à la fin du journal."""
    monde = Monde()
    monde.label()
    journal = Journal(monde.livre.store, P)
    assert list(suivre(monde.livre.store, P)) == list(journal.rattraper())


def test_le_flux_continue_apres_l_attente(tmp_path: Path) -> None:
    """Après l'attente, le flux donne ce qui a été enregistré entre-temps, et rien de plus."""
    monde = en_fichier(tmp_path)
    lecteur = SQLiteStore(tmp_path / "a.db", ecriture=False)
    attendre = Tours(
        lambda: monde.payer(1, "2020-02-03"),
        lambda: None,
        lambda: monde.label("s2"),
    )
    suivi = suivre(lecteur, P, attendre=attendre)
    vues = [[ligne.position for ligne in lot] for lot in suivi.lots()]
    assert vues == [[1, 2, 3], [4], [5, 6]]
    assert str(suivi.curseur) == curseurs(monde)[-1]
    lecteur.fermer()
    monde.livre.fermer()


def test_le_flux_attend_un_programme_qui_n_est_pas_ouvert() -> None:
    """Un programme sans fait se suit aussi : son ouverture est le premier fait donné."""
    monde = Monde(ouvert=False)
    attendre = Tours(lambda: None, lambda: monde.ok("OuvrirProgramme", "2019-07-11"))
    suivi = suivre(monde.livre.store, P, attendre=attendre)
    assert suivi.curseur is None
    assert [position for position, _ in suivi] == [1]


def test_le_curseur_suit_le_fait_donne_et_non_la_page_lue() -> None:
    """Abandonné au milieu d'une page, le flux laisse un curseur après le dernier fait donné."""
    monde = Monde()
    monde.label()
    suivi = suivre(monde.livre.store, P)
    for position, _ in suivi:
        if position == 2:
            break
    assert str(suivi.curseur) == curseurs(monde)[1]


@reglages(40)
@given(histoire=histoires(maximum=20), donnees=st.data())
def test_reprendre_donne_exactement_la_suite(histoire: Histoire, donnees: st.DataObject) -> None:
    """Repris à n'importe quel curseur, le flux donne exactement les faits qui le suivent."""
    suivi = suivre(histoire.store, PROGRAMME)
    tout = [(position, fait, str(suivi.curseur)) for position, fait in suivi]
    assert [fait for _, fait, _ in tout] == histoire.faits
    coupe = donnees.draw(st.integers(1, len(tout)))
    reprise = suivre(histoire.store, PROGRAMME, apres=tout[coupe - 1][2])
    assert [(p, fait, str(reprise.curseur)) for p, fait in reprise] == tout[coupe:]


def test_le_curseur_nomme_la_feuille_de_la_ligne() -> None:
    """Le curseur porte la feuille de l'arbre, que n'importe qui recalcule depuis la ligne."""
    monde = Monde()
    journal = monde.livre.journal(P)
    suivi = suivre(monde.livre.store, P)
    (lot,) = suivi.lots()
    (ligne,) = journal.lignes()
    assert [suivi.ligne(lot[0])] == [ligne]
    assert suivi.curseur == Curseur(P, 1, journal.arbre.feuille(1).hex())
    assert lire_curseur(f" {suivi.curseur}\n") == suivi.curseur


@pytest.mark.parametrize(
    "texte",
    [
        "",
        "fabriques",
        "fabriques:0:" + "a" * 64,
        "fabriques:01:" + "a" * 64,
        "fabriques:9007199254740992:" + "a" * 64,
        "fabriques:1:" + "A" * 64,
        "fabriques:1:" + "a" * 63,
        "Fabriques:1:" + "a" * 64,
        "fabriques:1:" + "a" * 64 + ":x",
        "fabriques:\N{ARABIC-INDIC DIGIT ONE}:" + "a" * 64,
    ],
)
def test_un_texte_qui_n_est_pas_un_curseur_est_refuse(texte: str) -> None:
    """Ce qui n'est pas un curseur écrit dans sa seule forme est refusé."""
    code, _ = code_et_phrase(lambda: lire_curseur(texte))
    assert code == "curseur_illisible"


def test_un_curseur_d_un_autre_programme_est_refuse() -> None:
    """Le curseur d'un autre programme est refusé avant toute lecture."""
    monde = Monde()
    autre = Curseur("autre", 1, "a" * 64)
    code, phrase = code_et_phrase(lambda: suivre(monde.livre.store, P, apres=autre))
    assert code == "curseur_illisible"
    assert phrase == "Ce curseur est du programme autre, pas de fabriques."


def test_un_journal_reecrit_ou_recule_refuse_le_curseur() -> None:
    """Un journal d'une autre histoire, ou plus court, refuse le curseur d'avant."""
    avant, autre, court = Monde(), Monde(), Monde()
    avant.label()
    autre.label(territoire="hors_qpv")
    curseur = curseurs(avant)[-1]
    assert code_et_phrase(lambda: suivre(autre.livre.store, P, apres=curseur)) == (
        "curseur_divergent",
        "Le journal fabriques ne tient plus la ligne consommée à la position 3 : une autre ligne "
        "s'y trouve.",
    )
    assert code_et_phrase(lambda: suivre(court.livre.store, P, apres=curseur)) == (
        "curseur_divergent",
        "Le journal fabriques ne tient plus la ligne consommée à la position 3 : il s'arrête à 1.",
    )
    # what both histories share is still a good place to start again
    assert [p for p, _ in suivre(court.livre.store, P, apres=curseurs(avant)[0])] == []


def test_un_debut_altere_est_refuse_meme_si_la_ligne_du_curseur_est_intacte(tmp_path: Path) -> None:
    """Une ligne altérée avant le curseur rompt la chaîne : rien n'est donné."""
    monde = en_fichier(tmp_path)
    curseur = curseurs(monde)[-1]
    monde.livre.fermer()
    with closing(sqlite3.connect(tmp_path / "a.db")) as c, c:
        c.execute(
            "UPDATE stored_events SET state=replace(state,'LAB01','LAB02') "
            "WHERE originator_version=2"
        )
        c.execute("UPDATE stored_events SET state=CAST(state AS BLOB)")
    store = SQLiteStore(tmp_path / "a.db", ecriture=False)
    with pytest.raises(ChainBrokenError) as rompu:
        suivre(store, P, apres=curseur)
    assert (rompu.value.code, rompu.value.position) == ("chaine_rompue", 3)
    store.fermer()


def _executer(base: Path, requete: str) -> None:
    with closing(sqlite3.connect(base)) as c, c:
        c.execute(requete)


def test_un_recul_pendant_le_suivi_est_vu(tmp_path: Path) -> None:
    """Une base remise en arrière sous le flux est vue au regard suivant, même sans ligne neuve."""
    monde = en_fichier(tmp_path)
    base = tmp_path / "a.db"
    recul = "DELETE FROM stored_events WHERE originator_version > 2"
    suivi = suivre(monde.livre.store, P, attendre=Tours(lambda: _executer(base, recul)))
    assert code_et_phrase(lambda: list(suivi)) == (
        "curseur_divergent",
        "Le journal fabriques ne tient plus la ligne consommée à la position 3 : il s'arrête à 2.",
    )
    monde.livre.fermer()


def test_une_reecriture_pendant_le_suivi_est_vue(tmp_path: Path) -> None:
    """La dernière ligne consommée, réécrite sous le flux, est vue avant toute ligne neuve."""
    monde = en_fichier(tmp_path)
    base = tmp_path / "a.db"
    reecriture = "UPDATE stored_events SET topic='avis-rendu' WHERE originator_version=3"
    suivi = suivre(monde.livre.store, P, attendre=Tours(lambda: _executer(base, reecriture)))
    assert code_et_phrase(lambda: list(suivi)) == (
        "curseur_divergent",
        "Le journal fabriques ne tient plus la ligne consommée à la position 3 : une autre ligne "
        "s'y trouve.",
    )
    monde.livre.fermer()


def test_une_base_enlevee_ou_remplacee_pendant_le_suivi_est_vue(tmp_path: Path) -> None:
    """Un fichier ouvert survit à son effacement : le flux voit que la base n'est plus là."""
    for nom, geste, attendu in (
        ("enlevee", lambda base: base.unlink(), "base_absente"),
        ("remplacee", lambda base: shutil.copy(base, f"{base}.x"), "base_remplacee"),
    ):
        monde = en_fichier(tmp_path, f"{nom}.db")
        monde.livre.fermer()
        base = tmp_path / f"{nom}.db"
        lecteur = SQLiteStore(base, ecriture=False)

        def agir(geste: Callable[[Path], object] = geste, base: Path = base) -> None:
            geste(base)
            copie = Path(f"{base}.x")
            if copie.exists():
                copie.replace(base)

        suivi = suivre(lecteur, P, attendre=Tours(agir))
        code, _ = code_et_phrase(lambda suivi=suivi: list(suivi))  # type: ignore[misc]
        assert code == attendu
        lecteur.fermer()


def test_une_base_en_place_ou_a_venir_se_suit(tmp_path: Path) -> None:
    """Une base qui n'existe pas encore n'est pas une base remplacée : elle se suit dès qu'elle est
    créée, par qui que ce soit."""
    store = SQLiteStore(tmp_path / "a.db", creer=True)

    def creer() -> None:
        en_fichier(tmp_path).livre.fermer()

    suivi = suivre(store, P, attendre=Tours(creer))
    assert [position for position, _ in suivi] == [1, 2, 3]
    store.exiger_en_place()
    store.fermer()


def test_un_store_en_memoire_se_suit_sans_fichier() -> None:
    """Un store sans fichier se suit : rien ne peut en prendre la place."""
    assert list(suivre(MemoryStore(), P)) == []
