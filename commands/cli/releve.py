"""The verb `releve`: the checkpoint of a journal, printed, signed, published, drawn as a card."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .base import choisir_programme, ouvrir_en_lecture
from .options import (
    FICHIER,
    Demande,
    option_base,
    option_connu_au,
    option_format,
    option_programme,
    option_sortie,
)
from .rendu import accorder, json_indente
from .sortie import choisir_format, ouvrir_sortie
from .terminal import avertir

if TYPE_CHECKING:
    from ledger import Journal
    from ledger.preuve.releve import ClePublique, Releve

FORMATS = ("note", "json")


@dataclass(frozen=True, slots=True)
class _Voulu:
    """What is asked of a checkpoint besides printing it."""

    signer: str | None
    publier: str | None
    creer_cle: str | None
    carte: bool
    preuve: int | None
    depuis: int | None


@click.command(
    short_help="Le relevé du journal : à signer, à publier, à garder ailleurs.",
    epilog="""\b
Exemples :
  fabriques releve --carte
  fabriques releve -o releve.txt
  fabriques releve --carte -o carte.svg
  fabriques releve --creer-cle cle-de-controle
  fabriques releve --signer cle-de-controle --publier releves
  fabriques releve --signer agent: --preuve 12 -o ligne-12.tlog-proof
  fabriques releve --depuis 325

\b
CLE est une clé privée Ed25519 (PEM ou OpenSSH, sans phrase de passe), la clé
publique SSH (.pub) d'une clé tenue par l'agent SSH, agent: ou agent:COMMENTAIRE.

