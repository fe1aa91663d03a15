"""The console as an ASGI application: its addresses, its answers, its failures told in French."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ledger.champs import est_slug
from ledger.erreurs import LedgerError, StoreError, UsageError
from ledger.preuve.merkle import racine_base64
from ledger.stockage.port import Store
from ledger.version import VERSION

from ..pages.gabarits import compiler, fichier, gabarit
from ..tableurs import ecrire_csv
from .contributions import StructureInconnue
from .demande import Demande, PageIntrouvable
from .ecrans import anomalies, chiffres, controles, lignes, registre
from .ecrans.listes import LISTES, Fabrique
from .garde import Asgi, Garde
from .moment import DateRefusee
from .taches import PRESSEE, Avancement, EnAttente, Occupee
from .telechargements import ECRIVAINS, Ecrivain, familles
from .tete import Tete

Ecran = Callable[..., dict[str, Any]]
PAGES: tuple[tuple[str, str, Ecran], ...] = (
    ("situation", "Situation", chiffres.situation),
    ("exercices", "AE et CP", chiffres.exercices),
    ("restes", "Restes à payer", chiffres.restes),
    ("structures", "Structures", registre.structures),
    ("journal", "Journal", lignes.journal),
    ("anomalies", "Anomalies", anomalies.page_anomalies),
    ("comparaison", "Comparaison", controles.comparaison),
    ("verification", "Vérification", controles.verification),
)
"""Path, words and content of the pages of the menu, in its order."""
_HTML, _CSV = "text/html; charset=utf-8", "text/csv; charset=utf-8"
_HORS_NOM = re.compile(r"[^A-Za-z0-9._-]")
_ILLISIBLES = {400: "Demande illisible", 403: "Demande refusée", 404: "Page introuvable"}
_TITRES = {**_ILLISIBLES, 405: "Demande refusée", 500: "Page en défaut", 503: "Base inutilisable"}


class Console:
    """The pages over one base, and the replays that they are read from."""

    def __init__(
        self,
        store: Store,
        *,
        programmes: Sequence[str] | None = None,
        theme: str | None = None,
        ecrivains: Sequence[Ecrivain] = ECRIVAINS,
    ) -> None:
        """`programmes`: the only ones that it shows; all those of the base unless said."""
        self._store = store
        self._seuls = programmes
        self._ecrivains = {e.fichier: e for e in ecrivains}
        self._tetes: dict[str, Tete] = {}
        self._statiques = {
            "style.css": (fichier("style.css"), "text/css; charset=utf-8"),
            "console.css": (fichier("console.css"), "text/css; charset=utf-8"),
            "console.js": (fichier("console.js"), "text/javascript; charset=utf-8"),
        }
        if theme is not None:
            self._statiques["theme.css"] = (theme, "text/css; charset=utf-8")
        self._versions = {
            nom: sha256(texte.encode("utf-8")).hexdigest()[:12]
            for nom, (texte, _) in self._statiques.items()
        }

    def preparer(self, programme: str, progres: Callable[[int], None] | None = None) -> None:
        """Replay a programme and compile the pages now, so that the first ones do not wait."""
        self._tete(programme).rafraichir(progres)
        compiler()

    def fermer(self) -> None:
        """Wait for what is being computed."""
        for tete in self._tetes.values():
            tete.fermer()

    def routes(self) -> list[Route]:
        """Every address."""
        racine = "/programmes/{programme}"
        return [
            Route("/", self.accueil),
            Route("/statique/{nom}", self.statique),
            Route(racine, self.programme),
            *(Route(f"{racine}/{chemin}", self._page(chemin, e)) for chemin, _, e in PAGES),
            *(Route(f"{racine}/{chemin}.csv", self._liste(f)) for chemin, f in LISTES),
            Route(f"{racine}/structures/{{cle}}", self._page("structure", registre.structure)),
            Route(f"{racine}/chiffres/{{cle}}", self._page("chiffre", chiffres.chiffre)),
            Route(f"{racine}/journal/{{cle}}.json", self.ligne),
            Route(f"{racine}/journal/{{cle}}.tlog-proof", self.preuve),
            Route(f"{racine}/journal/{{cle}}", self._page("evenement", lignes.evenement)),
            Route(f"{racine}/telecharger", self._page("telecharger", self._fichiers)),
            Route(f"{racine}/telecharger/{{nom}}", self.telecharger),
        ]

    def accueil(self, _: Request) -> Response:
        """The only programme shown, or their list."""
        programmes = self._programmes()
        if len(programmes) == 1:
            return RedirectResponse(f"/programmes/{programmes[0]}/situation", 303)
        return self._rendre("programmes.html", programmes=programmes)

    def programme(self, requete: Request) -> Response:
        """The first page of a programme."""
        programme = self._programme(requete)
        return RedirectResponse(f"/programmes/{programme}/situation", 303)

    def statique(self, requete: Request) -> Response:
        """The style sheet, the script, the theme. Their address changes with their bytes."""
        nom = requete.path_params["nom"]
        if nom not in self._statiques:
            raise HTTPException(404)
        texte, media = self._statiques[nom]
        courante = requete.query_params.get("v") == self._versions[nom]
        duree = "max-age=31536000, immutable" if courante else "no-cache"
        return Response(texte, media_type=media, headers={"cache-control": duree})

    def ligne(self, requete: Request) -> Response:
        """One line of the journal, byte for byte."""
        return self._du_fait(
            requete, lambda *fait: lignes.ligne_brute(*fait) + b"\n", "json", "application/json"
        )

    def preuve(self, requete: Request) -> Response:
        """The proof of one line."""
        return self._du_fait(requete, lignes.preuve, "tlog-proof", "text/plain; charset=utf-8")

    def _du_fait(
        self, requete: Request, faire: Callable[[Demande, int], bytes], suffixe: str, media: str
    ) -> Response:
        demande = self._demande(requete)
        try:
            position = lignes.exiger_position(demande, requete.path_params["cle"])
        except UsageError as erreur:  # the menu and the dates stay at hand
            return self._refus(erreur, self._commun(demande, "evenement"))
        nom = f"{demande.tete.programme}-{position}.{suffixe}"
        return _fichier(faire(demande, position), nom, media)

    def telecharger(self, requete: Request) -> Response:
        """One file made from the view."""
        demande = self._demande(requete)
        ecrivain = self._ecrivains.get(requete.path_params["nom"])
        if ecrivain is None:
            raise HTTPException(404)
        nom = ecrivain.fichier

        def preparer() -> Callable[[Avancement], bytes]:
            vue = demande.regard.vue
            return lambda _: ecrivain.ecrire(vue)

        return self._prendre(demande, nom, ecrivain.media, preparer)

    def _liste(self, fabrique: Callable[..., Fabrique]) -> Callable[[Request], Response]:
        """A whole list, as its page filters it."""

        def repondre(requete: Request) -> Response:
            demande = self._demande(requete)
            suite = [requete.path_params["cle"]] if "cle" in requete.path_params else []

            def preparer() -> Callable[[Avancement], bytes]:
                faire = fabrique(demande, *suite)
                return lambda pas: b"".join(ecrire_csv(faire(pas), "fr"))

            nom = _HORS_NOM.sub("_", demande.chemin.rpartition("/")[2])
            return self._prendre(demande, nom, _CSV, preparer)

        return repondre

    def _prendre(
        self,
        demande: Demande,
        nom: str,
        media: str,
        preparer: Callable[[], Callable[[Avancement], bytes]],
    ) -> Response:
        """A file of this view: made by a worker, or a page that says how far it is."""
        tete, position, au = demande.tete, demande.position, demande.moment.au
        commun = self._commun(demande, "telecharger")
        cle = ("fichier", demande.chemin, *sorted(demande.autres_parametres().items()))
        try:
            octets = tete.calculs.obtenir((cle, position, au), preparer())
        except EnAttente as attente:
            return self._rendre("attente.html", 202, **commun, a=attente.avancement, fichier=nom)
        except UsageError as erreur:  # the menu and the dates stay at hand
            return self._refus(erreur, commun)
        jour = "" if au is None else f"-au-{au.isoformat()}"
        return _fichier(octets, f"{tete.programme}-{position}{jour}-{nom}", media)

    def _fichiers(self, demande: Demande) -> dict[str, Any]:
        return {"familles": familles(self._ecrivains.values()), "vue": demande.regard.vue}

    def _page(self, nom: str, ecran: Ecran) -> Callable[[Request], Response]:
        def repondre(requete: Request) -> Response:
            demande = self._demande(requete)
            commun = self._commun(demande, nom)
            try:
                suite = [requete.path_params["cle"]] if "cle" in requete.path_params else []
                contexte = ecran(demande, *suite)
                commun["regard"] = demande.regard
            except EnAttente as attente:
                return self._rendre("attente.html", 202, **commun, a=attente.avancement, fichier="")
            except UsageError as erreur:  # the menu and the dates stay at hand
                return self._refus(erreur, commun)
            return self._rendre(f"{nom}.html", **commun, **contexte)

        return repondre

    def _demande(self, requete: Request) -> Demande:
        return Demande(*self._demandee(requete))

    def _demandee(self, requete: Request) -> tuple[Tete, dict[str, str], str]:
        """Programme, parameters and page of an address."""
        PRESSEE.set(requete.headers.get("prefer") == "respond-async")  # RFC 7240
        tete = self._tete(self._programme(requete))
        programme = f"/programmes/{tete.programme}/"
        return tete, dict(requete.query_params), requete.url.path.removeprefix(programme)

    def _programme(self, requete: Request) -> str:
        programme: str = requete.path_params["programme"]
        if not est_slug(programme) or (
            programme not in self._tetes and programme not in self._programmes()
        ):
            raise PageIntrouvable(
                f"Le programme {programme[:80]!r} n'est pas dans cette console.",
                remede="« Revenir à la console » montre ceux qui y sont.",
            )
        return programme

    def _programmes(self) -> Sequence[str]:
        return self._store.programmes() if self._seuls is None else self._seuls

    def _tete(self, programme: str) -> Tete:
        return self._tetes.setdefault(programme, Tete(self._store, programme))

    def _commun(self, demande: Demande, page: str) -> dict[str, Any]:
        liens, journal = demande.liens, demande.tete.journal
        return {
            "d": demande,
            "moment": demande.moment,
            "vers": liens.vers,
            "chiffre": lambda cellule: liens.vers(f"chiffres/{cellule}"),
            "programme": demande.tete.programme,
            "pages": PAGES,
            "page_courante": {"structure": "structures", "evenement": "journal"}.get(page, page),
            "bornes": demande.bornes(),
            "racine_vue": racine_base64(journal.arbre.racine(demande.position)),
        }

    def _rendre(self, modele: str, statut: int = 200, **contexte: Any) -> Response:
        return Response(self._page_html(modele, contexte), statut, media_type=_HTML)

    def _page_html(self, modele: str, contexte: Mapping[str, Any]) -> str:
        return gabarit(modele).render(versions=self._versions, version=VERSION, **contexte)

    def refuser(self, statut: int, phrase: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Headers and body of a page that says no."""
        corps = self._erreur_html(statut, phrase, "").encode("utf-8")
        return [(b"content-type", _HTML.encode("ascii"))], corps

    def _erreur_html(self, statut: int, phrase: str, remede: str) -> str:
        titre = _TITRES.get(statut, "Erreur")
        return self._page_html(
            "erreur.html", {"titre": titre, "phrase": phrase, "remede": remede, "statut": statut}
        )

    def _erreur(self, statut: int, phrase: str, remede: str = "") -> Response:
        return Response(self._erreur_html(statut, phrase, remede), statut, media_type=_HTML)

    def erreur_du_livre(self, requete: Request, erreur: Exception) -> Response:
        """What the ledger says, as a page; about a date, with the form and what was typed."""
        if not isinstance(erreur, LedgerError):
            raise erreur
        if isinstance(erreur, DateRefusee):
            demande = Demande.sans_refus(*self._demandee(requete))
            return self._refus(erreur, self._commun(demande, ""))
        if isinstance(erreur, UsageError):
            return self._refus(erreur, {})
        statut = 503 if isinstance(erreur, StoreError) else 500
        return self._erreur(statut, erreur.message, erreur.remede)

    def _refus(self, erreur: UsageError, commun: Mapping[str, Any]) -> Response:
        statut = 404 if isinstance(erreur, PageIntrouvable | StructureInconnue) else 400
        dits = {"titre": _TITRES[statut], "phrase": erreur.message, "remede": erreur.remede}
        return self._rendre("erreur.html", statut, **commun, **dits)

    def introuvable(self, _: Request, erreur: Exception) -> Response:
        """An address that is none."""
        statut = erreur.status_code if isinstance(erreur, HTTPException) else 404
        return self._erreur(statut, "Cette adresse ne mène à aucune page de la console.")

    def defaut(self, _: Request, erreur: Exception) -> Response:
        """A fault of the program: its trace goes to the technical log."""
        return self._erreur(500, "La page n'a pas pu être faite : c'est un défaut du programme.")

    def occupee(self, _: Request, erreur: Exception) -> Response:
        """Too much is being computed."""
        return self._erreur(503, "Trop de calculs sont en cours.", "Réessayer dans un moment.")


def _fichier(octets: bytes, nom: str, media: str) -> Response:
    entetes = {"content-disposition": f'attachment; filename="{nom}"'}
    return Response(octets, media_type=media, headers=entetes)


def creer_console(console: Console, *, noms: Sequence[str] = ()) -> Asgi:
    """The guarded ASGI application of a console, served on `noms` besides loopback."""

    @asynccontextmanager
    async def vie(_: Starlette) -> AsyncIterator[None]:
        yield
        console.fermer()

    application = Starlette(
        routes=console.routes(),
        exception_handlers={
            HTTPException: console.introuvable,
            LedgerError: console.erreur_du_livre,
            Occupee: console.occupee,
            Exception: console.defaut,
        },
        lifespan=vie,
    )
    return Garde(application, refuser=console.refuser, noms=noms)
