"""What the infrastructure promises: few rights, nothing public, a lake that only loses raw pages.

Whether Terraform accepts the files is for `make terraform-check`, which needs its provider.
"""

import re
from pathlib import Path

import yaml

from mpls311 import __version__
from mpls311.schemas.table_files import table_files
from mpls311.terraform_values import terraform_values

PROJECT = Path(__file__).parents[2]
TEXT = "\n".join(file.read_text("utf-8") for file in sorted((PROJECT / "terraform").glob("*.tf")))
# `terraform fmt` puts the end of a block, and nothing else, at the start of a line.
RESOURCES = {
    (kind, name): body
    for kind, name, body in re.findall(
        r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}', TEXT, flags=re.MULTILINE | re.DOTALL
    )
}
LOCALS = dict(re.findall(r'^  (\w+) += "([^"$]*)"$', TEXT, flags=re.MULTILINE))


def lifecycle_rules() -> list[tuple[str, list[str]]]:
    """Return for each rule of the bucket which versions it deletes, under which prefixes."""
    bucket = RESOURCES["google_storage_bucket", "lake"]
    rules = re.findall(r'with_state += "(\w+)"\n +matches_prefix += \[(.+)\]', bucket)
    assert len(rules) == bucket.count("lifecycle_rule {"), "each rule has a state and prefixes"
    return [
        (state, [LOCALS[name] for name in re.findall(r"local\.(\w+)", prefixes)])
        for state, prefixes in rules
    ]


def test_each_right_is_one_that_the_readme_explains() -> None:
    granted = set(re.findall(r'"(roles/[^"]+)"', TEXT))
    readme = (PROJECT / "terraform" / "README.md").read_text("utf-8")
    explained = readme.partition("## Rights")[2].partition("\n## ")[0]
    assert granted == {f"roles/{name}" for name in re.findall(r"^\| `(.+?)` \|", explained, re.M)}


def test_for_the_whole_project_nobody_sees_or_changes_data() -> None:
    in_project = {
        role
        for (kind, _), body in RESOURCES.items()
        if kind == "google_project_iam_member"
        for role in re.findall(r'"roles/([^"]+)"', body)
    }
    # To run jobs and open read sessions; the others read settings.
    runs = {"bigquery.jobUser", "bigquery.readSessionUser"}
    assert runs < in_project
    assert all(re.search("(Viewer|viewer|reader|Reviewer)$", role) for role in in_project - runs)
    assert not in_project & {"viewer", "bigquery.dataViewer", "storage.objectViewer"}


def test_nothing_is_public() -> None:
    assert not re.search("allUsers|allAuthenticatedUsers", TEXT)
    bucket = RESOURCES["google_storage_bucket", "lake"]
    assert re.search(r'public_access_prevention += "enforced"', bucket)
    assert re.search(r"uniform_bucket_level_access += true", bucket)


def test_the_job_replaces_only_what_is_no_lake() -> None:
    replaceable = RESOURCES["google_storage_bucket_iam_member", "job_replaceable"]
    lake = RESOURCES["google_storage_bucket_iam_member", "job_lake"]

    assert set(re.findall(r'"(roles/[^"]+)"', lake)) == {
        "roles/storage.objectCreator",
        "roles/storage.objectViewer",
    }
    prefixes = ("reporting_prefix", "exports_prefix", "lease_prefix", "looks_prefix")
    assert f"toset([{', '.join(f'local.{name}' for name in prefixes)}])" in replaceable
    assert "/objects/${each.value}" in replaceable


def test_of_what_manifests_name_only_raw_pages_expire() -> None:
    catalog = yaml.safe_load((PROJECT / "conf/base/catalog_lake.yml").read_text("utf-8"))
    folders = {
        name: (entry.get("path") or entry["filepath"]).removeprefix("${globals:lake}/")
        for name, entry in catalog.items()
    }
    expiring = {
        state: {name for name, folder in folders.items() if folder.startswith(tuple(prefixes))}
        for state, prefixes in lifecycle_rules()
    }

    assert expiring == {
        "LIVE": {"raw_requests", "earlier_raw_requests"},
        "ARCHIVED": {"raw_requests", "earlier_raw_requests", "validation_report"},
    }


def test_raw_pages_expire_when_a_check_says_so() -> None:
    parameters = (PROJECT / "conf/base/parameters.yml").read_text("utf-8")
    generated = (PROJECT / "terraform/generated/parameters.yml").read_text("utf-8")

    assert generated == terraform_values(parameters)
    assert "age            = local.raw_retention_days" in RESOURCES["google_storage_bucket", "lake"]
    assert 'file("${path.module}/generated/parameters.yml")' in TEXT
    assert "local.parameters.lake.raw_retention_days" in TEXT
    assert yaml.safe_load(generated)["lake"]["raw_retention_days"] >= 90


def test_only_what_a_run_replaces_can_be_deleted() -> None:
    tables = RESOURCES["google_bigquery_table", "staging"]

    assert 'startswith(each.key, "raw_") ? false : var.deletion_protection' in tables
    assert {name for name in table_files() if not name.startswith("raw_")} == {"track_load.json"}


def test_the_image_has_the_version_of_the_package() -> None:
    tag = re.search(r'variable "image_tag" \{.*?default += "([^"]+)"', TEXT, flags=re.DOTALL)

    assert tag
    assert tag[1] == __version__
    readme = (PROJECT / "terraform" / "README.md").read_text("utf-8")
    assert set(re.findall(r"/mpls311:(\S+)", readme)) == {__version__}
