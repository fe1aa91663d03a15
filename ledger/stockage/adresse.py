"""Where a base is, as a person writes it: a file, or the URL of a PostgreSQL database.

A URL may hold a password: only `montrer` of it is ever printed, logged or put in an error.
"""

from __future__ import annotations

import re
from os import PathLike, fspath
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from ..erreurs import UsageError

_URL = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*)://")
_SERVEUR = r"(\[[0-9A-Fa-f:.%]+\]|[^:,\[\]]*)(:[0-9]{1,5})?"
_SERVEURS = re.compile(f"{_SERVEUR}(,{_SERVEUR})*")
_SCHEMAS = frozenset({"postgresql", "postgres"})
_PRESQUE = re.compile(
    r"\s*postgres(ql)?\s*[:/]+[^@]*:[^@]*@|(.*[\s?&])?(ssl)?password\s*=", re.IGNORECASE | re.DOTALL
)
"""A URL that lost a sign, or `host=... password=...`: taken for a file, it would be repeated."""
_TUS = re.compile(r"user|(?!passfile$|sslkey$|sslkeylogfile$).*(pass|secret|key).*", re.IGNORECASE)
"""Parameters not repeated: secrets, misspelt ones too, and the account, said before the server."""
_EXEMPLE = "postgresql://compte@serveur:5432/base"
_PORT = 5432

Base = str | PathLike[str]
"""What `--base` and `GrandLivre.ouvrir` take."""


def est_adresse(base: Base) -> bool:
    """Whether a base is named by the URL of a PostgreSQL database.

    Raises: UsageError for a URL of anything else, or what was meant as one. It is not repeated: it
    may hold a password.
    """
    texte = fspath(base)
    url = _URL.match(texte) if isinstance(base, str) else None
    if url is None:
        if _PRESQUE.match(texte):
            raise _mal_formee("elle ne commence pas par postgresql://")
        return False
    if url[1].lower() not in _SCHEMAS:
        raise UsageError(
            f"Une adresse {url[1][:20]}:// n'est pas une base.",
            remede=f"Donner le nom d'un fichier SQLite, ou une adresse {_EXEMPLE}.",
        )
    return True


def montrer(base: Base) -> str:
    """How a base is called in sentences: a file by its name, a URL without any secret."""
    texte = fspath(base)
    return str(Adresse(texte)) if _URL.match(texte) else texte


class Adresse:
    """The URL of a PostgreSQL database, read; its text form holds no secret.

    Server and database are written in it: no variable of the environment moves the ledger. The
    password may come from elsewhere (`PGPASSFILE`, `~/.pgpass`).
    """

    def __init__(self, url: str) -> None:
        """Raises UsageError, without repeating the URL."""
        texte = url.strip()
        try:
            lue = urlsplit(texte)
            requete = lue.query.replace("+", "%2B")  # a + is itself to libpq
            champs = parse_qsl(requete, keep_blank_values=True, strict_parsing=bool(requete))
        except ValueError:  # its text cites the URL
            raise _mal_formee("elle ne se lit pas") from None
        parametres = dict(champs)
        compte, arobase, serveurs = lue.netloc.rpartition("@")
        # what is said twice is, to libpq, what the parameters say
        nomme = unquote(compte.partition(":")[0]) if arobase else ""
        self.compte = parametres.get("user", nomme)
        self._netloc, self._chemin = serveurs, unquote(lue.path.removeprefix("/"))
        self.base = parametres.get("dbname", self._chemin)
        self._serveurs = serveurs or parametres.get("host", "")
        if any(signe <= " " or signe == "\x7f" for signe in texte):
            # some are left out by `urlsplit` and not by libpq: another server would be shown
            raise _mal_formee("un espace ou un signe de contrôle s'y écrit %20, %09")
        if "@" in compte or "@" in lue.path or "#" in texte:
            # a password with these signs in clear would be taken for a server, and shown as such
            raise _mal_formee("un @, un /, un ? ou un # du mot de passe s'écrit %40, %2F, %3F, %23")
        if serveurs and not _SERVEURS.fullmatch(serveurs):
            raise _mal_formee("un serveur s'y écrit nom ou nom:port")
        if not self._serveurs:
            raise _mal_formee("elle ne nomme pas de serveur")
        if not self.base or "/" in self.base:
            raise _mal_formee("elle ne nomme pas de base")
        self.url = texte
        self.parametres = parametres

    def __str__(self) -> str:
        """The same URL without any secret: it can be typed again."""
        compte = f"{quote(self.compte)}@" if self.compte else ""
        suite = {n: v for n, v in self.parametres.items() if not _TUS.fullmatch(n)}
        parametres = f"?{urlencode(suite, safe='/,:', quote_via=quote)}" if suite else ""
        return f"postgresql://{compte}{self._netloc}/{quote(self._chemin)}{parametres}"

    def __repr__(self) -> str:
        return f"Adresse({str(self)!r})"

    def __reduce__(self) -> tuple[type[Adresse], tuple[str]]:
        return (Adresse, (self.url,))

    def manquants(self) -> dict[str, str]:
        """What libpq would otherwise take from the environment, and which server it would reach."""
        ailleurs = {nom: "" for nom in ("hostaddr", "options") if nom not in self.parametres}
        nommes = [s for s in self._serveurs.split(",") if re.search(r":[0-9]+$", s)]
        if "port" not in self.parametres and not nommes:
            ailleurs["port"] = str(_PORT)
        return ailleurs


def _mal_formee(raison: str) -> UsageError:
    return UsageError(
        f"Cette adresse PostgreSQL est mal formée : {raison}.",
        remede=f"Écrire {_EXEMPLE} ; l'adresse n'est pas répétée ici, elle peut tenir un secret.",
    )
