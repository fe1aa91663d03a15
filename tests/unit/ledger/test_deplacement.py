"""Déplacer un grand livre : mêmes lignes, mêmes racines, mêmes identifiants, ou un refus."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger import MemoryStore, SQLiteStore, Store
from ledger.deplacement import confronter_copie, deplacer
from ledger.erreurs import (
    ChainBrokenError,
    MoveRefusedError,
    StoreError,
    StoreMissingError,
    UsageError,
)
from ledger.stockage.port import Ecriture, EntreeIndex, LigneBrute
from tests.properties.outils import octets
from tests.unit.monde import REGLES, Monde, P


def pleine(nombre: int = 900) -> MemoryStore:
    """A programme of some pages."""
    monde = Monde()
    monde.livre.executer_lot(
        [monde.commande("ModifierEnveloppe", "2020-01-01") for _ in range(nombre - 1)]
    )
    return monde.livre.store  # type: ignore[return-value]


class Interrompue(MemoryStore):
    """A target that fails at a given transaction, once."""

    def __init__(self, rang: int) -> None:
        super().__init__()
        self.rang = rang

    def ajouter(self, ecritures: Sequence[Ecriture]) -> None:
        """Add, or fail."""
        self.rang -= 1
        if self.rang == 0:
            raise StoreError("exprès")
        super().ajouter(ecritures)


def test_un_deplacement_rend_les_memes_octets(tmp_path: Path) -> None:
    """De la mémoire à SQLite et retour : lignes, index et racine sont les mêmes."""
    source = pleine()
    fichier = SQLiteStore(tmp_path / "a.db", creer=True)
    (fait,) = deplacer(source, fichier)
    assert (fait.programme, fait.taille, fait.deja, fait.suite) == (P, 900, 0, 0)
    assert octets(fichier) == octets(source)
    retour = MemoryStore()
    (autre,) = deplacer(fichier, retour)
    assert (octets(retour), autre) == (octets(source), fait)
    fichier.fermer()


@pytest.mark.parametrize("coupe", [1, 37, 128, 129, 899])
def test_un_deplacement_reprend_ou_il_en_etait(coupe: int, tmp_path: Path) -> None:
    """La cible tient déjà le début, à quelque ligne qu'il s'arrête : la suite seule s'ajoute."""
    source, cible = pleine(), SQLiteStore(tmp_path / "a.db", creer=True)
    lignes = [*source.lire(P, jusqua=coupe)]
    ids = [e for _, e in source.index() if e.position <= coupe]
    cible.ajouter([Ecriture(P, lignes, ids)])
    (fait,) = deplacer(source, cible)
    assert (fait.deja, fait.taille) == (coupe, 900)
    assert octets(cible) == octets(source)
    assert deplacer(source, cible)[0].deja == 900
    cible.fermer()


def test_un_deplacement_interrompu_se_relance(tmp_path: Path) -> None:
    """Une panne à la deuxième transaction : relancé, il finit avec les mêmes octets."""
    origine = SQLiteStore(tmp_path / "a.db", creer=True)  # whose pages are short
    deplacer(pleine(), origine)
    cible = Interrompue(2)
    with pytest.raises(StoreError, match="exprès"):
        deplacer(origine, cible)
    assert 0 < cible.taille(P) < 900
    assert deplacer(origine, cible)[0].taille == 900
    assert octets(cible) == octets(origine)
    origine.fermer()


def test_a_blanc_rien_n_est_ecrit() -> None:
    """À blanc, tout est lu et rien n'est écrit ; une cible incompatible est dite tout de même."""
    source, cible = pleine(40), MemoryStore()
    assert deplacer(source, cible, a_blanc=True)[0].taille == 40
    assert cible.programmes() == ()


def test_une_cible_qui_tient_autre_chose_est_refusee() -> None:
    """Autre programme, autre journal ou journal plus long : refus, la cible reste telle quelle."""
    source = pleine(30)
    longue, autre, voisine = pleine(31), MemoryStore(), MemoryStore()
    lignes = [ligne._replace(octets=ligne.octets + b" ") for ligne in source.lire(P, jusqua=2)]
    autre.ajouter([Ecriture(P, lignes, [])])
    voisine.ajouter([Ecriture("voisin", [*source.lire(P, jusqua=1)], [])])
    for cible in (longue, autre, voisine):
        avant = octets(cible)
        for a_blanc in (True, False):
            with pytest.raises(MoveRefusedError):
                deplacer(source, cible, a_blanc=a_blanc)
        assert octets(cible) == avant


def de_programmes(*noms: str, faits: int = 4) -> MemoryStore:
    """Several programmes in one base."""
    monde = Monde(ouvert=False)
    for nom in noms:
        monde.ok("OuvrirProgramme", "2019-07-11", programme=nom, regles=REGLES)
        for _ in range(faits - 1):
            monde.ok("ModifierEnveloppe", "2020-01-01", programme=nom)
    return monde.livre.store  # type: ignore[return-value]


def ce_que_tient(store: Store, programme: str) -> tuple[list[LigneBrute], list[EntreeIndex]]:
    """The lines and command ids of a programme."""
    return [*store.lire(programme)], [e for p, e in store.index() if p == programme]


