"""The verb `console`: the controllers' pages over a base opened read-only."""

from __future__ import annotations

import gc
import ipaddress
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import choisir_programme, ouvrir_en_lecture
from .options import FICHIER, Demande, option_base, option_programme
from .progression import progression
from .terminal import avertir, raison

if TYPE_CHECKING:
    from ledger import Store

PORT = 8019
THEME_OCTETS_MAX = 1_000_000


@click.command(
    short_help="Les pages de contrôle, dans un navigateur.",
    epilog="""\b
Exemples :
  fabriques console
  fabriques console --base fabriques.db --port 0
  fabriques console --theme ministere.css

\b
Ctrl+C l'arrête. Codes de sortie : 0 à l'arrêt ; 2 usage, port pris ou extra « web »
absent ; 4 base absente ou illisible.""",
)
@option_base
@option_programme
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    metavar="PORT",
    default=PORT,
    show_default=True,
    help="Le port d'écoute ; 0 en choisit un libre.",
)
@click.option(
    "--hote",
    metavar="ADRESSE",
    default="127.0.0.1",
    show_default=True,
    help="L'adresse d'écoute.",
)
@click.option(
    "--exposer",
    is_flag=True,
    help="Accepter une adresse d'écoute que d'autres machines atteignent.",
)
@click.option(
    "--nom",
    "noms",
    multiple=True,
    metavar="NOM",
    help="Un nom d'hôte auquel répondre aussi (répétable).",
)
@click.option(
    "--theme", type=FICHIER, metavar="FICHIER.css", help="Une feuille de style à ajouter."
)
def console(  # noqa: PLR0913 - one a choice of the person who serves
    base: str,
    programme: str | None,
    *,
    port: int,
    hote: str,
    exposer: bool,
    noms: tuple[str, ...],
    theme: str | None,
) -> None:
    """Les pages de contrôle d'une base, en lecture seule, dans un navigateur.

    Situation, AE et CP, restes à payer, registre, échéanciers, journal, anomalies, vérification,
    comparaison de deux dates. Chaque chiffre mène aux faits qui le composent. La console n'écoute
    que cette machine, sans mot de passe : --exposer l'ouvre à d'autres, à protéger en amont.
    """
    _exiger_web()
    _exiger_boucle(hote, exposer=exposer)
    feuille = None if theme is None else _lire_theme(theme)
    with ouvrir_en_lecture(base) as store:
        voulus = (
            store.programmes()
            if programme is None
            else (choisir_programme(store, Demande(base, "table", None, programme)),)
        )
        with _ecouter(hote, port) as prise:
            seuls = programme is not None
            _servir(store, voulus, prise, seuls=seuls, noms=(*noms, hote), theme=feuille)


def _exiger_web() -> None:
    try:
        import starlette  # noqa: F401, PLC0415
        import uvicorn  # noqa: F401, PLC0415
    except ImportError as erreur:
        raise click.UsageError(
            f"La console demande l'extra « web » ({erreur.name} est absent). L'installer : "
            "pip install 'fabriques-ledger[web]'."
        ) from erreur


def _exiger_boucle(hote: str, *, exposer: bool) -> None:
    """Only this machine, unless asked; then said aloud."""
    try:
        locale = hote == "localhost" or ipaddress.ip_address(hote).is_loopback
    except ValueError:
        locale = False
    if locale:
        return
    if not exposer:
        raise click.UsageError(
            f"{hote} serait atteinte par d'autres machines, et la console n'a pas de mot de "
            "passe. Ajouter --exposer pour l'accepter."
        )
    avertir(
        f"Attention : la console est ouverte à qui atteint {hote}, sans mot de passe ni "
        "chiffrement. La placer derrière un serveur qui authentifie."
    )


def _lire_theme(theme: str) -> str:
    from ledger.sceau.fichiers import lire  # noqa: PLC0415

    try:
        octets, _ = lire(Path(theme), maximum=THEME_OCTETS_MAX, suivre_liens=True)
    except (OSError, ValueError) as erreur:
        pourquoi = raison(erreur) if isinstance(erreur, OSError) else "nom impossible"
        raise click.UsageError(f"{theme} ne se lit pas : {pourquoi}.") from erreur
    if len(octets) > THEME_OCTETS_MAX:
        raise click.UsageError(f"{theme} fait plus de {THEME_OCTETS_MAX} octets.")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as erreur:
        raise click.UsageError(f"{theme} n'est pas en UTF-8.") from erreur


def _ecouter(hote: str, port: int) -> socket.socket:
    """The listening socket, made before anything is replayed: a taken port is told at once."""
    try:
        famille, genre, proto, _, adresse = socket.getaddrinfo(hote, port, type=socket.SOCK_STREAM)[
            0
        ]
        prise = socket.socket(famille, genre, proto)
        try:
            prise.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            prise.bind(adresse)
            prise.listen(128)
        except BaseException:
            prise.close()
            raise
    except (OSError, OverflowError, UnicodeError) as erreur:
        pourquoi = raison(erreur) if isinstance(erreur, OSError) else "adresse impossible"
        raise click.UsageError(
            f"Impossible d'écouter {hote}, port {port} : {pourquoi}. Choisir un autre --port."
        ) from erreur
    return prise


def _servir(
    store: Store,
    programmes: tuple[str, ...],
    prise: socket.socket,
    *,
    seuls: bool,
    noms: tuple[str, ...],
    theme: str | None,
) -> None:
    import uvicorn  # noqa: PLC0415

    from projections.console.application import Console, creer_console  # noqa: PLC0415

    pages = Console(store, programmes=programmes if seuls else None, theme=theme)
    with progression("Faits relus") as avancer:
        for programme in programmes:
            pages.preparer(programme, avancer)
    gc.collect()
    gc.freeze()  # what was read stays: looking through it again would stop a page for long
    reglages = uvicorn.Config(
        creer_console(pages, noms=noms),
        access_log=False,
        http="h11",
        log_level="warning",
        server_header=False,
        ws="none",
    )
    adresse, port = prise.getsockname()[:2]
    nom = f"[{adresse}]" if ":" in adresse else adresse
    avertir(f"Console en lecture seule : http://{nom}:{port}/ (Ctrl+C pour l'arrêter)")
    try:
        uvicorn.Server(reglages).run(sockets=[prise])
    except KeyboardInterrupt:
        avertir("Console arrêtée.")
