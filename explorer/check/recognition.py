"""Infrastructure files that are not read: what they are, and what to check instead."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.facts.encoding import environment_size
from explorer.facts.units import format_count

from .held_types import LIMITS
from .nodes import mapping
from .terraform_arguments import TABLE

NO_TEMPLATE = "is no template, plan, dotenv file or workload"
TERRAFORM = "is Terraform's source: check the output of `terraform show -json PLAN`"
CODE = (".tf", ".tofu", ".hcl", ".ts", ".js", ".mjs", ".cjs", ".arc")  # endings recognised by name
NAMES = {  # a file's name: what it is, and what to do
    "cdk.json": "is CDK's configuration: check cdk.out after `cdk synth`",
    "serverless.ts": "is the Serverless Framework's, as code: check .serverless after `serverless package`",
    "sst.config.ts": "is SST's program: check the templates in .sst/dist after `sst build`, of version 3 the"
    " output of `pulumi stack export`",
    "sst.json": "is SST's configuration: check the templates in .build after `sst build`",
    "Pulumi.yaml": "is a Pulumi project: check the output of `pulumi preview --json --show-sames`",
    "Pulumi.yml": "is a Pulumi project: check the output of `pulumi preview --json --show-sames`",
    "zappa_settings.json": "is Zappa's configuration: check the output of `zappa template STAGE`",
    "zappa_settings.yml": "is Zappa's configuration: check the output of `zappa template STAGE`",
    "zappa_settings.yaml": "is Zappa's configuration: check the output of `zappa template STAGE`",
    "zappa_settings.toml": "is Zappa's configuration: check the output of `zappa template STAGE`",
    "terragrunt.hcl": "is Terragrunt's source: check the output of `terragrunt show -json PLAN`",
    "cdktf.json": "is CDK for Terraform's configuration: check the output of `terraform show -json PLAN`",
    "app.arc": "is Architect's source: check sam.json after `arc deploy --dry-run`",
    "netlify.toml": "is Netlify's configuration: its variables reach the build, and functions only when they"
    " are set in Netlify itself: check a dotenv file of those",
    "samconfig.toml": "is SAM's configuration: check the template beside it",
}
NAMES |= {f"serverless.{ending}": NAMES["serverless.ts"] for ending in ("js", "mjs", "cjs")}
KEYS = (  # a key of a tree that is no template: what the file is, and what to do
    (("service", "provider"), "is the Serverless Framework's: check .serverless after `serverless package`"),
    (("app", "context"), "is CDK's configuration: check cdk.out after `cdk synth`"),
    (("artifacts", "version"), "is CDK's manifest: check the folder that it is in"),
    (
        ("lineage", "serial"),
        "is Terraform's state as it is stored: check the output of `terraform show -json`",
    ),
    (("openapi", "paths"), "is an OpenAPI document: check the template that names it"),
    (("swagger", "paths"), "is an OpenAPI document: check the template that names it"),
)
QUIET = ("is CDK's manifest", "is an OpenAPI document", "is SAM's configuration")  # reported only if named
RESOURCE = re.compile(r'^\s*resource\s+"(aws(?:cc)?_\w+)"', re.MULTILINE)
CALL = re.compile(r'^\s*source\s*=\s*"[^"]*lambda[^"]*"', re.MULTILINE)
RUNTIMES = {"nodejs", "python", "go", "dotnet", "java", "yaml", "bun"}  # Pulumi's
ZAPPA = ("app_function", "django_settings", "zappa_include", "apigateway_enabled", "keep_warm")
NETLIFY = re.compile(r"^\s*\[(build|context\.[\w\"-]+)\.environment\]", re.MULTILINE)
BINARY_PLAN = "of a plan that Terraform wrote, check the output of `terraform show -json PLAN`"
PLAN_LOG = (
    "is the log of `terraform plan -json`, which holds no values:"
    " check the output of `terraform show -json PLAN`"
)
MOST_BYTES = 4 << 20  # the largest size of a file that is recognised by its name


@dataclass(frozen=True)
class Hint:
    """What a file is, what to check instead, and the line that shows it."""

    text: str
    line: int = 1
    is_quiet: bool = False  # reported only if the user names the file


def known_name(name: str) -> str | None:
    """The entry of `NAMES` that matches a file name, also after a prefix, as in `shop-netlify.toml`."""
    return next(
        (
            candidate
            for candidate in NAMES
            if name == candidate or name.endswith((f"-{candidate}", f"_{candidate}"))
        ),
        None,
    )


def by_name(path: Path, content: str) -> Hint | None:
    """What a file is by its name; for Terraform source, by the resources that it declares."""
    name = path.name
    if name.endswith((".tf", ".tofu")):
        return _source(content)
    if name.endswith(".tf.json"):
        return Hint(TERRAFORM)
    entry = known_name(name)
    if entry == "netlify.toml" or (path.suffix == ".toml" and NETLIFY.search(content)):
        return _netlify(content)
    if entry:
        return Hint(NAMES[entry], is_quiet=NAMES[entry].startswith(QUIET))
    return None


def _source(content: str) -> Hint:
    """Terraform source; in a folder it is reported only if it declares resources that have limits."""
    for match in RESOURCE.finditer(content):
        if (match[1] in TABLE and TABLE[match[1]][0] in LIMITS) or match[1].startswith("awscc_"):
            return Hint(TERRAFORM, content.count("\n", 0, match.start(1)) + 1)
    if call := CALL.search(content):
        return Hint(TERRAFORM, content.count("\n", 0, call.end()) + 1)
    return Hint(TERRAFORM, is_quiet=True)


def _netlify(content: str) -> Hint:
    """Netlify's configuration, with the size of its largest environment."""
    text = NAMES["netlify.toml"]
    try:
        tree = tomllib.loads(content)
    except ValueError:
        return Hint(text)
    build = tree.get("build")
    shared = _variables(build)
    contexts = tree.get("context")
    sizes = {"build": environment_size(shared)} if shared else {}
    for name, context in (contexts if isinstance(contexts, dict) else {}).items():
        if own := _variables(context):
            sizes[f"context.{name}"] = environment_size({**shared, **own})
    if not sizes:
        return Hint(text, is_quiet=True)
    largest = max(sizes, key=sizes.__getitem__)
    return Hint(f"{text}; {largest}.environment would take {format_count(sizes[largest], 'byte')}")


