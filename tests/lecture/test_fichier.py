"""Le fichier du modèle de lecture : divergence, arrêt brutal, verrous, fichiers étrangers."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from ledger import MemoryStore, Store
from ledger.erreurs import (
    LedgerError,
    StoreBusyError,
    StoreCorruptError,
    StoreError,
    StoreForeignError,
    StoreMissingError,
    StoreReadOnlyError,
)
from ledger.stockage.port import LigneBrute
from projections.lecture import Derive, Lecture, ReadModelDivergedError, ReadModelOutdatedError
from projections.lecture.schema import TABLES
from tests.lecture.histoires import (
    PROGRAMME,
    REGLES,
    Objet,
    commande,
    histoire_ecrite,
    jouer,
    livre,
    livre_en_fichier,
)

ENV = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}


@pytest.fixture
def fichier(tmp_path: Path) -> Path:
    """Where the read model goes."""
    return tmp_path / "lecture.db"


class Alteree(MemoryStore):
    """A store of which one line is another, or that fails at a position; one line a page."""

    def __init__(self, store: Store, position: int, octets: bytes | None = None) -> None:
        super().__init__(store)
        self._position = position
        self._octets = octets

    def lire(
        self, programme: str, *, apres: int = 0, jusqua: int | None = None
    ) -> Iterator[LigneBrute]:
        """The lines, one of them altered."""
        for ligne in super().lire(programme, apres=apres, jusqua=jusqua):
            if ligne.position == self._position:
                if self._octets is None:
                    raise ZeroDivisionError
                yield ligne._replace(octets=self._octets)
            else:
                yield ligne

    def pages(
        self, programme: str, *, apres: int = 0, jusqua: int | None = None
    ) -> Iterator[list[tuple[int, str, bytes]]]:
        """The same, one line a page."""
        for ligne in self.lire(programme, apres=apres, jusqua=jusqua):
            yield [(ligne.position, ligne.topic, ligne.octets)]


def schemas(db: Database) -> Iterator[tuple[str, str]]:
    """(table, type of each column) of every table of the read model."""
    for nom in TABLES:
        for colonne in db.table(nom).columns:
            yield f"{nom}.{colonne.name}", colonne.type


def test_toute_table_est_stricte_et_en_ascii(fichier: Path) -> None:
    """Toute table est STRICT, ses colonnes sont en ASCII, entières ou textes."""
    with livre() as grand_livre, Lecture(fichier) as lecture:
        lecture.rafraichir(jouer(grand_livre, histoire_ecrite()))
        assert [nom for nom in TABLES if not lecture.db.table(nom).strict] == []
        colonnes = dict(schemas(lecture.db))
        assert set(colonnes.values()) == {"INTEGER", "TEXT"}
        assert [nom for nom in colonnes if not nom.isascii()] == []
        centimes = {genre for nom, genre in colonnes.items() if nom.endswith("centimes")}
        assert centimes == {"INTEGER"}


def test_un_montant_a_virgule_est_refuse_par_la_table(fichier: Path) -> None:
    """Une table refuse un montant qui n'est pas un nombre entier de centimes."""
    with livre() as grand_livre, Lecture(fichier) as lecture:
        lecture.rafraichir(jouer(grand_livre, histoire_ecrite()))
        for montant in (0.5, "12,50"):
            with pytest.raises(sqlite3.IntegrityError):
                lecture.db.execute("UPDATE tranches SET montant_centimes = ?", [montant])


