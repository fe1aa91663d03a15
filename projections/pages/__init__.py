"""What people read as HTML: one set of templates for the report (a file) and the console (a site).

`gabarits` holds the environment, `postes` the words of the tables, `graphes` the geometry of the
charts. Both uses escape every text and isolate every name: it is data of outsiders.
"""
