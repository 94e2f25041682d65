"""Plans of tracking, with their rows of styles and materials."""

from typing import Any

from . import World, calls


def plan(world: World, name: str) -> dict[str, Any]:
    return next(plan for plan in world.call("tracking.plan_list") if plan["name"] == name)


@calls("folders", "plan_list", "plan_get", of=["tracking"])
def plans(world: World, resource: str) -> None:
    folders = world.call("tracking.folders")
    assert [folder["active"] for folder in folders] == [True, False]
    listed = world.call("tracking.plan_list")
    assert len(listed) == 3
    in_folder = world.call("tracking.plan_list", None, folders[0]["id"])
    assert in_folder == [plan for plan in listed if plan["folderId"] == folders[0]["id"]]
    assert world.call("tracking.plan_get", world.simulator.about["plan"]) == listed[0]


@calls("plan_style_progress", "plan_style_timeline_list", "plan_style_tracking_view", of=["tracking"])
@calls("plan_material_progress", "plan_material_timeline_list", "plan_material_tracking_view", of=["tracking"])
def reads_of_rows(world: World, resource: str) -> None:
    main = world.call("tracking.plan_get", world.simulator.about["plan"])
    for master in ("style", "material"):
        progress = world.call(f"tracking.plan_{master}_progress", main["id"])
        rows = world.call(f"tracking.plan_{master}_timeline_list", main["id"])
        # A row for each record of the first folder.
        records = world.call(f"{master}.attributes_list", world.folder(master))
        assert {row["header"]["id"] for row in rows} == {record["id"] for record in records}
        assert len(rows) == len(records)
        assert progress["total"] == sum(len(row["timelines"]) for row in rows)
        view = main[master]["views"][0]["id"]
        viewed = world.call(f"tracking.plan_{master}_tracking_view", main["id"], view)
        assert [row["id"] for row in viewed] == [row["id"] for row in rows]
        assert set(viewed[0]["fields"][0]) == {"field", "label", "type", "value", "valueId"}


@calls("plan_style_timeline_update", "plan_style_revisions", "plan_style_timelines_delete", of=["tracking"])
@calls("plan_material_timeline_update", "plan_material_revisions", "plan_material_timelines_delete", of=["tracking"])
def writes_of_rows(world: World, resource: str) -> None:
    main = world.simulator.about["plan"]
    for master in ("style", "material"):
        first, *others = world.call(f"tracking.plan_{master}_timeline_list", main)
        assert world.call(f"tracking.plan_{master}_revisions", main) == []
        milestone = {"id": first["timelines"][1]["id"], "status": {"value": "Rejected"}}
        change = {"id": first["id"], "size": {"value": "M"}, "timelines": [milestone]}
        world.call(f"tracking.plan_{master}_timeline_update", main, [change])
        changed, *_ = world.call(f"tracking.plan_{master}_timeline_list", main)
        assert (changed["size"], changed["timelines"][1]["status"]) == ("M", "Rejected")
        assert world.call(f"tracking.plan_{master}_progress", main)["rejected"] == 1
        assert [entry["Type"] for entry in world.call(f"tracking.plan_{master}_revisions", main)] == ["Revision"]
        world.call(f"tracking.plan_{master}_timelines_delete", main, [first["id"]])
        assert world.call(f"tracking.plan_{master}_timeline_list", main) == others


@calls("plan_style_timelines_archive", of=["tracking"])
def archived_rows(world: World, resource: str) -> None:
    main = world.simulator.about["plan"]
    first, *_ = world.call("tracking.plan_style_timeline_list", main)
    assert first["isArchived"] is False
    world.call("tracking.plan_style_timelines_archive", main, [first["id"]])
    archived, *others = world.call("tracking.plan_style_timeline_list", main)
    assert (archived["id"], archived["isArchived"]) == (first["id"], True)
    assert not any(row["isArchived"] for row in others)


@calls("plan_style_add", "plan_style_by_colorway_add", "plan_style_by_sku_add", of=["tracking"])
@calls("plan_material_add", "plan_material_by_colorway_add", of=["tracking"])
def additions(world: World, resource: str) -> None:
    empty = plan(world, "Capsule")["id"]
    for master in ("style", "material"):
        made = world.new(master)
        moss = made["colorways"][0]["id"]
        assert world.call(f"tracking.plan_{master}_timeline_list", empty) == []
        world.call(f"tracking.plan_{master}_add", empty, [made["id"]])
        world.call(f"tracking.plan_{master}_by_colorway_add", empty, [made["id"]])
        rows = world.call(f"tracking.plan_{master}_timeline_list", empty)
        assert [(row["header"]["id"], row["colorId"]) for row in rows] == [(made["id"], None), (made["id"], moss)]
    style = world.call("style.attributes_get_by_number", "EX-style")
    moss = style["colorways"][0]["id"]
    items = [{"headerId": style["id"], "sku": [{"colorwayId": moss, "sizes": ["M", "L"]}]}]
    added = world.call("tracking.plan_style_by_sku_add", empty, items)
    rows = world.call("tracking.plan_style_timeline_list", empty)[-2:]
    assert [row["id"] for row in added] == [row["id"] for row in rows]
    assert [(row["colorId"], row["size"]) for row in rows] == [(moss, "M"), (moss, "L")]
    assert {row["headerFolderId"] for row in added} == {style["folder"]["id"]}
