"""The README's examples, which have to pass the type checkers as they stand there. `tests/readme` compares the two."""

from beproduct_client import BeProduct, Plan


def example(client_id: str, client_secret: str, refresh_token: str, folder: str, numbers: list[str]) -> None:
    # fmt: off
    with BeProduct(company_domain="acme", client_id=client_id, client_secret=client_secret, refresh_token=refresh_token,
                   plan=Plan.business_max(licenses=8)) as client:
        for style in client.style.list(folder_id=folder, filters={"season": "Fall"}):
            print(style["headerNumber"])
        found = client.style.get_many_by_number(numbers)
        print(len(found["found"]), "found,", found["missing"], "missing")
        print(client.quota.status()["remaining"], "requests left today")


def three_lines() -> None:
    client = BeProduct.from_environment()
    print(client.style.folders())


def one_quota(token: str, redis_url: str) -> None:
    # fmt: off
    with BeProduct(
        company_domain="acme", access_token=token,
        plan=Plan.enterprise(licenses=40, requests_per_minute=60, time_zone="America/New_York"),
        ledger={"redis": {"url": redis_url, "when_away": {"share": 20}}}, quota_lease=10,
        on_quota_event=print,
    ) as client:
        print(client.quota.estimate([{"operation": "style.list", "count": 5000}]))
        print(client.quota.report(days=7)["by_label"])
