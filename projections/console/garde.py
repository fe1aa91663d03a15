"""The guard in front of the pages: who may ask, how, and what browsers are told to refuse.

A console on loopback is reachable by every page that the same browser shows: the Host header is
checked (a name that an attacker makes point to 127.0.0.1 is refused), other sites cannot embed nor
read an answer, and nothing can be sent but questions.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Portee = MutableMapping[str, Any]
Recevoir = Callable[[], Awaitable[MutableMapping[str, Any]]]
Envoyer = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Portee, Recevoir, Envoyer], Awaitable[None]]
Refuser = Callable[[int, str], tuple[list[tuple[bytes, bytes]], bytes]]

METHODES = ("GET", "HEAD")
ADRESSE_MAX = 4_096
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
ENTETES: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", CSP.encode("ascii")),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
_journal = logging.getLogger("projections.console")


class Garde:
    """Wraps an ASGI application. `noms`: host names served besides loopback and addresses."""

    def __init__(self, application: Asgi, *, refuser: Refuser, noms: Iterable[str] = ()) -> None:
        self._application = application
        self._refuser = refuser
        self._noms = {"localhost", *(nom.lower() for nom in noms)}

    async def __call__(self, portee: Portee, recevoir: Recevoir, envoyer: Envoyer) -> None:
        """Answer, or say no."""
        if portee["type"] != "http":
            await self._application(portee, recevoir, envoyer)
            return
        commencee = finie = False

        async def envoyer_gardee(message: MutableMapping[str, Any]) -> None:
            nonlocal commencee, finie
            finie = message["type"] == "http.response.body" and not message.get("more_body")
            if message["type"] == "http.response.start":
                commencee = True
                message = {**message, "headers": _garnir(message.get("headers", ()))}
            await envoyer(message)

        faute = self._faute(portee)
        if faute is None:
            try:
                await self._application(portee, recevoir, envoyer_gardee)
            except Exception:
                _journal.exception("page_failed")
                if finie:
                    return
                if commencee:  # nothing honest can be added: the server cuts the connection
                    raise
                faute = (500, "La page n'a pas pu être faite : c'est un défaut du programme.")
        if faute is not None:
            entetes, corps = self._refuser(*faute)
            if faute[0] == 405:  # noqa: PLR2004 - method not allowed
                entetes.append((b"allow", b"GET, HEAD"))
            depart = {"type": "http.response.start", "status": faute[0], "headers": entetes}
            await envoyer_gardee(depart)
            corps = b"" if portee["method"] == "HEAD" else corps
            await envoyer_gardee({"type": "http.response.body", "body": corps})

    def _faute(self, portee: Portee) -> tuple[int, str] | None:
        entetes = dict(portee["headers"])
        if not self.hote_admis(entetes.get(b"host", b"").decode("latin-1")):
            return 400, "Cette console ne répond pas à ce nom d'hôte."
        if portee["method"] not in METHODES:
            return 405, "Cette console se lit : elle n'accepte que GET et HEAD."
        longueur = len(portee["query_string"]) + len(portee.get("raw_path") or b"")
        if longueur > ADRESSE_MAX:
            return 400, f"L'adresse est trop longue ({ADRESSE_MAX} octets au plus)."
        ailleurs = entetes.get(b"sec-fetch-site") in (b"cross-site", b"same-site")
        if ailleurs and entetes.get(b"sec-fetch-mode") != b"navigate":
            return 403, "Cette console ne répond pas aux pages d'autres sites."
        return None

    def hote_admis(self, hote: str) -> bool:
        """Whether a Host header is served: loopback, a known name, or a bare address.

        A name can be made to point here by whoever holds it; an address cannot.
        """
        nom = hote.lower()
        if nom.startswith("["):
            nom = nom[1:].partition("]")[0]
        elif nom.count(":") == 1:
            nom = nom.partition(":")[0]
        if nom in self._noms:
            return True
        try:
            ipaddress.ip_address(nom)
        except ValueError:
            return False
        return True


def _garnir(entetes: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    garnis = list(entetes)
    presents = {nom.lower() for nom, _ in garnis}
    if b"cache-control" not in presents:
        garnis.append((b"cache-control", b"no-store"))
    return [*garnis, *ENTETES]
