"""The ledger inside an HTTP service: one handle, opened and closed with the application.

    FABRIQUES_BASE=service.db uvicorn --factory docs.guides.exemples.service:depuis_l_environnement

The ledger checks each command itself, so the service hands it the bytes as they came. Whatever
touches the base runs in the thread pool. The answer to a command is its receipt, and the HTTP
status says what a client does next: 200 done (now or before), 409 refused, 422 to be corrected,
503 to be sent again, as it is, a little later. Authentication belongs to whoever embeds this.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import to_builtins
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.contextvars import bound_contextvars, get_contextvars

from commands import GrandLivre, lire_ligne
from commands.lecture_json import OCTETS_MAX
from ledger import Journal, LedgerError, StoreError, UsageError
from projections import credits, echeancier, enveloppe, regarder, structures

ENTETE = b"x-correlation-id"
CORRELATION_MAX = 64
A_RENVOYER = 503
FIGURES: dict[str, Callable[..., Any]] = {
    "enveloppe": enveloppe,
    "credits": credits,
    "structures": structures,
    "echeanciers": echeancier,
}


async def commander(requete: Request) -> Response:
    """POST /commandes: one command, its receipt."""
    corps = b""
    async for morceau in requete.stream():
        corps += morceau
        if len(corps) > OCTETS_MAX:
            break  # the ledger refuses it for its size
    recu = await run_in_threadpool(_executer, requete.app.state.livre, corps)
    statut = 200 if recu["code"] is None else 409
    return JSONResponse(recu, 422 if recu["code"] == "commande_invalide" else statut)


def _executer(livre: GrandLivre, corps: bytes) -> dict[str, Any]:
    # in the event as in the log line; the thread pool carries the context of the request
    recu = livre.executer(lire_ligne(corps), correlation=get_contextvars()["correlation"])
    return recu.en_json() | {"remede": recu.refus.remede if recu.refus is not None else None}


async def lire(requete: Request) -> Response:
    """GET /enveloppe, /credits, /structures, /echeanciers/{structure}: one figure of a programme.

    `au` is an effect date, included; `connu_au` a position.
    """
    demande, nom = requete.query_params, requete.url.path.split("/")[1]
    try:
        vue: dict[str, Any] = {
            "au": date.fromisoformat(demande["au"]) if "au" in demande else None,
            "connu_au": int(demande["connu_au"]) if "connu_au" in demande else None,
        }
    except ValueError:
        raise UsageError("au est une date AAAA-MM-JJ, connu_au une position.") from None
    programme = demande.get("programme", "fabriques")
    sujet = requete.path_params.values()
    figure = await run_in_threadpool(_lire, requete.app.state.livre, programme, nom, sujet, vue)
    return JSONResponse(figure)


def _lire(livre: GrandLivre, programme: str, nom: str, sujet: Any, vue: dict[str, Any]) -> Any:
    return to_builtins(FIGURES[nom](regarder(Journal(livre.store, programme), **vue), *sujet))


def _en_erreur(_requete: Request, erreur: Exception) -> Response:
    """An error of the ledger: nothing was written. Only a store's is worth another try."""
    statut = {StoreError: A_RENVOYER, UsageError: 422}
    code = next((s for genre, s in statut.items() if isinstance(erreur, genre)), 500)
    dit = {nom: getattr(erreur, nom, "") for nom in ("code", "message", "remede")}
    return JSONResponse(dit, code, headers={"Retry-After": "1"} if code == A_RENVOYER else {})


class Correlation:
    """Puts the caller's correlation id, or a new one, in every log line and in the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        recue = dict(scope["headers"]).get(ENTETE, b"").decode("latin-1")
        lisible = 0 < len(recue) <= CORRELATION_MAX and recue.isascii() and recue.isprintable()
        correlation = recue if lisible else str(uuid.uuid4())

        async def repondre(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (ENTETE, correlation.encode())]
            await send(message)

        with bound_contextvars(correlation=correlation):
            await self.app(scope, receive, repondre)


def creer_application(ouvrir: Callable[[], GrandLivre]) -> Starlette:
    """The service; `ouvrir` gives its ledger, once per process, when it starts."""

    @asynccontextmanager
    async def duree_de_vie(app: Starlette) -> AsyncIterator[None]:
        app.state.livre = await run_in_threadpool(ouvrir)
        try:
            yield
        finally:
            app.state.livre.fermer()

    chemins = ["/enveloppe", "/credits", "/structures", "/echeanciers/{structure}"]
    routes = [Route("/commandes", commander, methods=["POST"]), *(Route(c, lire) for c in chemins)]
    application = Starlette(
        routes=routes,
        lifespan=duree_de_vie,
        exception_handlers={LedgerError: _en_erreur},
    )
    application.add_middleware(Correlation)
    return application


def depuis_l_environnement() -> Starlette:
    """The service on the base that FABRIQUES_BASE names, made by its first accepted command."""
    base = Path(os.environ["FABRIQUES_BASE"])
    return creer_application(lambda: GrandLivre.ouvrir(base, creer=True))
