"""The controller's card: a checkpoint on one screen, or one SVG with a QR code of the note."""

from __future__ import annotations

from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING

from msgspec import Struct

from .rendu import accorder

if TYPE_CHECKING:
    from ledger.preuve.releve import ClePublique, Releve

LARGEUR = 80
_MARGE = 13
_LIGNE = 18
"""Height of a line of the SVG, in its units."""
_BORD = 24
_CADRE = 680
_MODULE = 4
_SILENCE = 4
"""Light modules around a QR code (ISO 18004)."""


class Carte(Struct, frozen=True):
    """What a card says: a checkpoint, what proves it by hand, and the key that signed it."""

    releve: Releve
    empreinte_prefixe: str
    enregistre_le: str
    cle: ClePublique | None = None

    def texte(self) -> str:
        """The card as text: at most 24 lines of 80 columns, line feed included."""
        from ledger.preuve.merkle import racine_base64  # noqa: PLC0415

        releve = self.releve
        racine = racine_base64(releve.racine)
        programme = releve.origine.split("/")[1]
        lignes = [
            "Relevé d'un journal fabriques-ledger",
            "",
            *_champ("Origine", releve.origine),
            *_champ("Taille", accorder(releve.taille, "ligne")),
            *_champ("Racine", racine),
            *_champ("SHA-256", self.empreinte_prefixe),
            *_champ("Dernier fait", f"enregistré le {_instant(self.enregistre_le)}"),
            *_champ("Clé", "non signé" if self.cle is None else str(self.cle)),
            "",
            "À garder hors de la base. Plus tard, ces deux commandes doivent le confirmer",
            *wrap(
                "(BASE : le fichier de la base ; s'il tient plusieurs programmes, ajouter après "
                f"lui --programme {programme}) :",
                LARGEUR,
                break_on_hyphens=False,
            ),
            "",
            f"  fabriques verifier --base BASE --releve \\\n    {releve.taille}:{racine}",
            f"  fabriques journal --base BASE | head -n {releve.taille} | sha256sum",
            "",
            "La seconde donne le SHA-256 ci-dessus, sans faire confiance à la première.",
        ]
        return "".join(f"{ligne}\n" for ligne in lignes)

    def svg(self) -> bytes:
        """The same text, and the note in a QR code. The same card is the same bytes."""
        lignes = self.texte().splitlines()
        bas = _BORD + _LIGNE * len(lignes)
        chemin, cote = _qr(self.releve.note().decode())
        hauteur = bas + (cote + 2 * _SILENCE) * _MODULE + _BORD
        corps = "".join(
            f'<text x="{_BORD}" y="{_BORD + _LIGNE * (rang + 1) - 4}">{escape(ligne)}</text>\n'
            for rang, ligne in enumerate(lignes)
            if ligne
        )
        place = f"translate({_BORD + _SILENCE * _MODULE} {bas + _SILENCE * _MODULE})"
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_CADRE} {hauteur}" '
            f'width="{_CADRE}" height="{hauteur}">\n'
            f"<title>Relevé de {escape(self.releve.origine)}</title>\n"
            f'<rect width="{_CADRE}" height="{hauteur}" fill="#fff"/>\n'
            '<g font-family="monospace" font-size="13" xml:space="preserve">\n'
            f"{corps}</g>\n"
            f'<path transform="{place} scale({_MODULE})" d="{chemin}"/>\n'
            "</svg>\n"
        ).encode()


def _champ(nom: str, valeur: str) -> list[str]:
    """A heading and its value, folded without a character lost."""
    morceaux = wrap(valeur, LARGEUR - _MARGE, break_on_hyphens=False) or [""]
    return [f"{nom if not rang else '':<{_MARGE}}{m}" for rang, m in enumerate(morceaux)]


def _instant(texte: str) -> str:
    """`2020-02-03T09:30:00.000000Z` as people read it."""
    annee, mois, jour = texte[:10].split("-")
    return f"{jour}/{mois}/{annee} à {texte[11:19]} UTC"


def _qr(texte: str) -> tuple[str, int]:
    """The dark modules of a QR code as an SVG path (one unit each), and its side in modules."""
    import segno  # noqa: PLC0415 - only for an SVG

    matrice = segno.make_qr(texte, error="m", encoding="utf-8").matrix
    traits: list[str] = []
    for y, rangee in enumerate(matrice):
        x = 0
        while x < len(rangee):
            fin = x
            while fin < len(rangee) and rangee[fin]:
                fin += 1
            if fin > x:
                traits.append(f"M{x} {y}h{fin - x}v1h-{fin - x}z")
            x = fin + 1
    return "".join(traits), len(matrice)
