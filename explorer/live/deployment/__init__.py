"""A design put up as a stack, described, exported and taken down.

`template` makes a stack of a design and `package` the code that is shipped; `create` puts it up with the
values of `config_values`, `registry` finds what stands, `teardown` removes it, `export` writes it as
files; `target` says where; `deploy` is the entry.
"""
