"""What Terraform takes from the configuration, written beside it: a module reads no other folder.

    python -m mpls311.terraform_values conf/base/parameters.yml terraform/generated/parameters.yml

A test fails when the two drift apart.
"""

import sys
from pathlib import Path

import yaml

_TAKEN = {"lake": ("raw_retention_days",)}


def terraform_values(parameters: str) -> str:
    """The text of terraform/generated/parameters.yml.

    Args:
        parameters: That of conf/base/parameters.yml.
    """
    configured = yaml.safe_load(parameters)
    taken = {group: {name: configured[group][name] for name in _TAKEN[group]} for group in _TAKEN}
    return str(yaml.safe_dump(taken))


if __name__ == "__main__":
    text = terraform_values(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Path(sys.argv[2]).write_text(text, encoding="utf-8")
