"""Deploy a design as a stack, describe it, export it, and remove it.

`template` makes the CloudFormation template of a design and `package` the code that is shipped. `create`
makes the stack with the values of `config_values`, `registry` finds existing stacks, `teardown` removes them,
`export` writes one as files. `target` is where a stack is deployed; `deploy` is the entry.
"""
