"""Datasette plugin: the frame of the pages in French.

It stands alone, as its neighbour does. Datasette's templates stay its own: their English phrases
are replaced while Jinja2 reads them (`prepare_jinja2_environment`, an extension). A phrase that
another version of Datasette words otherwise stays in English; nothing else breaks.
"""

import re
from pathlib import Path

import datasette as paquet
from datasette import Response, hookimpl
from datasette.app import Datasette
from jinja2 import Environment
from jinja2.ext import Extension
from markupsafe import Markup

_NOMBRE = ('"{:,}".format(', "nombre_fr(")
_COMMUNES = (
    ("Data license:", "Licence :"),
    ("Data source:", "Source :"),
    ("About:", "À propos :"),
)
_STYLE = (
    "pre { white-space: pre-wrap; overflow-wrap: anywhere; } "
    "h3 code { font-weight: 400; font-size: .8em; } "
    "summary { cursor: pointer; }"
)
"""A long query stays within a phone."""
PHRASES = {
    "base.html": (
        ("<html>", '<html lang="fr">'),
        ("Log out", "Se déconnecter"),
        ("</head>", f"<style>{_STYLE}</style>\n</head>"),
    ),
    "_crumbs.html": (
        ("{{ item.label }}", '{{ "accueil" if item.label == "home" else item.label }}'),
    ),
    "_footer.html": (
        ("Powered by", "Servi par"),
        ("Queries took {{ query_ms|round(3) }}ms", "requêtes : {{ duree_fr(query_ms) }}"),
        *_COMMUNES,
    ),
    "_description_source_license.html": _COMMUNES,
    "index.html": (
        _NOMBRE,
        ('{{ metadata.title or "Datasette" }}: {%', '{{ metadata.title or "Datasette" }} : {%'),
        (
            "{{ database.name }}</a>{% if database.private",
            "{{ titre_fr(database.name) }}</a>{% if database.private",
        ),
        ("rows in {%", "lignes dans {%"),
        (
            "hidden table{% if database.hidden_tables_count != 1 %}s",
            "table{% if database.hidden_tables_count != 1 %}s cachées{% else %} cachée",
        ),
        ("}} view{%", "}} vue{%"),
        ('title="{{ table.count }} rows"', 'title="{{ nombre_fr(table.count) }} lignes"'),
        (">{{ table.name }}</a>", ">{{ titre_fr(database.name, table.name) }}</a>"),
    ),
    "database.html": (
        _NOMBRE,
        ("{% block title %}{{ database }}", "{% block title %}{{ metadata.title or database }}"),
        ("Table actions", "Actions"),
        ("Custom SQL query", "Votre requête SQL"),
        ("Format SQL", "Mettre en forme"),
        ("Run SQL", "Exécuter"),
        ("select * from {{ tables[0].name|escape_sqlite }}", "select * from v_enveloppe"),
        ('id="queries">Queries', 'id="queries">Questions'),
        (
            '<h3><a href="{{ urls.table(database, table.name) }}">{{ table.name }}</a>',
            '<h3><a href="{{ urls.table(database, table.name) }}">'
            "{{ titre_fr(database, table.name) }}</a> <code>{{ table.name }}</code>",
        ),
        ("<em> (hidden)</em>", "<em> (cachée)</em>"),
        ("Many rows", "Beaucoup de lignes"),
        (
            "row{% if table.count == 1 %}{% else %}s{% endif %}",
            "ligne{% if table.count > 1 %}s{% endif %}",
        ),
        ("... and <a", "… et <a"),
        (
            "hidden table{% if hidden_count == 1 %}{% else %}s{% endif %}",
            "table{% if hidden_count > 1 %}s cachées{% else %} cachée{% endif %}",
        ),
        ('id="views">Views', 'id="views">Vues'),
        (
            "{{ view.name }}</a>",
            "{{ titre_fr(database, view.name) }}</a> <code>{{ view.name }}</code>",
        ),
        ("Download SQLite DB:", "Télécharger la base SQLite :"),
        ("{{ format_bytes(size) }}", "{{ octets_fr(size) }}"),
    ),
    "table.html": (
        _NOMBRE,
        ("{{ database }}: {{ table }}: {%", "{{ metadata.title or table }} : {%"),
        (
            "row{% if filtered_table_rows_count == 1 %}{% else %}s{% endif %}",
            "ligne{% if filtered_table_rows_count > 1 %}s{% endif %}",
        ),
        # the sentence is made in English with the values of filters inside: it cannot be told
        # from them, and the form below says the same
        ("{% if human_description_en %} {{ human_description_en }}{% endif %}", ""),
        ("{% if human_description_en %}{{ human_description_en }}{% endif %}", ""),
        ("{{ urls.static('table.js') }}", "{{ urls.path('/-/fabriques/table.js') }}"),
        ("(view)", "(vue)"),
        ("Table actions", "Actions"),
        (
            '<dl class="column-descriptions">',
            '<details><summary>Ce que dit chaque colonne</summary><dl class="column-descriptions">',
        ),
        ("</dl>", "</dl></details>"),
        ("Search:", "Chercher :"),
        ("- remove filter -", "- ôter le filtre -"),
        ("- column -", "- colonne -"),
        ("{{ display }}</option>", "{{ filtre_fr(display) }}</option>"),
        ('<select name="_filter_column_{{', '<select aria-label="Colonne" name="_filter_column_{{'),
        ('<select name="_filter_op_{{', '<select aria-label="Comparaison" name="_filter_op_{{'),
        ('name="_filter_value_{{', 'aria-label="Valeur" name="_filter_value_{{'),
        ('<select name="_filter_column">', '<select aria-label="Colonne" name="_filter_column">'),
        ('<select name="_filter_op">', '<select aria-label="Comparaison" name="_filter_op">'),
        ('name="_filter_value"', 'aria-label="Valeur" name="_filter_value"'),
        ("Sort...", "Trier…"),
        ("Sort by {{", "Trier par {{"),
        ("> descending<", "> décroissant<"),
        ('value="Apply"', 'value="Appliquer"'),
        ("extra where clause{%", "condition ajoutée{%"),
        (">remove</a>", ">ôter</a>"),
        ("View and edit SQL", "Voir et modifier la requête SQL"),
        ("This data as", "Exporter :"),
        (">advanced</a>", ">réglages</a>"),
        ("These facets timed out:", "Regroupements trop longs :"),
        ("Next page", "Page suivante"),
        ("Advanced export", "Exporter"),
        ("JSON shape:", "JSON :"),
        (">default</a>", ">complet</a>"),
        (">array</a>", ">liste</a>"),
        (">newline-delimited</a>", ">une ligne par objet</a>"),
        (">object</a>", ">par clé</a>"),
        ("CSV options:", "CSV :"),
        ("> download file<", "> en fichier<"),
        ("> expand labels<", "> avec les libellés<"),
        ("> stream all rows<", "> toutes les lignes<"),
        ('value="Export CSV"', 'value="Exporter en CSV"'),
    ),
    "_table.html": (("0 records", "Aucune ligne."),),
    "_suggested_facets.html": (("Suggested facets:", "Regrouper par :"),),
    "_facet_results.html": (_NOMBRE,),
    "row.html": (
        _NOMBRE,
        ("{{ database }}: {{ table }}{%", "{{ titre_fr(database, table) }}{%"),
        ("{{ table }}: {{ ', '", "{{ titre_fr(database, table) }} : {{ ', '"),
        ("This data as", "Exporter :"),
        ("Links from other tables", "Ce qui y renvoie"),
        (
            "row{% if other.count == 1 %}{% else %}s{% endif %}</a>",
            "ligne{% if other.count > 1 %}s{% endif %}</a>",
        ),
        (
            "from {{ other.other_column }} in {{ other.other_table }}",
            "par {{ other.other_column }} de {{ other.other_table }}",
        ),
    ),
    "query.html": (
        _NOMBRE,
        (
            "{{ database }}{% if query and query.sql %}: {{ query.sql }}{% endif %}",
            "{{ metadata.title or database }}",
        ),
        (
            "This query cannot be executed because the database is immutable.",
            "Cette requête écrit : la base est en lecture seule.",
        ),
        (
            "Custom SQL query{% if display_rows %} returning {% if truncated %}more than {%",
            "Requête SQL{% if display_rows %} : {% if truncated %}plus de {%",
        ),
        (
            "row{% if display_rows|length == 1 %}{% else %}s{% endif %}",
            "ligne{% if display_rows|length > 1 %}s{% endif %}",
        ),
        ("{{ show_hide_text }}", '{{ "montrer" if show_hide_text == "show" else "cacher" }}'),
        ("select * from {{ tables[0].name|escape_sqlite }}", "select * from v_enveloppe"),
        ("Query parameters", "Ce que la question demande"),
        ("Format SQL", "Mettre en forme"),
        ("Run SQL", "Exécuter"),
        ("Edit SQL", "Modifier la requête SQL"),
        ("This data as", "Exporter :"),
        ("0 results", "Aucune ligne."),
        ("{{ error }}", "{{ erreur_fr(error) }}"),
    ),
    "error.html": (
        ("Error {{ status }}", "Erreur {{ status }}"),
        ("{{ title }}", "{{ erreur_fr(title) }}"),
        ("{{ error }}", "{{ erreur_fr(error) }}"),
    ),
}
"""Template of Datasette -> its phrases, and what they become."""
MENU = (
    ("Sort ascending", "Trier, croissant"),
    ("Sort descending", "Trier, décroissant"),
    ("Facet by this", "Regrouper par cette colonne"),
    ("Hide this column", "Cacher cette colonne"),
    ("Show all columns", "Montrer toutes les colonnes"),
    ("Show not-blank rows", "Lignes remplies seulement"),
    ("Remove this filter", "Ôter ce filtre"),
    ("`Type: ${", "`Type : ${"),
)
"""The phrases of the script of tables."""
FILTRES = {
    "contains": "contient",
    "ends with": "finit par",
    "starts with": "commence par",
    "like": "ressemble à (LIKE)",
    "not like": "ne ressemble pas à",
    "glob": "motif (GLOB)",
    "in": "parmi",
    "not in": "pas parmi",
    "array contains": "liste contenant",
    "array does not contain": "liste sans",
    "date": "du jour",
    "is null": "absent",
    "is not null": "présent",
    "is blank": "vide",
    "is not blank": "non vide",
}
ERREURS = (
    ("Invalid SQL", "Requête refusée"),
    ("SQL Interrupted", "Requête interrompue"),
    ("Database not found", "Il n'y a pas de base de ce nom."),
    ("Table not found", "Il n'y a pas de table ni de vue de ce nom."),
    ("Record not found", "Il n'y a pas de ligne de cette clé."),
    ("404", "Il n'y a pas de page à cette adresse."),
    (
        "Statement must be a SELECT",
        "Ici on lit seulement : une requête commence par SELECT ou WITH.",
    ),
    (
        "Statement contained a disallowed PRAGMA. Allowed pragma functions are (.*)",
        "Ce PRAGMA n'est pas admis. Le sont : {}.",
    ),
    ("You can only execute one statement at a time.", "Une seule requête à la fois."),
    ("Cannot sort table by (.*)", "On ne trie pas par {} : il n'y a pas de colonne de ce nom."),
    (
        "Cannot use _sort and _sort_desc at the same time",
        "Un tri croissant ou décroissant, pas les deux.",
    ),
    ("_size must be a positive integer", "_size est un nombre de lignes, positif."),
    ("_size must be <= (.*)", "_size est au plus {}."),
    ("no such table: (.*)", "Il n'y a pas de table ni de vue nommée {}."),
    ("no such column: (.*)", "Il n'y a pas de colonne nommée {}."),
    ("ambiguous column name: (.*)", "Plusieurs tables ont une colonne {} : dire laquelle."),
    ("no such function: (.*)", "Il n'y a pas de fonction nommée {}."),
    (
        r"wrong number of arguments to function (.*)\(\)",
        "La fonction {} n'admet pas ce nombre d'arguments.",
    ),
    ('near "(.*)": syntax error', "Faute de syntaxe près de « {} »."),
    ('unrecognized token: "(.*)"', "Ce signe ne se lit pas : « {} »."),
    ("incomplete input", "La requête n'est pas finie."),
    ("attempt to write a readonly database", "La base est en lecture seule."),
    ("not authorized", "Ce n'est pas permis ici."),
    (
        "You did not supply a value for binding (?:parameter )?:?(.*)\\.",
        "Il manque la valeur de {}.",
    ),
)
"""Messages of Datasette and of SQLite, as patterns, and their French; `{}` is what they name."""
INTERROMPUE = (
    "<p>La requête a été arrêtée : elle dépasse le temps permis. La restreindre (WHERE, LIMIT), ou "
    "ouvrir la copie avec sqlite3, qui n'a pas cette limite.</p>"
)


