"""Prints ``true`` where the event that runs the job is about code of another repository, such as a fork's pull request;
else ``false``.
"""

import json
import os

path = os.environ.get("GITHUB_EVENT_PATH")
event = {}
if path:
    with open(path, encoding="utf-8") as file:
        event = json.load(file)
here = (event.get("repository") or {}).get("full_name")
heads = [
    (event.get("pull_request") or {}).get("head", {}).get("repo", {"full_name": here}),
    (event.get("workflow_run") or {}).get("head_repository", {"full_name": here}),
]
# A fork that is gone is null.
print("true" if any(head is None or head.get("full_name") != here for head in heads) else "false")
