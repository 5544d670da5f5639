"""A `gh` for tests: releases, issues and one file of a repository that is a folder.

It answers what cli.github.com/manual says of the commands that `publish.github` types, and
refuses any other. The repository is the folder that STAND_IN_GITHUB names.
"""

import argparse
import base64
import hashlib
import json
import os
import shutil
import stat
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    repository = Path(os.environ["STAND_IN_GITHUB"])
    group, *rest = sys.argv[1:]
    if group == "api":
        api(repository, rest)
    else:
        {"release": release, "issue": issue}[group](repository, rest[0], rest[1:])


def release(repository: Path, verb: str, rest: list[str]) -> None:
    folder = repository / "releases" / rest[0]
    if verb != "create" and not folder.exists():
        sys.exit("release not found")
    options = parsed(rest[1:], "pattern", "output", "json", "title", "notes")
    match verb:
        case "view":
            names = [{"name": path.name} for path in folder.iterdir()]
            print(json.dumps({"assets": names}))
        case "create":
            folder.mkdir(parents=True)
        case "download":
            shutil.copy(folder / options.pattern, options.output)
        case "upload":
            shutil.copy(options.rest[0], folder)
        case "delete-asset":
            (folder / options.rest[0]).unlink()
        case _:
            sys.exit(f"unknown command {verb}")


def issue(repository: Path, verb: str, rest: list[str]) -> None:
    path = repository / "issues.json"
    issues: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    options = parsed(rest, "state", "limit", "json", "title", "body", "comment")
    match verb:
        case "list":
            print(json.dumps([each for each in issues if each["state"] == options.state]))
        case "create":
            number = len(issues) + 1
            new = {"number": number, "state": "open", "title": options.title, "body": options.body}
            issues.append(new)
        case "edit":
            issues[int(options.rest[0]) - 1]["body"] = options.body
        case "close":
            issues[int(options.rest[0]) - 1]["state"] = "closed"
        case _:
            sys.exit(f"unknown command {verb}")
    path.write_text(json.dumps(issues))


def api(repository: Path, rest: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--method", default="GET")
    parser.add_argument("--field", action="append", default=[])
    options = parser.parse_args(rest)
    path = repository / options.address.removeprefix("repos/{owner}/{repo}/contents/")
    sha = hashlib.sha1(path.read_bytes()).hexdigest()
    if options.method == "GET":
        content = base64.encodebytes(path.read_bytes()).decode()
        print(json.dumps({"content": content, "sha": sha}))
        return
    fields = dict(field.split("=", 1) for field in options.field)
    if fields["sha"] != sha:
        sys.exit("HTTP 409")
    path.write_bytes(base64.b64decode(fields["content"]))


def parsed(rest: list[str], *names: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("rest", nargs="*")
    for name in names:
        parser.add_argument(f"--{name}")
    for name in ("yes", "prerelease"):
        parser.add_argument(f"--{name}", action="store_true")
    return parser.parse_args(rest)


def stand_in_github(folder: Path) -> dict[str, str]:
    """Make a repository in a folder, and a `gh` that knows no other; the environment it needs."""
    repository, programs = folder / "repository", folder / "bin"
    (repository / "docs").mkdir(parents=True)
    (repository / "docs/findings.md").write_text("of a year ago\n")
    programs.mkdir()
    gh = programs / "gh"
    gh.write_text(f"#!{sys.executable}\n{Path(__file__).read_text()}")
    gh.chmod(gh.stat().st_mode | stat.S_IXUSR)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return {"STAND_IN_GITHUB": str(repository), "PATH": path}


if __name__ == "__main__":
    main()
