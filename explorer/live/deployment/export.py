"""A design as a self-contained folder: the tested template and code, and a client."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from shlex import quote

from explorer.facts import catalogue
from explorer.facts.locations import client_dir, errors_file
from explorer.live.client.inline import largest_inline
from explorer.options.base.resources import TOKEN_AUDIENCE, TOKEN_ISSUER, Entry, TaskRole

from .create import CODE_KEY
from .production import REST_STAGE, production_template
from .stack_description import template_of
from .template import Stack

DOCKERFILE = """# The image of the tasks: the code in this folder, and its dependencies.
FROM public.ecr.aws/docker/library/python:{version}-slim
RUN pip install --no-cache-dir "boto3>=1.42.1" "hypercorn>=0.17" && useradd --no-create-home work
WORKDIR /work
COPY functions/ .
USER work
"""
INLINE = '''"""The largest body that fits into a request; a larger one is uploaded first."""


def largest_inline() -> int:
    """The largest body that every deployable door in front of a function accepts, before base64 [B]."""
    return {}
'''


def contents(stack: Stack, shipped: Mapping[str, bytes], alarms: bool = False) -> dict[str, bytes]:
    """The files of the folder, by their path in it.

    Parameters
    ----------
    stack, shipped : the design as a stack, and the files of its functions
    alarms : whether the template has alarms
    """
    compact = template_of(stack, production_template(stack, alarms))
    template = json.dumps(json.loads(compact), indent=2) + "\n"
    return {
        "README.md": readme(stack).encode(),
        "template.json": template.encode(),
        **({"Dockerfile": _dockerfile(stack)} if stack.of(TaskRole) else {}),
        **{f"functions/{name}": content for name, content in shipped.items()},
        **client(),
    }


def _dockerfile(stack: Stack) -> bytes:
    """The Dockerfile of the tasks' image."""
    return DOCKERFILE.format(version=stack.workload.runtime.language.removeprefix("python")).encode()


def client() -> dict[str, bytes]:
    """The client as a separate package, with its errors and with its one figure as a literal."""
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(client_dir().glob("*.py"))}
    files["errors.py"] = errors_file().read_text(encoding="utf-8")
    files["inline.py"] = INLINE.format(largest_inline())
    rewritten = {
        name: text.replace("from ...errors import", "from .errors import") for name, text in files.items()
    }
    return {f"client/{name}": text.encode() for name, text in rewritten.items()}


def readme(stack: Stack) -> str:
    """The README: how to deploy, call and remove the stack without this project."""
    name = re.sub(r"[^a-z0-9-]+", "-", stack.workload.name.lower()).strip("-") or "endpoint"
    region, entries = stack.workload.region, [e for e in stack.of(Entry) if e.kept == "store"]
    configuration = (
        f"\n## Configuration\n\n{_configuration_section(stack, name, entries)}\n" if entries else ""
    )
    return f"""# {stack.workload.name}

{stack.design}

`template.json` is the stack, `functions/` the code of its functions, `client/` a client in Python
(it needs `httpx2`{_socket_package(stack)} and, for the usual credentials, `boto3`). The numbers in both are \
those of
{region} and of the workload that the template's `Metadata` holds.{_timeout_note(stack)}{_log_note(stack)}\
{_version_note(stack)}

## Deploy it

```sh
NAME={name} REGION={region}
{_token_values(stack)}\
{_upload_code_commands(stack)}\
{_build_image_commands(stack)}\
aws cloudformation create-stack --region $REGION --stack-name $NAME --template-body file://template.json \\
  --parameters {_parameter_arguments(stack)} \\
  --capabilities CAPABILITY_IAM
aws cloudformation wait stack-create-complete --region $REGION --stack-name $NAME
aws cloudformation describe-stacks --region $REGION --stack-name $NAME --query 'Stacks[0].Outputs'
```
{configuration}
## Call it

```python
from client import Client

with Client("<the output Url>", {_credentials_argument(stack)}) as endpoint:
    print(endpoint.run({{"runtime_s": 0.1, "response_bytes": 1000}}))
```

{_caller_note(stack)} `functions/sample.py` is the sample
work: put your own `handle(body, context)` beside it and name it in `functions/settings.json`, `handler`.

## Remove it

```sh
{_remove_values_commands(stack, entries)}\
for BUCKET in $(aws cloudformation describe-stack-resources --region $REGION --stack-name $NAME \\
  --query "StackResources[?ResourceType=='AWS::S3::Bucket'].PhysicalResourceId" --output text); do
  aws s3 rm "s3://$BUCKET" --recursive
done
aws cloudformation delete-stack --region $REGION --stack-name $NAME
aws cloudformation wait stack-delete-complete --region $REGION --stack-name $NAME
{_remove_rest_commands(stack)}```
"""


