"""Writing receipts as they land, in any format, and counting them."""

from __future__ import annotations

from collections import Counter
from typing import IO, TYPE_CHECKING, Any

from .phrases import en_retrait, phrase
from .rendu import accorder, accorder_deja, csv_lignes, json_indente, json_ligne

if TYPE_CHECKING:
    from commands import Recu

_COLONNES = (
    "ligne",
    "id_commande",
    "statut",
    "code",
    "message",
    "positions",
    "taille",
    "racine",
)
_STATUTS = {"acceptee": "acceptée", "deja_executee": "déjà exécutée", "refusee": "refusée"}


class Registre:
    """The receipts of one run: written one by one, counted by status."""

    def __init__(self, flux: IO[bytes], format_: str, taille: int) -> None:
        self._flux = flux
        self._taille = taille
        self._format = format_
        self._ouvert = False
        self.comptes: Counter[str] = Counter()

    def inscrire(self, numero: int | None, recu: Recu) -> None:
        """Write one receipt; `numero` is the line of its command."""
        self.comptes[recu.statut] += 1
        match self._format:
            case "jsonl":
                self._flux.write(json_ligne(recu.en_json()))
            case "json":
                separateur = b",\n" if self._ouvert else b"[\n"
                self._flux.write(separateur + json_indente(recu.en_json()).rstrip(b"\n"))
            case "csv":
                self._flux.writelines(self._csv(numero, recu))
            case _:
                self._flux.write(self._table(numero, recu).encode("utf-8", "backslashreplace"))
        self._ouvert = True

    def rendre(self) -> None:
        """Hand what was written to the reader: called once per durable batch."""
        self._flux.flush()

    def clore(self) -> None:
        """End the output, so that what was acknowledged is a whole document."""
        match self._format:
            case "json":
                self._flux.write(b"\n]\n" if self._ouvert else b"[]\n")
            case "csv" if not self._ouvert:
                self._flux.writelines(csv_lignes(_COLONNES, ()))
            case _:
                pass
        self._flux.flush()

    def _csv(self, numero: int | None, recu: Recu) -> list[bytes]:
        ligne: dict[str, Any] = recu.en_json()
        ligne["ligne"] = numero
        ligne["positions"] = " ".join(str(position) for position in recu.positions)
        octets = b"".join(csv_lignes(_COLONNES, (ligne,)))
        if self._ouvert:
            octets = octets.partition(b"\n")[2]  # the heading is written once
        return [octets]

    def _table(self, numero: int | None, recu: Recu) -> str:
        positions = ", ".join(str(position) for position in recu.positions)
        ou = f"ligne {numero}" if numero is not None else "ligne ?"
        identifiant = recu.id_commande or "(sans identifiant)"
        quoi = f"{_STATUTS[recu.statut]}{f', position {positions}' if positions else ''}"
        texte = phrase(f"{ou} · {identifiant} · {quoi}", self._taille) + "\n"
        if recu.refus is not None:
            texte += en_retrait(f"{recu.refus.code} : {recu.refus.phrase}", self._taille) + "\n"
        return texte

    def resume(self) -> str:
        """The counts, in one French sentence."""
        return (
            f"{accorder(self.comptes['acceptee'], 'acceptée')}, "
            f"{accorder_deja(self.comptes['deja_executee'], 'exécutée')}, "
            f"{accorder(self.comptes['refusee'], 'refusée')}."
        )
