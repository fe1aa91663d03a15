"""Du fait à sa commande : la ligne exacte qu'un journal vide exécute pour le refaire."""

from __future__ import annotations

from commands.restitution import restituer
from tests.unit.monde import ALICE, Monde, P


def test_un_fait_rend_sa_commande_puis_ses_marques() -> None:
    """La ligne d'un fait : son verbe, ce que la commande disait, puis sa corrélation ; rien de ce
    que le journal scelle ni de ce qui était absent."""
    monde = Monde()
    commande = monde.commande("CloreProgramme", "2021-01-04")
    (recu,) = monde.livre.executer_lot([commande], correlation="lot-1")
    fait = monde.livre.journal(P).lire_un(recu.positions[0])
    assert fait is not None
    ligne = restituer(P, recu.positions[0], fait)
    assert ligne == {
        "commande": "CloreProgramme",
        "id_commande": "c2",
        "programme": P,
        "acteur": ALICE,
        "date_effet": "2021-01-04",
        "motif": "Fin",
        "correlation": "lot-1",
    }
    assert (next(iter(ligne)), list(ligne)[-1]) == ("commande", "correlation")
