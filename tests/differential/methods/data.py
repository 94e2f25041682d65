"""Tables and fields of the company, schemas, line sheets, reports, and the automation host."""

from . import MASTERS, World, calls
from .pages import values


@calls("list", "schema", "data", "update", "reset", of=["data_tables"])
def data_tables(world: World, resource: str) -> None:
    (table, *_) = world.call("data_tables.list")
    columns = [field["fieldId"] for field in world.call("data_tables.schema", table["id"])]
    rows = world.call("data_tables.data", table["id"], None, 25)
    assert len(rows) == 60
    assert [field["id"] for field in rows[0]["fields"]] == columns
    label = [{"id": "label", "value": "Combed 7"}]
    changes = [
        {"rowId": rows[0]["id"], "rowFields": label},
        {"rowId": None, "rowFields": label},
        {"rowId": rows[1]["id"], "rowFields": [], "deleteRow": True},
    ]
    answer = world.call("data_tables.update", table["id"], changes)
    assert (answer["updated"], answer["deleted"]) == ([rows[0]["id"]], [rows[1]["id"]])
    shown = {row["id"]: values(row["fields"]) for row in world.call("data_tables.data", table["id"])}
    assert len(shown) == 60
    assert [shown[row]["label"] for row in answer["updated"] + answer["added"]] == ["Combed 7"] * 2
    world.call("data_tables.reset", table["id"])
    assert world.call("data_tables.data", table["id"]) == []


@calls("get", "create", "update", of=["master_data"])
def fields_of_the_company(world: World, resource: str) -> None:
    fields = {
        "fieldType": "DropDown",
        "fieldId": "fabric_story",
        "fieldName": "Fabric Story",
        "masterFolders": ["Style", "Material"],
        "choices": {"items": ["Linen", "Wool"]},
    }
    created = world.call("master_data.create", fields)
    assert [choice["value"] for choice in created["properties"]["Choices"]] == ["Linen", "Wool"]
    more = {"choices": {"items": [{"value": "Hemp", "code": "H", "active": True}]}}
    world.call("master_data.update", "fabric_story", more)
    changed = world.call("master_data.get", "fabric_story")
    assert [choice["value"] for choice in changed["properties"]["Choices"]] == ["Linen", "Wool", "Hemp"]


@calls("folder_field_get", "folder_field_update", of=["master_data"])
def fields_of_folders(world: World, resource: str) -> None:
    place = world.folder("style"), "season"
    before = world.call("master_data.folder_field_get", *place)
    assert (before["fieldId"], before["required"]) == ("season", False)
    world.call("master_data.folder_field_update", *place, {"requiredValue": True})
    assert world.call("master_data.folder_field_get", *place)["required"] is True


@calls("get_folder_schema", of=["schema"])
def schemas(world: World, resource: str) -> None:
    for master in MASTERS:
        *fields, last = world.call("schema.get_folder_schema", master.title(), world.folder(master))
        # The client adds a field that no folder has, and the types of Python.
        assert (last["field_id"], last["field_type"]) == ("ModifiedAt", "DateTime")
        known = [field["fieldId"] for field in world.call(f"{master}.folder_schema", world.folder(master))]
        assert [field["field_id"] for field in fields] == known
        assert "str" in [field["data_type"] for field in fields]


@calls("folders", "list", "get", of=["linesheets"])
def line_sheets(world: World, resource: str) -> None:
    folders = world.call("linesheets.folders")
    assert [folder["name"] for folder in folders] == ["Sell-in", "Showroom", "Fabric Cards"]
    assert world.call("linesheets.folders", "Material") == folders[2:]
    listed = world.call("linesheets.list")
    assert len(listed) == 4
    assert world.call("linesheets.list", folders[0]["id"], "outer") == [listed[1]]
    assert world.call("linesheets.get", listed[1]["id"]) == listed[1]


@calls("list", "data", of=["reports"])
def reports(world: World, resource: str) -> None:
    listed = world.call("reports.list", 2)
    assert len(listed) == 3
    page = world.call("reports.data", listed[0]["id"], {"filters": []}, 2)
    assert (page["total"] > 2, len(page["result"])) == (True, 2)
    assert world.call("reports.data", listed[0]["id"], {}, 2, 1)["result"][0] not in page["result"]


@calls("autonumber_create", "autonumber_generate", "autonumber_list", "get", "post", of=["automation"])
def autonumbers(world: World, resource: str) -> None:
    created = world.call("automation.autonumber_create", "parcel", "P-[000]")
    numbers = [world.call("automation.autonumber_generate", created["id"]) for _ in range(2)]
    assert numbers == ["P-001", "P-002"]
    (sequence,) = world.call("automation.autonumber_list", "parcel")
    assert sequence == created | {"name": "parcel", "template": "P-[000]"}
    assert sequence in world.call("automation.autonumber_list")
    company = world.simulator.about["company"]
    body = {"name": "box", "template": "[0]"}
    posted = world.call("automation.post", f"autonumber?name=box&company={company}", body)
    listed = world.call("automation.get", f"autonumber-list?name=box&company={company}")
    assert listed == {"autonumbers": [posted | body]}


@calls("lock_aquire", "lock_check", "lock_release", "delete", of=["automation"])
def locks(world: World, resource: str) -> None:
    def taken() -> list[bool]:
        return [lock["locked"] for lock in world.call("automation.lock_check", ["import", "export"], 5)]

    company = world.simulator.about["company"]
    assert taken() == [False, False]
    for name in ("import", "export"):
        assert world.call("automation.lock_aquire", name) == {"name": name, "acquired": True}
    assert world.call("automation.lock_aquire", "import", 5)["acquired"] is False
    assert taken() == [True, True]
    world.call("automation.lock_release", "import")
    assert taken() == [False, True]
    world.call("automation.delete", f"locks?name=export&company={company}")
    assert taken() == [False, False]
