"""Send recorded reads again and parse every answer: python bare_loop.py FILE [OUT].

Nothing is done with what was read but to write its rows to OUT, a JSON object a line.
"""

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


def main(recorded: Path, out: Path) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token()}"
    follows, rows = "", out.open("w")
    for one in json.loads(recorded.read_text()):
        options = (one["body"] or {}).get("options", {})
        if "$skipToken" in options:
            options["$skipToken"] = follows
        url = f"https://management.azure.com{one['path']}"
        answer = session.request(one["method"], url, params=one["query"], json=one["body"], timeout=60)
        if answer.status_code != 404:
            answer.raise_for_status()
        told = json.loads(answer.content)
        follows = told.get("$skipToken", "")
        rows.writelines(json.dumps(row) + "\n" for row in told.get("data", ()))
    rows.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else os.devnull))
