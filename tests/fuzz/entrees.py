"""Targets read beside the base: snapshots, cursors, and what a browser asks of the console."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

from commands.cliches import cliche_de
from commands.decider import decide
from commands.lecture_json import en_commande
from commands.modele import Commande
from ledger import Journal
from ledger.cliche import FORMAT, ClicheIgnore, code_des_etats, de_octets, en_octets
from ledger.erreurs import CursorUnreadableError, LedgerError
from ledger.flux import lire_curseur, suivre
from projections.console.application import Console, creer_console
from tests.console.client import Client
from tests.fuzz import atelier
from tests.fuzz.journaux import _SUITE as SUITE
from tests.fuzz.moteur import Cible

P = atelier.P
_REFAIT = b"REFAIT\n"


def cliche(octets: bytes) -> str:
    """A snapshot: ignored, or a state to decide on; `REFAIT` first, and its digest is made again.

    Without that, what is not the true snapshot is never believed.
    """
    refait = octets.startswith(_REFAIT)
    if refait:
        corps = octets.removeprefix(_REFAIT)
        entete = f'{{"format":{FORMAT},"code":"{code_des_etats()}",'
        octets = f'{entete}"empreinte":"{sha256(corps).hexdigest()}"}}\n'.encode() + corps
    try:
        lu = de_octets(octets)
    except ClicheIgnore as raison:
        return str(raison)[:40]
    assert refait or octets.partition(b"\n")[2] == _cliche().partition(b"\n")[2]
    try:
        Journal.depuis(atelier.store(), P, lu)
        commande = en_commande(SUITE)
        assert isinstance(commande, Commande)
        return type(decide(lu.etat, commande)).__name__
    except LedgerError as erreur:
        return erreur.code


@cache
def _cliche() -> bytes:
    livre = atelier.livre()
    return en_octets(cliche_de(livre.journal(P), livre.etat(P)))


def curseur(octets: bytes) -> str:
    """A cursor, of a file or an option: an error with a code, or what follows it."""
    texte = octets.decode("ascii", "replace")
    try:
        lu = lire_curseur(texte)
        assert lire_curseur(str(lu)) == lu
        suite = [position for position, _ in suivre(atelier.store(), P, apres=lu)]
    except CursorUnreadableError as erreur:
        return erreur.remede[:20]
    except LedgerError as erreur:
        return erreur.code
    assert suite == [*range(lu.position + 1, atelier.journal().taille + 1)]
    return "suivi"


def _curseurs() -> list[bytes]:
    suivi = suivre(atelier.store(), P)
    return [str(suivi.curseur).encode() for _, _ in suivi][::4]


@cache
def _client() -> Client:
    return Client(creer_console(Console(atelier.store())))


def adresse(octets: bytes) -> str:
    """A path and a query asked of the console: a page, or a status that says what is wrong."""
    cible = "/" + "".join(chr(o) if 32 < o < 127 and o != 35 else f"%{o:02X}" for o in octets)
    reponse = _client().demander(cible)
    assert reponse.status_code in {200, 302, 303, 307, 308, 400, 404, 405, 414, 422}, reponse.text
    assert "Traceback" not in reponse.text
    return f"{reponse.status_code} {reponse.headers.get('content-type', '')}"


def _adresses() -> list[bytes]:
    pages = [b"", b"/exercices", b"/structures", b"/structures/s-1", b"/journal", b"/journal/1"]
    pages += [b"/chiffres/enveloppe.disponible", b"/anomalies", b"/telecharger/credits.csv"]
    vues = (b"", b"?au=2020-12-31", b"?connu_au=4&au=2021-01-01", b"?q=s-1&page=2&tri=porteur")
    return [b"programmes/" + P.encode() + page + vue for page in pages for vue in vues]


CIBLES = (
    Cible(
        "cliche",
        "un cliché, son empreinte refaite ou non",
        lambda: [_cliche(), _REFAIT + _cliche().partition(b"\n")[2]],
        cliche,
        ("ledger/cliche.py", "ledger/regles.py"),
        (b"\x90", b"\xc0", b"\xcb", b"\xff", b"\x81", b"2020-01-01"),
        400,
        20_000,
    ),
    Cible(
        "curseur",
        "un curseur de flux",
        _curseurs,
        curseur,
        ("ledger/flux.py",),
        (b":", b"0" * 64, P.encode(), b"\n", b"99999999999999999999"),
        150,
        300,
    ),
    Cible(
        "adresse",
        "un chemin et une question, demandés à la console",
        _adresses,
        adresse,
        (),
        (b"?", b"&au=", b"&connu_au=", b"=", b"%00", b"..", b"/", b"&page=-1", b"'", b"9" * 30),
        80,
        300,
    ),
)
