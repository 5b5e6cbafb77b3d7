"""Plans for tests, in the shape that `terraform show -json` writes: values, references, what is unknown."""

import json


def resource(address, values, **references):
    """A planned resource, and what its arguments refer to."""
    return address, values, references


def references(*names):
    return {"references": list(names)}


def plan(*resources, modules=(), calls=None, variables=None):
    """A plan of the root's resources; `modules` are (address, resources), `calls` their configuration."""
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "variables": variables or {},
        "planned_values": {
            "root_module": {
                "resources": [_planned(one) for one in resources],
                "child_modules": [
                    {"address": address, "resources": [_planned(one, address) for one in own]}
                    for address, own in modules
                ],
            }
        },
        "configuration": {"root_module": {"resources": blocks_of(resources), "module_calls": calls or {}}},
    }


def _planned(one, module=""):
    address, values, _ = one
    return {
        "address": f"{module}.{address}" if module else address,
        "mode": "managed",
        "type": address.split(".")[0],
        "values": values,
    }


def blocks_of(resources, for_each=None):
    """The configuration of resources, one for all instances of each."""
    blocks = {}
    for address, _, expressions in resources:
        own = address.partition("[")[0]
        blocks[own] = {"address": own, "mode": "managed", "expressions": expressions}
        if for_each and "[" in address:
            blocks[own]["for_each_expression"] = for_each
    return list(blocks.values())


def call(resources, for_each=None, outputs=None, **arguments):
    """The call of a module."""
    outputs = {name: {"expression": references(*names)} for name, names in (outputs or {}).items()}
    settings = {"module": {"resources": blocks_of(resources), "outputs": outputs}, "expressions": arguments}
    return {**settings, "for_each_expression": for_each} if for_each else settings


def text(tree):
    return json.dumps(tree, indent=1)
