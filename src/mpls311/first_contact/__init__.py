"""The configured source as it is, held against what this project assumes of it.

The first thing to run where a live service can be reached: a handful of small questions a layer,
no rows but a sample, and a report in Markdown that can be pasted into an issue.
"""

from mpls311.first_contact.contact import Contact, Finding, look
from mpls311.first_contact.report import report

__all__ = ["Contact", "Finding", "look", "report"]
