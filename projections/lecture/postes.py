"""The double entry as a view over the stored facts: the SQL of `projections/partie_double.py`.

A posting says nothing that its fact does not say, and three of them a fact were half of the file.
The tests compare both on any history; the balance of each account is stored (`comptes`).
"""

from __future__ import annotations

# ruff: noqa: S608 - every name put into this SQL is written in this very module

_ENGAGER = (
    ("{l}:engage:%s", "{l}:disponible"),
    ("ae:engagees:{f}:%s", "ae:disponibles:{f}"),
    ("rap:reste:{f}:%s", "rap:engage:{f}:%s"),
)
_PAYER = (
    ("cp:{v}:{f}:{n}", "cp:disponibles:{f}"),
    ("rap:{v}:{f}:{n}", "rap:reste:{p}:{n}"),
)
_RETIRER = (
    ("rap:retraits_{m}:{x}:{n}", "rap:reste:{p}:{n}"),
    ("{l}:disponible", "{l}:retraits:{n}"),
    ("ae:disponibles:{x}", "ae:retraits_{m}:{x}:{n}"),
)
_MONTANT = "$.montant_centimes"

Gabarit = tuple[str, str | None, int, str, str, str, int]
"""Topic, list of the fact (None: the fact itself), order, debit, credit, amount, sign."""


def _un(
    topic: str,
    paires: tuple[tuple[str, str], ...],
    champs: tuple[str, ...] = (_MONTANT,),
    *,
    liste: str | None = None,
    signe: int = 1,
) -> list[Gabarit]:
    rang = 10 if liste == "$.retraits" else 0  # withdrawals come last, in a fact that has both
    return [
        (topic, liste, rang + i, debit, credit, champs[min(i, len(champs) - 1)], signe)
        for i, (debit, credit) in enumerate(paires)
    ]


def _engager(nature: str) -> tuple[tuple[str, str], ...]:
    return tuple((d.replace("%s", nature), c.replace("%s", nature)) for d, c in _ENGAGER)


_ENVELOPPE = (("enveloppe:disponible", "enveloppe:plafond"),)
_OUVRIR = (("ae:disponibles:{f}", "ae:ouvertes:{f}"), ("cp:disponibles:{f}", "cp:ouverts:{f}"))
_GELER = (("ae:gelees:{f}", "ae:disponibles:{f}"), ("cp:geles:{f}", "cp:disponibles:{f}"))
_AE_CP = ("$.ae_centimes", "$.cp_centimes")
_RETRAITS, _PARTS = "$.retraits", "$.imputations"

GABARITS: tuple[Gabarit, ...] = (
    *_un("programme-ouvert", _ENVELOPPE, ("$.regles.enveloppe_centimes",)),
    *_un("enveloppe-modifiee", _ENVELOPPE, ("$.variation_centimes",)),
    *_un("credits-ouverts", _OUVRIR, _AE_CP),
    *_un("credits-geles", _GELER, _AE_CP),
    *_un("credits-degeles", _GELER, _AE_CP, signe=-1),
    *_un("fabrique-labellisee", _engager("subvention")),
    *_un("bonus-numerique-accorde", _engager("bonus")),
    *_un("avenant-signe", _engager("subvention"), ("$.engagement_centimes",)),
    *_un("avenant-signe", _RETIRER, liste=_RETRAITS),
    *_un("label-retire", _RETIRER, liste=_RETRAITS),
    *_un("tranche-versee", _PAYER, liste=_PARTS),
    *_un("bonus-numerique-verse", _PAYER),
    *_un("versement-annule", _PAYER, liste=_PARTS, signe=-1),
    *_un("versement-annule", _RETIRER, liste=_RETRAITS),
    *_un("reversement-demande", (("reversements:demandes", "reversements:titres"),)),
    *_un("reversement-encaisse", (("reversements:encaisses:{f}", "reversements:demandes"),)),
)
"""What each fact that moves money debits and credits, in the order of the postings."""

_OBJET = "coalesce(j.value, f.etat)"
_MEME = f"json_extract({_OBJET}, '$.exercice') = json_extract({_OBJET}, '$.engagement')"
_VALEURS = {
    "{f}": "exercice",
    "{x}": "json_extract(objet, '$.exercice')",
    "{p}": "coalesce(json_extract(objet, '$.engagement'), json_extract(objet, '$.exercice'))",
    "{n}": "coalesce(json_extract(objet, '$.nature'), json_extract(etat, '$.nature'), "
    "CASE type WHEN 'tranche-versee' THEN 'subvention' ELSE 'bonus' END)",
    "{v}": "iif(json_extract(etat, '$.regularisation'), 'regularisations', 'payes')",
    "{l}": "iif(coalesce(json_extract(objet, '$.imputation'), 'enveloppe') = 'enveloppe', "
    "'enveloppe', 'hors_enveloppe')",
    "{m}": "iif(json_extract(objet, '$.exercice') = json_extract(objet, '$.engagement'), "
    "'meme', 'anterieurs')",
}


def _compte() -> str:
    """The account of a posting: each part of its name is looked for only where it is asked."""
    sql = "compte"
    for marque, valeur in _VALEURS.items():
        sql = f"replace({sql}, '{marque}', iif(instr(compte, '{marque}'), {valeur}, ''))"
    return sql


def _litteral(valeur: str | int | None) -> str:
    return "NULL" if valeur is None else str(valeur) if isinstance(valeur, int) else f"'{valeur}'"


_LIGNES = ", ".join(f"({', '.join(map(_litteral, g))})" for g in GABARITS)

ECRITURES = (
    f"WITH g(type, liste, ordre, debit, credit, champ, signe) AS (VALUES {_LIGNES}), "
    "c(cote) AS (VALUES (0), (1)) "
    "SELECT programme, position, 2 * numero - 1 + cote AS rang, "
    f"{_compte()} AS compte, centimes, structure, date_effet FROM ("
    "SELECT m.*, c.cote, iif(c.cote, credit, debit) AS compte, "
    "iif(c.cote, -montant, montant) AS centimes FROM ("
    "SELECT f.programme, f.position, f.structure, f.date_effet, f.exercice, f.type, f.etat, "
    f"g.debit, g.credit, {_OBJET} AS objet, "
    f"g.signe * json_extract({_OBJET}, g.champ) AS montant, "
    "row_number() OVER (PARTITION BY f.programme, f.position "
    "ORDER BY g.ordre >= 10, j.key, g.ordre) AS numero "
    "FROM faits f JOIN g ON g.type = f.type LEFT JOIN json_each(f.etat, g.liste) j "
    "WHERE (g.liste IS NULL OR j.key IS NOT NULL) "
    f"AND json_extract({_OBJET}, g.champ) <> 0 "
    f"AND (g.ordre < 11 OR {_MEME} OR json_extract(j.value, '$.recyclable'))"
    ") m CROSS JOIN c) ORDER BY programme, position, rang"
)
"""The postings of every fact, as `partie_double.ecritures` gives them."""