\b
Code de sortie : 0 ; 2 clé inutilisable ou relevé illisible ; 4 base absente, ou
en retard sur le dernier relevé publié.""",
)
@click.option("--signer", metavar="CLE", help="Signer le relevé avec cette clé.")
@click.option(
    "--publier",
    type=FICHIER,
    metavar="DOSSIER",
    help="Garder le relevé signé dans ce dossier, hors de la base.",
)
@click.option(
    "--creer-cle", type=FICHIER, metavar="FICHIER", help="Créer une clé, et rien d'autre."
)
@click.option("--carte", is_flag=True, help="La carte du contrôleur (en SVG avec -o carte.svg).")
@click.option(
    "--preuve",
    type=int,
    metavar="POSITION",
    help="La preuve que cette ligne est dans le journal (C2SP tlog-proof).",
)
@click.option(
    "--depuis",
    type=int,
    metavar="TAILLE",
    help="La preuve que le journal de cette taille est le début de celui-ci (JSON).",
)
@option_base
@option_programme
@option_connu_au
@option_format(FORMATS, "note")
@option_sortie
def releve(
    *,
    base: str,
    programme: str | None,
    connu_au: int | str | None,
    format_demande: str | None,
    sortie: str | None,
    **options: Any,
) -> None:
    """Le relevé du journal : son origine, sa taille et sa racine, en trois lignes de texte.

    Gardé hors de la base, il prouve plus tard qu'aucune de ces lignes n'a été modifiée, ôtée ni
    ajoutée : « fabriques verifier --releve ». --publier refuse un journal plus court que son
    dernier relevé publié, ou qui en diverge.
    """
    voulu = _Voulu(**options)
    _refuser_les_melanges(voulu, connu_au, format_demande)
    if voulu.creer_cle is not None:
        _creer_cle(voulu.creer_cle)
        return
    choisi = _format(voulu, format_demande, sortie)
    demande = Demande(base, choisi, sortie, programme, connu_au=connu_au)
    with ouvrir_en_lecture(base) as store:
        from ledger import Journal  # noqa: PLC0415

        journal = Journal(store, choisir_programme(store, demande))
        taille, instant = _avancer(journal, connu_au)
        fait, cle = _etablir(journal, taille, voulu)
        octets = _composer(journal, fait, cle, instant, voulu, demande)
    with ouvrir_sortie(sortie, base=base) as flux:
        flux.write(octets)


def _format(voulu: _Voulu, demande: str | None, sortie: str | None) -> str:
    """The format of the checkpoint. A card, a proof have theirs: a wrong suffix is refused too."""
    if voulu.carte:
        dessinee = sortie is not None and Path(sortie).suffix.lower() == ".svg"
        return "svg" if dessinee else choisir_format(None, sortie, defaut="table", admis=("table",))
    if voulu.preuve is not None:
        return "tlog-proof"
    if voulu.depuis is not None:
        return choisir_format(None, sortie, defaut="json", admis=("json",))
    return choisir_format(demande, sortie, defaut="note", admis=FORMATS)


def _refuser_les_melanges(
    voulu: _Voulu, connu_au: int | str | None, format_demande: str | None
) -> None:
    rendus = [voulu.carte, voulu.preuve is not None, voulu.depuis is not None]
    if sum(rendus) + (format_demande is not None) > 1:
        raise click.UsageError("Choisir entre --carte, --preuve, --depuis et --format.")
    if voulu.creer_cle is not None and any(
        (*rendus, voulu.signer, voulu.publier, connu_au, format_demande)
    ):
        raise click.UsageError("--creer-cle ne se combine avec rien.")
    if voulu.publier is not None and voulu.signer is None:
        raise click.UsageError("--publier demande --signer CLE.")
    if voulu.publier is not None and connu_au is not None:
        raise click.UsageError("--publier garde la fin du journal : pas de --connu-au.")


def _creer_cle(fichier: str) -> None:
    from ledger.sceau.cles import cle_ssh, creer_cle  # noqa: PLC0415

    click.echo(cle_ssh(creer_cle(fichier), Path(fichier).name), nl=False)
    avertir(
        f"Clé créée : {fichier}. Sa moitié publique est imprimée : la remettre aux contrôleurs.\n"
        "La moitié privée se garde hors de la machine qui tient la base, et se sauvegarde."
    )


def _avancer(journal: Journal, connu_au: int | str | None) -> tuple[int, str]:
    """Read the journal to its end; the size asked for, and the instant of its last fact."""
    from ledger.erreurs import UsageError  # noqa: PLC0415

    taille, instant = 0, ""
    for position, fait in journal.rattraper():
        repere = fait.enregistre_le if isinstance(connu_au, str) else position
        if connu_au is None or repere <= connu_au:  # type: ignore[operator]
            taille, instant = position, fait.enregistre_le
    if not taille or (isinstance(connu_au, int) and connu_au > journal.taille):
        raise UsageError(
            f"Le journal {journal.programme} va de 1 à {journal.taille}, {connu_au} demandé.",
            remede="Vérifier --connu-au.",
        )
    return taille, instant


def _etablir(journal: Journal, taille: int, voulu: _Voulu) -> tuple[Releve, ClePublique | None]:
    """The checkpoint, signed and published as asked, and the key that signed it."""
    nu = journal.releve(taille)
    if voulu.signer is None:
        return nu, None
    from ledger.preuve.releve import ClePublique  # noqa: PLC0415 - cryptography, when signing
    from ledger.sceau.cles import charger_signataire  # noqa: PLC0415
    from ledger.sceau.publieur import Publieur, signer  # noqa: PLC0415

    signataire = charger_signataire(voulu.signer)
    cle = ClePublique(nu.origine, signataire.cle)
    if voulu.publier is None:
        return signer(nu, signataire), cle
    publication = Publieur(voulu.publier, signataire).publier(journal)
    verbe = "publié" if publication.nouveau else "déjà publié"
    avertir(f"Relevé de {accorder(taille, 'ligne')} {verbe} : {publication.fichier}")
    return publication.releve, cle


def _composer(
    journal: Journal,
    fait: Releve,
    cle: ClePublique | None,
    instant: str,
    voulu: _Voulu,
    demande: Demande,
) -> bytes:
    """The bytes to hand over."""
    if voulu.preuve is not None:
        return _preuve(journal, fait, voulu.preuve)
    if voulu.depuis is not None:
        return json_indente(_coherence(journal, fait, voulu.depuis))
    if voulu.carte:
        from .carte import Carte  # noqa: PLC0415

        carte = Carte(fait, _empreinte_prefixe(journal, fait.taille), instant, cle)
        return carte.svg() if demande.format == "svg" else carte.texte().encode()
    if demande.format == "note":
        return fait.note()
    from ledger.preuve.merkle import racine_base64  # noqa: PLC0415

    return json_indente(
        {
            "origine": fait.origine,
            "taille": fait.taille,
            "racine": racine_base64(fait.racine),
            "empreinte_prefixe": _empreinte_prefixe(journal, fait.taille),
            "enregistre_le": instant,
            "cle": None if cle is None else str(cle),
            "signatures": [str(signature) for signature in fait.signatures],
        }
    )


def _empreinte_prefixe(journal: Journal, taille: int) -> str:
    """What `head -n TAILLE journal.jsonl | sha256sum` prints."""
    empreinte = sha256()
    for ligne in journal.lignes(jusqua=taille):
        empreinte.update(ligne + b"\n")
    return empreinte.hexdigest()


def _preuve(journal: Journal, fait: Releve, position: int) -> bytes:
    from ledger.preuve.preuve_ligne import PreuveLigne  # noqa: PLC0415

    _exiger(1 <= position <= fait.taille, f"--preuve va de 1 à {fait.taille}.")
    return PreuveLigne(position, journal.arbre.inclusion(position, fait.taille), fait).texte()


def _coherence(journal: Journal, fait: Releve, depuis: int) -> dict[str, Any]:
    from ledger.preuve.merkle import racine_base64  # noqa: PLC0415

    _exiger(1 <= depuis <= fait.taille, f"--depuis va de 1 à {fait.taille}.")
    preuve = journal.arbre.coherence(depuis, fait.taille)
    return {
        "ancienne": depuis,
        "taille": fait.taille,
        "racine_ancienne": racine_base64(journal.arbre.racine(depuis)),
        "racine": racine_base64(fait.racine),
        "preuve": [racine_base64(hachage) for hachage in preuve],
    }


def _exiger(tenue: bool, phrase: str) -> None:
    if not tenue:
        raise click.UsageError(phrase)
