"""The contract of a store: inherit from `ContratDesMagasins` and give it the fixture `store`.

class TestMonMagasin(ContratDesMagasins):
    @pytest.fixture
    def store(self, tmp_path):
        magasin = MonMagasin(tmp_path)
        yield magasin
        magasin.fermer()
"""

from __future__ import annotations

from multiprocessing.reduction import ForkingPickler

import pytest

from ..erreurs import StoreReadOnlyError, VersionConflictError
from ..stockage.port import Ecriture, EntreeIndex, LigneBrute, Store, StorePartageable


def ecriture(programme: str, debut: int, nombre: int = 1, *, ids: str = "c") -> Ecriture:
    """Lines `debut..debut+nombre-1` of a programme, with one command id each."""
    positions = range(debut, debut + nombre)
    return Ecriture(
        programme,
        [LigneBrute(p, "avis-rendu", b'{"n":%d}' % p) for p in positions],
        [EntreeIndex(f"{ids}{p}", p, f"{p:064x}") for p in positions],
    )


class ContratDesMagasins:
    """Ce que tout magasin promet."""

    def test_un_magasin_neuf_est_vide(self, store: Store) -> None:
        """Un magasin neuf n'a ni programme, ni ligne, ni identifiant."""
        assert (list(store.lire("p")), list(store.index())) == ([], [])
        assert (store.retrouver("p", ["c1"]), store.controler()) == ({}, [])

    def test_ce_qui_est_ajoute_se_relit_octet_pour_octet(self, store: Store) -> None:
        """Lignes et identifiants se relisent tels qu'ajoutés, dans l'ordre."""
        lot = ecriture("p", 1, 3)
        store.ajouter([lot])
        assert list(store.lire("p")) == lot.lignes
        assert store.retrouver("p", ["c2", "c9", "c2"]) == {"c2": EntreeIndex("c2", 2, f"{2:064x}")}

    def test_une_lecture_se_borne_des_deux_cotes(self, store: Store) -> None:
        """apres est exclu, jusqua inclus."""
        store.ajouter([ecriture("p", 1, 5)])
        assert [x.position for x in store.lire("p", apres=1, jusqua=4)] == [2, 3, 4]
        assert [x.position for x in store.lire("p", apres=5)] == []
        assert [x.position for x in store.lire("p", jusqua=0)] == []

    def test_les_pages_disent_les_memes_lignes(self, store: Store) -> None:
        """Les pages, mises bout à bout, sont les lignes, au-delà d'une page aussi."""
        store.ajouter([ecriture("p", 1, 1_203)])
        pages = [tuple(ligne) for page in store.pages("p", apres=2) for ligne in page]
        assert pages == [tuple(ligne) for ligne in store.lire("p", apres=2)]
        assert [ligne[0] for ligne in pages] == list(range(3, 1_204))

    def test_qui_partage_sa_base_dit_comment_la_rouvrir(self, store: Store) -> None:
        """Ce que dit un magasin partageable passe à un autre processus, et y lit la même base."""
        if not isinstance(store, StorePartageable):
            return
        store.ajouter([ecriture("p", 1, 3)])
        ouvrir = store.partager().ouvrir
        assert ForkingPickler.dumps(ouvrir)
        autre = ouvrir()
        try:
            assert list(autre.lire("p")) == list(store.lire("p"))
            with pytest.raises(StoreReadOnlyError):
                autre.ajouter([ecriture("p", 4)])
        finally:
            autre.fermer()

    def test_les_programmes_sont_separes_et_ranges(self, store: Store) -> None:
        """Chaque programme a ses positions et ses identifiants ; ils sont listés rangés."""
        store.ajouter([ecriture("p2", 1), ecriture("p1", 1, 2)])
        store.ajouter([ecriture("p2", 2)])
        assert store.programmes() == ("p1", "p2")
        assert [x.position for x in store.lire("p2")] == [1, 2]
        assert store.retrouver("p1", ["c1"])["c1"].position == 1

    def test_l_index_est_range_par_programme_puis_identifiant(self, store: Store) -> None:
        """L'index entier vient rangé par programme puis par identifiant."""
        store.ajouter([ecriture("p2", 1), ecriture("p1", 1, 11)])
        obtenu = [(programme, entree.id_commande) for programme, entree in store.index()]
        assert obtenu == sorted([*(("p1", f"c{n}") for n in range(1, 12)), ("p2", "c1")])

    def test_une_position_prise_est_un_conflit(self, store: Store) -> None:
        """Ajouter à une position prise est un conflit."""
        store.ajouter([ecriture("p", 1, 2)])
        with pytest.raises(VersionConflictError):
            store.ajouter([ecriture("p", 2, ids="d")])
        assert [x.position for x in store.lire("p")] == [1, 2]

    def test_un_identifiant_pris_est_un_conflit(self, store: Store) -> None:
        """Ajouter sous un identifiant pris est un conflit, et n'ajoute pas la ligne."""
        store.ajouter([ecriture("p", 1)])
        lot = ecriture("p", 2)
        with pytest.raises(VersionConflictError):
            store.ajouter([lot._replace(ids=[EntreeIndex("c1", 2, "0" * 64)])])
        assert [x.position for x in store.lire("p")] == [1]

    def test_un_conflit_n_ajoute_rien_a_aucun_programme(self, store: Store) -> None:
        """Tout ou rien : un conflit sur un programme n'ajoute rien à l'autre."""
        store.ajouter([ecriture("p1", 1)])
        with pytest.raises(VersionConflictError):
            store.ajouter([ecriture("p2", 1, 3), ecriture("p1", 1, ids="d")])
        assert (store.programmes(), len(list(store.index()))) == (("p1",), 1)
        store.ajouter([ecriture("p2", 1)])
        assert store.programmes() == ("p1", "p2")

    def test_un_lot_ne_dit_pas_deux_fois_la_meme_chose(self, store: Store) -> None:
        """Un identifiant ou une position deux fois dans un même lot est un conflit, sans rien."""
        deux = ecriture("p", 1, 2)
        double = deux._replace(ids=[deux.ids[0], deux.ids[1]._replace(id_commande="c1")])
        for lot in ([double], [ecriture("p", 1), ecriture("p", 1, ids="d")]):
            with pytest.raises(VersionConflictError):
                store.ajouter(lot)
            assert (list(store.lire("p")), list(store.index())) == ([], [])

    def test_la_taille_est_la_derniere_position(self, store: Store) -> None:
        """La taille est celle du programme demandé, 0 pour un programme inconnu."""
        store.ajouter([ecriture("p1", 1, 5), ecriture("p2", 1)])
        store.ajouter([ecriture("p1", 6)])
        assert [store.taille(p) for p in ("p1", "p2", "inconnu")] == [6, 1, 0]

    def test_l_index_se_complete_sans_rien_changer(self, store: Store) -> None:
        """Refaire l'index ajoute ce qui manque, garde ce qui est là, et se compte par programme."""
        store.ajouter([ecriture("p1", 1, 2), ecriture("p2", 1)])
        store.reindexer("p1", [EntreeIndex("c1", 9, "autre"), EntreeIndex("neuf", 2, "e")])
        assert [store.taille_index(p) for p in ("p1", "p2", "inconnu")] == [3, 1, 0]
        assert store.retrouver("p1", ["c1", "neuf"]) == {
            "c1": EntreeIndex("c1", 1, f"{1:064x}"),
            "neuf": EntreeIndex("neuf", 2, "e"),
        }
        assert store.retrouver("p2", ["neuf"]) == {}

    def test_beaucoup_d_identifiants_se_retrouvent_en_une_fois(self, store: Store) -> None:
        """Plus d'identifiants que SQLite n'admet de variables se retrouvent en une fois."""
        store.ajouter([ecriture("p", 1, 1_203)])
        trouves = store.retrouver("p", (f"c{n}" for n in range(1, 1_300)))
        assert sorted(e.position for e in trouves.values()) == list(range(1, 1_204))