def _remove_rest_commands(stack: Stack) -> str:
    """The commands that remove what was made before the stack."""
    bucket = 'aws s3 rb "s3://$NAME-code" --force\n' if stack.functions else ""
    images = "aws ecr delete-repository --region $REGION --repository-name $NAME --force\n"
    return bucket + (images if stack.of(TaskRole) else "")


def _upload_code_commands(stack: Stack) -> str:
    """The commands that upload the functions' code to where the template expects it."""
    if not stack.functions:
        return ""
    return f"""aws s3 mb "s3://$NAME-code" --region $REGION
(cd functions && zip -qr ../{CODE_KEY} .)
aws s3 cp {CODE_KEY} "s3://$NAME-code/"
"""


def _token_values(stack: Stack) -> str:
    """The lines that state whose tokens count, where that is not known."""
    lacking = {"ISSUER": TOKEN_ISSUER, "AUDIENCE": TOKEN_AUDIENCE} if stack.takes_tokens else {}
    return "".join(f"{name}=...\n" for name, key in lacking.items() if key not in stack.values)


def _build_image_commands(stack: Stack) -> str:
    """The commands that build the containers' image and push it to its registry."""
    if not stack.of(TaskRole):
        return ""
    platform = {"arm64": "linux/arm64"}.get(stack.workload.runtime.architecture, "linux/amd64")
    domain = """CERTIFICATE=...  # of ACM, in the same region
DOMAIN=...  # that the certificate is for; its record points to the load balancer
"""
    return f"""{domain if "CertificateArn" in stack.parameters else ""}\
ACCOUNT=$(aws sts get-caller-identity --query Account --output text)
REGISTRY=$ACCOUNT.dkr.ecr.$REGION.amazonaws.com
aws ecr create-repository --region $REGION --repository-name $NAME
aws ecr get-login-password --region $REGION | docker login --username AWS --password-stdin $REGISTRY
docker buildx build --platform {platform} --tag $REGISTRY/$NAME:1 --push .
"""


PARAMETER_VALUES = {
    "CodeBucket": "$NAME-code",
    "CodeKey": CODE_KEY,
    "Image": "$REGISTRY/$NAME:1",
    "CertificateArn": "$CERTIFICATE",
    "DomainName": "$DOMAIN",
    TOKEN_ISSUER: "$ISSUER",
    TOKEN_AUDIENCE: "$AUDIENCE",
}


def _parameter_arguments(stack: Stack) -> str:
    """The parameters of the template, as arguments of the command."""
    values = PARAMETER_VALUES | {name: quote(value) for name, value in stack.values.items()}
    pairs = [f"ParameterKey={name},ParameterValue={values[name]}" for name in stack.parameters]
    return " \\\n    ".join(pairs)


def _credentials_argument(stack: Stack) -> str:
    if stack.takes_tokens:
        return 'credentials={"token": "..."}'
    return f'region="{stack.workload.region}"' if stack.is_signed else "False"


