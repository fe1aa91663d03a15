"""What the tests of the example service need: a server, a network that loses answers, a client.

Everything listens on loopback, on a port that the system chooses. A listening socket is made before
its server, so that a client may connect at once: nobody waits for anybody, and no test sleeps.
Run as a module, serves `FABRIQUES_BASE` on the listening socket whose descriptor is its argument.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn

from commands import GrandLivre
from docs.guides.exemples.essai import Serveur
from docs.guides.exemples.service import creer_application, depuis_l_environnement
from ledger.testing.valeurs import Json

RACINE = Path(__file__).parents[2]
ESSAIS = 50


class Reponse:
    """What came back: status, headers, JSON."""

    def __init__(self, statut: int, entetes: dict[str, str], corps: Any) -> None:
        self.statut, self.entetes, self.corps = statut, entetes, corps


class Client:
    """Sends the same request again until an answer comes: all that a caller has to do."""

    def __init__(self, port: int, *, essais: int = ESSAIS) -> None:
        self.port = port
        self.essais = essais
        self.perdues = 0

    def demander(self, methode: str, chemin: str, corps: bytes = b"", **entetes: str) -> Reponse:
        derniere: Exception | None = None
        for _ in range(self.essais):
            connexion = HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                connexion.request(methode, chemin, corps, entetes)
                recue = connexion.getresponse()
                lue = json.loads(recue.read())
                return Reponse(recue.status, {nom.lower(): v for nom, v in recue.getheaders()}, lue)
            except (HTTPException, ConnectionError) as erreur:
                self.perdues += 1
                derniere = erreur
            finally:
                connexion.close()
        raise ConnectionError(f"{self.essais} essais sans réponse") from derniere

    def executer(self, commande: Json, **entetes: str) -> Reponse:
        return self.demander("POST", "/commandes", json.dumps(commande).encode(), **entetes)

    def lire(self, chemin: str) -> Any:
        return self.demander("GET", chemin).corps


def ecoute() -> socket.socket:
    """A socket that listens on loopback."""
    return socket.create_server(("127.0.0.1", 0))


def port_de(prise: socket.socket) -> int:
    """The port that it listens on."""
    port: int = prise.getsockname()[1]
    return port


@contextmanager
def servir(ouvrir: Callable[[], GrandLivre]) -> Iterator[int]:
    """Serve a ledger from a thread; the port."""
    serveur = Serveur(creer_application(ouvrir))
    try:
        yield serveur.port
    finally:
        serveur.arreter()


def lancer(base: Path, prise: socket.socket) -> subprocess.Popen[bytes]:
    """Serve a base from another process, on a socket of ours."""
    os.set_inheritable(prise.fileno(), True)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.docs.serveur", str(prise.fileno())],
        cwd=RACINE,
        env={**os.environ, "PYTHONPATH": str(RACINE), "FABRIQUES_BASE": str(base)},
        pass_fds=[prise.fileno()],
    )


@contextmanager
def reseau(vers: int, *, perdre: Callable[[int], bool]) -> Iterator[int]:
    """A network to that port; the port to call. It loses the answer to the n-th request, from 1,
    when `perdre(n)`: the server has answered by then, so what it did is done."""
    with ecoute() as prise:
        fil = Thread(target=_relayer, args=(prise, vers, perdre))
        fil.start()
        try:
            yield port_de(prise)
        finally:
            prise.shutdown(socket.SHUT_RDWR)
            fil.join()


def _relayer(prise: socket.socket, vers: int, perdre: Callable[[int], bool]) -> None:
    fils: list[Thread] = []
    numero = 0
    while True:
        try:
            client, _ = prise.accept()
        except OSError:  # shut down
            break
        numero += 1
        fils.append(Thread(target=_relayer_une, args=(client, vers, perdre(numero))))
        fils[-1].start()
    for fil in fils:
        fil.join()


def _relayer_une(client: socket.socket, vers: int, perdue: bool) -> None:
    with client, socket.create_connection(("127.0.0.1", vers)) as serveur:
        serveur.sendall(_message(client))
        reponse = _message(serveur)
        if not perdue:
            client.sendall(reponse)


def _message(prise: socket.socket) -> bytes:
    """One whole HTTP message, whose length is said."""
    lu = b""
    while b"\r\n\r\n" not in lu:
        morceau = prise.recv(65536)
        if not morceau:
            return lu
        lu += morceau
    tete, _, corps = lu.partition(b"\r\n\r\n")
    longueurs = [ligne for ligne in tete.lower().split(b"\r\n") if b"content-length:" in ligne]
    longueur = int(longueurs[0].split(b":")[1]) if longueurs else 0
    while len(corps) < longueur:
        morceau = prise.recv(65536)
        if not morceau:
            break
        corps += morceau
    return tete + b"\r\n\r\n" + corps


if __name__ == "__main__":
    reglages = uvicorn.Config(depuis_l_environnement(), log_config=None, lifespan="on")
    uvicorn.Server(reglages).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
