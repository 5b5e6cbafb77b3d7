"""Unzipped sizes of packages and layers that lie beside a template, alone and together.

The source of a SAM function is not its package: `sam build` installs the dependencies of its manifest, and
esbuild and the Node.js builder leave files out. Such a source is reported as unknown.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .findings import Finding, Judge
from .held_types import PACKAGE
from .nodes import Unknown, mapping, text
from .skipped import MISSING_FILE, UNRESOLVED, Skipped
from .stack import Resource, Stack, TemplateValue, each

UNZIPPED = "lambda.zip.unzipped"
LAYERS = ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion")
SAM = ("AWS::Serverless::Function", "AWS::Serverless::LayerVersion")
PLACES = {  # the property that says where a package is
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Lambda::Function": "Code",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Lambda::LayerVersion": "Content",
}
BUILT = (".aws-sam", "build")
LEFT_OUT = {".git", "cdk.out", ".aws-sam", ".serverless"}
COMPILED = {  # files of compiled languages: such source is not in the package
    "pom.xml": "Maven", "build.gradle": "Gradle", "build.gradle.kts": "Gradle", "go.mod": "Go",
    "Cargo.toml": "Cargo",
}  # fmt: skip
DOTNET = (".csproj", ".fsproj", ".vbproj")
REQUIREMENT = re.compile(r"(?m)^\s*(?!#|-)[A-Za-z0-9\[./]")
MOST_FILES = 20_000  # the most files of a package that are measured
MOST_MANIFEST = 1 << 20  # bytes


@dataclass(frozen=True)
class Size:
    """The known bytes of a package, and why there may be more; None if no size is known."""

    known_bytes: int | None
    why: str = ""


def package(judge: Judge, function: Resource, stack: Stack) -> Iterator[Finding]:
    """The unzipped size of a function's package with its layers, as far as they lie beside the template."""
    own = _size(function, stack)
    layers = _layers(function, stack)
    if own is None and not any(one.known_bytes for one in layers):
        return
    sizes = [own or Size(0, "the package lies elsewhere"), *layers]
    why = "; ".join(dict.fromkeys(one.why for one in sizes if one.why))
    total = sum(one.known_bytes or 0 for one in sizes)
    package_size = TemplateValue(total, _line(function))
    if why and all(one.known_bytes is None for one in sizes):
        package_size = TemplateValue(Unknown(why), package_size.line)
    many = len([one for one in layers if one.known_bytes])
    what = f"The unzipped package with {many} {'layer' if many == 1 else 'layers'}" if many \
        else "The unzipped package"  # fmt: skip
    yield judge.hold(UNZIPPED, function, package_size, what, grows=True, why=why)


def layers(judge: Judge, stack: Stack) -> Iterator[Finding]:
    """The unzipped size of each layer."""
    for layer in stack.of_type(*LAYERS):
        size = _size(layer, stack)
        if size is not None:
            value = Unknown(size.why) if size.known_bytes is None else size.known_bytes
            layer_size = TemplateValue(value, _line(layer))
            yield judge.hold(UNZIPPED, layer, layer_size, "The unzipped layer", grows=True, why=size.why)


def _line(resource: Resource) -> int:
    for name in (PLACES[resource.type], "Code", "CodeUri"):
        if name in resource.properties:
            return resource.properties.at(name)
    return resource.line


def _layers(function: Resource, stack: Stack) -> list[Size]:
    """The sizes of a function's layers."""
    raw = function.raw("Layers")
    nodes = raw if isinstance(raw, list) else each(raw, function.scope)  # a resolved Ref names no layer
    sizes, elsewhere = [], 0
    for node in nodes:
        version = stack.find_resource(node, *LAYERS)
        size = _size(version, stack) if version is not None else None
        if size is not None:
            sizes.append(size)
        elif function.scope.value(node) is not None:
            elsewhere += 1
    if elsewhere:
        sizes.append(Size(0, f"{elsewhere} of its layers {'lies' if elsewhere == 1 else 'lie'} elsewhere"))
    return sizes


def _size(resource: Resource, stack: Stack) -> Size | None:
    """The size of a package; None if it is not beside the template."""
    path = _place(resource, stack)
    if path is None:
        return None
    if path.is_dir() and resource.type in SAM and not _is_built(resource, stack):
        return _source_size(path, resource, stack)
    size = _package_bytes(path, stack)
    return None if size is None else Size(size)


def _is_built(resource: Resource, stack: Stack) -> bool:
    """Whether a folder is a finished package: built by `sam build`, or not changed by it."""
    skipped = text(resource.metadata.get("SkipBuild")) == "true"
    if resource.type in LAYERS and "BuildMethod" not in resource.metadata:
        return True
    return skipped or (stack.folder is not None and stack.folder.absolute().parts[-2:] == BUILT)


