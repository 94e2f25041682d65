"""The README's example, which has to pass the type checkers as it stands there. `tests/readme` compares the two."""

from beproduct_client import BeProduct, Plan


def example(client_id: str, client_secret: str, refresh_token: str, folder: str, numbers: list[str]) -> None:
    # fmt: off
    with BeProduct(company_domain="acme", client_id=client_id, client_secret=client_secret, refresh_token=refresh_token,
                   plan=Plan.business_max(licenses=8)) as client:
        for style in client.style.list(folder_id=folder, filters=[{"field": "season", "operator": "Eq", "value": "Fall"}]):
            print(style["headerNumber"])
        found = client.style.get_many_by_number(numbers)
        print(len(found["found"]), "found,", found["missing"], "missing")
        print(client.quota.status()["remaining"], "requests left today")
