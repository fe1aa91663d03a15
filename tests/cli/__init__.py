"""La ligne de commande, vue de qui la tape : sorties, codes, messages."""
