"""From a cell to a value of the ledger, or a refusal by name. Never a guess on money or on a date.

Each function returns the value and the alerts that go with it: what was understood, when a person
might have understood something else. A blank cell is the caller's business.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from msgspec import Struct

from ledger.montants import CENTIMES_MAX, MontantIllisible, format_euros, lire_euros
from ledger.temps import ANNEE_MAX, ANNEE_MIN, format_date, lire_date

from .cellules import Cellule
from .decodage import est_decode_deux_fois

_ESPACES = " \t\u00a0\u202f\u2009"
_CHIFFRES_TABLEUR = Context(prec=15)
"""The significant digits that a spreadsheet keeps: the rest of a binary float is noise."""
_JOUR = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})")
_ANNEE_EN_TETE = re.compile(r"([0-9]{4})[/.]([0-9]{1,2})[/.]([0-9]{1,2})")
_ANNEE_COURTE = re.compile(r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2}")
_SCIENTIFIQUE = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")
_FLOTTANT = re.compile(r"[0-9]+[.,]0+")
_MOIS_MAX = 12
_SERIE_MIN, _SERIE_MAX = 61, 2_958_465
_ORIGINES = {1900: date(1899, 12, 30), 1904: date(1904, 1, 1)}
_PREMIER_SUR = date(1900, 3, 1)
_OUI = frozenset({"oui", "o", "vrai", "true", "1", "x", "yes"})
_NON = frozenset({"non", "n", "faux", "false", "0", "no"})
_SIRET, _SIREN = 14, 9
_GENRES = {"date": "une date", "heure": "une heure", "booleen": "un oui/non", "nombre": "un nombre"}

CODES: dict[str, str] = {
    # refusals
    "cellule_en_erreur": "La cellule montre une erreur, ou une formule sans valeur enregistrée.",
    "formule_en_texte": "La cellule tient le texte d'une formule, qui n'a pas été calculée.",
    "type_inattendu": "La cellule n'est pas du genre attendu.",
    "nombre_arrondi": "Un nombre tient lieu de texte, et ses derniers chiffres sont perdus.",
    "caractere_perdu": "Un caractère du texte n'a pas pu être décodé.",
    "texte_mal_decode": "Le texte a été décodé deux fois (« Ã© » pour « é »).",
    "montant_ambigu": "Tout le monde ne lirait pas le même montant.",
    "unite_inattendue": "Le montant n'est pas en euros (%, k€, autre monnaie).",
    "montant_decimales": "Le montant a plus de deux décimales.",
    "montant_hors_limite": "Le montant dépasse ce que le grand livre tient.",
    "date_illisible": "La date ne se lit pas.",
    "date_annee_courte": "L'année n'a que deux chiffres.",
    "date_serie": "La date est un numéro de série de tableur, dont l'origine n'est pas dite.",
    "date_hors_bornes": "La date est hors de ce qu'un tableur ou le grand livre tient.",
    "date_ambigue": "La colonne mêle jour/mois et mois/jour.",
    "booleen_illisible": "Ni oui, ni non.",
    "entier_illisible": "Ce n'est pas un nombre entier.",
    "code_postal_tronque": "Le code postal n'a que quatre chiffres : un zéro est perdu.",
    "code_postal_illisible": "Ce n'est pas un code postal de cinq chiffres.",
    "siret_flottant": "Le SIRET est devenu un nombre à virgule.",
    "siret_scientifique": "Le SIRET est écrit en notation scientifique : ses chiffres sont perdus.",
    "siret_arrondi": "Le SIRET finit par cinq zéros : il a été arrondi.",
    "siren_au_lieu_de_siret": "C'est un SIREN (9 chiffres), pas un SIRET (14).",
    "siret_longueur": "Le SIRET n'a pas 14 chiffres.",
    # alerts
    "formule": "La valeur vient d'une formule ; celle que le tableur a enregistrée est lue.",
    "heure_ignoree": "La date porte une heure, qui n'est pas lue.",
    "date_reecrite": "La date n'est pas écrite à la française ; ce qui a été compris est dit.",
    "date_serie_lue": "La date est un numéro de série ; ce qui a été compris est dit.",
    "nombre_pour_texte": "Un nombre est lu comme un texte.",
    "siret_nombre": "Le SIRET est tenu comme un nombre.",
    "zero_retabli": "Un zéro perdu est rétabli, comme demandé.",
}
"""Code -> what it says. The list is closed."""


class Alerte(Struct, frozen=True):
    """Something to look at in a value that was read."""

    code: str
    phrase: str


class ValeurRefusee(ValueError):  # noqa: N818 - a French statement of fact, as house style asks
    """The cell gives no value that everybody would read alike. `code` is one of `CODES`."""

    def __init__(self, code: str, phrase: str, remede: str) -> None:
        super().__init__(phrase)
        self.code, self.phrase, self.remede = code, phrase, remede


Lue = tuple[Any, tuple[Alerte, ...]]
"""A value and its alerts."""


def lire_texte(cellule: Cellule) -> Lue:
    """A text without the blanks around it."""
    texte = _texte(cellule)
    alertes = _alertes(cellule)
    if cellule.genre == "nombre":
        if len(texte.lstrip("-").replace(".", "")) > _CHIFFRES_TABLEUR.prec or "e" in texte:
            raise ValeurRefusee(
                "nombre_arrondi",
                f"le nombre {texte[:40]} a plus de chiffres qu'un tableur n'en garde : il est "
                "arrondi",
                "Le recopier de sa source, en texte.",
            )
        phrase = f"le nombre {texte} est lu comme un texte"
        alertes = (*alertes, Alerte("nombre_pour_texte", phrase))
    elif cellule.genre != "texte":
        raise _inattendu(cellule, "un texte")
    return texte, alertes


def lire_montant(cellule: Cellule) -> Lue:
    """Cents. A text: as people write amounts. A number: 15 significant digits, two decimals."""
    texte = _texte(cellule)
    if cellule.genre == "texte":
        try:
            return lire_euros(texte), _alertes(cellule)
        except MontantIllisible as erreur:
            raise ValeurRefusee(
                "montant_ambigu",
                f"le montant {texte[:40]!r} est ambigu ou illisible",
                "Écrire par exemple 150 000,00 ou 150000 : deux décimales ou aucune.",
            ) from erreur
    if cellule.genre != "nombre":
        raise _inattendu(cellule, "un montant")
    if cellule.unite is not None:
        raise ValeurRefusee(
            "unite_inattendue",
            f"le tableur montre {texte[:40]} en « {cellule.unite} », et non en euros",
            "Mettre la cellule en euros, au format nombre.",
        )
    return _centimes(texte), _alertes(cellule)


def _centimes(texte: str) -> int:
    nombre = _decimal(texte)
    if nombre is None or abs(nombre) * 100 > CENTIMES_MAX:
        raise ValeurRefusee(
            "montant_hors_limite",
            f"le montant {texte[:40]} dépasse la limite admise",
            f"{format_euros(CENTIMES_MAX)} au plus.",
        )
    centimes = _CHIFFRES_TABLEUR.plus(nombre).scaleb(2)
    if centimes != centimes.to_integral_value():
        raise ValeurRefusee(
            "montant_decimales",
            f"le montant {texte[:40]} a plus de deux décimales",
            "L'arrondir au centime dans le tableur : le grand livre n'arrondit jamais.",
        )
    return int(centimes)


def lire_jour_cellule(cellule: Cellule, *, serie: int | None = None, ambigu: bool = False) -> Lue:
    """A civil date. `serie`: the date system of numbers (1900, 1904), None when it is not known.

    `ambigu`: day/month was seen to be month/day elsewhere: only what has one reading is read.
    """
    texte = _texte(cellule)
    alertes = _alertes(cellule)
    if cellule.genre == "date":
        jour, _, heure = texte.partition("T")
        if heure:
            alertes = (*alertes, Alerte("heure_ignoree", f"l'heure {heure} n'est pas lue"))
        lue = _date(jour)
        if lue < _PREMIER_SUR:
            raise ValeurRefusee(
                "date_hors_bornes",
                f"la date {format_date(lue)} précède le 1er mars 1900, et les tableurs ne "
                "s'accordent pas avant ce jour",
                "L'écrire en texte, AAAA-MM-JJ.",
            )
        return lue, alertes
    if cellule.genre == "nombre" or (cellule.genre == "texte" and texte.isdigit()):
        return _lire_serie(texte, serie, alertes)
    if cellule.genre != "texte":
        raise _inattendu(cellule, "une date")
    lue, reecrite = _lire_date_texte(texte, ambigu=ambigu)
    if reecrite:
        phrase = f"{texte[:40]!r} est lu {format_date(lue)}"
        alertes = (*alertes, Alerte("date_reecrite", phrase))
    return lue, alertes


def _lire_date_texte(texte: str, *, ambigu: bool) -> tuple[date, bool]:
    """The date of a text, and whether it is written otherwise than AAAA-MM-JJ or JJ/MM/AAAA."""
    trouve = _JOUR.fullmatch(texte)
    if trouve is not None:
        jour, signe, mois, annee = trouve.groups()
        if ambigu and int(jour) != int(mois) and max(int(jour), int(mois)) <= _MOIS_MAX:
            raise ValeurRefusee(
                "date_ambigue",
                f"la date {texte!r} peut se lire de deux façons : la colonne porte ailleurs une "
                "date mois/jour",
                "Écrire les dates de la colonne AAAA-MM-JJ.",
            )
        return _date(f"{annee}-{int(mois):02d}-{int(jour):02d}", texte), signe != "/"
    trouve = _ANNEE_EN_TETE.fullmatch(texte)
    if trouve is not None:
        annee, mois, jour = trouve.groups()
        return _date(f"{annee}-{int(mois):02d}-{int(jour):02d}", texte), True
    if _ANNEE_COURTE.fullmatch(texte):
        raise ValeurRefusee(
            "date_annee_courte",
            f"la date {texte!r} n'a que deux chiffres d'année",
            "Écrire l'année en entier.",
        )
    return _date(texte), False


def est_mois_jour(cellule: Cellule) -> bool:
    """Whether a text is a date that only month/day/year can read."""
    trouve = _JOUR.fullmatch(cellule.texte.strip(_ESPACES)) if cellule.genre == "texte" else None
    return trouve is not None and int(trouve[3]) > _MOIS_MAX and int(trouve[1]) <= _MOIS_MAX


def _lire_serie(texte: str, serie: int | None, alertes: tuple[Alerte, ...]) -> Lue:
    nombre = _decimal(texte)
    if serie is None:
        raise ValeurRefusee(
            "date_serie",
            f"{texte[:20]} est un nombre, pas une date : le fichier ne dit pas depuis quel jour "
            "compter",
            "Mettre la colonne au format date, ou donner --dates-serie 1900 (ou 1904).",
        )
    if nombre is None or not _SERIE_MIN <= nombre <= _SERIE_MAX:
        raise ValeurRefusee(
            "date_hors_bornes",
            f"le numéro de série {texte[:20]} n'est pas une date sûre",
            "L'écrire en texte, AAAA-MM-JJ.",
        )
    if nombre == nombre.to_integral_value() and ANNEE_MIN <= nombre <= ANNEE_MAX:
        raise ValeurRefusee(
            "date_illisible",
            f"{texte[:20]} est une année, et non un jour",
            "Écrire le jour en entier, JJ/MM/AAAA.",
        )
    lue = _ORIGINES[serie] + timedelta(days=int(nombre))
    phrase = f"le numéro de série {texte} est lu {format_date(lue)} (calendrier {serie})"
    return lue, (*alertes, Alerte("date_serie_lue", phrase))


def _date(iso: str, ecrite: str | None = None) -> date:
    try:
        return lire_date(iso)
    except ValueError as erreur:
        hors = "hors des" in str(erreur)
        code = "date_hors_bornes" if hors else "date_illisible"
        raison = str(erreur)
        if ecrite is not None:
            dit = "est hors des années admises" if hors else "n'existe pas au calendrier"
            raison = f"la date {ecrite[:40]!r} {dit}"
        raise ValeurRefusee(code, raison, "Écrire AAAA-MM-JJ ou JJ/MM/AAAA.") from erreur


def lire_booleen(cellule: Cellule) -> Lue:
    """`oui`, `non`, `vrai`, `faux`, `1`, `0`, `x`, whatever their case."""
    texte = _texte(cellule).lower()
    if texte in _OUI or texte in _NON:
        return texte in _OUI, _alertes(cellule)
    raise ValeurRefusee(
        "booleen_illisible", f"{texte[:40]!r} n'est ni oui ni non", "Écrire oui ou non."
    )


def lire_entier(cellule: Cellule) -> Lue:
    """An integer, without decimals nor separators."""
    texte = _texte(cellule)
    if cellule.genre in ("texte", "nombre") and re.fullmatch(r"-?[0-9]{1,15}", texte):
        return int(texte), _alertes(cellule)
    raise ValeurRefusee(
        "entier_illisible", f"{texte[:40]!r} n'est pas un entier", "L'écrire sans décimales."
    )


def lire_code_postal(cellule: Cellule, *, retablir: bool = False) -> Lue:
    """Five digits. With `retablir`, a lost leading zero is put back, and said."""
    texte = _texte(cellule)
    alertes = _alertes(cellule)
    if re.fullmatch(r"[0-9]{5}", texte):
        return texte, alertes
    if not re.fullmatch(r"[0-9]{4}", texte):
        raise ValeurRefusee(
            "code_postal_illisible",
            f"{texte[:40]!r} n'est pas un code postal de cinq chiffres",
            "Écrire les cinq chiffres, en texte.",
        )
    if retablir:
        phrase = f"le code postal {texte} est lu 0{texte}"
        return f"0{texte}", (*alertes, Alerte("zero_retabli", phrase))
    raise ValeurRefusee(
        "code_postal_tronque",
        f"le code postal {texte} n'a que quatre chiffres : un tableur a dû perdre le zéro de tête",
        "L'écrire en texte avec ses cinq chiffres, ou donner --zeros-perdus.",
    )


def lire_siret(cellule: Cellule) -> Lue:
    """14 digits, blanks between groups allowed; its key is checked by the command."""
    brut = _texte(cellule)
    texte = brut.translate(dict.fromkeys(map(ord, _ESPACES)))
    alertes = _alertes(cellule)
    remede = "Le recopier de sa source, en texte, avec ses 14 chiffres."
    if _SCIENTIFIQUE.fullmatch(texte):
        raise ValeurRefusee(
            "siret_scientifique",
            f"le SIRET {brut[:40]!r} est en notation scientifique : ses chiffres sont perdus",
            remede,
        )
    if _FLOTTANT.fullmatch(texte):
        raise ValeurRefusee(
            "siret_flottant", f"le SIRET {brut[:40]!r} est devenu un nombre à virgule", remede
        )
    if texte.isascii() and texte.isdigit() and len(texte) != _SIRET:
        if len(texte) == _SIREN:
            raise ValeurRefusee(
                "siren_au_lieu_de_siret", f"{brut[:40]!r} est un SIREN, pas un SIRET", remede
            )
        raise ValeurRefusee(
            "siret_longueur",
            f"le SIRET {brut[:40]!r} a {len(texte)} chiffres au lieu de 14",
            remede,
        )
    if cellule.genre == "nombre":
        if texte.endswith("00000"):
            raise ValeurRefusee(
                "siret_arrondi", f"le SIRET {texte} finit par cinq zéros : il est arrondi", remede
            )
        alertes = (*alertes, Alerte("siret_nombre", f"le SIRET {texte} est tenu comme un nombre"))
    elif cellule.genre != "texte":
        raise _inattendu(cellule, "un SIRET")
    return texte, alertes


def _texte(cellule: Cellule) -> str:
    """What the cell says. Refuses an error and a text that was decoded wrongly."""
    if cellule.genre == "erreur":
        raise ValeurRefusee(
            "cellule_en_erreur",
            f"la cellule montre {cellule.texte[:40]!r}"
            if cellule.texte != "#VALEUR?"
            else "la cellule tient une formule dont la valeur n'est pas enregistrée",
            "Y mettre la valeur elle-même.",
        )
    texte = cellule.texte.strip(_ESPACES + "\r\n")
    if cellule.genre == "texte" and texte.startswith("="):
        raise ValeurRefusee(
            "formule_en_texte",
            f"la cellule tient une formule écrite en toutes lettres ({texte[:40]})",
            "Y mettre la valeur elle-même.",
        )
    if cellule.genre != "texte" or texte.isascii():
        return texte
    if "\ufffd" in texte:
        raise ValeurRefusee(
            "caractere_perdu",
            f"{texte[:40]!r} : un caractère n'a pas pu être décodé",
            "Préciser --encodage, ou retaper la cellule.",
        )
    if est_decode_deux_fois(texte):
        raise ValeurRefusee(
            "texte_mal_decode",
            f"{texte[:40]!r} a été décodé deux fois",
            "Préciser --encodage, ou demander un fichier en UTF-8.",
        )
    return texte


def _alertes(cellule: Cellule) -> tuple[Alerte, ...]:
    if not cellule.formule:
        return ()
    return (Alerte("formule", "la valeur vient d'une formule ; celle enregistrée est lue"),)


def _inattendu(cellule: Cellule, attendu: str) -> ValeurRefusee:
    quoi = _GENRES.get(cellule.genre, "un texte")
    return ValeurRefusee(
        "type_inattendu",
        f"la cellule tient {quoi} ({cellule.texte[:40]}), et non {attendu}",
        "Corriger la cellule, ou désigner une autre colonne avec --colonnes.",
    )


def _decimal(texte: str) -> Decimal | None:
    try:
        nombre = Decimal(texte)
    except InvalidOperation:
        return None
    return nombre if nombre.is_finite() else None
