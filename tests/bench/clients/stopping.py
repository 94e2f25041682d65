"""How many requests a list has cost that is left at the last record of a page: stopping.py PAGE."""

import itertools
import sys
import time

from measured import arrivals, report, settings

from beproduct_client import BeProduct

PAGE = 200


def main(page):
    with BeProduct(**settings(concurrency=10)) as client:
        records = client.style.list(page_size=PAGE)
        assert sum(1 for _ in itertools.islice(records, page * PAGE)) == page * PAGE
        # What was fetched ahead arrives too.
        time.sleep(0.5)
        report(requests=arrivals())


if __name__ == "__main__":
    main(int(sys.argv[1]))
