"""Les clichés : rouvrir sans tout relire, sans jamais rien croire qui ne soit à sa place."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from commands import GrandLivre, Recu, cliches
from commands.cliches import Cliches, cliche_de
from ledger import Journal, MemoryStore, Programme, SQLiteStore
from ledger.audit import confronter_cliche
from ledger.cliche import (
    Cliche,
    ClicheIgnore,
    chemin_du_cliche,
    code_des_etats,
    de_octets,
    ecrire,
    en_octets,
    lire,
)
from ledger.erreurs import ChainBrokenError, StoreCorruptError
from ledger.testing.horloge import Horloge
from tests.unit.monde import Monde, P


@pytest.fixture(autouse=True)
def toujours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any new fact is worth a snapshot."""
    monkeypatch.setattr(cliches, "SEUIL", 1)


@pytest.fixture
def lieu(tmp_path: Path) -> Path:
    """The folder of snapshots, of the writer's account alone."""
    dossier = tmp_path / "cliches"
    dossier.mkdir(mode=0o700)
    return dossier


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A base with a little of everything that a state holds."""
    monde = Monde(store=SQLiteStore(tmp_path / "b.db", creer=True))
    monde.label(numerique=True, territoire="qpv")
    monde.reviser("2020-03-01", plafond_centimes=16_000_000)
    monde.label("s2", "2020-03-02")
    monde.ouvrir_credits(2020, 10**10, 10**10)
    monde.payer(1, "2020-06-01")
    monde.ok("DéposerCandidature", "2020-06-02", structure="s3")
    monde.livre.fermer()
    return tmp_path / "b.db"


def sur(livre: GrandLivre) -> Monde:
    """The words of a world, said to a handle."""
    monde = Monde(ouvert=False)
    monde.livre.fermer()
    monde.livre, monde.numero = livre, livre.etat(P).position * 10
    return monde


def rouvrir(base: Path, lieu: Path | None) -> GrandLivre:
    """A handle on the base, cold."""
    return GrandLivre.ouvrir(base, clock=Horloge(), cliches=lieu)


def photographier(base: Path, lieu: Path) -> Path:
    """Have a handle write its snapshot; the file."""
    with rouvrir(base, lieu) as livre:
        livre.etat(P)
    (fichier,) = lieu.iterdir()
    return fichier


def ajouter(base: Path, nombre: int = 1, lieu: Path | None = None) -> list[Recu]:
    """Add applications; their receipts."""
    with rouvrir(base, lieu) as livre:
        monde = sur(livre)
        return [
            monde.envoyer("DéposerCandidature", "2021-01-02", structure=f"n{n}")
            for n in range(nombre)
        ]


def relue(base: Path, lieu: Path | None) -> tuple[Programme, int, str | None, bytes]:
    """What an opening stands on: state, size, head, root."""
    with rouvrir(base, lieu) as livre:
        fil = livre._redacteur.fil(P)
        arbre = fil.journal.arbre
        return fil.etat, fil.journal.taille, fil.journal.tete, arbre.racine()


def repris(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of snapshots."""
    return [e.message for e in caplog.records if e.message.startswith("cliche")]


