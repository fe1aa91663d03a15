"""Why nothing answers: what each tier found, or did not, for a request or a payment left alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from .modele import Demande, VersementAuLivre
from .phrases import TROP, contradiction


class Restes:
    """The ledger by commitment number, by SIRET, and its cancelled payments by amount."""

    def __init__(self, livre: Sequence[VersementAuLivre]) -> None:
        self._par_ej: dict[str, str] = {}
        self._rognes: dict[str, str] = {}
        self._par_siret: dict[str, str] = {}
        self._annules: dict[tuple[str, int], list[VersementAuLivre]] = {}
        for versement in livre:
            for ej in versement.ejs:
                self._par_ej[ej] = versement.structure
                self._rognes[ej.lstrip("0")] = ej
            self._par_siret[versement.siret] = versement.structure
            if versement.annulation is not None:
                centimes = versement.montant_centimes
                for identite in {*versement.numeros, *versement.ejs, versement.siret}:
                    self._annules.setdefault((identite, centimes), []).append(versement)

    def annules_de(self, demande: Demande) -> list[VersementAuLivre]:
        """The first cancelled payments that a negative request may give back: same payee, cents."""
        for identites in ((demande.dp,), demande.ejs, demande.sirets):
            possibles = (
                versement
                for identite in identites
                for versement in self._annules.get((identite, -demande.montant_centimes), ())
                if not contradiction(demande, versement)
            )
            if trouves := list(islice(possibles, TROP)):
                return trouves
        return []

    def de_demande(self, demande: Demande) -> str:
        """What each tier lacked for a request."""
        return " ".join(
            [
                "Aucun versement libre ne porte ce numéro.",
                self._ejs(demande),
                self._payeur(demande),
            ]
        )

    def de_versement(self, versement: VersementAuLivre) -> str:
        """What each tier lacked for a payment."""
        return " ".join(
            [
                f"Aucune demande libre n'a pour numéro {' ou '.join(versement.numeros)}.",
                f"Aucune de l'EJ {', '.join(versement.ejs)} ne convient."
                if versement.ejs
                else "Le livre ne tient aucun EJ de la structure.",
                f"Aucune du SIRET {versement.siret} ne convient."
                if versement.siret
                else "Le livre ne tient pas son SIRET.",
            ]
        )

    def _ejs(self, demande: Demande) -> str:
        if not demande.ejs:
            return "La demande n'a pas d'EJ."
        connus = sorted({self._par_ej[ej] for ej in demande.ejs if ej in self._par_ej})
        if connus:
            return f"Son EJ est celui de {', '.join(connus)}, sans versement libre qui convienne."
        rognes = [self._rognes.get(ej.lstrip("0")) for ej in demande.ejs]
        perdus = [ej for ej in rognes if ej is not None]
        if perdus:
            return (
                f"Son EJ {', '.join(demande.ejs)} est inconnu du livre, qui tient {perdus[0]} : un "
                "tableur a pu perdre les zéros de tête."
            )
        return f"Son EJ {', '.join(demande.ejs)} est inconnu du livre."

    def _payeur(self, demande: Demande) -> str:
        connus = sorted({self._par_siret[s] for s in demande.sirets if s in self._par_siret})
        if connus:
            return (
                f"Son SIRET est celui de {', '.join(connus)}, sans versement libre qui convienne."
            )
        if demande.sirets:
            return f"Son SIRET {', '.join(demande.sirets)} est inconnu du livre."
        if demande.ultramarins:
            return (
                f"Payé sous un identifiant ultramarin ({', '.join(demande.ultramarins)}), que le "
                "livre ne tient pas : seuls le numéro et l'EJ peuvent le reconnaître."
            )
        return "La demande n'a pas de SIRET."
