"""Des lignes écrites dans la base par un autre que nous : refusées, et rien n'est importé."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger import ChainBrokenError, Journal, LedgerError, SQLiteStore
from ledger.erreurs import UnreadableFactError
from tests.unit.monde import Monde, P


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A base with three facts."""
    monde = Monde(store=SQLiteStore(tmp_path / "a.db", creer=True))
    monde.label()
    monde.livre.fermer()
    return tmp_path / "a.db"


def ecrire(base: Path, colonne: str, valeur: Any, position: int = 3) -> None:
    """Overwrite a column of one stored line, as an administrator could."""
    with closing(sqlite3.connect(base)) as connexion:
        requete = f"UPDATE stored_events SET {colonne}=? WHERE originator_version=?"  # noqa: S608
        connexion.execute(requete, (valeur, position))
        connexion.commit()


def etat(base: Path, position: int = 3) -> bytes:
    """The stored bytes of one line."""
    with closing(sqlite3.connect(base)) as connexion:
        requete = "SELECT state FROM stored_events WHERE originator_version=?"
        octets = connexion.execute(requete, (position,)).fetchone()[0]
    assert isinstance(octets, bytes)
    return octets


def relire(base: Path) -> list[Any]:
    """The facts, read again."""
    store = SQLiteStore(base, ecriture=False)
    try:
        return list(Journal(store, P).rattraper())
    finally:
        store.fermer()


_VUS: list[str] | None = None


def _crochet(evenement: str, arguments: tuple[Any, ...]) -> None:
    if _VUS is not None and evenement in ("import", "exec", "os.system", "subprocess.Popen"):
        _VUS.append(f"{evenement} {arguments[0]}")


def observer(action: Callable[[], Any]) -> list[str]:
    """What the interpreter imported or ran during the action (an audit hook cannot be removed)."""
    global _VUS  # noqa: PLW0603 - the hook lives as long as the interpreter
    if not getattr(sys, "_crochet_des_lignes_hostiles", False):
        sys.addaudithook(_crochet)
        sys._crochet_des_lignes_hostiles = True  # type: ignore[attr-defined]
    _VUS = []
    try:
        action()
    finally:
        vus, _VUS = _VUS, None
    return vus


def test_le_crochet_voit_un_import() -> None:
    """Le crochet d'audit voit un import véritable."""
    sys.modules.pop("colorsys", None)
    assert "import colorsys" in observer(lambda: __import__("colorsys"))


@pytest.mark.parametrize("topic", ["this", "colorsys", "colorsys:rgb_to_hls", "antigravity:x"])
def test_un_type_qui_nomme_du_code_n_importe_rien(base: Path, topic: str) -> None:
    """Une ligne dont le type nomme un module est refusée sans rien importer ni exécuter."""
    ecrire(base, "topic", "inconnu")
    with pytest.raises(UnreadableFactError):  # what reading itself needs is now loaded
        relire(base)
    ecrire(base, "topic", topic)
    sys.modules.pop(topic.partition(":")[0], None)

    def refuser() -> None:
        with pytest.raises(UnreadableFactError) as levee:
            relire(base)
        assert levee.value.position == 3

    assert observer(refuser) == []


REMPLACEMENTS: dict[str, tuple[bytes, bytes]] = {
    "flottant": (b'"montant_centimes":15000000', b'"montant_centimes":15000000.0'),
    "demesure": (b'"montant_centimes":15000000', b'"montant_centimes":4e400'),
    "texte": (b'"montant_centimes":15000000', b'"montant_centimes":"15000000"'),
    "booleen": (b'"numerique":true', b'"numerique":1'),
    "membre inconnu": (b'{"acteur"', b'{"__class__":"os:system","acteur"'),
    "membre absent": (b'"numerique":true,', b""),
}


@pytest.mark.parametrize("nom", REMPLACEMENTS)
def test_une_ligne_fausse_est_illisible(base: Path, nom: str) -> None:
    """Flottant, 4e400, texte, membre inconnu ou absent : fait illisible, à sa position."""
    avant, apres = REMPLACEMENTS[nom]
    octets = etat(base)
    assert avant in octets
    ecrire(base, "state", octets.replace(avant, apres, 1))
    with pytest.raises(UnreadableFactError) as levee:
        relire(base)
    assert (levee.value.position, levee.value.code) == (3, "fait_illisible")


@pytest.mark.parametrize(
    ("colonne", "valeur"),
    [
        ("topic", b"fabrique-labellisee"),
        ("topic", 7),
        ("topic", None),
        ("state", "texte"),
        ("state", 7),
        ("state", None),
        ("originator_version", 2.5),
        ("originator_version", 9),
    ],
)
def test_une_colonne_d_un_autre_type_est_une_erreur_nommee(
    base: Path, colonne: str, valeur: Any
) -> None:
    """Une colonne d'un autre type, ou une position fausse, est une erreur du grand livre."""
    ecrire(base, colonne, valeur)
    with pytest.raises(LedgerError):
        relire(base)


def test_un_chiffre_change_est_vu_par_la_ligne_suivante(base: Path) -> None:
    """Un chiffre changé dans un fait valide rompt la chaîne à la position suivante."""
    depot = json.loads(etat(base, 2))
    assert depot["code_postal"] == "01500"
    ecrire(base, "state", etat(base, 2).replace(b'"01500"', b'"01501"'), 2)
    with pytest.raises(ChainBrokenError) as levee:
        relire(base)
    assert (levee.value.position, levee.value.code) == (3, "chaine_rompue")
