"""Workloads to measure on: the examples, and each with every option that the contract will have open to it."""
import pathlib
import explorer as ex

EVERYTHING = {"client.polls": True, "client.uploads": True, "client.receives_callbacks": True, "client.auth": None, "client.needs": [],
              "response.divisible": True, "runtime.divisible": True, "configuration.secrets": 0, "configuration.rotation": False,
              "configuration.changes_without_deploy": False}
USUAL = {"client.polls": True, "client.uploads": True, "client.receives_callbacks": False, "client.auth": None, "client.needs": [],
         "response.divisible": False, "runtime.divisible": False, "configuration.secrets": 2, "configuration.rotation": False,
         "configuration.changes_without_deploy": False}


def WORKLOADS(kinds=("as it is", "usual", "everything")):
    for p in sorted(pathlib.Path("data/workloads").glob("*.toml")):
        w = ex.Workload.load(str(p))
        for kind in kinds:
            change = {"as it is": {}, "usual": USUAL, "everything": EVERYTHING}[kind]
            compress = {} if kind == "as it is" or w.response.compression < 1 else {"response.compression": 0.6}
            yield f"{p.stem} ({kind})", (w.without_current().replace({**change, **compress}) if change else w.without_current())
