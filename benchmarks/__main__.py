"""Run all benchmarks in turn: `make bench`. Each prints its table; RESULTS.md has them."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main():
    failed = []
    for path in sorted(FOLDER.glob("bench_*.py")):
        print(f"\n# {path.stem}\n", flush=True)
        if subprocess.run([sys.executable, str(path)], check=False).returncode:
            failed.append(path.stem)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
