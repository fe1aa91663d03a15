"""Who ordered and who paid each cent, worked out again from the lines of a journal alone.

A payment takes from the orders of its own rank that no living payment has used yet, the oldest
first; what no order covers has none. Each order's remainder is summed anew for each payment.
"""

from __future__ import annotations

import re
import unicodedata

from tests.requetes.naif import Inscrit, Naif, Objet

PAIEMENTS = ("tranche-versee", "bonus-numerique-verse")
STATUTS = (
    "separes",
    "acteurs_semblables",
    "meme_acteur",
    "payeur_non_comptable",
    "sans_ordre",
)


def lignes_de_fonctions(naif: Naif) -> list[Objet]:
    """The public lines of `fonctions`: orders followed over all that is known, then the view."""
    annulations = {e["position"]: (p, e) for p, g, e in naif.connus if g == "versement-annule"}
    ordres = [f for f in naif.connus if f[1] == "tranche-ordonnancee"]
    pris: dict[tuple[int, int], int] = {}
    lignes: list[Objet] = []
    for paiement in naif.connus:
        position, genre, e = paiement
        if genre not in PAIEMENTS:
            continue
        rang = e["rang"] if genre == "tranche-versee" else 0
        du, parts = e["montant_centimes"], list[tuple[Inscrit | None, int]]()
        for ordre in ordres:
            o, _, ordonne = ordre
            if o > position or (ordonne["structure"], ordonne["rang"]) != (e["structure"], rang):
                continue
            utilise = sum(
                centimes
                for (verse, de), centimes in pris.items()
                if de == o and not (verse in annulations and annulations[verse][0] < position)
            )
            part = min(du, ordonne["montant_centimes"] - utilise)
            if part > 0:
                pris[position, o] = part
                parts.append((ordre, part))
                du -= part
        if du:
            parts.append((None, du))
        lignes += [_ligne(naif, paiement, rang, part) for part in parts]
    for ligne in lignes:
        annulation = annulations.get(ligne["position"])
        if annulation is not None and (naif.au is None or annulation[1]["date_effet"] <= naif.au):
            ligne["annulation_position"] = annulation[0]
    return [li for li in lignes if naif.au is None or li["date_effet"] <= naif.au]


def _ligne(naif: Naif, paiement: Inscrit, rang: int, part: tuple[Inscrit | None, int]) -> Objet:
    position, _, e = paiement
    ordre, centimes = part
    o, ordonne = (None, None) if ordre is None else (ordre[0], ordre[2])
    exigee = ordre_exige(naif, e["structure"], position)
    donneur = None if ordonne is None else ordonne["acteur"]
    return {
        "structure": e["structure"],
        "rang": rang,
        "montant_centimes": centimes,
        "statut": _statut(donneur, e["acteur"], exigee),
        "ordonnancement_requis": exigee,
        "ordre_position": o,
        "ordonnateur": None if donneur is None else donneur["id"],
        "ordonnateur_role": None if donneur is None else donneur["role"],
        "dp": None if ordonne is None else ordonne["dp"],
        "ordre_date": None if ordonne is None else ordonne["date_effet"],
        "position": position,
        "payeur": e["acteur"]["id"],
        "payeur_role": e["acteur"]["role"],
        "reference": e["reference"],
        "date_effet": e["date_effet"],
        "exercice": e["exercice"],
        "annulation_position": None,
    }


def ordre_exige(naif: Naif, structure: str, avant: int) -> bool:
    """Whether the rules of the label, as known when it was recorded, want an order."""
    labels = [
        (p, e)
        for p, g, e in naif.connus
        if g == "fabrique-labellisee" and e["structure"] == structure and p < avant
    ]
    if not labels:
        return False
    position, label = labels[-1]
    regles = naif.regles(label["date_effet"], avant=position)
    return bool(regles and regles.get("ordonnancement_requis", False))


def _statut(donneur: Objet | None, payeur: Objet, exigee: bool) -> str:
    if donneur is None:
        return "sans_ordre"
    if donneur["id"] == payeur["id"]:
        return "meme_acteur"
    if exigee and payeur["role"] != "comptable":
        return "payeur_non_comptable"
    return "acteurs_semblables" if _mots(donneur["id"]) == _mots(payeur["id"]) else "separes"


def _mots(identifiant: str) -> list[str]:
    """Words of an id in any order, without case, accents nor what follows an `@`.

    Letters of other alphabets drawn like Latin ones are not looked at: no history draws any.
    """
    lettres = unicodedata.normalize("NFKD", identifiant.split("@", maxsplit=1)[0]).casefold()
    nus = "".join(c for c in lettres if unicodedata.category(c) != "Mn")
    return sorted(re.findall(r"[^\W_]+", nus))


def figure_des_fonctions(naif: Naif) -> Objet:
    """The public members of `fonctions`, but the name of the programme."""
    lignes = lignes_de_fonctions(naif)
    payees = [li for li in lignes if li["annulation_position"] is None]
    return {
        "position": naif.position,
        "au": naif.au,
        "paye_centimes": sum(li["montant_centimes"] for li in payees),
        **{
            f"{statut}_centimes": sum(
                li["montant_centimes"] for li in payees if li["statut"] == statut
            )
            for statut in STATUTS
        },
        "lignes": lignes,
    }
