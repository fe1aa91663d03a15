"""The errors of PostgreSQL turned into ours: code, address without secret, sentence, remedy.

The server's own text is repeated only when nothing better is known: it may cite values.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from eventsourcing.persistence import PersistenceError

from ..erreurs import (
    LedgerError,
    StoreAccessError,
    StoreBusyError,
    StoreCorruptError,
    StoreError,
    StoreForeignError,
    StoreFullError,
    StoreMissingError,
    StoreReadOnlyError,
    StoreReplacedError,
    StoreUnreachableError,
    VersionConflictError,
)
from .adresse import Adresse

_RENVOYER = (
    "Vérifier le serveur et le réseau, puis renvoyer la même commande : son identifiant empêche "
    "qu'elle s'exécute deux fois."
)
_DROITS = "Donner au compte le rôle qu'il lui faut (`fabriques preparer-base --sql` les crée)."
_MOT_DE_PASSE = (
    "Vérifier ~/.pgpass ou PGPASSFILE : une ligne serveur:port:base:compte:mot de passe, dans un "
    "fichier que vous seul lisez (chmod 600)."
)
_COMPTE = "Vérifier le compte de l'adresse ; l'administrateur le crée (CREATE ROLE ... LOGIN)."
_DISQUE = "Libérer de la place sur le serveur puis relancer : rien n'est à moitié écrit."
_RESTAURER = "Ne rien écrire de plus ; restaurer une sauvegarde et la vérifier."

SESSION_CHANGEE = ("26000", "42P05")
"""A prepared statement is not there any more, or is there already: this is another session."""
_INTERMEDIAIRE = (
    "Entre le programme et le serveur, un intermédiaire change de session : le régler par session "
    "(PgBouncer : pool_mode = session), ou s'en passer. Rien n'a été écrit."
)

_Famille = tuple[type[StoreError], str, str]
_INJOIGNABLE: _Famille = (StoreUnreachableError, "a cessé de répondre", _RENVOYER)
_PLACES = (
    "Réessayer ; si cela dure, relever la limite de la base, du compte (CONNECTION LIMIT), du "
    "serveur (max_connections) ou de l'intermédiaire."
)
_LECTURE = "Écrire sur le serveur principal ; si c'est lui, regarder default_transaction_read_only."
_OCCUPEE: _Famille = (StoreBusyError, "est trop sollicitée ou verrouillée", "Réessayer.")
_FAMILLES: tuple[tuple[str, _Famille], ...] = (
    *(
        (etat, (StoreUnreachableError, "perd ses requêtes préparées", _INTERMEDIAIRE))
        for etat in SESSION_CHANGEE
    ),
    ("08", _INJOIGNABLE),
    ("57P", _INJOIGNABLE),
    ("57014", _OCCUPEE),
    ("55P03", _OCCUPEE),
    ("40", _OCCUPEE),
    ("53100", (StoreFullError, "ne peut plus grandir : le disque est plein", _DISQUE)),
    ("53", _OCCUPEE),
    ("58", (StoreFullError, "n'a pas pu être écrite ou lue par son serveur", _DISQUE)),
    ("XX", (StoreCorruptError, "est endommagée", _RESTAURER)),
    ("25006", (StoreReadOnlyError, "est en lecture seule", _LECTURE)),
    ("42501", (StoreAccessError, "ne donne pas ce droit à ce compte", _DROITS)),
    ("28", (StoreAccessError, "refuse ce compte ou son mot de passe", _MOT_DE_PASSE)),
    ("3D000", (StoreMissingError, "n'existe pas", "Vérifier --base, ou la créer (createdb).")),
    (
        "42",
        (
            StoreForeignError,
            "n'a pas les tables d'un grand livre",
            "Vérifier --base ; l'ouvrir par OuvrirProgramme ou `fabriques preparer-base`.",
        ),
    ),
)
_SANS_ETAT = ("", "08P01")
"""libpq gives no SQLSTATE for what fails while connecting, PgBouncer always the same one: only
sentences tell."""
_PHRASES: tuple[tuple[str, _Famille], ...] = (
    ("password authentication failed", (StoreAccessError, "refuse ce mot de passe", _MOT_DE_PASSE)),
    ("no password supplied", (StoreAccessError, "demande un mot de passe", _MOT_DE_PASSE)),
    (
        "no pg_hba.conf entry",
        (StoreAccessError, "n'admet pas ce compte d'ici", "Voir pg_hba.conf."),
    ),
    ("permission denied for database", (StoreAccessError, "n'admet pas ce compte", _DROITS)),
    (
        "is not permitted to log in",
        (StoreAccessError, "n'admet pas ce compte", "Le laisser entrer (ALTER ROLE ... LOGIN)."),
    ),
    (
        "not currently accepting connections",
        (
            StoreAccessError,
            "n'admet personne pour l'instant",
            "Rouvrir la base (ALTER DATABASE ... ALLOW_CONNECTIONS true), puis renvoyer.",
        ),
    ),
    ("too many", (StoreBusyError, "a trop de connexions", _PLACES)),
    ("connection slots", (StoreBusyError, "a trop de connexions", _PLACES)),
    ("no more connections", (StoreBusyError, "a trop de connexions", _PLACES)),  # PgBouncer
    ("query_wait_timeout", (StoreBusyError, "a trop de connexions", _PLACES)),
    ("starting up", (StoreUnreachableError, "démarre", "Réessayer dans un instant.")),
    ("shutting down", (StoreUnreachableError, "s'arrête", _RENVOYER)),
    ("Connection refused", (StoreUnreachableError, "refuse la connexion", _RENVOYER)),
    ("No such file", (StoreUnreachableError, "n'a pas de serveur là", _RENVOYER)),
    ("timeout", (StoreUnreachableError, "ne répond pas", _RENVOYER)),
    ("translate host name", (StoreUnreachableError, "a un serveur inconnu", _RENVOYER)),
    ("resolve host", (StoreUnreachableError, "a un serveur inconnu", _RENVOYER)),
    ("session is read-only", (StoreReadOnlyError, "est en lecture seule", _LECTURE)),
    (
        "unsupported startup parameter",
        (
            StoreUnreachableError,
            "est derrière un intermédiaire qui refuse un paramètre de connexion",
            "L'ôter de l'adresse (options).",
        ),
    ),
    (
        "definition of service",
        (
            StoreUnreachableError,
            "a un service libpq inconnu",
            "Ôter PGSERVICE, ou l'écrire dans le fichier de services (PGSERVICEFILE).",
        ),
    ),
    ("SSL", (StoreUnreachableError, "refuse le chiffrement demandé", _RENVOYER)),
)


@contextmanager
def traduire(adresse: Adresse) -> Iterator[None]:
    """Turn the errors of psycopg and of the library into ours."""
    try:
        yield
    except LedgerError:
        raise
    except (psycopg.Error, PersistenceError) as erreur:
        raise erreur_de_base(adresse, erreur) from erreur


def cause(erreur: BaseException) -> psycopg.Error | None:
    """The error of psycopg behind one of the library."""
    vue: BaseException | None = erreur
    while vue is not None and not isinstance(vue, psycopg.Error):
        vue = vue.__cause__
    return vue


def erreur_de_base(adresse: Adresse, erreur: BaseException) -> LedgerError:
    """The error, in words."""
    origine = cause(erreur)
    etat = getattr(origine, "sqlstate", None) or ""
    if etat == "23505":
        return VersionConflictError(f"{adresse} : la position ou l'identifiant est déjà pris.")
    texte = str(origine or erreur)
    if etat in _SANS_ETAT:
        if "database" in texte and "does not exist" in texte:
            return _dire(adresse, dict(_FAMILLES)["3D000"])
        if "role" in texte and "does not exist" in texte:
            return _dire(adresse, (StoreAccessError, "ne connaît pas ce compte", _COMPTE))
        for signe, famille in _PHRASES:
            if signe.lower() in texte.lower():
                return _dire(adresse, famille)
    for prefixe, famille in _FAMILLES:
        if etat.startswith(prefixe):
            return _dire(adresse, famille, etat)
    if isinstance(origine, psycopg.OperationalError | psycopg.InterfaceError) and not etat:
        return _dire(adresse, _INJOIGNABLE)
    return StoreError(f"La base {adresse} a refusé l'opération ({etat or type(erreur).__name__}).")


def absente(adresse: Adresse) -> StoreMissingError:
    """The error: a database without a ledger."""
    return StoreMissingError(
        f"La base {adresse} n'a pas encore de grand livre.",
        remede="Vérifier --base, l'ouvrir avec une commande OuvrirProgramme, ou la faire "
        "préparer (`fabriques preparer-base`).",
    )


def remplacee(adresse: Adresse, quoi: str) -> StoreReplacedError:
    """The error: the base is not the one that was read."""
    return StoreReplacedError(
        f"La base {adresse} a été remplacée pendant son usage : {quoi}.",
        remede="Ne rien écrire de plus : fermer la base, et confronter les reçus et relevés "
        "gardés ailleurs avec la base en place (`fabriques verifier`).",
    )


def _dire(adresse: Adresse, famille: _Famille, etat: str = "") -> StoreError:
    classe, phrase, remede = famille
    return classe(f"La base {adresse} {phrase}{f' ({etat})' if etat else ''}.", remede=remede)
