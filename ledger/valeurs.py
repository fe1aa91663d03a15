"""The scalar types of events: bounds checked by the decoder, on reading as on writing."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

Slug = Annotated[str, Meta(min_length=1, max_length=64)]
Empreinte = Annotated[str, Meta(min_length=64, max_length=64)]
Racine = Annotated[str, Meta(min_length=44, max_length=44)]
Instant = Annotated[str, Meta(min_length=27, max_length=27)]
_MAX = 2**53 - 1
Position = Annotated[int, Meta(ge=1, le=_MAX)]
Positif = Annotated[int, Meta(gt=0, le=_MAX)]
OuZero = Annotated[int, Meta(ge=0, le=_MAX)]
Signe = Annotated[int, Meta(ge=-_MAX, le=_MAX)]
Exercice = Annotated[int, Meta(ge=1900, le=2999)]
Correlation = Annotated[str, Meta(pattern=r"\A[ -~]{1,128}\Z")]
"""1 to 128 printable ASCII characters."""
Texte = Annotated[str, Meta(min_length=1, max_length=4000)]

Role = Literal["instructeur", "ordonnateur", "comptable", "controleur", "systeme"]
Territoire = Literal["qpv", "hors_qpv", "inconnu"]
Nature = Literal["subvention", "bonus"]
Imputation = Literal["enveloppe", "hors_enveloppe"]
