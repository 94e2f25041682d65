"""Searches all that the suites were shown for secrets.

    search.py SECRETS TRANSCRIPTS

SECRETS is the file that every simulator of the run has written its secrets to, one a line: client secrets, passwords,
codes, tokens, states, nonces. TRANSCRIPTS is a folder with what the suites have printed, with the log lines of every client
at their finest level, and with every error in all its forms. None of the former may stand in any of the latter.
"""

import pathlib
import subprocess
import sys

# What has to be there, so that a suite that has written nothing down does not pass for one that is clean.
EXPECTED = ["rust-log-*", "python-log*", "python-errors*", "node-log*", "cases-rust*", "cases-python*", "cases-node*"]
MOBILE = {"kotlin": ["kotlin-log*", "cases-kotlin*"], "swift": ["swift-log*", "cases-swift*"]}


def main(secrets, transcripts):
    expected = list(EXPECTED)
    for language, patterns in MOBILE.items():
        # Left by .ci/not-here where a machine cannot have the language.
        if not (transcripts.parent / f"no-{language}").exists():
            expected += patterns
    absent = [pattern for pattern in expected if not any(path.stat().st_size for path in transcripts.glob(pattern))]
    if absent:
        sys.exit(f"secrets: nothing was written down for {', '.join(absent)}")
    kept = sorted({line for line in secrets.read_text().splitlines() if line})
    looked_for = secrets.with_suffix(".sorted")
    looked_for.write_text("\n".join(kept) + "\n")
    found = subprocess.run(
        ["grep", "--recursive", "--fixed-strings", "--text", "--line-number", "--file", looked_for, transcripts],
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if found.returncode > 1:
        sys.exit(f"secrets: {found.stderr}")
    size = sum(path.stat().st_size for path in transcripts.iterdir())
    places = found.stdout.splitlines()
    for place in places[:20]:
        print(place[:400])
    print(f"secrets: {len(kept)} looked for in {size} bytes of transcripts, {len(places)} found")
    return 1 if places else 0


if __name__ == "__main__":
    sys.exit(main(*map(pathlib.Path, sys.argv[1:])))
