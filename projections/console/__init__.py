"""The controllers' console: the figures of a base as a read-only site, every figure a link.

    from projections.console.application import creer_console
    application = creer_console(store)        # an ASGI application (extra `web`)

`tete` keeps one replay per programme, refreshed as facts come, and the views asked of it; `pages`
says what each page shows; `application` serves them. Nothing here can write.
"""
