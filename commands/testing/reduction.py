"""A failing trace made short: what is left shows the same kind of divergence.

The trace is replayed without some of its steps until none can be left out. Commands mean the same
wherever they stand, which choices drawn for a state do not: that is why Hypothesis' own shrinking
is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

from ledger.testing.valeurs import Json

from .confrontation import Divergence, Envoi, Epreuve, Pas, Regard, derouler
from .reference.schema import Invalide, valider
from .systeme import Systeme

_PAIRES_MAX = 14
_REGLES_SIMPLES: Json = {
    "credits": "non_suivis",
    "quotas": "indicatifs",
    "instruction_requise": False,
    "avis_requis": False,
    "bilan_requis": False,
    "ordonnancement_requis": False,
}


def reduire(
    fabrique: Callable[[], Systeme],
    trace: Sequence[Pas],
    epreuve: Epreuve,
    constat: str,
    levee: Exception | None = None,
) -> Divergence:
    """The short divergence that leaving steps, then members, out of a failing trace leads to.

    Figures are looked at after every step first, so that a difference shows at its cause. Then
    halves go, then single steps, then pairs: no step or pair of what is left can go. The last
    step, the one that differs, stays, unless it is a retry that an earlier one replaces; so does
    the opening of the programme, and nothing is sent that the epreuve excludes. At most
    `epreuve.rejeux` replays. `levee`: what the system raised, if that is the difference; a trace
    where it raises something else is another story.
    """
    reduction = _Reduction(fabrique, epreuve, [*trace], constat, levee)
    if epreuve.chiffres:
        reduction.au_plus_tot()
    reduction.sans_vue()
    if epreuve.reglements is None:
        reduction.sans_contraintes()
    morceau = len(reduction.reste) // 2
    while morceau > 1:
        reduction.sans_morceaux(morceau)
        morceau //= 2
    while reduction.sans_morceaux(1) or reduction.sans_paires() or reduction.renvoi_plus_tot():
        pass
    reduction.sans_membres()
    divergence = Divergence(reduction.constat, reduction.reste)
    divergence.__cause__ = reduction.levee
    return divergence


class _Reduction:
    """A failing trace, and what is left of it so far."""

    def __init__(
        self,
        fabrique: Callable[[], Systeme],
        epreuve: Epreuve,
        reste: list[Pas],
        constat: str,
        levee: Exception | None,
    ) -> None:
        self.fabrique, self.epreuve = fabrique, epreuve
        self.reste, self.constat, self.levee = reste, constat, levee
        self.budget = epreuve.rejeux

    def essayer(self, essai: list[Pas]) -> bool:
        """Keep a trace that still shows a divergence of the same kind."""
        self.budget -= 1
        if self.budget < 0:
            return False
        vu, levee, _ = derouler(self.fabrique, essai, self.epreuve)
        if vu is None or type(levee) is not type(self.levee):
            return False
        self.reste, self.constat, self.levee = essai, vu, levee
        return True

    def au_plus_tot(self) -> None:
        """End at the first step after which the figures already differ."""
        essai: list[Pas] = []
        for pas in self.reste[:-1]:
            essai += [pas, Regard()]
        self.budget -= 1
        if self.budget < 0:
            return
        vus = derouler(self.fabrique, essai, self.epreuve).trace
        if len(vus) % 2 == 0:
            self.essayer([*vus[::2], Regard()])

    def sans_vue(self) -> None:
        """Look at the figures of now, or as known at the beginning, rather than at any view."""
        dernier = self.reste[-1]
        if isinstance(dernier, Regard):
            for vue in (Regard(), dernier._replace(au=None), dernier._replace(connu_au=None)):
                if vue != dernier and self.essayer([*self.reste[:-1], vue]):
                    break

    def sans_morceaux(self, taille: int) -> bool:
        """Leave out runs of steps, from the end; whether any could go. The opening stays."""
        longueur, fin = len(self.reste), len(self.reste) - 1
        while fin > 1:
            debut = max(fin - taille, 1)
            avant, otes, suite = self.reste[:debut], self.reste[debut:fin], self.reste[fin:]
            if not self.essayer(avant + suite):  # or what they name stands a few positions earlier
                ecart = sum(isinstance(pas, Envoi) for pas in otes)
                plus_tot = [_plus_tot(pas, ecart) for pas in suite]
                if plus_tot != suite:
                    self.essayer(avant + plus_tot)
            fin = debut
        return len(self.reste) < longueur

    def sans_paires(self) -> bool:
        """Leave out two steps at once, when few are left; whether any could go."""
        if len(self.reste) > _PAIRES_MAX:
            return False
        for i, j in combinations(range(1, len(self.reste) - 1), 2):
            if self.essayer([p for rang, p in enumerate(self.reste) if rang not in (i, j)]):
                return True
        return False

    def renvoi_plus_tot(self) -> bool:
        """Send an earlier command again rather than the last one, and stop there; whether it did.

        A payment made twice shows on the first instalment as on the last, which may need all
        those before it, dated so that none can go.
        """
        envois = [
            (rang, pas.commande) for rang, pas in enumerate(self.reste) if isinstance(pas, Envoi)
        ]
        dernier, renvoi = envois[-1]
        verbe, nom = renvoi.get("commande"), renvoi.get("id_commande")
        if all(commande.get("id_commande") != nom for _, commande in envois[:-1]):
            return False
        return any(
            self.essayer([*self.reste[: rang + 1], Envoi(autre), *self.reste[dernier + 1 :]])
            for rang, autre in envois
            if autre.get("commande") == verbe and autre.get("id_commande") != nom
        )

    def sans_contraintes(self) -> None:
        """Open the programme under the plainest rules: fewer commands are then needed."""
        for rang, pas in enumerate(self.reste):
            regles = pas.commande.get("regles") if isinstance(pas, Envoi) else None
            if not isinstance(pas, Envoi) or not isinstance(regles, dict):
                continue
            for nom in [
                n for n in _REGLES_SIMPLES if regles.get(n) not in (None, _REGLES_SIMPLES[n])
            ]:
                plus_simples = regles | {nom: _REGLES_SIMPLES[nom]}
                essai = [*self.reste]
                essai[rang] = Envoi(pas.commande | {"regles": plus_simples})
                if self.essayer(essai):
                    regles = plus_simples

    def sans_membres(self) -> None:
        """Leave out the members of commands that make no difference: never a required one."""
        for rang, pas in enumerate(self.reste):
            if not isinstance(pas, Envoi):
                continue
            commande, malformee = pas.commande, _malformee(pas.commande)
            for nom in [*commande]:
                moins = {n: v for n, v in commande.items() if n != nom}
                if (malformee or not _malformee(moins)) and self.essayer(
                    [*self.reste[:rang], Envoi(moins), *self.reste[rang + 1 :]]
                ):
                    commande = moins


def _plus_tot(pas: Pas, ecart: int) -> Pas:
    """The step, the position that it names moved back."""
    match pas:
        case Regard(connu_au=int(connu_au)):
            return pas._replace(connu_au=max(connu_au - ecart, 1))
        case Envoi({"position": int(position)} as commande):
            return Envoi(commande | {"position": max(position - ecart, 1)})
        case _:
            return pas


def _malformee(commande: Json) -> bool:
    """Whether the command has a defect of form (`commande_invalide`)."""
    try:
        valider(commande)
    except Invalide:
        return True
    return False
