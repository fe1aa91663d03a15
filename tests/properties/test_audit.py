"""The audit is silent on every honest history, and never on one whose line was cut short."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger.audit import verifier


@given(histoire=histoires())
def test_aucune_fausse_alerte_sur_une_histoire_honnete(histoire: Histoire) -> None:
    """Quoi qu'aient fait des commandes acceptées, la vérification ne constate rien."""
    assert verifier(histoire.store, PROGRAMME).constats == ()


@given(histoire=histoires(), data=st.data())
def test_un_octet_change_avant_la_derniere_ligne_se_voit(
    histoire: Histoire, data: st.DataObject
) -> None:
    """Un octet changé dans une ligne que d'autres suivent est toujours constaté."""
    lignes = histoire.store._lignes[PROGRAMME]
    if len(lignes) < 2:
        return
    rang = data.draw(st.integers(0, len(lignes) - 2), label="rang")
    octets = bytearray(lignes[rang].octets)
    place = data.draw(st.integers(0, len(octets) - 1), label="octet")
    octets[place] ^= data.draw(st.integers(1, 255), label="masque")
    lignes[rang] = lignes[rang]._replace(octets=bytes(octets))
    assert verifier(histoire.store, PROGRAMME).constats != ()
