"""What GitHub keeps: the lake in a release, an issue for each stopped year, the findings.

All of it through `gh` (cli.github.com), which finds the repository and the token in GH_REPO and
GH_TOKEN.
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mpls311.errors import UserError
from publish.job import Folder, say

RELEASE = "lake"
_KEPT = 2
"""Lakes: the newest, and the one before it."""
_FINDINGS = "docs/findings.md"
_NOTES = (
    "The lake of the published city, written by the workflow Publish. Not a version to install."
)
_ADVICE = (
    "\n\nLook at the layer. If it is right, start the workflow Publish with this year to accept; "
    "else there is nothing to do: every day looks again, and closes this issue once the year is "
    "well."
)


def fetch(folder: Folder) -> None:
    """Get the lake that was kept last, if any was.

    Raises:
        UserError: It cannot be told whether there is one, or it does not come.
    """
    folder.kept.unlink(missing_ok=True)
    lakes = _lakes()
    if not lakes:
        say("No lake is kept yet.")
        return
    folder.kept.parent.mkdir(parents=True, exist_ok=True)
    _gh("release", "download", RELEASE, "--pattern", lakes[-1], "--output", str(folder.kept))
    say(f"{lakes[-1]} is here.")


def hand_over(folder: Folder) -> None:
    """Keep the lake, tell of years that are stopped, and put the findings into the repository."""
    if not folder.stopped.exists():
        say("There is nothing to hand over: no run came to its end.")
        return
    if folder.lake.exists():
        _keep(folder.lake)
    _tell(json.loads(folder.stopped.read_text("utf-8")))
    if (folder.site / "findings.md").exists():
        _commit(folder.site / "findings.md")


def _lakes() -> list[str] | None:
    """Names of the lakes that are kept, oldest first; None without the release."""
    done = _run("release", "view", RELEASE, "--json", "assets")
    if done.returncode and "release not found" in done.stderr:
        return None
    names = [asset["name"] for asset in json.loads(_output(done))["assets"]]
    return sorted(name for name in names if name.startswith("lake-"))


def _keep(lake: Path) -> None:
    """Add a lake before an older one goes: at every moment there is a whole one."""
    before = _lakes()
    if before is None:
        create = ("release", "create", RELEASE, "--title", "The lake", "--notes", _NOTES)
        _gh(*create, "--prerelease")
    name = f"lake-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar"
    with tempfile.TemporaryDirectory() as folder:
        _gh("release", "upload", RELEASE, str(shutil.copy(lake, Path(folder, name))))
    for old in [*(before or ()), name][:-_KEPT]:
        _gh("release", "delete-asset", RELEASE, old, "--yes")
    say(f"{name} is kept.")


def _tell(stopped: dict[str, str]) -> None:
    """One open issue for each year that is stopped, with its sentence; none for the others."""
    listed = _gh(
        "issue", "list", "--state", "open", "--limit", "500", "--json", "number,title,body"
    )
    issues = {issue["title"]: issue for issue in json.loads(listed)}
    for year, sentence in stopped.items():
        title, body = _title(year), sentence + _ADVICE
        issue = issues.pop(title, None)
        if issue is None:
            _gh("issue", "create", "--title", title, "--body", body)
        elif issue["body"] != body:
            _gh("issue", "edit", str(issue["number"]), "--body", body)
        say(f"{sentence} ({'known' if issue else 'new'})")
    for title, issue in issues.items():
        if title == _title(title[:4]):
            _gh(
                "issue", "close", str(issue["number"]), "--comment", "The year is up to date again."
            )
            say(f"{title[:4]} is up to date again.")


def _title(year: str) -> str:
    return f"{year} is not up to date"


def _commit(findings: Path) -> None:
    """Put the findings where they belong in the repository, if they are others."""
    address, text = f"repos/{{owner}}/{{repo}}/contents/{_FINDINGS}", findings.read_bytes()
    there = json.loads(_gh("api", address))
    if base64.b64decode(there["content"]) == text:
        return
    fields = {
        "message": "Compute the findings anew",
        "content": base64.b64encode(text).decode(),
        "sha": there["sha"],
    }
    given = [part for name, value in fields.items() for part in ("--field", f"{name}={value}")]
    _gh("api", "--method", "PUT", address, *given)
    say(f"{_FINDINGS} is written anew.")


def _gh(*arguments: str) -> str:
    return _output(_run(*arguments))


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    quiet = {"GH_PROMPT_DISABLED": "1", "NO_COLOR": "1"}
    try:
        return subprocess.run(
            ["gh", *arguments], env=os.environ | quiet, capture_output=True, text=True
        )
    except FileNotFoundError as exc:
        raise UserError("There is no program gh: install it from https://cli.github.com.") from exc


def _output(done: "subprocess.CompletedProcess[str]") -> str:
    if done.returncode:
        command: Any = done.args
        raise UserError(f"{' '.join(command[:3])}: {done.stderr.strip()}")
    return done.stdout