def _variables(section: Any) -> dict[str, str]:
    variables = section.get("environment") if isinstance(section, dict) else None
    return {str(name): str(value) for name, value in variables.items()} if isinstance(variables, dict) else {}


def by_content(tree: Any) -> Hint | None:
    """What a tree is that is not a template."""
    fields = mapping(tree)
    provider = fields.get("provider")
    cloud = provider if isinstance(provider, str) else mapping(provider).get("name")
    if "service" in fields and isinstance(cloud, str) and cloud != "aws" and "${" not in cloud:
        return Hint("is the Serverless Framework's for another cloud than AWS", is_quiet=True)
    for keys, text in KEYS:
        if all(key in fields for key in keys):
            return Hint(text, is_quiet=text.startswith(QUIET))
    runtime = _runtime(fields.get("runtime"))
    if isinstance(runtime, str) and "name" in fields and runtime in RUNTIMES:
        return Hint(NAMES["Pulumi.yaml"])
    stages = [mapping(stage) for stage in fields.values()]
    if stages and all(any(key in stage for key in ZAPPA) for stage in stages):
        return Hint(NAMES["zappa_settings.json"])
    return None


def _runtime(value: Any) -> Any:
    return mapping(value).get("name") if isinstance(value, dict) else value


def is_plan_log(content: str) -> bool:
    """Whether a text is the output of `terraform plan -json`: one JSON object per line, and no plan."""
    first = content.lstrip().partition("\n")[0]
    return first.startswith("{") and '"@level"' in first and '"@module"' in first


def unwrap(content: str) -> str:
    r"""A plan without the lines that a wrapper wrote before and after it; lines keep their numbers.

    >>> unwrap('[command]terraform show -json\n{"planned_values": {}}\n::debug::done')
    '\n{"planned_values": {}}'
    """
    if '"planned_values"' not in content and '"terraform_version"' not in content:
        return content
    bare = content.strip()
    if (bare[:1], bare[-1:]) in (("{", "}"), ("[", "]")):
        return content
    for match in re.finditer(r"^[^\S\n]*\{", content, re.MULTILINE):
        start = match.end() - 1
        try:
            _, end = json.JSONDecoder().raw_decode(content, start)
        except (ValueError, RecursionError):
            continue
        if '"planned_values"' in content[start:end] or '"terraform_version"' in content[start:end]:
            return "\n" * content.count("\n", 0, start) + content[start:end]
    return content
