"""A command happens once: whether a known id comes back with the same content, and what differs.

Contents are compared after validation; members that only spell out the default that the decision
would compute make no difference.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

from msgspec import to_builtins

from ledger.evenements import Fait
from ledger.programme import Programme
from ledger.stockage.port import EntreeIndex

from .decider import FAITS, decide
from .modele import Commande, en_donnees
from .refus import Refus


def empreinte_canonique(etat: Programme, commande: Commande, fait: Fait) -> str:
    """The digest of the content, members that only spell out their default left out."""
    defauts: list[str] = []
    for champ in commande.explicites():
        sans = commande.model_copy(update=dict.fromkeys((*defauts, champ)))
        if decide(etat, sans) == fait:
            defauts.append(champ)
    return commande.empreinte_sans(defauts)


def meme_contenu(commande: Commande, fait: Fait | None, connu: EntreeIndex) -> bool:
    """Whether the command has the content that was accepted: explicit defaults do not count."""
    if commande.empreinte == connu.empreinte:
        return True
    if fait is None or FAITS[type(commande)] is not type(fait):
        return False
    voulu, garde = to_builtins(commande.contenu(), enc_hook=en_donnees), to_builtins(fait)
    gardes = [c for c in commande.explicites() if voulu.get(c) == garde.get(c)]
    return any(
        commande.empreinte_sans(champs) == connu.empreinte
        for taille in range(1, len(gardes) + 1)
        for champs in combinations(gardes, taille)
    )


def divergence(commande: Commande, fait: Fait | None, connu: EntreeIndex) -> Refus:
    """`commande_divergente`, naming the first field that differs where the event keeps it."""
    champ = "contenu"
    if fait is not None:
        champ = _premier_ecart(commande, fait)
    return Refus(
        "commande_divergente",
        f"L'identifiant {commande.id_commande} a été accepté à la position {connu.position} avec "
        f"un autre contenu (premier écart : {champ}).",
        remede="Envoyer une autre commande sous un nouvel identifiant.",
        details={"champ": champ, "position": connu.position},
    )


def _premier_ecart(commande: Commande, fait: Fait) -> str:
    if FAITS[type(commande)] is not type(fait):
        return "commande"
    voulu, garde = to_builtins(commande.contenu(), enc_hook=en_donnees), to_builtins(fait)
    for champ in type(commande).model_fields:
        if champ not in fait.__struct_fields__:
            continue
        if champ not in voulu and champ in commande.champs_completes:
            continue  # computed by the decision: its absence says nothing
        if _sans_liste_vide(voulu.get(champ)) != _sans_liste_vide(garde.get(champ)):
            return champ
    return "contenu"


def _sans_liste_vide(valeur: Any) -> Any:
    """An empty list is a default that the event leaves out."""
    return None if isinstance(valeur, list | tuple) and not valeur else valeur
