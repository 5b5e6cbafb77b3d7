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
        "configuration": {"root_module": {"resources": written(resources), "module_calls": calls or {}}},
    }


def _planned(one, module=""):
    address, values, _ = one
    return {
        "address": f"{module}.{address}" if module else address,
        "mode": "managed",
        "type": address.split(".")[0],
        "values": values,
    }


def written(resources, for_each=None):
    """The configuration of resources, one for all instances of each."""
    found = {}
    for address, _, expressions in resources:
        own = address.partition("[")[0]
        found[own] = {"address": own, "mode": "managed", "expressions": expressions}
        if for_each and "[" in address:
            found[own]["for_each_expression"] = for_each
    return list(found.values())


def call(resources, for_each=None, outputs=None, **arguments):
    """The call of a module."""
    outputs = {name: {"expression": references(*names)} for name, names in (outputs or {}).items()}
    made = {"module": {"resources": written(resources), "outputs": outputs}, "expressions": arguments}
    return {**made, "for_each_expression": for_each} if for_each else made


def text(tree):
    return json.dumps(tree, indent=1)
