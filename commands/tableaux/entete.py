"""Which row holds the headings, and which column each field is. What is left out is said."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from msgspec import Struct

from .cellules import Rangee, nom_colonne
from .erreurs import TableauIllisible
from .tableau import Tableau
from .unites import unite_annoncee, unite_etrangere

_RECHERCHE = 60
"""Rows among which the headings are looked for."""
_PHRASE = 2
_ENTRE_PARENTHESES = re.compile(r"\([^()]*\)")
_COLONNE = re.compile(r"@([A-Z]{1,3})")


class Entete(Struct, frozen=True):
    """The row of the headings, and the column (from 0) of each field that was recognised."""

    ligne: int
    titres: tuple[str, ...]
    colonnes: dict[str, int]
    constats: tuple[str, ...]
    dessus: tuple[tuple[int, tuple[str, ...]], ...] = ()
    """Rows above the headings: number and texts. A unit for the whole table may be stated there."""

    def titre(self, champ: str) -> str:
        """The heading of a field and the letters of its column, for people."""
        colonne = self.colonnes[champ]
        titre = self.titres[colonne] if colonne < len(self.titres) else ""
        return f"{titre or '(sans titre)'} ({nom_colonne(colonne)})"

    def exiger_euros(self, champs: Iterable[str]) -> None:
        """Raise when an amount is in another unit than the euro, by its heading or a line above.

        Raises: TableauIllisible.
        """
        for champ in champs:
            rang = self.colonnes.get(champ, len(self.titres))
            if rang >= len(self.titres):
                continue
            self._exiger_dessus(champ, rang)
            unite = unite_etrangere(self.titres[rang])
            if unite is not None:
                raise TableauIllisible(
                    "unite_inattendue",
                    f"La colonne {self.titre(champ)} donne {champ} en « {unite} », et non en "
                    "euros.",
                    remede="Convertir la colonne en euros dans le tableur, et corriger son titre.",
                )

    def _exiger_dessus(self, champ: str, rang: int) -> None:
        for ligne, textes in self.dessus:
            remplis = [n for n, texte in enumerate(textes) if texte]
            # A line of one or two texts speaks of the table; a longer one, of the columns below.
            vus = remplis if len(remplis) <= _PHRASE else [n for n in remplis if n <= rang][-1:]
            for colonne in vus:
                unite = unite_annoncee(textes[colonne])
                if unite is not None:
                    raise TableauIllisible(
                        "unite_inattendue",
                        f"La ligne {ligne}, au-dessus des en-têtes, dit « {textes[colonne][:60]} » "
                        f"({nom_colonne(colonne)}) : {champ} y serait en « {unite} », et non en "
                        "euros.",
                        remede="Convertir la colonne en euros dans le tableur et corriger cette "
                        "ligne, ou l'ôter si elle parle d'autre chose.",
                    )

    def est_repete_par(self, rangee: Rangee) -> bool:
        """Whether a row only says the headings again (files put end to end)."""
        return self.titres == _titres(rangee) and any(self.titres)


def cle(titre: str) -> str:
    """What two spellings of one heading share: letters and digits, no accent, no case, no unit."""
    nu = _ENTRE_PARENTHESES.sub("", titre) or titre
    decompose = unicodedata.normalize("NFKD", nu.replace("œ", "oe"))
    return "".join(c for c in decompose.lower() if c.isascii() and c.isalnum())


def trouver_entete(
    tableau: Tableau,
    alias: Mapping[str, Sequence[str]],
    *,
    imposees: Mapping[str, str] | None = None,
) -> Entete:
    """The headings of a table. `alias`: field -> its known headings; the field itself is one.

    `imposees`: field -> heading, or `@F` for a column by its letters. The row is the one, among the
    first ones, that names most fields; the first of them when several do.
    Raises: TableauIllisible (`entete_introuvable`, `entete_ambigu`, `fichier_vide`).
    """
    voulues = dict(imposees or {})
    connus = {cle(nom): champ for champ, noms in alias.items() for nom in (champ, *noms)}
    connus |= {cle(titre): champ for champ, titre in voulues.items() if not titre.startswith("@")}
    premieres = [r for r in islice(tableau.rangees(), _RECHERCHE) if not r.vide]
    if not premieres:
        raise TableauIllisible(
            "fichier_vide",
            f"{tableau.nom} : {_ou(tableau)} ne tient rien dans ses {_RECHERCHE} premières lignes.",
            remede=_autres_feuilles(tableau) or "Vérifier le fichier.",
        )
    rangee = max(premieres, key=lambda r: (_note(r, connus), -r.numero))
    if not _note(rangee, connus):
        raise _introuvable(tableau, premieres[0], alias)
    titres = _titres(rangee)
    colonnes = _placer(titres, connus, voulues)
    constats = [*_avant(rangee, premieres), *_fusionnees(tableau, rangee)]
    dessus = tuple((r.numero, _titres(r)) for r in premieres if r.numero < rangee.numero)
    return Entete(rangee.numero, titres, colonnes, tuple(constats), dessus)


def _titres(rangee: Rangee) -> tuple[str, ...]:
    return tuple(" ".join(c.texte.split()) for c in rangee.cellules)


def _note(rangee: Rangee, connus: Mapping[str, str]) -> int:
    """How many distinct fields the row names."""
    return len({connus[c] for titre in _titres(rangee) if (c := cle(titre)) in connus})


def _placer(
    titres: Sequence[str], connus: Mapping[str, str], voulues: Mapping[str, str]
) -> dict[str, int]:
    colonnes: dict[str, int] = {}
    for champ, titre in voulues.items():
        colonnes[champ] = _chercher(champ, titre, titres)
    for rang, titre in enumerate(titres):
        trouve = connus.get(cle(titre)) if cle(titre) else None
        if trouve is None or trouve in voulues or rang in _valeurs(colonnes, voulues):
            continue
        if trouve in colonnes:
            autre = colonnes[trouve]
            raise TableauIllisible(
                "entete_ambigu",
                f"Les colonnes « {titres[autre]} » ({nom_colonne(autre)}) et « {titre} » "
                f"({nom_colonne(rang)}) disent toutes deux {trouve}.",
                remede=f"Choisir : --colonnes {trouve}=@{nom_colonne(autre)} (ou "
                f"@{nom_colonne(rang)}).",
            )
        colonnes[trouve] = rang
    return colonnes


def _valeurs(colonnes: Mapping[str, int], voulues: Mapping[str, str]) -> set[int]:
    return {rang for champ, rang in colonnes.items() if champ in voulues}


def _chercher(champ: str, titre: str, titres: Sequence[str]) -> int:
    lettres = _COLONNE.fullmatch(titre)
    if lettres is not None:
        rang = 0
        for lettre in lettres[1]:
            rang = rang * 26 + ord(lettre) - ord("A") + 1
        if rang > len(titres):
            raise TableauIllisible(
                "entete_introuvable",
                f"La colonne {titre[1:]}, demandée pour {champ}, est hors du tableau : il va "
                f"jusqu'à {nom_colonne(max(len(titres) - 1, 0))}.",
                remede=f"En-têtes : {_lister(titres)}.",
            )
        return rang - 1
    rangs = [rang for rang, vu in enumerate(titres) if cle(vu) == cle(titre)]
    if len(rangs) == 1:
        return rangs[0]
    if not rangs:
        raise TableauIllisible(
            "entete_introuvable",
            f"Aucune colonne ne s'appelle « {titre[:60]} » (demandée pour {champ}).",
            remede=f"En-têtes : {_lister(titres)}.",
        )
    raise TableauIllisible(
        "entete_ambigu",
        f"Plusieurs colonnes s'appellent « {titre[:60]} » (demandée pour {champ}) : "
        f"{', '.join(nom_colonne(r) for r in rangs)}.",
        remede=f"Donner sa lettre, par exemple --colonnes {champ}=@{nom_colonne(rangs[0])}.",
    )


def _avant(rangee: Rangee, premieres: Iterable[Rangee]) -> list[str]:
    avant = [r for r in premieres if r.numero < rangee.numero]
    if not avant:
        return []
    lignes = ", ".join(str(r.numero) for r in avant[:10])
    apercu = " / ".join(t for t in _titres(avant[-1]) if t)[:80]
    quoi = "une première ligne d'en-têtes, ou un titre" if len(avant) == 1 else "titre ou en-têtes"
    return [
        f"Au-dessus des en-têtes (ligne {rangee.numero}), {quoi}, ligne {lignes} : « {apercu} », "
        "sans être lue comme des données."
    ]


def _fusionnees(tableau: Tableau, rangee: Rangee) -> list[str]:
    touchees = [
        f"{nom_colonne(c1)} à {nom_colonne(c2)}"
        for l1, c1, l2, c2 in tableau.fusions
        if l1 <= rangee.numero - 1 <= l2 and c2 > c1
    ]
    if not touchees:
        return []
    return [
        f"En-têtes fusionnés ({', '.join(touchees[:5])}) : seule la première colonne porte le "
        "titre, les autres sont sans nom."
    ]


def _ou(tableau: Tableau) -> str:
    return f"la feuille « {tableau.feuille} »" if tableau.feuille is not None else "le fichier"


def _autres_feuilles(tableau: Tableau) -> str:
    autres = [f"« {f} »" for f in tableau.feuilles if f != tableau.feuille]
    return f"Autres feuilles : {', '.join(autres)} (--feuille)." if autres else ""


def _introuvable(
    tableau: Tableau, premiere: Rangee, alias: Mapping[str, Sequence[str]]
) -> TableauIllisible:
    return TableauIllisible(
        "entete_introuvable",
        f"{tableau.nom} : {_ou(tableau)} ne porte aucun des en-têtes attendus dans ses "
        f"{_RECHERCHE} premières lignes ; la ligne {premiere.numero} dit "
        f"{_lister(_titres(premiere))}.",
        remede=f"Attendus : {', '.join(alias)} ; les désigner avec --colonnes champ=En-tête. "
        f"{_autres_feuilles(tableau)}".strip(),
    )


def _lister(titres: Sequence[str]) -> str:
    return ", ".join(f"« {t[:40]} »" for t in titres if t)[:400] or "(rien)"
