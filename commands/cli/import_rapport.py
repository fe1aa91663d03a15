"""The report of an import, in a stream: one outcome per row, in any of the usual formats."""

from __future__ import annotations

from collections import Counter
from typing import IO, TYPE_CHECKING, Any

import msgspec

from .phrases import en_liste, en_retrait, phrase
from .rendu import accorder, csv_lignes, json_indente, json_ligne

if TYPE_CHECKING:
    from commands.importer import Bilan, Issue

COLONNES = (
    "ligne",
    "statut",
    "structure",
    "id_commande",
    "position",
    "colonne",
    "valeur",
    "code",
    "message",
    "remede",
)
_STATUTS = {
    "acceptee": "acceptée",
    "avertie": "acceptée avec avertissement",
    "deja": "déjà importée",
    "refusee": "REFUSÉE",
}
_CODES_MONTRES = 12


class RapportImport:
    """The outcomes of one file, written as they come."""

    def __init__(
        self,
        flux: IO[bytes],
        format_: str,
        tete: dict[str, Any],
        *,
        taille: int,
        toutes: bool,
        a_l_ecran: bool,
    ) -> None:
        self._flux = flux
        self._taille = taille
        self._format = format_
        self._toutes = toutes
        self._ouvert = False
        self._codes: Counter[str] = Counter()
        self._tues = 0
        self._a_blanc = bool(tete["a_blanc"])
        self.dit_les_totaux = format_ == "table"
        self.a_l_ecran = a_l_ecran
        self._ouvrir(tete)

    def inscrire(self, issue: Issue) -> None:
        """Write one outcome."""
        self._codes.update({c.code for c in issue.constats})
        match self._format:
            case "json":
                separateur = b",\n" if self._ouvert else b"\n"
                self._flux.write(separateur + b"    " + json_ligne(_en_json(issue)).rstrip(b"\n"))
            case "jsonl":
                self._flux.write(json_ligne(_en_json(issue)))
            case "csv":
                self._csv(issue)
            case _:
                self._table(issue)
        self._ouvert = True

    def clore(self, bilan: Bilan) -> None:
        """End the document: what was said is whole."""
        match self._format:
            case "json":
                totaux = msgspec.json.encode(bilan.en_json())
                self._flux.write((b"\n  " if self._ouvert else b"") + b"],\n  ")
                self._flux.write(b'"totaux": ' + totaux + b"\n}\n")
            case "table":
                self._ecrire(self._fin(bilan))
            case _:
                pass
        self._flux.flush()

    def resume(self, bilan: Bilan) -> str:
        """The counts, in one French sentence."""
        vides = (
            f", et {accorder(bilan.vides, 'ligne')} sans donnée (vide ou en-tête répété)"
            if bilan.vides
            else ""
        )
        return (
            f"{accorder(bilan.lues, 'ligne lue')} : {accorder(bilan.acceptees, 'acceptée')}, "
            f"{bilan.averties} avec avertissement, {bilan.deja} déjà importée"
            f"{'s' if bilan.deja > 1 else ''}, {accorder(bilan.refusees, 'refusée')}{vides}"
        )

    def _ouvrir(self, tete: dict[str, Any]) -> None:
        match self._format:
            case "json":
                debut = json_indente(tete).rstrip().removesuffix(b"}").rstrip()
                self._flux.write(debut + b',\n  "lignes": [')
            case "csv":
                self._flux.writelines(csv_lignes(COLONNES, ()))
            case "table":
                genre = "essai, rien n'est écrit" if self._a_blanc else "écriture"
                feuille = f", feuille « {tete['feuille']} »" if tete["feuille"] else ""
                dans = f" dans {tete['programme']}" if tete["programme"] else ""
                for dit in (
                    f"Import de {tete['sorte']}{dans} ({genre})",
                    f"Fichier {tete['fichier']}{feuille}",
                    f"SHA-256 {tete['sha256']}",
                ):
                    self._ecrire(phrase(dit, self._taille))
                self._ecrire("")
                for constat in tete["constats"]:
                    self._ecrire(en_liste(constat, self._taille))
                self._ecrire("")
            case _:
                pass

    def _csv(self, issue: Issue) -> None:
        from commands.importer import lignes_plates  # noqa: PLC0415

        octets = b"".join(csv_lignes(COLONNES, lignes_plates(issue)))
        self._flux.write(octets.partition(b"\n")[2])  # the heading is written once

    def _table(self, issue: Issue) -> None:
        if not issue.constats and not self._toutes:
            self._tues += 1
            return
        qui = f" · {issue.structure}" if issue.structure else ""
        ou = f" · position {issue.position}" if issue.position and not self._a_blanc else ""
        dit = f"Ligne {issue.ligne} · {_STATUTS[issue.statut]}{qui}{ou}"
        self._ecrire(phrase(dit, self._taille))
        for constat in issue.constats:
            colonne = f"colonne {constat.colonne} : " if constat.colonne else ""
            valeur = f" [{constat.valeur}]" if constat.valeur else ""
            texte = f"{constat.code} : {colonne}{constat.message.removesuffix('.')}{valeur}."
            self._ecrire(en_retrait(f"{texte} {constat.remede}".strip(), self._taille))

    def _fin(self, bilan: Bilan) -> str:
        textes: list[str] = []
        if self._tues:
            textes.append(f"{accorder(self._tues, 'ligne')} sans remarque (--toutes les montre).")
        if self._codes:
            codes = self._codes.most_common(_CODES_MONTRES)
            textes.append("Motifs : " + ", ".join(f"{code} ({n})" for code, n in codes) + ".")
        textes.append(f"{self.resume(bilan)}.")
        dits = "\n".join(phrase(texte, self._taille) for texte in textes)
        return ("\n" if self._ouvert and self._codes else "") + dits

    def _ecrire(self, texte: str) -> None:
        self._flux.write(f"{texte}\n".encode("utf-8", "backslashreplace"))


def _en_json(issue: Issue) -> dict[str, Any]:
    return {
        "ligne": issue.ligne,
        "statut": issue.statut,
        "structure": issue.structure,
        "id_commande": issue.id_commande,
        "position": issue.position,
        "constats": [
            {
                "code": c.code,
                "message": c.message,
                "remede": c.remede or None,
                "colonne": c.colonne,
                "valeur": c.valeur,
            }
            for c in issue.constats
        ],
    }