def test_rouvrir_avec_un_cliche_donne_ce_que_donne_tout_relire(
    base: Path, lieu: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """État, tête, racine, reçus : un cliché frais ou dépassé n'y change rien."""
    caplog.set_level(logging.INFO, "ledger.commandes")
    fichier = photographier(base, lieu)
    assert repris(caplog) == ["cliche_ecrit"]
    ancien = fichier.read_bytes()
    assert relue(base, lieu) == relue(base, None)
    assert repris(caplog) == ["cliche_ecrit", "cliche_repris"]
    ajouter(base, 3)
    assert fichier.read_bytes() == ancien
    assert relue(base, lieu) == relue(base, None)
    assert fichier.read_bytes() != ancien  # brought up to date on the way
    fichier.write_bytes(ancien)
    with rouvrir(base, lieu) as livre, rouvrir(base, None) as temoin:
        livre.etat(P), temoin.etat(P)
        arbres = [g._redacteur.fil(P).journal.arbre for g in (livre, temoin)]
        for taille in range(arbres[1].taille, -1, -1):
            assert arbres[0].racine(taille) == arbres[1].racine(taille)
        assert arbres[0].feuilles() == arbres[1].feuilles()
        deja = [g.executer(_commande("c1")) for g in (livre, temoin)]
        assert deja[0].en_json() == deja[1].en_json()


def _commande(identifiant: str) -> dict[str, Any]:
    """A command whose id is known, with another content."""
    return {
        "commande": "DéposerCandidature",
        "programme": P,
        "id_commande": identifiant,
        "acteur": {"id": "a", "role": "instructeur"},
        "date_effet": "2022-01-01",
        "structure": "z",
        "porteur": "Z",
        "code_postal": "01000",
        "ville": "V",
        "territoire": "qpv",
        "numerique": False,
    }


def test_sans_dossier_rien_n_est_lu_ni_ecrit(base: Path, lieu: Path) -> None:
    """Par défaut, aucun cliché : le dossier de la base ne reçoit rien."""
    avant = sorted(base.parent.iterdir())
    ajouter(base)
    assert sorted(p for p in base.parent.iterdir() if not p.name.startswith("b.db-")) == avant
    assert list(lieu.iterdir()) == []


def test_une_bifurcation_n_ecrit_pas_de_cliche(base: Path, lieu: Path) -> None:
    """Ce qui n'est que simulé ne devient pas un état gardé."""
    with rouvrir(base, lieu) as livre, livre.bifurquer() as fourche:
        sur(fourche).ok("DéposerCandidature", "2021-01-02", structure="n")
    assert list(lieu.iterdir()) == []


def _bit(octets: bytes, rang: int) -> bytes:
    return octets[:rang] + bytes([octets[rang] ^ 1]) + octets[rang + 1 :]


def test_tout_octet_change_ou_perdu_fait_ignorer_le_cliche(base: Path, lieu: Path) -> None:
    """Un bit changé n'importe où, ou une fin perdue : le fichier n'est pas un cliché."""
    entier = photographier(base, lieu).read_bytes()
    assert de_octets(entier).taille == lignes_de(base)
    for rang in range(0, len(entier), 7):
        for abime in (_bit(entier, rang), entier[:rang]):
            with pytest.raises(ClicheIgnore):
                de_octets(abime)


def lignes_de(base: Path) -> int:
    """How many lines the base holds."""
    with closing(sqlite3.connect(base)) as c:
        return int(c.execute("SELECT count(*) FROM stored_events").fetchone()[0])


def _autre_code(fichier: Path, base: Path) -> None:
    fichier.write_bytes(fichier.read_bytes().replace(code_des_etats().encode(), b"0" * 64, 1))


def _tronque(fichier: Path, base: Path) -> None:
    fichier.write_bytes(fichier.read_bytes()[:-1])


def _ouvert_aux_autres(fichier: Path, base: Path) -> None:
    fichier.chmod(0o620)


def _dossier_ouvert(fichier: Path, base: Path) -> None:
    fichier.parent.chmod(0o777)


def _lien(fichier: Path, base: Path) -> None:
    ailleurs = fichier.with_suffix(".vrai")
    fichier.rename(ailleurs)
    fichier.symlink_to(ailleurs)


def _autre_programme(fichier: Path, base: Path) -> None:
    cliche = de_octets(fichier.read_bytes())
    fichier.write_bytes(en_octets(replace(cliche, etat=replace(cliche.etat, slug="autre"))))


def _derniere_ligne_refaite(fichier: Path, base: Path) -> None:
    with closing(sqlite3.connect(base)) as c:
        c.execute("DELETE FROM stored_events WHERE originator_version=?", (lignes_de(base),))
        c.execute(
            "DELETE FROM fabriques_commandes WHERE position NOT IN "
            "(SELECT originator_version FROM stored_events)"
        )
        c.commit()
    ajouter(base)


def _base_plus_courte(fichier: Path, base: Path) -> None:
    with closing(sqlite3.connect(base)) as c:
        c.execute("DELETE FROM stored_events WHERE originator_version>5")
        c.execute("DELETE FROM fabriques_commandes WHERE position>5")
        c.commit()


@pytest.mark.parametrize(
    "gener",
    [
        _autre_code,
        _tronque,
        _ouvert_aux_autres,
        _dossier_ouvert,
        _lien,
        _autre_programme,
        _derniere_ligne_refaite,
        _base_plus_courte,
    ],
)
def test_un_cliche_qui_n_est_pas_a_sa_place_est_ignore_et_dit(
    base: Path,
    lieu: Path,
    gener: Callable[[Path, Path], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Autre version, autre compte, autre base, base reculée : tout est relu, le journal le dit."""
    fichier = photographier(base, lieu)
    gener(fichier, base)
    caplog.set_level(logging.WARNING, "ledger.commandes")
    caplog.clear()
    assert relue(base, lieu) == relue(base, None)
    assert repris(caplog)[:1] == ["cliche_ignore"]


def test_un_ecrivain_tue_pendant_le_cliche_ne_laisse_que_l_ancien(base: Path, lieu: Path) -> None:
    """Un fichier provisoire à moitié écrit ne sert pas, et ne gêne pas le cliché suivant."""
    fichier = photographier(base, lieu)
    entier = fichier.read_bytes()
    provisoire = fichier.with_name(f"{fichier.name}.tmp")
    provisoire.write_bytes(entier[:50])
    ajouter(base)
    assert relue(base, lieu) == relue(base, None)
    assert [p.name for p in lieu.iterdir()] == [fichier.name]
    assert de_octets(fichier.read_bytes()).taille == lignes_de(base)


def test_un_disque_qui_refuse_le_cliche_ne_fait_echouer_aucune_commande(
    base: Path, lieu: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Le cliché manqué est un avertissement ; la commande est acceptée et la base se ferme."""

    def plein(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cliches, "ecrire", plein)
    caplog.set_level(logging.WARNING, "ledger.commandes")
    (recu,) = ajouter(base, lieu=lieu)
    assert recu.statut == "acceptee"
    assert "cliche_non_ecrit" in repris(caplog)
    assert list(lieu.iterdir()) == []


def test_annuler_un_ancien_versement_relit_et_controle_le_passe(base: Path, lieu: Path) -> None:
    """Une ligne d'avant le cliché n'est crue qu'après relecture de toute la chaîne jusqu'à lui."""
    photographier(base, lieu)
    paye = lignes_de(base) - 1
    with rouvrir(base, lieu) as livre:
        sur(livre).ok("AnnulerVersement", "2020-07-01", position=paye, motif="erreur")
    photographier(base, lieu)
    with closing(sqlite3.connect(base)) as c:
        c.execute(
            "UPDATE stored_events SET state=CAST(replace(state, 's2', 's4') AS BLOB) "
            "WHERE originator_version=5"
        )
        c.commit()
    with rouvrir(base, lieu) as livre:
        assert livre.etat(P).position == lignes_de(base)  # old lines are not read
        with pytest.raises(ChainBrokenError, match="position 6"):
            livre._redacteur.fil(P).journal.lire_un(paye)


def test_un_index_perdu_se_refait_aussi_derriere_un_cliche(base: Path, lieu: Path) -> None:
    """Un identifiant accepté n'est jamais oublié, même si l'index est tombé après le cliché."""
    photographier(base, lieu)
    with closing(sqlite3.connect(base)) as c:
        c.execute("DELETE FROM fabriques_commandes")
        c.commit()
    with rouvrir(base, lieu) as livre:
        livre.etat(P)
        assert livre.store.taille_index(P) == lignes_de(base)


def test_l_audit_ne_lit_aucun_cliche_et_nomme_ce_qu_un_cliche_dit_de_faux(
    base: Path, lieu: Path
) -> None:
    """Un cliché refait avec une empreinte juste et un état faux est un constat, solde par solde."""
    fichier = photographier(base, lieu)
    store = SQLiteStore(base, ecriture=False)
    assert confronter_cliche(store, P, fichier) == ()
    assert confronter_cliche(store, P, lieu / "absent") == ()
    vrai = de_octets(fichier.read_bytes())
    soldes = replace(vrai.etat.soldes, valeurs={**vrai.etat.soldes.valeurs, (0, "impute"): 7})
    dossiers = vrai.etat.dossiers.set("s2", replace(vrai.etat.dossiers["s2"], vague="9"))
    faux = replace(vrai.etat, soldes=soldes, dossiers=dossiers, clos=True)
    fichier.write_bytes(en_octets(replace(vrai, etat=faux, racine=b"0" * 32)))
    details = [c.detail.partition(" : ")[2] for c in confronter_cliche(store, P, fichier)]
    assert details == [
        "la racine n'est pas celle du journal.",
        "la clôture du programme ne sont pas ce que donne le rejeu.",
        f"solde impute tenu à 7, {vrai.etat.soldes.impute} au rejeu.",
        "l'état de s2 n'est pas celui du rejeu.",
    ]
    fichier.chmod(0o666)
    (constat,) = confronter_cliche(store, P, fichier)
    assert (constat.code, "serait ignoré" in constat.detail) == ("cliche_divergent", True)
    store.fermer()


def test_un_dossier_de_structure_illisible_est_une_erreur_nommee(base: Path, lieu: Path) -> None:
    """Un état refait à la main avec un contenu impossible : erreur, remède, pas de trace."""
    cliche = de_octets(photographier(base, lieu).read_bytes())
    sain: Any = cliche.etat.dossiers
    sain._base["s1"] = Raw(b"\xc1")
    with pytest.raises(StoreCorruptError, match="cliché ne se lit pas pour s1"):
        cliche.etat.dossiers["s1"]
    with pytest.raises(KeyError):
        cliche.etat.dossiers["inconnue"]
    assert cliche.etat.dossiers.get("inconnue") is None


def test_le_cliche_d_un_magasin_vide_ou_d_un_programme_ferme_n_existe_pas(lieu: Path) -> None:
    """Sans première ligne il n'a pas de nom ; sans ouverture il n'a pas d'état."""
    assert chemin_du_cliche(lieu, MemoryStore(), P) is None
    vide = Cliches(MemoryStore(), lieu)
    journal, etat = vide.reprendre(P)
    assert (journal.taille, etat) == (0, Programme(slug=P))
    with pytest.raises(ClicheIgnore):
        en_octets(cliche_de(journal, etat))
    assert lire(lieu / "rien", MemoryStore(), P) is None
    (lieu / "dossier").mkdir()
    with pytest.raises(ClicheIgnore):
        lire(lieu / "dossier", MemoryStore(), P)


def test_un_cliche_d_un_autre_compte_est_ignore(
    base: Path, lieu: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Qui n'est ni nous ni root ne nous dicte pas un état."""
    fichier = photographier(base, lieu)
    os.chown(fichier, 65534, -1) if os.geteuid() == 0 else monkeypatch.setattr(
        os, "geteuid", lambda: 65534
    )
    store = SQLiteStore(base, ecriture=False)
    with pytest.raises(ClicheIgnore, match="autre compte"):
        lire(fichier, store, P)
    store.fermer()


def test_ecrire_un_cliche_cree_un_dossier_a_soi(tmp_path: Path) -> None:
    """Dossier en 0700, fichier en 0600, quoi que permette le masque."""
    ecrire(tmp_path / "neuf" / "x.cliche", b"x")
    assert (tmp_path / "neuf").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "neuf" / "x.cliche").stat().st_mode & 0o777 == 0o600


def test_un_journal_repris_refuse_un_passe_qui_n_est_pas_le_sien(base: Path, lieu: Path) -> None:
    """La racine du passé relu doit être celle du cliché."""
    cliche: Cliche = replace(de_octets(photographier(base, lieu).read_bytes()), racine=b"0" * 32)
    store = SQLiteStore(base, ecriture=False)
    journal = Journal.depuis(store, P, cliche)
    with pytest.raises(ChainBrokenError, match="cliché"):
        journal.arbre.racine(1)
    store.fermer()