def _source_size(path: Path, resource: Resource, stack: Stack) -> Size | None:
    """The known size of a package, from the source that `sam build` uses."""
    method = (text(resource.metadata.get("BuildMethod")) or "").lower()
    runtime = (text(resource.get("Runtime").value) or "").lower()
    if method == "esbuild":
        return Size(None, "esbuild bundles what the code uses; check .aws-sam/build after `sam build`")
    names = _names(path, stack)
    if method == "makefile" or ("Makefile" in names and method):
        return Size(None, "its Makefile makes the package; check .aws-sam/build after `sam build`")
    tool = next((name for file, name in COMPILED.items() if file in names), "")
    tool = tool or (".NET" if any(name.endswith(DOTNET) for name in names) else "")
    if tool:
        return Size(None, f"{tool} makes the package; check .aws-sam/build after `sam build`")
    is_node = "package.json" in names or any(one.startswith("nodejs") for one in (runtime, method))
    size = _package_bytes(path, stack, without_modules=is_node)
    if size is None:
        return None
    manifest = _manifest(path, names)
    if not manifest and is_node and "node_modules" in names:
        manifest = "node_modules"
    why = f"`sam build` installs what {manifest} names; check .aws-sam/build after it" if manifest else ""
    return Size(size, why)


def _names(path: Path, stack: Stack) -> frozenset[str]:
    """The files in a source folder; functions often share one."""
    if path not in stack.folder_contents:
        try:
            stack.folder_contents[path] = frozenset(os.listdir(path))
        except OSError:
            stack.folder_contents[path] = frozenset()
    return stack.folder_contents[path]


def _manifest(path: Path, names: frozenset[str]) -> str:
    """The manifest of a source, if it lists any dependencies."""
    for name in ("requirements.txt", "pyproject.toml", "Gemfile"):
        if name in names and REQUIREMENT.search(_content(path / name)):
            return name
    if "package.json" not in names:
        return ""
    try:
        package_json = json.loads(_content(path / "package.json") or "{}")
    except ValueError:
        return "package.json"
    return "package.json" if isinstance(package_json, dict) and package_json.get("dependencies") else ""


def _content(path: Path) -> str:
    try:
        if path.is_file() and path.stat().st_size <= MOST_MANIFEST:
            return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        pass
    return ""


def _place(resource: Resource, stack: Stack) -> Path | None:
    """The place of a package: a local path, a CDK asset, or a package of the Serverless Framework."""
    if stack.folder is None:
        return None
    setting = resource.get(PLACES[resource.type])
    key = mapping(setting.value).get("S3Key")
    packaged = key.rsplit("/", 1)[-1] if isinstance(key, str) and key.endswith(".zip") else None
    asset = text(resource.metadata.get("aws:asset:path"))
    for location in (setting.value, asset, packaged):
        if isinstance(location, str) and location and "://" not in location and "\0" not in location:
            path = stack.folder / location
            if os.path.normpath(path) != os.path.normpath(stack.folder) and path.exists():
                return path
    if isinstance(setting.value, str):
        _report_missing(resource, setting, stack)
    return None


def _report_missing(resource: Resource, setting: TemplateValue, stack: Stack) -> None:
    """Record a package that should be beside the template and is missing."""
    location = setting.value
    if (
        "://" in location
        or "\0" in location
        or (resource.type == "AWS::Lambda::Function" and not location.strip())
    ):
        return
    what = f"{resource.type} {PLACES[resource.type]}"
    if (stack.folder / location).exists():
        why = "it is the folder of the template itself, or empty: check what is packaged of it"
        reason = UNRESOLVED
    else:
        why, reason = "it is not here: check it where it is built", MISSING_FILE
    one = Skipped(stack.file, setting.line, resource.id, what, reason, why, PACKAGE)
    if one not in stack.skipped:
        stack.skipped.append(one)


def _package_bytes(path: Path, stack: Stack, without_modules: bool = False) -> int | None:
    place = (path, without_modules)
    if place not in stack.package_sizes:
        stack.package_sizes[place] = unzipped_bytes(path, without_modules)
    return stack.package_sizes[place]


def unzipped_bytes(path: Path, without_modules: bool = False) -> int | None:
    """Bytes of the files in a folder or zip; None if the path is neither, or has too many files."""
    import zipfile

    try:
        if path.is_dir():
            return _folder_bytes(path, LEFT_OUT | ({"node_modules"} if without_modules else set()))
        if path.suffix in (".zip", ".jar") and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return sum(member.file_size for member in archive.infolist())
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        pass
    return None


def _folder_bytes(path: Path, left_out: set[str]) -> int | None:
    total = count = 0
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name not in left_out]
        for name in names:
            count += 1
            if count > MOST_FILES:
                return None
            total += os.lstat(os.path.join(folder, name)).st_size
    return total
