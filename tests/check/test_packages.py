"""Packages: what is a package and what is its source; layers alone and together; edges in pairs."""

import json
import zipfile

import pytest

from explorer.check.runner import Check
from explorer.facts import catalogue

from .plans import plan, references, resource

MOST = int(catalogue.limit("lambda.zip.unzipped").value)


@pytest.fixture
def folder(tmp_path):
    def of(**sizes):
        for name, size in sizes.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.truncate(size)
        return tmp_path

    return of


def checked(path, resources, name="template.json", is_named=True):
    (path / name).parent.mkdir(parents=True, exist_ok=True)
    (path / name).write_text(json.dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}))
    return Check(lambda path, judge: []).run([path / name if is_named else path])


def sizes(report):
    return {f.resource: (f.verdict, f.value) for f in report.all_findings if f.limit == "lambda.zip.unzipped"}


def function(metadata=None, kind="AWS::Serverless::Function", **properties):
    name = "CodeUri" if kind == "AWS::Serverless::Function" else "Code"
    body = {"Type": kind, "Properties": {"Runtime": "python3.13", name: "src/", **properties}}
    return {"F": {**body, "Metadata": metadata} if metadata else body}


@pytest.mark.parametrize(("size", "verdict"), [(MOST, "tight"), (MOST + 1, "breach")])
def test_a_source_without_a_manifest_is_its_package(folder, size, verdict):
    assert sizes(checked(folder(src__x=size), function())) == {"F": (verdict, size)}


MANIFESTS = [
    ("requirements.txt", "torch==2.4.0\n", "unknown"),
    ("requirements.txt", "# nothing\n\n", "fits"),
    ("package.json", '{"dependencies": {"sharp": "1"}}', "unknown"),
    ("package.json", '{"devDependencies": {"jest": "1"}}', "fits"),
    ("Gemfile", "gem 'rails'\n", "unknown"),
    ("pom.xml", "<project/>", "unknown"),
    ("go.mod", "module x\n", "unknown"),
    ("App.csproj", "<Project/>", "unknown"),
]


@pytest.mark.parametrize(("name", "content", "verdict"), MANIFESTS)
def test_what_a_manifest_names_is_not_in_the_source(folder, name, content, verdict):
    path = folder(src__app=10)
    (path / "src" / name).write_text(content)
    assert sizes(checked(path, function()))["F"][0] == verdict


def test_what_is_known_of_a_source_may_break_the_limit_by_itself(folder):
    path = folder(src__model=MOST + 1)
    (path / "src" / "requirements.txt").write_text("numpy\n")
    assert sizes(checked(path, function()))["F"][0] == "breach"


@pytest.mark.parametrize(
    ("metadata", "runtime", "verdict"),
    [
        ({"BuildMethod": "esbuild"}, "nodejs22.x", "unknown"),
        (None, "nodejs22.x", "unknown"),
        (None, "python3.13", "breach"),
        ({"SkipBuild": True}, "nodejs22.x", "breach"),
    ],
)
def test_node_modules_stay_behind_where_a_builder_leaves_them(folder, metadata, runtime, verdict):
    path = folder(src__app=10, src__node_modules__x=MOST + 1)
    assert sizes(checked(path, function(metadata, Runtime=runtime)))["F"][0] == verdict


def test_cloudformation_packages_a_folder_as_it_is(folder):
    path = folder(src__app=10, src__node_modules__x=MOST)
    (path / "src" / "package.json").write_text('{"dependencies": {"x": "1"}}')
    size = sizes(checked(path, function(kind="AWS::Lambda::Function", Runtime="nodejs22.x")))["F"]
    assert size == ("breach", MOST + 10 + 28)


def layer(place, **metadata):
    return {
        "Type": "AWS::Serverless::LayerVersion",
        "Properties": {"ContentUri": place},
        "Metadata": metadata,
    }


@pytest.mark.parametrize(("size", "verdict"), [(MOST - 30, "tight"), (MOST - 29, "breach")])
def test_a_package_and_its_layers_count_together(folder, size, verdict):
    path = folder(src__app=10, one__x=20, two__x=size)
    layers = {"Layers": [{"Ref": "One"}, {"Ref": "Two"}]}
    results = sizes(checked(path, {**function(**layers), "One": layer("one"), "Two": layer("two")}))
    assert results["F"] == (verdict, size + 30) and results["One"] == ("fits", 20)


def test_a_layer_counts_alone(folder):
    assert sizes(checked(folder(one__x=MOST + 1), {"One": layer("one")})) == {"One": ("breach", MOST + 1)}


def test_a_layer_that_lies_elsewhere_is_not_known(folder):
    layers = {"Layers": ["arn:aws:lambda:x:1:layer:y:3"]}
    assert sizes(checked(folder(src__app=10), function(**layers)))["F"] == ("unknown", 10)


def test_a_package_that_is_not_here_is_told_of(folder):
    (skipped,) = checked(folder(), function()).skipped
    assert (skipped.reason, skipped.limits) == ("missing-file", ("lambda.zip.unzipped",))


def test_what_sam_builds_is_measured_and_nothing_else_of_it_counts_twice(folder):
    path = folder(src__app=10)
    (path / "src" / "requirements.txt").write_text("torch\n")
    built = folder(**{".aws-sam__build__F__torch": MOST + 1, ".aws-sam__build__F__requirements.txt": 6})
    checked(built, function(CodeUri="F", Timeout=1801), ".aws-sam/build/template.json")
    report = checked(path, function(Timeout=1801), is_named=False)
    breaches = [
        (f.file.removeprefix(f"{path}/"), f.limit) for f in report.all_findings if f.verdict == "breach"
    ]
    assert breaches == [
        (".aws-sam/build/template.json", "lambda.zip.unzipped"),
        ("template.json", "lambda.timeout"),
    ]


def test_a_handler_that_cdk_makes_in_every_stack_is_named_once(tmp_path):
    name = "AWS679f53fac002430cb0da5b7982bd2287"
    resources = {
        f"{name}2287C9E8": {"Type": "AWS::Lambda::Function", "Properties": {"Timeout": 1801}},
        "Mine": {"Type": "AWS::Lambda::Function", "Properties": {"Timeout": 1801}},
    }
    for stack in "abc":
        (tmp_path / f"{stack}.template.json").write_text(json.dumps({"Resources": resources}))
    breaches = [
        f for f in Check(lambda path, judge: []).run([tmp_path]).all_findings if f.verdict == "breach"
    ]
    assert [f.resource for f in breaches].count("Mine") == 3 and len(breaches) == 4
    (own,) = [f for f in breaches if f.resource != "Mine"]
    assert "2 more places" in own.message


def test_layers_of_a_plan_count_each_by_itself(tmp_path):
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as archive:
        archive.writestr("x", "x" * 10)
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("x", "x" * 300)
    names = [f"aws_lambda_layer_version.{name}" for name in ("one", "two")]
    layers = [resource(name, {"filename": f"{name[-3:]}.zip"}) for name in names]
    both = references(f"{names[0]}.arn", names[0], f"{names[1]}.arn", names[1])
    tree = plan(*layers, resource("aws_lambda_function.f", {"filename": "one.zip"}, layers=both))
    later = {"address": "aws_lambda_function.f", "change": {"after_unknown": {"layers": [True, True]}}}
    tree["resource_changes"] = [later]
    (tmp_path / "plan.json").write_text(json.dumps(tree))
    results = sizes(Check(lambda path, judge: []).run([tmp_path / "plan.json"]))
    assert results == {
        "aws_lambda_function.f": ("fits", 320),
        names[0]: ("fits", 10),
        names[1]: ("fits", 300),
    }
