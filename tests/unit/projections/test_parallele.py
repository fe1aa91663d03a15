"""Le rejeu à plusieurs processus : mêmes chiffres, mêmes refus, aucune partie crue sans lien."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from commands import GrandLivre
from ledger import Journal, MemoryStore, SQLiteStore
from ledger.equipe import Equipe
from ledger.erreurs import ChainBrokenError
from ledger.preuve.canonique import decoder, encoder
from ledger.preuve.ligne import Lineur
from ledger.stockage.port import Partage
from projections import parallele, regarder
from projections.parallele import Part, joindre, plier_journal, travailler
from projections.pli import Pli
from projections.situation import Vue
from tests.unit.monde import HorlogeFixe, Monde, P

Brute = tuple[int, str, bytes]


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A base of some lives, whose journal is worth two processes."""
    monkeypatch.setattr(parallele, "SEUIL", 1)
    fichier = tmp_path / "b.db"
    monde = Monde(store=SQLiteStore(fichier, creer=True))
    for rang in range(8):
        monde.label(f"s{rang}")
    for rang in range(8):
        monde.payer(1, "2020-06-01", structure=f"s{rang}")
    monde.ok(
        "OuvrirCrédits",
        "2020-03-01",
        exercice=2020,
        ae_centimes=5,
        cp_centimes=5,
        nature="lfi",
        source="LFI",
    )
    monde.livre.fermer()
    return fichier


def vue(fichier: Path, coeurs: int) -> Vue:
    """The view of the base."""
    store = SQLiteStore(fichier, ecriture=False)
    try:
        return regarder(Journal(store, P), coeurs=coeurs)
    finally:
        store.fermer()


def alterer(fichier: Path, position: int) -> None:
    """Edit one line behind the ledger's back."""
    with closing(sqlite3.connect(fichier)) as c:
        c.execute(
            "UPDATE stored_events SET state=replace(state, '\"acteur\"', '\"actrice\"') "
            "WHERE originator_version=?",
            (position,),
        )
        c.execute(
            "UPDATE stored_events SET state=CAST(state AS BLOB) WHERE originator_version=?",
            (position,),
        )
        c.commit()


def test_deux_processus_donnent_la_vue_d_un_seul(base: Path) -> None:
    """Situation, racine et tête du journal sont les mêmes, à un processus et à deux."""
    seul, deux = vue(base, 1), vue(base, 2)
    assert deux.situation == seul.situation
    assert (deux.racine, deux.journal and deux.journal.tete) == (
        seul.racine,
        seul.journal and seul.journal.tete,
    )


def test_une_ligne_alteree_donne_la_meme_erreur_a_deux_processus(base: Path) -> None:
    """L'altération de la partie lue ailleurs est dite à sa position, comme à un seul processus."""
    alterer(base, 24)
    dites = []
    for coeurs in (1, 2):
        with pytest.raises(ChainBrokenError) as refus:
            vue(base, coeurs)
        dites.append((refus.value.position, refus.value.message))
    assert dites[0] == dites[1]
    assert dites[0][0] == 24


