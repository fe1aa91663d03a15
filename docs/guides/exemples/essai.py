"""A service started inside a test: from a thread, on a loopback port that the system chooses."""

from __future__ import annotations

import json
import socket
from http.client import HTTPConnection
from threading import Thread
from typing import Any

import uvicorn
from starlette.applications import Starlette


class Serveur:
    """A running server. Its socket listens before it starts: a client may connect at once."""

    def __init__(self, application: Starlette) -> None:
        self._prise = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._prise.getsockname()[1]
        reglages = uvicorn.Config(application, log_config=None, lifespan="on")
        self._serveur = uvicorn.Server(reglages)
        self._fil = Thread(target=self._serveur.run, kwargs={"sockets": [self._prise]})
        self._fil.start()

    def demander(self, methode: str, chemin: str, corps: Any = None) -> Any:
        """One request, on a connection of its own; the JSON of the answer, whatever its status."""
        connexion = HTTPConnection("127.0.0.1", self.port)
        try:
            connexion.request(methode, chemin, None if corps is None else json.dumps(corps))
            return json.loads(connexion.getresponse().read())
        finally:
            connexion.close()

    def arreter(self) -> None:
        """Finish the requests under way, close the ledger, free the port."""
        self._serveur.should_exit = True
        self._fil.join()
        self._prise.close()