def test_les_cles_etrangeres_sont_tenues(fichier: Path) -> None:
    """Les clés étrangères sont déclarées, tenues, et rien n'en manque dans le fichier."""
    with livre() as grand_livre, Lecture(fichier) as lecture:
        store = jouer(grand_livre, histoire_ecrite()[:12])
        lecture.rafraichir(store)
        jouer(grand_livre, histoire_ecrite()[12:])
        lecture.rafraichir(store)
        assert lecture.db.execute("PRAGMA foreign_key_check").fetchall() == []
        cibles = {
            nom: "+".join(sorted({c.other_table for c in lecture.db.table(nom).foreign_keys}))
            for nom in TABLES
        }
        assert {nom: cible for nom, cible in cibles.items() if cible} == {
            "structures": "etats+programmes",
            "faits": "programmes+structures+types",
            "regles": "faits",
            **dict.fromkeys(("tranches", "bonus", "conventions"), "structures"),
            "versements": "faits+structures",
            **dict.fromkeys(("signalements", "saisies"), "codes+programmes+structures"),
            **dict.fromkeys(("soldes", "comptes", "credits", "enveloppe", "jours"), "programmes"),
        }
        for table in ("structures", "faits", "programmes", "types"):
            with pytest.raises(sqlite3.IntegrityError):
                lecture.db.execute(f"DELETE FROM {table}")  # noqa: S608