def erreur(message: object) -> object:
    """A message of an error in French, as a whole; left as it is when it is not known."""
    if isinstance(message, Markup):  # the query that took too long: a paragraph, then its text
        return Markup(re.sub("<p>.*?</p>", INTERROMPUE, str(message), count=1, flags=re.DOTALL))  # noqa: S704
    for anglais, francais in ERREURS:
        trouve = re.fullmatch(anglais, str(message), re.DOTALL)
        if trouve is not None:
            return francais.format(*trouve.groups())
    return message


def traduire(nom: str, source: str) -> str:
    """A template of Datasette, in French."""
    for anglais, francais in PHRASES.get(nom, ()):
        source = source.replace(anglais, francais)
    return source


class _EnFrancais(Extension):
    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return traduire((name or "").rpartition(":")[2], source)


def _nombre(nombre: int) -> str:
    return f"{nombre:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _virgule(dixiemes: int, unite: str) -> str:
    entiers, reste = divmod(dixiemes, 10)
    return f"{_nombre(entiers)},{reste}\N{NO-BREAK SPACE}{unite}"


def prepare_jinja2_environment(env: Environment, datasette: Datasette) -> None:
    """The extension that translates, and what the French phrases call."""

    def titre(base: str, objet: str = "") -> str:
        dit = datasette.metadata("title", database=base, table=objet or None, fallback=False)
        return str(dit or objet or base)

    env.add_extension(_EnFrancais)
    env.globals.update(
        nombre_fr=_nombre,
        duree_fr=lambda ms: _virgule(round(ms * 10), "ms"),
        octets_fr=lambda octets: _virgule(octets // 100_000, "Mo"),
        titre_fr=titre,
        erreur_fr=erreur,
        filtre_fr=lambda mot: FILTRES.get(mot, mot),
    )


def register_routes() -> list[tuple[str, object]]:
    """The script of tables, in French."""

    async def script() -> Response:
        fichier = Path(paquet.__file__).with_name("static") / "table.js"
        texte = fichier.read_text("utf-8")
        for anglais, francais in MENU:
            texte = texte.replace(anglais, francais)
        return Response(texte, content_type="text/javascript; charset=utf-8")

    return [(r"^/-/fabriques/table\.js$", script)]


hookimpl(prepare_jinja2_environment)  # marks them for Datasette
hookimpl(register_routes)