def test_un_seul_programme_se_deplace_dans_une_base_qui_en_tient_d_autres() -> None:
    """Le programme nommé arrive entier, repris s'il le faut ; les autres ne bougent nulle part."""
    source, cible = de_programmes("a", "b", "c"), de_programmes("x", faits=3)
    voisin = ce_que_tient(cible, "x")
    (fait,) = deplacer(source, cible, seulement=["b"])
    assert (fait.programme, fait.taille, fait.deja) == ("b", 4, 0)
    assert cible.programmes() == ("b", "x")
    assert ce_que_tient(cible, "b") == ce_que_tient(source, "b")
    assert ce_que_tient(cible, "x") == voisin
    assert deplacer(source, cible, seulement=["b", "b"])[0].deja == 4
    assert [f.programme for f in deplacer(source, cible, seulement=("c", "a"))] == ["a", "c"]


def test_un_programme_nomme_que_la_base_n_a_pas_est_dit() -> None:
    """Un nom absent du départ : rien n'est copié, l'erreur dit ce que la base tient."""
    source, cible = de_programmes(*"abcdefg"), MemoryStore()
    with pytest.raises(UsageError, match="programme z n'est pas") as erreur:
        deplacer(source, cible, seulement=["a", "z"])
    assert erreur.value.remede == "Programmes présents : a, b, c, d, e et 2 autres."
    assert cible.programmes() == ()


def test_un_programme_deplace_doit_arriver_identique() -> None:
    """Déjà là et différent, ou sans tous ses identifiants : refus, parmi d'autres aussi."""
    source = de_programmes("a", "b")
    longue = de_programmes("a", faits=5)
    with pytest.raises(MoveRefusedError, match="diffère à la position"):
        deplacer(source, longue, seulement=["a"])
    lignes, ids = ce_que_tient(source, "a")
    sans_id = de_programmes("x")
    sans_id.ajouter([Ecriture("a", lignes, ids[1:])])
    with pytest.raises(MoveRefusedError, match="index des commandes de a"):
        deplacer(source, sans_id, seulement=["a"])


def test_une_source_falsifiee_ne_se_deplace_pas() -> None:
    """Une chaîne rompue au départ arrête le déplacement."""
    source, fausse = pleine(30), MemoryStore()
    lignes = [*source.lire(P)]
    lignes[10] = lignes[10]._replace(octets=lignes[10].octets.replace(b"alice", b"alicf"))
    fausse.ajouter([Ecriture(P, lignes, [e for _, e in source.index()])])
    with pytest.raises(ChainBrokenError):
        deplacer(fausse, MemoryStore())


def test_une_cible_qui_change_une_ligne_est_refusee() -> None:
    """La cible relue n'a pas la même racine, ou le même index : le déplacement est refusé."""

    class Infidele(MemoryStore):
        """Changes the last line that it is given, or forgets an id."""

        perte = False

        def ajouter(self, ecritures: Sequence[Ecriture]) -> None:
            (e,) = ecritures
            *debut, fin = e.lignes
            if self.perte:
                super().ajouter([e._replace(ids=e.ids[1:])])
            else:
                fin = fin._replace(octets=fin.octets.replace(b"alice", b"alicf"))
                super().ajouter([e._replace(lignes=[*debut, fin])])

    for perte in (False, True):
        cible = Infidele()
        cible.perte = perte
        with pytest.raises(MoveRefusedError):
            deplacer(pleine(5), cible)


def test_un_index_abime_au_depart_est_dit() -> None:
    """Un index qui contredit les lignes de départ : refus, et renvoi à verifier."""
    source, abimee = pleine(5), MemoryStore()
    ids = [EntreeIndex(e.id_commande, e.position, "0" * 64) for _, e in source.index()]
    abimee.ajouter([Ecriture(P, [*source.lire(P)], ids)])
    with pytest.raises(MoveRefusedError, match="index") as erreur:
        deplacer(abimee, MemoryStore())
    assert "verifier" in erreur.value.remede


def test_une_base_vide_ne_se_deplace_pas() -> None:
    """Une base sans programme n'a rien à déplacer."""
    with pytest.raises(StoreMissingError):
        deplacer(MemoryStore(), MemoryStore())


def test_une_copie_est_le_debut_de_son_original() -> None:
    """Une copie en retard se reconnaît ; une copie qui diffère est refusée."""
    source = pleine(30)
    copie: Store = MemoryStore()
    lignes = [*source.lire(P, jusqua=20)]
    ids = [e for _, e in source.index() if e.position <= 20]
    copie.ajouter([Ecriture(P, lignes, ids)])
    (fait,) = confronter_copie(source, copie)
    assert (fait.taille, fait.suite) == (20, 10)
    fausse = MemoryStore()
    fausse.ajouter([Ecriture(P, lignes[:-1], [e for e in ids if e.position < 20])])
    confronter_copie(source, fausse)
    fin = lignes[-1]._replace(octets=lignes[-1].octets.replace(b"alice", b"alicf"))
    fausse.ajouter([Ecriture(P, [fin], [e for e in ids if e.position == 20])])
    with pytest.raises(MoveRefusedError):
        confronter_copie(source, fausse)
