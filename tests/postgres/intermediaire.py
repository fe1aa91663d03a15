"""What stands between a program and PostgreSQL and shares the server's sessions between clients.

As a pooler does: its own cancel keys, and a session of the server taken for as long as it says.
Unix sockets, no password, nothing but questions and answers (no notification, no COPY).
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self

from .serveur import Serveur

_CLEF = b"K"  # BackendKeyData
_PRET = b"Z"  # ReadyForQuery
_REFUS = b"SFATAL\0C08P01\0Mno more connections allowed (max_client_conn)\0\0"  # as PgBouncer
_QUESTIONS = (b"Q", b"S")  # after these the server answers, up to ReadyForQuery
_ENTETE = 4


def _lire(prise: socket.socket, nombre: int) -> bytes:
    recu = b""
    while len(recu) < nombre:
        morceau = prise.recv(nombre - len(recu))
        if not morceau:
            raise ConnectionError
        recu += morceau
    return recu


def _message(prise: socket.socket) -> tuple[bytes, bytes]:
    """Its type, and the whole of it."""
    debut = _lire(prise, 1 + _ENTETE)
    return debut[:1], debut + _lire(prise, int.from_bytes(debut[1:], "big") - _ENTETE)


class Intermediaire:
    """Listens in a folder of its own. `par_session` may change while clients are connected: from
    then on each transaction takes the session that was given back last, or a new one. `seconds`:
    what becomes of a client that comes while another one is there."""

    def __init__(self, serveur: Serveur, *, par_session: bool) -> None:
        self.par_session = par_session
        self.seconds: Literal["servis", "en attente", "refusés"] = "servis"
        self._presents = 0
        self.nommees: list[bytes] = []  # statements prepared under a name
        self._serveur = serveur
        self._dossier = Path(tempfile.mkdtemp(prefix="fab-int-", dir="/tmp"))
        self._verrou = threading.Lock()
        self._libres: list[socket.socket] = []
        self._prises: list[socket.socket] = []
        self._porte = self._prise()
        self._porte.bind(str(self._dossier / ".s.PGSQL.5432"))
        self._porte.listen()

    def url(self, directe: str) -> str:
        """The address of a database, through here."""
        return directe.replace(str(self._serveur.dossier), str(self._dossier))

    def __enter__(self) -> Self:
        threading.Thread(target=self._accueillir, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for prise in self._prises:
            with suppress(OSError):
                prise.shutdown(socket.SHUT_RDWR)
            prise.close()
        shutil.rmtree(self._dossier)

    def _prise(self) -> socket.socket:
        prise = socket.socket(socket.AF_UNIX)
        self._prises.append(prise)
        return prise

    def _accueillir(self) -> None:
        with suppress(OSError):
            while True:
                client = self._porte.accept()[0]
                self._prises.append(client)
                threading.Thread(target=self._servir, args=(client,), daemon=True).start()

    def _servir(self, client: socket.socket) -> None:
        with suppress(OSError), client:
            taille = _lire(client, _ENTETE)
            demande = taille + _lire(client, int.from_bytes(taille, "big") - _ENTETE)
            sort = self.seconds if self._presents else "servis"
            if sort == "refusés":
                client.sendall(b"E" + (len(_REFUS) + _ENTETE).to_bytes(_ENTETE, "big") + _REFUS)
                return
            session, accueil = self._nouvelle(demande)
            client.sendall(accueil)
            while sort == "en attente":
                _message(client)
            self._presents += 1
            try:
                self._relayer(client, session, demande)
            finally:
                self._presents -= 1

    def _relayer(self, client: socket.socket, session: socket.socket, demande: bytes) -> None:
        tenue = session if self.par_session else None
        if tenue is None:
            self._libres.insert(0, session)  # those that have served go first
        while True:
            genre, message = _message(client)
            if genre == b"X":
                return
            if genre == b"P" and message[5:6] != b"\0":
                self.nommees.append(message)
            session = tenue or self._prendre(demande)
            session.sendall(message)
            tenue = session
            if genre in _QUESTIONS:
                while genre != _PRET:
                    genre, message = _message(session)
                    client.sendall(message)
                if message.endswith(b"I"):  # outside any transaction
                    tenue = self._rendre(session)

    def _nouvelle(self, demande: bytes) -> tuple[socket.socket, bytes]:
        """A session of the server, and what it says first, with another cancel key."""
        session = self._prise()
        session.connect(str(self._serveur.dossier / ".s.PGSQL.5432"))
        session.sendall(demande)
        accueil, genre = b"", b""
        while genre != _PRET:
            genre, message = _message(session)
            accueil += message[:5] + b"\x7f" * (len(message) - 5) if genre == _CLEF else message
        return session, accueil

    def _prendre(self, demande: bytes) -> socket.socket:
        with self._verrou:
            if self._libres:
                return self._libres.pop()
        return self._nouvelle(demande)[0]

    def _rendre(self, session: socket.socket) -> socket.socket | None:
        """What the client still holds of it."""
        if self.par_session:
            return session
        with self._verrou:
            self._libres.append(session)
        return None