def test_un_processus_mort_ne_change_rien(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """La partie d'un processus qui s'arrête est lue par l'appelant."""
    attendue = vue(base, 1).situation
    demandees: list[int] = []

    class Morte(Equipe):
        def recevoir(self, rang: int) -> None:
            demandees.append(rang)

    monkeypatch.setattr(parallele, "Equipe", Morte)
    assert vue(base, 2).situation == attendue
    assert demandees == [0]


def test_une_partie_ne_se_prend_que_derriere_sa_ligne(base: Path) -> None:
    """Une partie qui ne suit pas la dernière ligne lue est laissée, et rien n'a bougé."""
    store = SQLiteStore(base, ecriture=False)
    taille = store.taille(P)
    (part,) = travailler(store, P, 10, taille, None)
    ailleurs, avant = Journal(store, P), Journal(store, P)
    for journal, jusqua in ((ailleurs, 10), (avant, 9)):
        for _ in journal.rattraper(jusqua=jusqua):
            pass
    ailleurs.tete = "0" * 64
    for journal in (ailleurs, avant):
        pli, taille_lue = Pli(), journal.taille
        assert not joindre(journal, pli, part)
        assert (journal.taille, pli.chantiers, pli.position) == (taille_lue, {}, 0)
    assert not joindre(avant, Pli(), b"")
    store.fermer()
    alterer(base, 20)
    store = SQLiteStore(base, ecriture=False)
    assert list(travailler(store, P, 10, taille, None)) == [b""]
    store.fermer()


@pytest.mark.parametrize("coeurs", [1, 2])
def test_une_ligne_deplacee_apres_la_derniere_position_entiere_se_voit(
    base: Path, coeurs: int
) -> None:
    """Une ligne passée à une position à virgule n'est pas laissée hors des chiffres."""
    with closing(sqlite3.connect(base)) as c:
        c.execute(
            "UPDATE stored_events SET originator_version=originator_version + 0.5 "
            "WHERE originator_version=(SELECT max(originator_version) FROM stored_events)"
        )
        c.commit()
    with pytest.raises(ChainBrokenError):
        vue(base, coeurs)


def test_sans_processus_de_plus_le_rejeu_se_fait_seul(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Un système qui refuse un processus ou un tuyau ne fait pas échouer un chiffre."""
    seul = vue(base, 1)

    def refuser(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files")

    for objet in (
        "multiprocessing.context.SpawnProcess.start",
        "multiprocessing.context.SpawnContext.Pipe",
    ):
        with monkeypatch.context() as m:
            m.setattr(objet, refuser)
            assert vue(base, 3).situation == seul.situation
    assert multiprocessing.active_children() == []


class Lignes(MemoryStore):
    """Lines as they are given, by pages of three; it remembers what was asked for."""

    def __init__(self, lignes: Sequence[Brute]) -> None:
        super().__init__()
        self.brutes = list(lignes)
        self.demandes: list[tuple[int, int | None]] = []

    def taille(self, programme: str) -> int:
        """How many lines there are."""
        return len(self.brutes)

    def pages(
        self, programme: str, *, apres: int = 0, jusqua: int | None = None
    ) -> Iterator[list[Brute]]:
        """These lines, three at a time."""
        self.demandes.append((apres, jusqua))
        choisies = self.brutes[apres:jusqua]
        for debut in range(0, len(choisies), 3):
            yield choisies[debut : debut + 3]


@pytest.fixture(scope="module")
def lignes() -> list[Brute]:
    """A journal of 25 lines; rules and a taking over come late, instants go on."""
    monde = Monde()
    instants = [f"2020-01-01T00:00:{n // 2:02}.000000Z" for n in range(60)]
    monde.livre = GrandLivre(monde.livre.store, clock=HorlogeFixe(*instants))
    for rang in range(9):
        monde.label(f"s{rang}")
    for rang in range(3):
        monde.payer(1, f"2020-0{rang + 4}-01", structure=f"s{rang}")
    monde.ok("RéviserRègles", "2020-08-01", regles={"bilan_requis": False, "quota_total": 299})
    monde.ok("ReprendreJournal", "2020-05-01", taille_satisfaite=20, taille_perdue=21)
    monde.ok("AnnulerVersement", "2020-09-01", structure="s1", position=21)
    lues = [(n, topic, octets) for page in monde.livre.store.pages(P) for n, topic, octets in page]
    assert len(lues) == 25
    return lues


def equiper(
    monkeypatch: pytest.MonkeyPatch, ailleurs: Lignes, demandes: list[tuple[object, ...]]
) -> None:
    """Do in this process what the others would, on lines of theirs."""

    class Ici:
        def __init__(
            self,
            _ouvrir: object,
            travail: Callable[..., Iterator[bytes]],
            lots: Sequence[tuple[object, ...]],
        ) -> None:
            demandes.extend(lots)
            self.parts = [list(travail(ailleurs, *lot)) for lot in lots]

        def __enter__(self) -> Ici:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def recevoir(self, rang: int) -> bytes:
            (part,) = self.parts[rang]
            return part

    monkeypatch.setattr(parallele, "SEUIL", 25)
    monkeypatch.setattr(parallele, "Equipe", Ici)
    monkeypatch.setattr(parallele, "partage", lambda _store: Partage(MemoryStore, False))


def lu(
    store: Lignes, au: date | None, coeurs: int, jusqua: int | None = None
) -> tuple[object, ...]:
    """The situation, and where the journal stands after it."""
    journal = Journal(store, P)
    situation = plier_journal(journal, jusqua=jusqua, au=au, coeurs=coeurs)
    arbre = journal.arbre
    return (
        *(situation, journal.tete, journal.dernier_instant, journal.fondations),
        *(arbre.taille, arbre.racine(), arbre.feuilles()),
    )


PARTS = {
    2: [(0, 13), (13, 25)],
    3: [(0, 8), (8, 17), (17, 25)],
    4: [(0, 6), (6, 13), (13, 20), (20, 25)],
}


@pytest.mark.parametrize("au", [None, date(2020, 8, 15), date(2020, 5, 1), date(2019, 7, 11)])
@pytest.mark.parametrize("coeurs", [2, 3, 4])
def test_chacun_lit_sa_part_et_l_appelant_prend_celle_des_autres(
    lignes: list[Brute], coeurs: int, au: date | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Les chiffres et la place dans le journal sont ceux d'un seul, sans rien lire deux fois."""
    seul = lu(Lignes(lignes), au, 1)
    store, ailleurs = Lignes(lignes), Lignes(lignes)
    demandes: list[tuple[object, ...]] = []
    equiper(monkeypatch, ailleurs, demandes)
    assert lu(store, au, coeurs) == seul
    parts = PARTS[coeurs]
    assert demandes == [(P, *part, au) for part in parts[1:]]
    assert ailleurs.demandes == parts[1:]
    assert store.demandes == [parts[0], (25, None)]


def test_une_grande_part_revient_a_l_appelant_qui_commence_le_premier() -> None:
    """À deux, 104 faits sur 200 à l'appelant ; à plus, la même avance sur chacun des autres."""
    assert parallele._bornes(200, 2) == [(0, 104), (104, 200)]
    assert parallele._bornes(2_960, 3) == [(0, 1_040), (1_040, 2_000), (2_000, 2_960)]


def test_sous_le_seuil_ou_sans_le_demander_personne_n_aide(
    lignes: list[Brute], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Un fait de moins que le seuil, ou un seul cœur (le défaut) : tout se lit ici."""
    demandes: list[tuple[object, ...]] = []
    equiper(monkeypatch, Lignes(lignes), demandes)
    lu(Lignes(lignes), None, 2, jusqua=24)
    plier_journal(Journal(Lignes(lignes), P), jusqua=None)
    assert demandes == []
    lu(Lignes(lignes), None, 2, jusqua=25)
    assert len(demandes) == 1


def test_une_part_sans_ligne_n_envoie_rien(lignes: list[Brute]) -> None:
    """Rien après la dernière position : rien à prendre."""
    assert list(travailler(Lignes(lignes), P, 25, 25, None)) == [b""]


def _trop_courte(brutes: list[Brute]) -> None:
    del brutes[-1]


def _vide(brutes: list[Brute]) -> None:
    del brutes[13:]


def _delie(brutes: list[Brute]) -> None:
    brutes[17] = (18, *brutes[18][1:])


def _deplacee(brutes: list[Brute]) -> None:
    brutes[16] = (16, *brutes[16][1:])


@pytest.mark.parametrize("geste", [_trop_courte, _vide, _delie, _deplacee])
def test_une_part_douteuse_se_relit_ici(
    lignes: list[Brute],
    geste: Callable[[list[Brute]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Un autre qui lit autre chose n'envoie rien : l'appelant lit cette part, mêmes chiffres."""
    ailleurs, store = Lignes(lignes), Lignes(lignes)
    geste(ailleurs.brutes)
    assert list(travailler(ailleurs, P, 13, 25, None)) == [b""]
    equiper(monkeypatch, ailleurs, [])
    assert lu(store, None, 2) == lu(Lignes(lignes), None, 1)
    assert store.demandes == [(0, 13), (13, 25), (25, None)]


def relier(lignes: Sequence[Brute], instants: dict[int, str]) -> list[Brute]:
    """The same facts with other recorded instants, each linked to the one before it."""
    lineur, tete, reliees = Lineur(P), None, list[Brute]()
    for position, topic, octets in lignes:
        fait = replace(decoder(topic, octets), precedent=tete)
        fait = replace(fait, enregistre_le=instants.get(position, fait.enregistre_le))
        reliees.append((position, topic, encoder(fait)))
        tete = lineur.feuille(*reliees[-1]).hex()
    return reliees


@pytest.mark.parametrize("position", [14, 15, 17, 20, 25])
def test_un_instant_qui_recule_dans_une_part_se_voit(
    lignes: list[Brute], position: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Au début d'une part, dans une page, entre deux : l'instant qui recule est dit."""
    store = Lignes(relier(lignes, {position: "2020-01-01T00:00:00.000000Z"}))
    equiper(monkeypatch, store, [])
    with pytest.raises(ChainBrokenError) as refus:
        lu(store, None, 2)
    assert refus.value.position == position


def test_une_part_dit_ce_qui_la_met_a_sa_place(lignes: list[Brute]) -> None:
    """Première ligne, lien et instant avant, instant après, feuilles, fondations, faits communs."""
    lineur = Lineur(P)
    faits = [decoder(topic, octets) for _, topic, octets in lignes]
    for apres, fondations, communs in ((0, [1, 24], [1, 23, 24]), (13, [24], [23, 24])):
        (octets,) = travailler(Lignes(lignes), P, apres, 25, None)
        part: Part = parallele._lire_part(octets)
        assert (part.premiere, part.precedent) == (apres + 1, faits[apres].precedent)
        assert part.premier_instant == faits[apres].enregistre_le
        assert part.dernier_instant == faits[-1].enregistre_le
        assert part.feuilles == b"".join(lineur.feuille(*ligne) for ligne in lignes[apres:])
        assert part.fondations == fondations
        assert [tuple(c) for c in part.communs] == [lignes[n - 1] for n in communs]
        assert part.pli.position == 25


def test_une_part_ne_se_prend_qu_a_la_suite(lignes: list[Brute]) -> None:
    """Plus loin, plus tôt, ou derrière une ligne enregistrée après elle, une part est laissée."""
    (part,) = travailler(Lignes(lignes), P, 13, 25, None)
    for place, instant, prise in (
        (13, None, True),
        (13, decoder(*lignes[13][1:]).enregistre_le, True),
        (13, "2020-01-01T00:00:59.000000Z", False),
        (12, None, False),
        (14, None, False),
    ):
        journal = Journal(Lignes(lignes), P)
        list(journal.rattraper(jusqua=place))
        journal.tete = decoder(*lignes[13][1:]).precedent
        journal.dernier_instant = instant or journal.dernier_instant
        assert joindre(journal, Pli(), part) is prise
        assert journal.taille == (25 if prise else place)
