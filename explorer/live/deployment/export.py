"""A design as a folder that stands alone: the template and the code that were tested, and a client."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from explorer.facts import catalogue
from explorer.facts.locations import client_dir, errors_file
from explorer.live.client.inline import largest_inline
from explorer.options.base.resources import Entry, Property, TaskRole

from .create import CODE_KEY
from .production import REST_STAGE, production_template
from .stack_description import template_of
from .template import Stack

DOCKERFILE = """# The image of the tasks: the code beside it, and what it runs on.
FROM public.ecr.aws/docker/library/python:{version}-slim
RUN pip install --no-cache-dir "boto3>=1.42.1" "hypercorn>=0.17" && useradd --no-create-home work
WORKDIR /work
COPY functions/ .
USER work
"""
INLINE = '''"""What fits into a request: what is larger is uploaded first."""


def largest_inline() -> int:
    """The largest body [B] that is let through whatever it is made of."""
    return {}
'''


def contents(stack: Stack, shipped: Mapping[str, bytes], alarms: bool = False) -> dict[str, bytes]:
    """The files of the folder, by their place in it."""
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
    """How the image of the tasks is built."""
    return DOCKERFILE.format(version=stack.workload.runtime.language.removeprefix("python")).encode()


def client() -> dict[str, bytes]:
    """The client as a package of its own: its errors beside it, its one figure written in."""
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(client_dir().glob("*.py"))}
    files["errors.py"] = errors_file().read_text(encoding="utf-8")
    files["inline.py"] = INLINE.format(largest_inline())
    own = {name: text.replace("from ...errors import", "from .errors import") for name, text in files.items()}
    return {f"client/{name}": text.encode() for name, text in own.items()}


def readme(stack: Stack) -> str:
    """How to put it up, call it and take it down without this project."""
    name = re.sub(r"[^a-z0-9-]+", "-", stack.workload.name.lower()).strip("-") or "endpoint"
    region, entries = stack.workload.region, [e for e in stack.of(Entry) if e.kept == "store"]
    configuration = f"\n## Configuration\n\n{_configuration(stack, name, entries)}\n" if entries else ""
    return f"""# {stack.workload.name}

{stack.design}

`template.json` is the stack, `functions/` the code of its functions, `client/` a client in Python
(it needs `httpx2` and, for the usual credentials, `boto3`). The numbers in both are those of
{region} and of the workload that the template's `Metadata` holds.{_unconfirmed(stack)}{_logged(stack)}\
{_published(stack)}

## Put it up

```sh
NAME={name} REGION={region}
{_code(stack)}\
{_image(stack)}\
aws cloudformation create-stack --region $REGION --stack-name $NAME --template-body file://template.json \\
  --parameters {_stated(stack)} \\
  --capabilities CAPABILITY_IAM
aws cloudformation wait stack-create-complete --region $REGION --stack-name $NAME
aws cloudformation describe-stacks --region $REGION --stack-name $NAME --query 'Stacks[0].Outputs'
```
{configuration}
## Call it

```python
from client import Client

with Client("<the output Url>", {_identity(stack)}) as endpoint:
    print(endpoint.run({{"runtime_s": 0.1, "response_bytes": 1000}}))
```

{_callers(stack)} `functions/sample.py` is the sample
work: put your own `handle(body, context)` beside it and name it in `functions/settings.json`, `handler`.

## Take it down

```sh
{_values_gone(stack, entries)}\
for BUCKET in $(aws cloudformation describe-stack-resources --region $REGION --stack-name $NAME \\
  --query "StackResources[?ResourceType=='AWS::S3::Bucket'].PhysicalResourceId" --output text); do
  aws s3 rm "s3://$BUCKET" --recursive
done
aws cloudformation delete-stack --region $REGION --stack-name $NAME
aws cloudformation wait stack-delete-complete --region $REGION --stack-name $NAME
{_rest_gone(stack)}```
"""


def _rest_gone(stack: Stack) -> str:
    """What takes away what was made before the stack."""
    bucket = 'aws s3 rb "s3://$NAME-code" --force\n' if stack.functions else ""
    images = "aws ecr delete-repository --region $REGION --repository-name $NAME --force\n"
    return bucket + (images if stack.of(TaskRole) else "")


def _code(stack: Stack) -> str:
    """How the code of functions is put where the template looks for it."""
    if not stack.functions:
        return ""
    return f"""aws s3 mb "s3://$NAME-code" --region $REGION
(cd functions && zip -qr ../{CODE_KEY} .)
aws s3 cp {CODE_KEY} "s3://$NAME-code/"
"""


def _image(stack: Stack) -> str:
    """How the image of containers is built and put where they pull it from."""
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


STATED = {
    "CodeBucket": "$NAME-code",
    "CodeKey": CODE_KEY,
    "Image": "$REGISTRY/$NAME:1",
    "CertificateArn": "$CERTIFICATE",
    "DomainName": "$DOMAIN",
}


def _stated(stack: Stack) -> str:
    """The parameters of the template, as the command has them."""
    pairs = [f"ParameterKey={name},ParameterValue={STATED[name]}" for name in stack.parameters]
    return " \\\n    ".join(pairs)


def _identity(stack: Stack) -> str:
    return f'region="{stack.workload.region}"' if stack.is_signed else "False"


def _callers(stack: Stack) -> str:
    """Who may call."""
    if stack.is_signed:
        return "Whoever calls needs the policy that the output `CallerPolicy` names."
    return "Whoever reaches the load balancer may call: it does not ask who they are."


def _unconfirmed(stack: Stack) -> str:
    """What to know of a time-out that a page of AWS does not confirm yet, and that older tools refuse."""
    longest = max((part.timeout_s for part, _ in stack.functions.values()), default=0.0)
    new = catalogue.unconfirmed_note("lambda.timeout", longest)
    return f" A function's time-out here is {longest:g} s: {new}." if new else ""


def _logged(stack: Stack) -> str:
    """What an account needs once before any of its REST APIs may write access logs."""
    if not any(resource["Type"] == REST_STAGE for resource in stack.template["Resources"].values()):
        return ""
    return (
        " A REST API writes its access log by a role of the account: where none is set yet, "
        "`aws apigateway update-account` sets one, before this stack is put up."
    )


def _published(stack: Stack) -> str:
    """How new code reaches callers where they call a published version."""
    if not any(each.of == "version" for each in stack.of(Property)):
        return ""
    return (
        " The work is a published version, and everything invokes it through the alias `live`: upload new "
        "code under another key, and update the stack with it as `CodeKey`. Under the same key, or with a "
        "change of the function's settings alone, the alias stays at the version that it has."
    )


def _configuration(stack: Stack, name: str, entries: list[Entry]) -> str:
    """Where the values go that no template may hold."""
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


def _values_gone(stack: Stack, entries: list[Entry]) -> str:
    """What takes the values out again: no stack holds them, and a profile with versions does not go."""
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
