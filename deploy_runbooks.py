"""Put the runbooks into an Automation account: `python deploy_runbooks.py --help` lists what it can do."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent / "modules"))
    try:
        from deployer.cli import main
    except ModuleNotFoundError as missing:
        sys.exit(
            f"error: this Python has no {missing.name}: run `make venv` once, then "
            f".venv/bin/python deploy_runbooks.py"
        )
    main()