def test_une_cle_sans_cible_annule_le_rafraichissement(
    fichier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Une ligne qui désigne un absent annule tout, au rafraîchissement comme à la construction."""
    monkeypatch.setattr(
        "projections.lecture.rangees.des_conventions",
        lambda _p, fiche: [("absent", "s-1", 1, "r")] if fiche.structure == "s-3" else [],
    )
    with livre() as grand_livre, Lecture(fichier) as lecture:
        store = jouer(grand_livre, histoire_ecrite()[:12])
        lecture.rafraichir(store)
        avant = lecture.empreintes()
        jouer(grand_livre, histoire_ecrite()[12:])
        with pytest.raises(StoreCorruptError):
            lecture.rafraichir(store)
        with pytest.raises(StoreError, match="conventions"):
            lecture.reconstruire(store)
        assert lecture.empreintes() == avant


def test_une_valeur_d_un_autre_genre_annule_le_rafraichissement(
    fichier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Une valeur qui n'a pas le genre de sa colonne annule tout, sous une erreur nommée."""
    with livre() as grand_livre, Lecture(fichier) as lecture:
        store = jouer(grand_livre, histoire_ecrite()[:12])
        lecture.rafraichir(store)
        avant = lecture.empreintes()
        jouer(grand_livre, histoire_ecrite()[12:])
        monkeypatch.setattr(
            "projections.lecture.rangees.des_conventions",
            lambda p, fiche: [(p, fiche.structure, "premier", "r")],
        )
        with pytest.raises(StoreCorruptError):
            lecture.rafraichir(store)
        assert lecture.empreintes() == avant


def test_deux_programmes_tiennent_dans_un_fichier(fichier: Path, tmp_path: Path) -> None:
    """Deux programmes tiennent dans un fichier, chacun comme s'il était seul."""
    base = tmp_path / "base.db"
    un, deux = histoire_ecrite("ateliers"), histoire_ecrite("fabriques")
    with livre_en_fichier(base) as grand_livre, Lecture(fichier) as lecture:
        for debut, fin in ((0, 5), (5, 11), (11, 20)):
            store = jouer(grand_livre, deux[debut:fin])
            lecture.rafraichir(store)
            jouer(grand_livre, un[debut:fin])
            bilan = lecture.rafraichir(store)
        assert bilan.positions == {"ateliers": 20, "fabriques": 20}
        assert bilan.nouveaux == {"ateliers": 9, "fabriques": 0}
        assert lecture.comparer(store).conforme
        vus = lecture.db.execute(
            "SELECT programme, structure, paye_centimes FROM structures ORDER BY 1, 2"
        ).fetchall()
        noms = [("s-1", 5_000_000), ("s-2", 2_000_000), ("s-3", 0)]
        assert vus == [(p, *nom) for p in ("ateliers", "fabriques") for nom in noms]


def test_un_journal_plus_court_est_une_divergence(fichier: Path) -> None:
    """Un journal plus court que le modèle de lecture est une divergence, jamais réparée seule."""
    objets = histoire_ecrite()
    with livre() as long, livre() as court, Lecture(fichier) as lecture:
        lecture.rafraichir(jouer(long, objets))
        avant = lecture.empreintes()
        store = jouer(court, objets[:19])
        with pytest.raises(ReadModelDivergedError, match="plus court") as vue:
            lecture.rafraichir(store)
        assert (vue.value.code, vue.value.programme, vue.value.position) == (
            "lecture_divergente",
            PROGRAMME,
            20,
        )
        assert "--reconstruire" in vue.value.remede
        assert lecture.empreintes() == avant
        lecture.reconstruire(store)
        assert lecture.positions() == {PROGRAMME: 19}
        assert lecture.comparer(store).conforme


def test_un_autre_journal_est_une_divergence(fichier: Path) -> None:
    """Un journal qui diffère dès le début, même plus long, est une divergence."""
    objets = histoire_ecrite()
    autres = [{**objets[0], "intitule": "Autre"}, *objets[1:]]
    with livre() as un, livre() as autre, Lecture(fichier) as lecture:
        lecture.rafraichir(jouer(un, objets[:12]))
        with pytest.raises(ReadModelDivergedError, match="position 12"):
            lecture.rafraichir(jouer(autre, autres))


def test_un_programme_disparu_est_une_divergence(fichier: Path) -> None:
    """Un programme que la base n'a plus est une divergence."""
    with livre() as grand_livre, Lecture(fichier) as lecture:
        lecture.rafraichir(jouer(grand_livre, histoire_ecrite()))
        with pytest.raises(ReadModelDivergedError, match="n'a pas ce programme"):
            lecture.rafraichir(MemoryStore())


def test_une_ligne_ancienne_changee_est_vue_par_la_racine(fichier: Path) -> None:
    """Une ligne ancienne changée dans la base, sans refaire la chaîne, est vue par la racine."""
    with livre() as grand_livre, Lecture(fichier) as lecture:
        store = jouer(grand_livre, histoire_ecrite())
        lecture.rafraichir(store)
        assert lecture.rafraichir(store, complet=True).nouveaux == {PROGRAMME: 0}
        (ligne,) = store.lire(PROGRAMME, apres=4, jusqua=5)
        alteree = Alteree(store, 5, ligne.octets.replace(b"15000000", b"15000001"))
        with pytest.raises(ReadModelDivergedError, match="racine"):
            lecture.rafraichir(alteree, complet=True)


def test_une_racine_ou_des_sous_arbres_modifies_sont_une_divergence(fichier: Path) -> None:
    """Une racine ou des sous-arbres modifiés dans le fichier sont une divergence."""
    with livre() as grand_livre:
        store = jouer(grand_livre, histoire_ecrite())
        for colonne, valeur in (("racine", "AAAA"), ("souches", "zz"), ("derniere_date", "hier")):
            with Lecture(fichier) as lecture:
                lecture.reconstruire(store)
                lecture.db.execute(f"UPDATE programmes SET {colonne} = ?", [valeur])  # noqa: S608
                with pytest.raises(ReadModelDivergedError):
                    lecture.rafraichir(store)


@pytest.mark.parametrize("colonne", list(TABLES["programmes"].colonnes))
def test_une_colonne_renommee_dans_le_fichier_est_une_erreur_nommee(
    fichier: Path, colonne: str
) -> None:
    """Une colonne renommée dans le fichier : une erreur qui la nomme, et le remède."""
    with livre() as grand_livre, Lecture(fichier) as lecture:
        store = jouer(grand_livre, histoire_ecrite())
        lecture.rafraichir(store)
        lecture.db.execute(f"ALTER TABLE programmes RENAME COLUMN {colonne} TO autre")
        with pytest.raises(StoreError) as erreur:
            lecture.rafraichir(store, complet=True)
    assert colonne in erreur.value.message
    assert erreur.value.remede == (
        "Le refaire depuis le journal : fabriques lecture --reconstruire --base BASE -o FICHIER"
    )


@pytest.mark.parametrize("colonne", ["position", "souches", "derniere_date"])
def test_une_valeur_d_un_autre_type_dans_le_fichier_est_une_divergence(
    fichier: Path, colonne: str
) -> None:
    """Une valeur d'un autre type que sa colonne, glissée sous SQLite, est une divergence."""
    with livre() as grand_livre:
        store = jouer(grand_livre, histoire_ecrite())
        with Lecture(fichier) as lecture:
            lecture.rafraichir(store)
            lecture.db.execute("PRAGMA writable_schema=1")
            lecture.db.execute("UPDATE sqlite_master SET sql = replace(sql, 'STRICT', '')")
        with Lecture(fichier) as lecture:
            lecture.db.execute(f"UPDATE programmes SET {colonne} = X'00ff'")  # noqa: S608
            with pytest.raises(ReadModelDivergedError, match="valeurs illisibles"):
                lecture.rafraichir(store)


@pytest.mark.parametrize("sql", ["UPDATE faits SET etat = '{'", "UPDATE faits SET etat = '1.5'"])
def test_un_fait_illisible_dans_le_fichier_est_une_divergence(fichier: Path, sql: str) -> None:
    """Un fait rendu illisible dans le fichier est une divergence quand sa structure est touchée."""
    objets = histoire_ecrite()
    with livre() as grand_livre, Lecture(fichier) as lecture:
        store = jouer(grand_livre, objets[:14])
        lecture.rafraichir(store)
        lecture.db.execute(sql)
        jouer(grand_livre, objets[14:])
        with pytest.raises(ReadModelDivergedError):
            lecture.rafraichir(store)


def test_comparer_nomme_ce_qui_a_ete_modifie(fichier: Path) -> None:
    """Comparer nomme la cellule modifiée à la main et la ligne qui manque, et depuis quand."""
    with livre() as grand_livre, Lecture(fichier) as lecture:
        store = jouer(grand_livre, histoire_ecrite()[:10])
        lecture.rafraichir(store)
        jouer(grand_livre, histoire_ecrite()[10:])
        assert lecture.comparer(store).conforme
        lecture.db.execute("DELETE FROM versements WHERE position = 9")
        lecture.db.execute("UPDATE tranches SET verse_centimes = 0 WHERE verse_centimes > 0")
        un, deux, trois = lecture.comparer(store).derives
    cles = [{"programme": PROGRAMME, "structure": s, "rang": 1} for s in ("s-1", "s-2")]
    assert un == Derive("tranches", cles[0], "verse_centimes", 0, 5_000_000, 9)
    assert deux == Derive("tranches", cles[1], "verse_centimes", 0, 2_000_000, 10)
    ligne = (PROGRAMME, 9, "s-1", 1, 5_000_000, 2020, 2020, "2020-03-01", "v", 0, "v")
    versement = dict(zip(TABLES["versements"].colonnes, ligne, strict=True))
    cle: Objet = {"programme": PROGRAMME, "position": 9}
    assert trois == Derive("versements", cle, None, None, versement, 9)


@pytest.mark.parametrize("reconstruire", [False, True])
def test_un_echec_en_cours_laisse_le_contenu_d_avant(fichier: Path, reconstruire: bool) -> None:
    """Un échec au milieu d'un rafraîchissement ou d'une reconstruction laisse tout comme avant."""
    with livre() as grand_livre, Lecture(fichier) as lecture:
        store = jouer(grand_livre, histoire_ecrite()[:12])
        lecture.rafraichir(store)
        avant = lecture.empreintes(), lecture.positions()
        jouer(grand_livre, histoire_ecrite()[12:])
        casse = Alteree(store, 18)
        with pytest.raises(ZeroDivisionError):
            lecture.reconstruire(casse) if reconstruire else lecture.rafraichir(casse)
        assert (lecture.empreintes(), lecture.positions()) == avant
        lecture.rafraichir(store)
        assert lecture.comparer(store).conforme


TUE = """
import os, sys
from ledger import SQLiteStore
from projections.lecture import Lecture, modele
# a small cache spills to the file before the end: the file really holds half of the work
base, fichier = sys.argv[1:]
with Lecture(fichier) as lecture:
    lecture.db.execute("PRAGMA cache_size=2")
    modele.Lecture._bilan = lambda *_: os._exit(9)
    lecture.reconstruire(SQLiteStore(base))
"""


def test_un_processus_tue_laisse_le_contenu_d_avant(fichier: Path, tmp_path: Path) -> None:
    """Un processus tué avant la fin laisse le contenu d'avant, en un seul fichier."""
    base = tmp_path / "base.db"
    with livre_en_fichier(base) as grand_livre:
        store = jouer(grand_livre, histoire_ecrite()[:12])
        with Lecture(fichier) as lecture:
            lecture.rafraichir(store)
            avant = lecture.empreintes(), lecture.positions()
        jouer(grand_livre, histoire_ecrite()[12:])
        fait = subprocess.run([sys.executable, "-c", TUE, base, fichier], env=ENV, check=False)
        assert fait.returncode == 9
        assert Path(f"{fichier}-journal").exists()
        with Lecture(fichier) as lecture:
            assert (lecture.empreintes(), lecture.positions()) == avant
        assert [chemin.name for chemin in tmp_path.glob("lecture*")] == ["lecture.db"]


DEUX = """
import sys
from ledger import SQLiteStore
from projections.lecture import Lecture
base, fichier = sys.argv[1:]
store = SQLiteStore(base)
for _ in range(10):
    with Lecture(fichier) as lecture:
        lecture.rafraichir(store)
print(lecture.fichier.name)
"""


def test_deux_processus_rafraichissent_en_meme_temps(fichier: Path, tmp_path: Path) -> None:
    """Deux processus qui rafraîchissent pendant qu'on écrit ne se gênent pas."""
    base = tmp_path / "base.db"
    with livre_en_fichier(base) as grand_livre:
        store = jouer(grand_livre, histoire_ecrite()[:2])
        deux = [
            subprocess.Popen(
                [sys.executable, "-c", DEUX, base, fichier],
                env=ENV,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for _ in range(2)
        ]
        for objet in histoire_ecrite()[2:]:
            jouer(grand_livre, [objet])
        assert [p.communicate(timeout=60)[0] for p in deux] == ["lecture.db\n"] * 2
        assert [p.returncode for p in deux] == [0, 0]
        with Lecture(fichier) as lecture:
            lecture.rafraichir(store)
            assert lecture.comparer(store).conforme


class Guet(MemoryStore):
    """A store that, when first read, looks whether another process could write the read model."""

    def __init__(self, store: Store, fichier: Path) -> None:
        super().__init__(store)
        self._fichier = fichier
        self.refus: list[str] = []

    def programmes(self) -> tuple[str, ...]:
        """The programmes, once the lock was looked at."""
        autre = sqlite3.connect(self._fichier, timeout=0, isolation_level=None)
        with closing(autre), pytest.raises(sqlite3.OperationalError) as vue:
            autre.execute("BEGIN IMMEDIATE")
        self.refus.append(str(vue.value))
        return super().programmes()


def test_le_verrou_est_pris_avant_la_premiere_lecture(fichier: Path) -> None:
    """Le verrou d'écriture est pris avant de lire la position : deux processus se suivent."""
    with livre() as grand_livre, Lecture(fichier) as lecture:
        store = jouer(grand_livre, histoire_ecrite()[:12])
        lecture.rafraichir(store)
        jouer(grand_livre, histoire_ecrite()[12:])
        guet = Guet(store, fichier)
        lecture.rafraichir(guet)
        lecture.reconstruire(guet)
        assert guet.refus == ["database is locked"] * 2


def test_un_verrou_tenu_est_une_erreur_nommee(fichier: Path) -> None:
    """Un fichier verrouillé par un autre, en écriture ou en lecture, donne une erreur nommée."""
    with livre() as grand_livre, Lecture(fichier, attente=0) as lecture:
        store = jouer(grand_livre, histoire_ecrite()[:12])
        lecture.rafraichir(store)
        avant = lecture.empreintes()
        jouer(grand_livre, histoire_ecrite()[12:])
        autre = sqlite3.connect(fichier, isolation_level=None)
        for sql in ("BEGIN IMMEDIATE", "BEGIN"):
            autre.execute(sql)
            autre.execute("SELECT count(*) FROM faits").fetchone()
            with pytest.raises(StoreBusyError) as vue:
                lecture.rafraichir(store)
            assert vue.value.remede == "Réessayer."
            autre.execute("ROLLBACK")
        autre.close()
        assert lecture.empreintes() == avant
        assert lecture.rafraichir(store).nouveaux == {PROGRAMME: 8}


@pytest.mark.parametrize("contenu", [b"bonjour", b"SQLite format 3\x00" + b"\xff" * 4096])
def test_un_fichier_qui_n_est_pas_sqlite_est_refuse_et_garde(fichier: Path, contenu: bytes) -> None:
    """Un fichier qui n'est pas une base SQLite est refusé, et reste tel quel."""
    fichier.write_bytes(contenu)
    with pytest.raises(StoreError) as vue:
        Lecture(fichier)
    assert vue.value.remede
    assert fichier.read_bytes() == contenu


def test_une_base_du_grand_livre_est_refusee(tmp_path: Path) -> None:
    """La base du grand livre elle-même, ou une base d'une autre application, est refusée."""
    base, autre = tmp_path / "base.db", tmp_path / "autre.db"
    with livre_en_fichier(base) as grand_livre:
        jouer(grand_livre, histoire_ecrite())
    etrangere = sqlite3.connect(autre)
    etrangere.execute("CREATE TABLE programmes (x)")
    etrangere.close()
    for chemin in (base, autre, tmp_path):
        with pytest.raises(StoreForeignError):
            Lecture(chemin)


def test_en_lecture_seule_rien_ne_s_ecrit(fichier: Path) -> None:
    """Ouvert en lecture seule, le fichier répond et ne s'écrit pas ; absent, il n'est pas créé."""
    with pytest.raises(StoreMissingError):
        Lecture(fichier, ecriture=False)
    assert not fichier.exists()
    with livre() as grand_livre:
        store = jouer(grand_livre, histoire_ecrite())
        with Lecture(fichier) as lecture:
            lecture.rafraichir(store)
        octets = fichier.read_bytes()
        with Lecture(fichier, ecriture=False) as lecture:
            assert lecture.positions() == {PROGRAMME: 20}
            assert len(lecture.chercher("forge")) == 1
            assert lecture.comparer(store).conforme
            for ecrire in (lecture.rafraichir, lecture.reconstruire):
                with pytest.raises(StoreReadOnlyError):
                    ecrire(store)
        with Lecture(fichier) as lecture:
            lecture.db.execute("PRAGMA query_only=1")  # as a file without the right to write
            with pytest.raises(StoreReadOnlyError):
                lecture.reconstruire(store)
        assert fichier.read_bytes() == octets


def test_une_autre_version_se_reconstruit(fichier: Path) -> None:
    """Un modèle de lecture d'une autre version est refusé, puis se reconstruit sur demande."""
    with livre() as grand_livre, Lecture(fichier) as lecture:
        store = jouer(grand_livre, histoire_ecrite())
        lecture.rafraichir(store)
        lecture.db.execute("PRAGMA user_version=99")
        lecture.db.execute("CREATE TABLE ancienne (x)")
        lecture.db.execute("CREATE VIEW v_ancienne AS SELECT x FROM ancienne")
        for demander in (lecture.rafraichir, lecture.comparer):
            with pytest.raises(ReadModelOutdatedError) as vue:
                demander(store)
            assert "--reconstruire" in vue.value.remede
        lecture.reconstruire(store)
        assert lecture.comparer(store).conforme
        assert {"ancienne", "v_ancienne"} & {
            *lecture.db.table_names(),
            *lecture.db.view_names(),
        } == (set())


def test_un_fichier_vide_ne_repond_rien(fichier: Path) -> None:
    """Un fichier vide ne répond rien, et le comparer est une erreur nommée."""
    with Lecture(fichier) as lecture:
        assert (lecture.positions(), lecture.lignes(), lecture.empreintes()) == ({}, {}, {})
        assert lecture.chercher("forge") == ()
        with pytest.raises(StoreMissingError):
            lecture.comparer(MemoryStore())


def test_une_table_supprimee_est_une_erreur_nommee(fichier: Path) -> None:
    """Une table supprimée à la main donne une erreur nommée, et se reconstruit."""
    with livre() as grand_livre, Lecture(fichier) as lecture:
        store = jouer(grand_livre, histoire_ecrite())
        lecture.rafraichir(store)
        lecture.db.execute("DROP TABLE jours")
        with pytest.raises(LedgerError) as vue:
            lecture.rafraichir(store)
        assert "--reconstruire" in vue.value.remede
        lecture.reconstruire(store)
        assert lecture.comparer(store).conforme


def test_un_programme_vide_de_faits_ne_tient_aucune_ligne(fichier: Path) -> None:
    """Une base sans fait donne un modèle de lecture vide, qui se remplit ensuite."""
    with livre() as grand_livre, Lecture(fichier) as lecture:
        assert lecture.rafraichir(grand_livre.store).positions == {}
        champs: Objet = {"intitule": "F", "source": "AMI", "regles": REGLES}
        store = jouer(grand_livre, [commande("OuvrirProgramme", "2019-07-11", 1, **champs)])
        assert lecture.rafraichir(store).positions == {PROGRAMME: 1}
        assert lecture.comparer(store).conforme


def test_le_fichier_se_remet_seul(fichier: Path, tmp_path: Path) -> None:
    """Refermé, le modèle de lecture est un seul fichier, même passé en WAL entre-temps."""
    with livre() as grand_livre:
        store = jouer(grand_livre, histoire_ecrite())
        with Lecture(fichier) as lecture:
            lecture.rafraichir(store)
            lecture.db.enable_wal()
        with Lecture(fichier) as lecture:
            assert lecture.db.journal_mode == "delete"
            lecture.reconstruire(store)
            attendues = lecture.empreintes()
    assert [chemin.name for chemin in tmp_path.iterdir()] == ["lecture.db"]
    copie = tmp_path / "copie.db"
    copie.write_bytes(fichier.read_bytes())
    with Lecture(copie, ecriture=False) as lecture:
        assert lecture.empreintes() == attendues


def test_la_base_en_fichier_donne_le_contenu_de_la_memoire(fichier: Path, tmp_path: Path) -> None:
    """Une base en fichier SQLite et une base en mémoire donnent le même contenu."""
    with (
        livre() as memoire,
        livre_en_fichier(tmp_path / "base.db") as disque,
        Lecture(fichier) as lecture,
        Lecture(":memory:") as autre,
    ):
        lecture.rafraichir(jouer(disque, histoire_ecrite()))
        autre.rafraichir(jouer(memoire, histoire_ecrite()))
        assert lecture.empreinte() == autre.empreinte()


def test_un_schema_brouille_en_octets_quelconques_est_un_fichier_endommage(
    fichier: Path,
) -> None:
    """Un schéma brouillé, que SQLite cite en octets quelconques, est un fichier endommagé."""
    with Lecture(fichier) as lecture:
        lecture.rafraichir(MemoryStore())
    octets = fichier.read_bytes()
    brouilles = octets.replace(b"typestypes", b"t\xe7pest\xe7pes")
    fichier.write_bytes(brouilles.replace(b"CREATE TABLE", b"CREATE TABLX"))
    for ecriture in (False, True):
        with pytest.raises(StoreCorruptError, match=r"endommagé"):
            Lecture(fichier, ecriture=ecriture)
