"""Networks of others as they published them, so that their weights fit and sound as theirs do.

Modules are named as in the originals' state dicts; the code is written from descriptions of them.
"""
