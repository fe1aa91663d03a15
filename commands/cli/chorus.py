"""Reading a payment extract of Chorus: its sheets, its columns, its lines; what is refused, why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commands.tableaux import Entete, Rangee, Tableau
    from projections.rapprochement import LigneChorus
    from projections.rapprochement.bilan import Extrait, LigneRefusee

LIGNES_MAX = 200_000
"""Lines of an extract that are compared at once: all are held in memory."""
CONSTATS_MAX = 40
_APERCU = 60
_ALIAS = {
    "ej": ("N° EJ", "No EJ", "Numéro EJ"),
    "poste_ej": ("N° poste EJ", "No poste EJ"),
    "fournisseur": ("Fournisseur payé (DP)",),
    "siret": ("Code taxe 1",),
    "ultramarin": ("N° TVA 3 (COM-RIDET ou TAHITI)", "No TVA 3", "COM-RIDET ou TAHITI"),
    "referentiel": ("Référentiel de programmation",),
    "exercice": ("Exercice comptable",),
    "dp": ("N° DP", "No DP", "Numéro DP"),
    "poste": ("N° poste DP", "No poste DP"),
    "date": ("Date de dernière opération sur la DP",),
    "montant": ("Montant payé",),
}
_EXIGES = ("dp", "exercice", "montant")
_UTILES = ("ej", "siret", "poste")


def lire_extrait(
    fichier: str,
    *,
    feuille: str | None,
    referentiels: tuple[str, ...],
    progres: Callable[[int], None] | None,
) -> Extrait:
    """The extract of a file, all its sheets named « Extraction », or the one asked for.

    Raises: TableauIllisible, UsageError.
    """
    from commands.tableaux import ouvrir_tableau  # noqa: PLC0415
    from ledger.erreurs import UsageError  # noqa: PLC0415
    from projections.rapprochement.bilan import Extrait  # noqa: PLC0415

    lecture = _Lecture(referentiels, progres)
    with ouvrir_tableau(fichier, feuille=feuille) as premier:
        noms = [f for f in premier.feuilles if "extraction" in f.lower()]
        if feuille is not None or not noms:
            noms = [premier.feuille or ""]
        sha256, nom = premier.sha256, premier.nom
        if premier.feuille is None or premier.feuille in noms:
            lecture.lire(premier, premier.feuille or "")
    for autre in noms:
        if autre in lecture.feuilles:
            continue
        if fichier == "-":
            raise UsageError(
                "L'entrée standard ne se lit qu'une fois, et ce classeur a plusieurs feuilles.",
                remede="L'enregistrer dans un fichier, ou donner --feuille.",
            )
        with ouvrir_tableau(fichier, feuille=autre) as tableau:
            if tableau.sha256 != sha256:
                raise UsageError(f"{nom} a changé pendant sa lecture.", remede="Recommencer.")
            lecture.lire(tableau, autre)
    return Extrait(
        fichier=nom,
        sha256=sha256,
        feuilles=tuple(f for f in sorted(lecture.feuilles) if f),
        lignes=tuple(lecture.lignes),
        refusees=tuple(lecture.refusees),
        hors_referentiel=lecture.hors,
        constats=_abreger(lecture.constats),
    )


def _abreger(constats: list[str]) -> tuple[str, ...]:
    uniques = list(dict.fromkeys(constats))
    if len(uniques) <= CONSTATS_MAX:
        return tuple(uniques)
    reste = len(uniques) - CONSTATS_MAX
    return (*uniques[:CONSTATS_MAX], f"{reste} autres constats du même genre.")


class _Lecture:
    """The lines read so far, and what was refused or noticed on the way."""

    def __init__(
        self, referentiels: tuple[str, ...], progres: Callable[[int], None] | None
    ) -> None:
        self.lignes: list[LigneChorus] = []
        self.refusees: list[LigneRefusee] = []
        self.constats: list[str] = []
        self.feuilles: set[str] = set()
        self.hors = 0
        self.calendrier = 1900
        self._referentiels = frozenset(referentiels)
        self._progres = progres

    def lire(self, tableau: Tableau, feuille: str) -> None:
        """Every line of one sheet."""
        from commands.tableaux import trouver_entete  # noqa: PLC0415
        from ledger.erreurs import UsageError  # noqa: PLC0415

        self.feuilles.add(feuille)
        self.calendrier = tableau.calendrier or 1900
        entete = trouver_entete(tableau, _ALIAS)
        self._exiger(tableau, entete)
        deja = "" if not feuille else f"{feuille} : "
        autres = [c for c in (*tableau.constats, *entete.constats) if "Feuilles laissées" not in c]
        self.constats += [f"{deja}{constat}" for constat in autres]
        for rangee in tableau.rangees():
            if rangee.numero <= entete.ligne or rangee.vide or entete.est_repete_par(rangee):
                continue
            if len(self.lignes) + len(self.refusees) >= LIGNES_MAX:
                raise UsageError(
                    f"L'extrait dépasse {LIGNES_MAX} lignes.",
                    remede="Le découper, par exemple par exercice.",
                )
            _Ligne(self, entete, feuille, rangee).lire()
            if self._progres is not None and rangee.numero % 1_000 == 0:
                self._progres(len(self.lignes))

    def _exiger(self, tableau: Tableau, entete: Entete) -> None:
        from commands.tableaux import TableauIllisible  # noqa: PLC0415

        exiges = (*_EXIGES, "referentiel") if self._referentiels else _EXIGES
        absents = [_ALIAS[champ][0] for champ in exiges if champ not in entete.colonnes]
        if absents:
            raise TableauIllisible(
                "entete_introuvable",
                f"{tableau.nom} n'a pas les colonnes d'un extrait Chorus : il manque "
                f"{', '.join(f'« {a} »' for a in absents)} (en-têtes lus ligne {entete.ligne}).",
                remede="Donner l'extrait tel que Chorus l'a produit, ou --feuille.",
            )
        muets = [_ALIAS[champ][0] for champ in _UTILES if champ not in entete.colonnes]
        if muets:
            self.constats.append(f"Colonnes absentes : {', '.join(muets)}.")

    def retient(self, code: str) -> bool:
        """Whether a line of that référentiel is within what was asked."""
        if not self._referentiels or code in self._referentiels:
            return True
        self.hors += 1
        return False


class _Ligne:
    """One row becoming one line, or refusals by name."""

    def __init__(self, lecture: _Lecture, entete: Entete, feuille: str, rangee: Rangee) -> None:
        self.lecture, self.entete, self.feuille, self.rangee = lecture, entete, feuille, rangee
        self.refus = 0

    def lire(self) -> None:
        """Read the row. A request whose line does not read is known to be incomplete."""
        from projections.rapprochement import LigneChorus  # noqa: PLC0415

        if self.rangee.defaut is not None:
            self._refuser("", "", "ligne_illisible", self.rangee.defaut, "Corriger le fichier.")
            return
        if not self.lecture.retient(self._texte("referentiel")):
            return
        dp = self._texte("dp")
        if not dp:
            if self.refus == 0:
                raison = "la ligne n'a pas de numéro de demande de paiement (un total ?)"
                self._refuser("dp", "", "dp_absente", raison, "La retirer, ou donner le numéro.")
            return
        ligne = LigneChorus(
            feuille=self.feuille,
            ligne=self.rangee.numero,
            dp=dp,
            exercice=self._exercice(),
            montant_centimes=self._montant(),
            poste=self._texte("poste"),
            ej=self._texte("ej"),
            poste_ej=self._texte("poste_ej"),
            siret=self._siret(),
            ultramarin=self._texte("ultramarin"),
            fournisseur=self._libelle("fournisseur"),
            date=self._jour(),
            lisible=self.refus == 0,
        )
        self.lecture.lignes.append(ligne)

    def _texte(self, champ: str) -> str:
        from commands.tableaux.valeurs import lire_texte  # noqa: PLC0415

        return str(self._lire(champ, lire_texte) or "")

    def _montant(self) -> int:
        from commands.tableaux.valeurs import lire_montant  # noqa: PLC0415

        return int(self._lire("montant", lire_montant, exige=True) or 0)

    def _exercice(self) -> int:
        from commands.tableaux.valeurs import lire_entier  # noqa: PLC0415

        exercice = int(self._lire("exercice", lire_entier, exige=True) or 0)
        if exercice and not 1900 <= exercice <= 2999:  # noqa: PLR2004 - those of the ledger
            raison = f"{exercice} n'est pas un exercice"
            self._refuser("exercice", str(exercice), "exercice_hors_bornes", raison, "Le corriger.")
            return 0
        return exercice

    def _siret(self) -> str:
        """A SIRET that does not read weakens the evidence; it does not take the amount away."""
        from commands.tableaux import ValeurRefusee  # noqa: PLC0415
        from commands.tableaux.valeurs import lire_siret  # noqa: PLC0415

        cellule = self._cellule("siret")
        if cellule is None or cellule.vide:
            return ""
        try:
            return str(lire_siret(cellule)[0])
        except ValeurRefusee as refus:
            self.lecture.constats.append(
                f"Ligne {self.rangee.numero} : {refus.phrase} ; la ligne est lue sans SIRET."
            )
            return ""

    def _jour(self) -> str | None:
        """A date that does not read is left out: it recognises nothing."""
        from commands.tableaux import ValeurRefusee  # noqa: PLC0415
        from commands.tableaux.valeurs import lire_jour_cellule  # noqa: PLC0415

        cellule = self._cellule("date")
        if cellule is None or cellule.vide:
            return None
        try:
            jour: Any = lire_jour_cellule(cellule, serie=self.lecture.calendrier)[0]
        except ValeurRefusee as refus:
            self.lecture.constats.append(
                f"Ligne {self.rangee.numero} : {refus.phrase} ; la ligne est lue sans date."
            )
            return None
        return str(jour.isoformat())

    def _libelle(self, champ: str) -> str:
        """The label that follows a code, under an empty heading; else the code."""
        if champ not in self.entete.colonnes:
            return ""
        suivante = self.entete.colonnes[champ] + 1
        titres = self.entete.titres
        sans_titre = suivante >= len(titres) or not titres[suivante]
        if sans_titre and suivante not in self.entete.colonnes.values():
            cellule = self.rangee.cellule(suivante)
            if not cellule.vide and cellule.genre == "texte":
                return cellule.texte.strip()
        cellule = self.rangee.cellule(suivante - 1)
        return "" if cellule.vide else cellule.texte.strip()

    def _cellule(self, champ: str) -> Any:
        colonne = self.entete.colonnes.get(champ)
        return None if colonne is None else self.rangee.cellule(colonne)

    def _lire(self, champ: str, lire: Callable[[Any], Any], *, exige: bool = False) -> Any:
        from commands.tableaux import ValeurRefusee  # noqa: PLC0415

        cellule = self._cellule(champ)
        if cellule is None or cellule.vide:
            if exige:
                self._refuser(champ, "", "valeur_absente", "la cellule est vide", "La remplir.")
            return None
        if cellule.formule:
            raison = "la valeur vient d'une formule : l'extrait a été retouché"
            self._refuser(champ, cellule.texte, "formule", raison, "Redonner l'extrait d'origine.")
            return None
        try:
            return lire(cellule)[0]
        except ValeurRefusee as refus:
            self._refuser(champ, cellule.texte, refus.code, refus.phrase, refus.remede)
            return None

    def _refuser(self, champ: str, valeur: str, code: str, raison: str, remede: str) -> None:
        from projections.rapprochement.bilan import LigneRefusee  # noqa: PLC0415

        self.refus += 1
        colonne = self.entete.titre(champ) if champ in self.entete.colonnes else ""
        self.lecture.refusees.append(
            LigneRefusee(
                self.feuille,
                self.rangee.numero,
                colonne,
                valeur[:_APERCU],
                code,
                f"{raison[:1].upper()}{raison[1:]}.",
                remede,
            )
        )
