"""Rows of a data table, updated in one call: rows.py ROWS."""

import sys

from measured import measured, settings, style

from beproduct_client import BeProduct


def main(count):
    rows = [
        {
            "rowId": style(number),
            "rowFields": [{"id": "code", "value": f"C-{number}"}, {"id": "name", "value": f"Color {number}"}],
        }
        for number in range(count)
    ]
    with BeProduct(**settings()) as client, measured():
        client.data_tables.update(style(0), rows)


if __name__ == "__main__":
    main(int(sys.argv[1]))
