"""Le vocabulaire des chiffres : chaque phrase sert, et chaque membre publié a la sienne."""

from __future__ import annotations

from ledger.schema_json import de_structs
from ledger.vocabulaire import MEMBRES
from projections.schemas import FIGURES
from projections.vocabulaire import PHRASES


def test_chaque_phrase_nomme_un_membre_et_chaque_membre_a_sa_phrase() -> None:
    """Toute phrase du vocabulaire sert ; tout membre d'un chiffre a la sienne."""
    membres: dict[str, dict[str, str]] = {}
    for type_, _ in FIGURES.values():
        _, definitions = de_structs([type_], PHRASES)
        for nom, objet in definitions.items():
            dits = {m: d.get("description", "") for m, d in objet.get("properties", {}).items()}
            membres.setdefault(nom, {}).update(dits)
    tous = {membre for dits in membres.values() for membre in dits}
    for cle in PHRASES.keys() - MEMBRES.keys():
        classe, _, membre = cle.rpartition(".")
        assert membre in (membres[classe] if classe else tous), cle
    for classe, dits in membres.items():
        for membre, phrase in dits.items():
            assert phrase, (classe, membre)
            assert phrase == PHRASES.get(f"{classe}.{membre}", PHRASES.get(membre))


def test_les_phrases_d_un_mot_sont_celles_ci() -> None:
    """Les descriptions d'un seul mot, et celle d'un code, à la lettre."""
    courtes = ("code", "detail", "nombre", "total_centimes", "table", "format")
    assert [PHRASES[membre] for membre in courtes] == [
        "Code stable.",
        "Phrase.",
        "Combien.",
        "Total.",
        "Table.",
        "Format.",
    ]
