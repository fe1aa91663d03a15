"""migrer et sauvegarder, par la ligne de commande, de SQLite à SQLite."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from commands import GrandLivre
from ledger import SQLiteStore
from ledger.stockage import sauvegarde
from tests.cli.outils import en_lignes, lancer, ouverture
from tests.properties.outils import octets


def contenu(fichier: Path) -> object:
    """All that a base holds."""
    store = SQLiteStore(fichier, ecriture=False)
    try:
        return octets(store)
    finally:
        store.fermer()


def programmes(fichier: Path) -> tuple[str, ...]:
    """The programmes of a base."""
    store = SQLiteStore(fichier, ecriture=False)
    try:
        return store.programmes()
    finally:
        store.fermer()


def test_migrer_rend_la_meme_base(base_golden: Path, tmp_path: Path) -> None:
    """migrer copie la base, dit ses racines, et relancé n'ajoute rien."""
    cible = tmp_path / "b.db"
    assert lancer("migrer", base_golden, cible).code == 0
    fait = lancer("migrer", base_golden, cible, "--format", "json")
    assert fait.code == 0, fait.erreur
    racine = json.loads(lancer("verifier", "--base", cible, "--format", "json").octets)["racine"]
    (programme,) = json.loads(fait.octets)["programmes"]
    assert programme["racine"] == racine
    assert programme["deja"] == programme["taille"]
    assert contenu(cible) == contenu(base_golden)


def test_migrer_a_blanc_n_ecrit_rien(base_golden: Path, tmp_path: Path) -> None:
    """À blanc, la cible n'est pas même créée."""
    fait = lancer("migrer", base_golden, tmp_path / "b.db", "--a-blanc")
    assert (fait.code, [*tmp_path.iterdir()]) == (0, [])
    assert "rien n'a été écrit" in fait.erreur


def test_migrer_refuse_une_autre_base_et_la_meme(base_golden: Path, tmp_path: Path) -> None:
    """Une cible qui tient un autre journal est une erreur 4, la base elle-même une erreur 2."""
    cible = tmp_path / "b.db"
    assert lancer("demo", "--base", cible).code == 0
    avant = contenu(cible)
    fait = lancer("migrer", base_golden, cible)
    assert fait.code == 4
    assert "deplacement_refuse" in fait.erreur
    assert contenu(cible) == avant
    assert lancer("migrer", cible, cible).code == 2
    (tmp_path / "lien.db").symlink_to(cible)
    assert lancer("migrer", cible, tmp_path / "lien.db").code == 2
    assert lancer("migrer", tmp_path / "absente.db", tmp_path / "c.db").code == 4


def test_migrer_un_programme_laisse_les_autres(base_golden: Path, tmp_path: Path) -> None:
    """Avec --programme, la cible garde les siens ; un nom absent est une erreur d'usage."""
    cible = tmp_path / "b.db"
    lancer("executer", "-", "--base", cible, entree=en_lignes([ouverture("ancien")]))
    (nom,) = programmes(base_golden)
    fait = lancer("migrer", base_golden, cible, "--programme", nom, "--format", "json")
    assert fait.code == 0, fait.erreur
    assert f"{nom} : écrire désormais là" in fait.erreur
    assert [p["programme"] for p in json.loads(fait.octets)["programmes"]] == [nom]
    assert programmes(cible) == ("ancien", nom)
    fait = lancer("migrer", base_golden, cible, "--programme", "absent")
    assert (fait.code, f"Programmes présents : {nom}." in fait.erreur) == (2, True)


def test_une_sauvegarde_est_verifiee_et_n_ecrase_rien(base_golden: Path, tmp_path: Path) -> None:
    """La copie tient les mêmes octets dans un seul fichier ; elle n'en remplace aucun."""
    copie = tmp_path / "copie.db"
    fait = lancer("sauvegarder", "--base", base_golden, "-o", copie, "--format", "json")
    assert fait.code == 0, fait.erreur
    assert [f.name for f in tmp_path.iterdir()] == ["copie.db"]
    assert contenu(copie) == contenu(base_golden)
    (programme,) = json.loads(fait.octets)["programmes"]
    rendu = lancer("releve", "--base", copie).sortie.splitlines()
    assert rendu[:3] == [programme["origine"], str(programme["taille"]), programme["racine"]]
    garde = copie.read_bytes()
    assert lancer("sauvegarder", "--base", base_golden, "-o", copie).code == 2
    assert lancer("sauvegarder", "--base", base_golden, "-o", base_golden).code == 2
    assert lancer("sauvegarder", "--base", base_golden, "-o", tmp_path / "x" / "y.db").code == 2
    assert copie.read_bytes() == garde


def test_une_sauvegarde_pendant_des_ecritures_est_un_instant(
    base_golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pendant que d'autres écrivent, la copie est la base d'un instant."""
    base, copie = tmp_path / "a.db", tmp_path / "copie.db"
    shutil.copy(base_golden, base)
    monkeypatch.setattr(sauvegarde, "_PAGES", 1)
    assez, fini = threading.Event(), threading.Event()
    ecrites: list[int] = []

    def ecrire() -> None:
        with GrandLivre.ouvrir(base) as livre:
            (programme,) = livre.store.programmes()
            n = 0
            while not fini.is_set():
                modele = {
                    "commande": "ModifierEnveloppe",
                    "id_commande": f"pendant-{n}",
                    "programme": programme,
                    "acteur": {"id": "ana", "role": "ordonnateur"},
                    "date_effet": "2021-01-01",
                    "variation_centimes": 100,
                    "source": "arrêté",
                }
                recu = livre.executer(modele)
                assert recu.acceptee, recu.refus
                ecrites.extend(recu.positions)
                n += 1
                if n == 3:
                    assez.set()

    fil = threading.Thread(target=ecrire)
    fil.start()
    try:
        assert assez.wait(10)
        fait = lancer("sauvegarder", "--base", base, "-o", copie, "--format", "json")
    finally:
        fini.set()
        fil.join()
    assert fait.code == 0, fait.erreur
    (programme,) = json.loads(fait.octets)["programmes"]
    assert programme["taille"] <= ecrites[-1]
    assert lancer("verifier", "--base", copie).code == 0
    assert lancer("verifier", "--base", base).code == 0
    entiere, partielle = SQLiteStore(base, ecriture=False), SQLiteStore(copie, ecriture=False)
    nom = programme["programme"]
    assert [*partielle.lire(nom)] == [*entiere.lire(nom, jusqua=programme["taille"])]
    entiere.fermer()
    partielle.fermer()


def test_une_copie_infidele_n_est_pas_mise_en_place(
    base_golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Une copie qui diffère d'un octet est refusée, et ne laisse rien."""
    vraie = sauvegarde.copier

    def abimer(fichier: Path, partiel: Path, **options: object) -> None:
        vraie(fichier, partiel, **options)  # type: ignore[arg-type]
        with closing(sqlite3.connect(partiel)) as base, base:
            base.execute(
                "UPDATE stored_events SET state = CAST(replace(CAST(state AS TEXT), 'Z', 'z') "
                "AS BLOB) WHERE originator_version = (SELECT max(originator_version) "
                "FROM stored_events)"
            )

    monkeypatch.setattr(sauvegarde, "copier", abimer)
    fait = lancer("sauvegarder", "--base", base_golden, "-o", tmp_path / "copie.db")
    assert (fait.code, [*tmp_path.iterdir()]) == (4, [])
