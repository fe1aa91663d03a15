"""The command model: what every command holds, and the tools its decisions share.

Commands are frozen, strict pydantic models: unknown members, floats and texts in place of amounts
are refused. `date_effet` is the civil date (Paris) at which the fact counts; amounts are cents.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from typing import Annotated, Any, ClassVar, get_args

from msgspec.json import Encoder
from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from ledger.champs import Date, IdCommande, Slug, normaliser, schema_texte
from ledger.evenements import Acteur
from ledger.programme import Dossier, Label, Programme
from ledger.valeurs import Role

from .refus import Refus

_ID_ACTEUR_MAX = 200
ROLES: tuple[Role, ...] = get_args(Role)
A_SCELLER: dict[str, Any] = {"enregistre_le": "", "empreinte_commande": "", "precedent": None}
"""Members that the journal fills when it records the fact: decisions know no clock."""


def _lire_acteur(valeur: Any) -> Any:
    if isinstance(valeur, dict):
        if set(valeur) != {"id", "role"}:
            raise ValueError('acteur attendu : {"id": ..., "role": ...}')
        valeur = Acteur(id=valeur["id"], role=valeur["role"])
    if isinstance(valeur, Acteur):
        if not isinstance(valeur.id, str) or len(valeur.id) > _ID_ACTEUR_MAX:
            raise ValueError(f"acteur.id : texte de 1 à {_ID_ACTEUR_MAX} signes attendu")
        if valeur.role not in ROLES:
            raise ValueError(f"acteur.role : un de {', '.join(ROLES)} attendu")
        identifiant = normaliser(valeur.id)
        if not identifiant.isprintable() or identifiant != identifiant.strip():
            # two ids that look alike would evade the separation of duties
            raise ValueError("acteur.id : ni espace au bord, ni signe invisible")
        return Acteur(id=identifiant, role=ROLES[ROLES.index(valeur.role)])
    return valeur


ActeurSaisi = Annotated[
    Acteur,
    BeforeValidator(_lire_acteur),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                "id": schema_texte(_ID_ACTEUR_MAX, bords=False),
                "role": {"type": "string", "enum": list(ROLES)},
            },
            "required": ["id", "role"],
            "additionalProperties": False,
        }
    ),
]


class Commande(BaseModel):
    """What every command holds. Subclasses add the fields of one verb.

    `verbe` is the public name (accented). `champs_completes` are optional fields whose default is
    computed by the decision: their absence says nothing of what the event holds.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,  # what is refused may be a name: a host logs its exceptions
    )
    verbe: ClassVar[str] = ""
    champs_completes: ClassVar[frozenset[str]] = frozenset()

    id_commande: IdCommande
    programme: Slug
    acteur: ActeurSaisi
    date_effet: Date

    def contenu(self) -> dict[str, Any]:
        """The validated content, absent members left out: what `empreinte` digests."""
        donnees = {k: v for k, v in self.__dict__.items() if v is not None}
        donnees["commande"] = self.verbe
        return donnees

    @property
    def empreinte(self) -> str:
        """Hex SHA-256 of the canonical JSON of the content: same content, same digest."""
        return self.empreinte_sans(())

    def empreinte_sans(self, champs: Iterable[str]) -> str:
        """The digest of the content without some optional members."""
        donnees = self.contenu()
        for champ in champs:
            donnees.pop(champ, None)
        return sha256(_encoder(donnees)).hexdigest()

    def _repr_pretty_(self, affichage: Any, _cycle: bool) -> None:
        """What Hypothesis and IPython show: the line that `fabriques executer` reads."""
        ligne = _encoder_tel_quel({"commande": self.verbe} | self.contenu()).decode()
        affichage.text(f"{type(self).__name__}:\n{ligne}\n")

    def explicites(self) -> tuple[str, ...]:
        """The members given though the decision would compute them."""
        if not self.champs_completes:
            return ()
        return tuple(c for c in sorted(self.champs_completes) if getattr(self, c) is not None)


def en_donnees(valeur: Any) -> Any:
    """Plain data of a model inside a command (what msgspec does not know)."""
    if isinstance(valeur, BaseModel):
        return {k: v for k, v in valeur.__dict__.items() if v is not None}
    raise TypeError(f"type inattendu : {type(valeur)}")


_encoder = Encoder(order="sorted", enc_hook=en_donnees).encode
_encoder_tel_quel = Encoder(enc_hook=en_donnees).encode


class CommandeDeStructure(Commande):
    """A command that names a structure (ASCII slug, unique in its programme)."""

    structure: Slug


def base(commande: Commande, regles_version: int) -> dict[str, Any]:
    """The members every fact takes from its command."""
    return {
        "date_effet": commande.date_effet,
        "acteur": commande.acteur,
        "id_commande": commande.id_commande,
        "regles_version": regles_version,
        **A_SCELLER,
    }


def exiger_dossier(etat: Programme, commande: CommandeDeStructure, *etats: str) -> Dossier:
    """The structure's file, in one of these states (any when none is named).

    Refusals: `structure_inconnue`, `etat_incompatible`.
    """
    dossier = etat.dossiers.get(commande.structure)
    if dossier is None:
        raise Refus(
            "structure_inconnue",
            f"La structure {commande.structure} n'a pas de candidature dans {etat.slug}.",
            remede="Vérifier l'identifiant, ou déposer d'abord la candidature.",
        )
    if etats and dossier.etat not in etats:
        raise Refus(
            "etat_incompatible",
            f"La structure {commande.structure} est à l'état « {dossier.etat} » ; "
            f"{commande.verbe} demande : {', '.join(etats)}.",
            remede="Consulter son échéancier et son historique.",
            details={"etat": dossier.etat},
        )
    return dossier


def exiger_label(
    etat: Programme, commande: CommandeDeStructure, *etats: str
) -> tuple[Dossier, Label]:
    """The structure's file and label; also `date_incoherente` before the labelling."""
    dossier = exiger_dossier(etat, commande, *etats)
    label = dossier.label
    if label is None:
        raise Refus("etat_incompatible", f"La structure {commande.structure} n'est pas labellisée.")
    exiger_date(commande, label.date_effet, "la labellisation")
    return dossier, label


def exiger_date(commande: Commande, depuis: date, fait: str) -> None:
    """Refuse `date_incoherente` when the effect date is before that of the fact it rests on."""
    if commande.date_effet < depuis:
        raise Refus(
            "date_incoherente",
            f"La date d'effet {commande.date_effet.isoformat()} précède {fait} "
            f"({depuis.isoformat()}).",
            remede="Corriger la date d'effet.",
            details={"date_effet": commande.date_effet.isoformat(), "depuis": depuis.isoformat()},
        )
