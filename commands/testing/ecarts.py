"""The first difference between two JSON values, said in one sentence."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


def premier_ecart(
    attendu: Any, obtenu: Any, *, membres: Collection[str] | None = None, chemin: str = ""
) -> str | None:
    """Where and how they differ, None when they are equal.

    `membres` are the only members compared in the objects of the first level (in a list of objects
    too). True and 1, or 1 and 1.0, are different: an amount is an integer.
    """
    if isinstance(attendu, dict) and isinstance(obtenu, dict):
        noms = [*attendu, *(nom for nom in obtenu if nom not in attendu)]
        for nom in noms if membres is None else [n for n in noms if n in membres]:
            ici = f"{chemin}.{nom}" if chemin else str(nom)
            if nom not in attendu or nom not in obtenu:
                return f"{ici} {'manque' if nom in attendu else 'est de trop'}"
            ecart = premier_ecart(attendu[nom], obtenu[nom], chemin=ici)
            if ecart is not None:
                return ecart
        return None
    if isinstance(attendu, list) and isinstance(obtenu, list):
        if len(attendu) != len(obtenu):
            return f"{chemin or 'la liste'} : {len(attendu)} éléments attendus, {len(obtenu)} lus"
        for rang, (voulu, lu) in enumerate(zip(attendu, obtenu, strict=True)):
            ecart = premier_ecart(voulu, lu, membres=membres, chemin=f"{chemin}[{rang}]")
            if ecart is not None:
                return ecart
        return None
    if type(attendu) is type(obtenu) and attendu == obtenu:
        return None
    return f"{chemin or 'la valeur'} : attendu {attendu!r}, obtenu {obtenu!r}"
