"""The checks of `doctor --base URL`: what the server of a base promises, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterator

from .controles import Controle

NOM = "serveur"


def controler_serveur(base: str) -> tuple[Controle, ...]:
    """Every check of a server; one that cannot be reached is a finding."""
    from ledger.erreurs import LedgerError  # noqa: PLC0415

    try:
        return tuple(_controler(base))
    except LedgerError as erreur:
        return (Controle(NOM, "constat", f"{erreur.message} {erreur.remede}".strip()),)


def _controler(base: str) -> Iterator[Controle]:
    from ledger.stockage.ouvrir import ouvrir_magasin  # noqa: PLC0415
    from ledger.stockage.sqlite import SQLiteStore  # noqa: PLC0415

    store = ouvrir_magasin(base, ecriture=False)
    try:
        defauts = store.controler()
        if not isinstance(store, SQLiteStore):
            dits, defauts_serveur = store.promesses()
            yield from (Controle(NOM, "ok", dit) for dit in dits)
            defauts = [*defauts_serveur, *defauts]
    finally:
        store.fermer()
    yield from (Controle(NOM, "constat", defaut) for defaut in defauts)
    if not defauts:
        yield Controle(NOM, "ok", "Tables, gardes et index en place ; rien d'étranger.")
