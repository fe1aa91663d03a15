"""Following a journal from the command line: `journal --suivre`, cursors kept in a file."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from .options import FICHIER, Demande, Rappel
from .sortie import proteger
from .terminal import avertir, raison

if TYPE_CHECKING:
    from ledger import Store
    from ledger.erreurs import LedgerError
    from ledger.flux import Curseur, LigneSuivie, Suivi

FORMATS_FLUX = ("jsonl", "cloudevents")
_CURSEUR_MAX = 200
_MILLISECONDES = 1_000


@dataclass(frozen=True, slots=True)
class Suite:
    """What the options of the feed ask for."""

    suivre: bool
    depuis: str | None
    curseur: str | None
    intervalle: int
    """Milliseconds between two looks at a journal that has nothing new."""

    def concerne(self, demande: Demande) -> bool:
        """Whether the verified feed answers, rather than the plain listing."""
        demandes = self.depuis is not None or self.curseur is not None
        return self.suivre or demandes or demande.format == "cloudevents"


def avec_suite(fonction: Rappel) -> Rappel:
    """Declare the options of the feed."""
    options = (
        click.option(
            "--suivre", is_flag=True, help="Continuer : chaque ligne sort dès qu'elle est tenue."
        ),
        click.option(
            "--depuis",
            metavar="CURSEUR",
            help="Ne donner que les lignes qui suivent ce curseur (programme:position:empreinte).",
        ),
        click.option(
            "--curseur",
            type=FICHIER,
            metavar="FICHIER",
            help="Reprendre au curseur de ce fichier, et l'y garder après chaque lot rendu.",
        ),
        click.option(
            "--intervalle",
            type=click.IntRange(1, 3_600 * _MILLISECONDES),
            metavar="MILLISECONDES",
            default=_MILLISECONDES,
            show_default=True,
            help="Avec --suivre, le temps entre deux regards.",
        ),
    )
    for option in reversed(options):
        fonction = option(fonction)
    return fonction


def verifier_suite(suite: Suite, demande: Demande) -> None:
    """What a feed cannot be asked for. Raises click.UsageError."""
    if demande.format not in FORMATS_FLUX:
        raise click.UsageError(
            f"Un flux s'écrit en {' ou '.join(FORMATS_FLUX)}, pas en {demande.format}."
        )
    if demande.au is not None or demande.connu_au is not None:
        raise click.UsageError(
            "Un flux donne toutes les lignes : ni --au, ni --connu-au "
            "(« fabriques exporter cloudevents » les accepte)."
        )
    if suite.depuis is not None and suite.curseur is not None:
        raise click.UsageError("--depuis et --curseur disent deux départs : n'en donner qu'un.")
    if demande.sortie not in (None, "-") and (suite.suivre or suite.curseur is not None):
        raise click.UsageError(
            "-o remplace son fichier : avec --suivre ou --curseur, rediriger la sortie "
            "(>> FICHIER)."
        )


def diffuser(store: Store, programme: str, demande: Demande, suite: Suite, flux: IO[bytes]) -> None:
    """Write the verified lines after the cursor, each flushed, the cursor kept after each batch.

    An interruption of a feed that follows is its ordinary end.
    """
    from ledger.flux import suivre  # noqa: PLC0415

    garde = None if suite.curseur is None else FichierCurseur(suite.curseur, base=demande.base)
    try:
        with _patience(store, programme, suite) as attendre:
            suivi = suivre(
                store,
                programme,
                apres=suite.depuis if garde is None else garde.lire(),
                attendre=attendre,
            )
            rendre = _cloudevent if demande.format == "cloudevents" else _ligne
            for lot in _lots(suivi, attendre):
                for ligne in lot:
                    flux.write(rendre(suivi, ligne, programme) + b"\n")
                    flux.flush()
                if garde is not None and suivi.curseur is not None:
                    garde.garder(suivi.curseur)
    except KeyboardInterrupt:
        if not suite.suivre:
            raise


class Patience:
    """The wait of a feed that follows, between two looks: says once that its server is away."""

    def __init__(self, attendre: Callable[[], bool]) -> None:
        self._attendre = attendre
        self._absent = False

    def __call__(self) -> bool:
        """Wait, after a look that succeeded."""
        self._absent = False
        return self._attendre()

    def apres(self, erreur: LedgerError) -> bool:
        """Wait, after one that failed."""
        if not self._absent:
            avertir(f"{erreur.message} Le flux reprendra dès qu'elle répondra.")
        self._absent = True
        return self._attendre()


def _lots(suivi: Suivi, attendre: Patience | None) -> Iterator[list[LigneSuivie]]:
    """The batches; a feed that follows waits for a server that went away, or that a rush of its
    clients keeps busy once it is back."""
    from ledger.erreurs import StoreBusyError, StoreUnreachableError  # noqa: PLC0415

    while True:
        try:
            yield from suivi.lots()
        except (StoreUnreachableError, StoreBusyError) as erreur:
            if attendre is None:
                raise
            if attendre.apres(erreur):
                continue
        return


@contextmanager
def _patience(store: Store, programme: str, suite: Suite) -> Iterator[Patience | None]:
    """What waits at the end of the journal: a notice of the server where it gives some."""
    from ledger.stockage.port import StoreAvise  # noqa: PLC0415

    secondes = suite.intervalle / _MILLISECONDES

    def attendre() -> bool:
        time.sleep(secondes)
        return True

    if not suite.suivre:
        yield None
    elif isinstance(store, StoreAvise):
        guet = store.guetter(secondes, programme)
        try:
            yield Patience(guet)
        finally:
            guet.fermer()
    else:
        yield Patience(attendre)


def _ligne(suivi: Suivi, ligne: LigneSuivie, _: str) -> bytes:
    return suivi.ligne(ligne)


def _cloudevent(suivi: Suivi, ligne: LigneSuivie, programme: str) -> bytes:
    from ledger.cloudevents import en_cloudevent  # noqa: PLC0415

    return en_cloudevent(ligne, programme=programme, origine=suivi.origine(ligne.position))


class FichierCurseur:
    """A cursor kept in a file: absent before the first line, then replaced whole, never half."""

    def __init__(self, chemin: str, *, base: str) -> None:
        self._chemin = Path(chemin).resolve()  # a symbolic link keeps pointing at the file
        proteger(self._chemin, base)

    def lire(self) -> str | None:
        """The cursor kept, or None when the file is not there. Raises click.UsageError."""
        try:
            with self._chemin.open("rb") as flux:
                octets = flux.read(_CURSEUR_MAX)
        except FileNotFoundError:
            return None
        except OSError as erreur:
            raise click.UsageError(
                f"Le curseur {self._chemin} ne peut pas être lu : {raison(erreur)}."
            ) from erreur
        return octets.decode("ascii", "replace")

    def garder(self, curseur: Curseur) -> None:
        """Put the cursor in place, durable, whatever happens meanwhile."""
        partiel = self._chemin.with_name(f".{self._chemin.name}.{os.getpid()}.partiel")
        try:
            with partiel.open("wb") as flux:
                flux.write(f"{curseur}\n".encode("ascii"))
                flux.flush()
                os.fsync(flux.fileno())
            partiel.replace(self._chemin)
        except BaseException:
            partiel.unlink(missing_ok=True)
            raise
