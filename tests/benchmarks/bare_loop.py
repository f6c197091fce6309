"""Send recorded reads again, parse every answer, and do nothing with it: python bare_loop.py FILE."""

import json
import os
import sys
from pathlib import Path

import requests


def token() -> str:
    answer = requests.get(
        os.environ["IDENTITY_ENDPOINT"],
        params={"resource": "https://management.azure.com/", "api-version": "2019-08-01"},
        headers={"X-IDENTITY-HEADER": os.environ["IDENTITY_HEADER"]},
        timeout=60,
    )
    return str(answer.json()["access_token"])


def main(recorded: Path) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token()}"
    follows = ""
    for one in json.loads(recorded.read_text()):
        options = (one["body"] or {}).get("options", {})
        if "$skipToken" in options:
            options["$skipToken"] = follows
        url = f"https://management.azure.com{one['path']}"
        answer = session.request(one["method"], url, params=one["query"], json=one["body"], timeout=60)
        if answer.status_code != 404:
            answer.raise_for_status()
        follows = json.loads(answer.content).get("$skipToken", "")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