def _caller_note(stack: Stack) -> str:
    """Who may call the endpoint."""
    if stack.is_signed:
        return "A caller needs the policy that the output `CallerPolicy` names."
    if stack.takes_tokens:
        return (
            "A caller sends a token of the issuer in the header `authorization`; its subject is the caller."
        )
    if stack.design.flow.distribution:
        return (
            "Anyone may call: the distribution signs for its callers, and the function accepts no others. A "
            "request with a body needs its SHA-256 in the header `x-amz-content-sha256`; the client adds it."
        )
    return "Anyone who reaches the load balancer may call: it does not authenticate callers."


def _socket_package(stack: Stack) -> str:
    """The package with which the client waits for a notice, if the endpoint sends any."""
    return ", `websockets` to be told of a job's end" if stack.design.flow.socket else ""


def _timeout_note(stack: Stack) -> str:
    """A note on a time-out that no page of AWS confirms yet, and that older tools refuse."""
    longest = max((part.timeout_s for part, _ in stack.functions.values()), default=0.0)
    new = catalogue.unconfirmed_note("lambda.timeout", longest)
    return f" A function's time-out here is {longest:g} s: {new}." if new else ""


def _log_note(stack: Stack) -> str:
    """A note on what an account needs once before its REST APIs can write access logs."""
    if not any(resource["Type"] == REST_STAGE for resource in stack.template["Resources"].values()):
        return ""
    return (
        " A REST API writes its access log with a role of the account: if none is set yet, "
        "`aws apigateway update-account` sets one before the deployment."
    )


def _version_note(stack: Stack) -> str:
    """How new code reaches callers of a published version."""
    if not any(part.versioned for part, _ in stack.functions.values()):
        return ""
    return (
        " The work is a published version, and everything invokes it through the alias `live`: upload new "
        "code under another key, and update the stack with it as `CodeKey`. Under the same key, or with a "
        "change of the function's settings alone, the alias stays at the version that it has."
    )


def _configuration_section(stack: Stack, name: str, entries: list[Entry]) -> str:
    """Where to store the values that no template may contain."""
    first = next((entry for entry in entries if entry.secret), entries[0])
    names = f"{len(entries)} entries, such as `{first.name}`"
    store = stack.settings["store"]
    if store == "ssm":
        how = f'aws ssm put-parameter --type SecureString --name "/$NAME/{first.name}" --value ...'
    elif store == "secretsmanager":
        how = f'aws secretsmanager create-secret --name "$NAME/{first.name}" --secret-string ...'
    else:
        how = "aws appconfig create-hosted-configuration-version ...  # one JSON object of all names"
    return (
        f"The work reads {names} from its store; put them there before the first call:\n\n```sh\n{how}\n```"
    )


def _remove_values_commands(stack: Stack, entries: list[Entry]) -> str:
    """The commands that remove the values: no stack owns them, and versions keep a profile."""
    commands = {
        "ssm": """for ID in $(aws ssm get-parameters-by-path --region $REGION --path "/$NAME/" \\
  --query 'Parameters[].Name' --output text); do
  aws ssm delete-parameter --region $REGION --name "$ID"
done
""",
        "secretsmanager": """for ID in $(aws secretsmanager list-secrets --region $REGION \\
  --filters "Key=name,Values=$NAME/" --query 'SecretList[].ARN' --output text); do
  aws secretsmanager delete-secret --region $REGION --secret-id "$ID" --force-delete-without-recovery
done
""",
        "appconfig": """resource() {
  aws cloudformation describe-stack-resource --region $REGION --stack-name $NAME \\
    --logical-resource-id $1 --query StackResourceDetail.PhysicalResourceId --output text
}
OF="--region $REGION --application-id $(resource Application) --configuration-profile-id $(resource Profile)"
for VERSION in $(aws appconfig list-hosted-configuration-versions $OF \\
  --query 'Items[].VersionNumber' --output text); do
  aws appconfig delete-hosted-configuration-version $OF --version-number $VERSION
done
""",
    }
    return commands.get(stack.settings["store"], "") if entries else ""
