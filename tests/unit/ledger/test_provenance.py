"""La provenance donnée par un appelant : ce qui est admis, et la phrase de chaque défaut."""

from __future__ import annotations

import unicodedata
from typing import Any

import msgspec
import pytest

from ledger import UsageError
from ledger.provenance import FEUILLE_MAX, Provenance, lire_provenance

SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("donnee", "lue"),
    [
        ({"fichier": SHA256, "ligne": 1}, (SHA256, 1, None)),
        ({"fichier": SHA256, "ligne": 2**53 - 1}, (SHA256, 2**53 - 1, None)),
        ({"fichier": SHA256, "ligne": 2, "feuille": "x" * 200}, (SHA256, 2, "x" * 200)),
        (
            {"fichier": SHA256, "ligne": 2, "feuille": unicodedata.normalize("NFD", "Évry")},
            (SHA256, 2, "Évry"),
        ),
        (Provenance(fichier=SHA256, ligne=3, feuille="F"), (SHA256, 3, "F")),
    ],
)
def test_une_provenance_juste_est_admise_jusqu_a_ses_bornes(
    donnee: Any, lue: tuple[str, int, str | None]
) -> None:
    """Un fichier, une ligne, une feuille s'il y en a : admis, bornes comprises, feuille en NFC."""
    vue = lire_provenance(donnee)
    assert (vue.fichier, vue.ligne, vue.feuille) == lue


_FICHIER = "fichier est le SHA-256 du fichier, en 64 chiffres hexadécimaux minuscules"
_LONGUE = "feuille : 201 signes, 200 au plus"
_LIGNE = "ligne est un entier à partir de 1"
_MEMBRES = "les membres sont fichier et ligne, plus feuille s'il y a lieu"


@pytest.mark.parametrize(
    ("donnee", "raison"),
    [
        (7, "un objet {fichier, ligne, feuille?} est attendu"),
        ({"fichier": SHA256}, _MEMBRES),
        ({"fichier": SHA256, "ligne": 1, "nom": "a"}, _MEMBRES),
        ({"fichier": None, "ligne": 1}, _FICHIER),
        ({"fichier": SHA256.encode(), "ligne": 1}, _FICHIER),
        ({"fichier": SHA256 + "0", "ligne": 1}, _FICHIER),
        ({"fichier": SHA256, "ligne": 0}, _LIGNE),
        ({"fichier": SHA256, "ligne": 2**53}, _LIGNE),
        ({"fichier": SHA256, "ligne": True}, _LIGNE),
        ({"fichier": SHA256, "ligne": 1, "feuille": 7}, "feuille est un texte"),
        ({"fichier": SHA256, "ligne": 1, "feuille": " "}, "feuille : le texte est vide"),
        (
            {"fichier": SHA256, "ligne": 1, "feuille": "x" * 201},
            "feuille : 201 signes, 200 au plus",
        ),
    ],
)
def test_une_provenance_fausse_dit_pourquoi(donnee: Any, raison: str) -> None:
    """Chaque défaut a sa phrase, et l'erreur montre une provenance juste."""
    with pytest.raises(UsageError) as refusee:
        lire_provenance(donnee)
    assert refusee.value.message == f"provenance : {raison}."
    assert refusee.value.remede == 'Donner par exemple {"fichier": "<sha256>", "ligne": 12}.'


@pytest.mark.parametrize(
    ("fichier", "feuille", "lue"),
    [
        ("a" * 64, None, True),
        ("0123456789abcdef" * 4, "A", True),
        ("a" * 63, None, False),
        ("a" * 65, None, False),
        ("g" * 64, None, False),
        ("A" * 64, None, False),
        ("a" * 64 + "\n", None, False),
        ("a" * 64, "", False),
        ("a" * 64, "F" * FEUILLE_MAX, True),
        ("a" * 64, "F" * (FEUILLE_MAX + 1), False),
    ],
)
def test_une_provenance_rangee_ne_se_relit_que_bien_formee(
    fichier: str, feuille: str | None, *, lue: bool
) -> None:
    """64 chiffres hexadécimaux minuscules, une feuille qui a un nom : rien d'autre ne se relit."""
    suite = {} if feuille is None else {"feuille": feuille}
    octets = msgspec.json.encode({"fichier": fichier, "ligne": 1} | suite)
    if lue:
        assert msgspec.json.decode(octets, type=Provenance).feuille == feuille
    else:
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(octets, type=Provenance)
