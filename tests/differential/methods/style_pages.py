"""Pages that only styles have, or only materials: bills of materials, SKUs, sets, measurements, samples, texts, links, 3D."""

from typing import Any

from . import World, calls
from .pages import ITEM, TIMELINE, values


@calls("app_textlist_update", "app_textlist_editor_update", of=["style"])
def texts(world: World, master: str) -> None:
    made = world.new(master)
    app = world.app(master, made, "TextList")
    fold = {"itemId": ITEM, "itemFields": [{"id": "text", "value": "Fold line"}]}
    world.call("style.app_textlist_update", made["id"], app, [fold])
    world.call("style.app_textlist_editor_update", made["id"], app, "<p>Double stitch</p>")
    data = world.page(master, made, app)
    assert data["text"] == "<p>Double stitch</p>"
    (item,) = data["images"]
    assert (item["id"], values(item["controls"])) == (ITEM, {"text": "Fold line"})


@calls("app_link_pages_update", of=["style"])
def links(world: World, master: str) -> None:
    made = world.new(master)
    app, form = world.app(master, made, "LinkPages"), world.app(master, made, "Form")
    link = {"headerId": made["id"], "pageId": form}
    world.call("style.app_link_pages_update", made["id"], app, [link | {"removeLink": False}])
    (linked,) = world.page(master, made, app)
    assert link.items() <= linked.items()
    world.call("style.app_link_pages_update", made["id"], app, [link | {"removeLink": True}])
    assert world.page(master, made, app) == []


@calls("app_artboard_image_assign", of=["style"])
def artboards(world: World, master: str) -> None:
    made = world.new(master)
    for name in ("one", "two"):
        upload = world.call("style.attributes_upload", made["id"], world.file(f"{name}.png", name))
        world.processed(master, upload)

    def front() -> str:
        return world.download(world.get(master, made)["headerData"]["frontImage"]["origin"])

    assert front() == "two"
    world.call("style.app_artboard_image_assign", made["id"], world.app(master, made, "Artboard"), 0)
    assert front() == "one"


@calls("app_sku_generate", "app_sku_update", of=["style"])
def skus(world: World, master: str) -> None:
    made = world.new(master)
    colorway = made["colorways"][0]["id"]
    # Without a picture of its colorway an SKU is not made.
    swatch = world.call("style.attributes_colorway_upload", made["id"], colorway, world.file("swatch.png", "moss"))
    world.processed(master, swatch)
    app = world.app(master, made, "SKU")
    (sku,) = world.call("style.app_sku_generate", made["id"], app)["data"]
    assert (sku["colorName"], sku["size"]) == ("Moss", "M")
    changes = [{"id": sku["id"], "fields": [{"id": "upc", "value": "000000000001"}]}]
    changed = world.call("style.app_sku_update", made["id"], app, changes)["data"]
    assert world.page(master, made, app) == changed
    assert values(changed[0]["fields"])["upc"] == "000000000001"


@calls("app_sets_update", of=["style"])
def rows_of_sets(world: World, master: str) -> None:
    made = world.new(master)
    app = world.app(master, made, "Sets")
    (row,) = world.page(master, made, app)["data"]
    # The service fails on a request that adds a style, so a row is changed.
    change = {"rowId": row["rowId"], "rowFields": [{"id": "qty", "value": 2}]}
    world.call("style.app_sets_update", made["id"], app, [{"styleUpdate": change}])
    assert world.page(master, made, app)["data"] == [row | {"qty": 2}]


@calls("app_multimeasurements_update", "app_multimeasurements_reset", of=["style"])
def measurements(world: World, master: str) -> None:
    made, block = world.new(master), world.new("block")
    world.call("style.attributes_block_link", made["id"], block["id"])
    size_class = world.get(master, made)["sizeClasses"][0]["id"]
    app = world.app(master, made, "MultiMeasurements")
    chest = {"code": "P1", "pointOfMeasure": "Chest"}
    world.call("style.app_multimeasurements_update", made["id"], app, {"sizeClass": size_class, "poms": [chest]})
    (measured,) = world.page(master, made, app)["sizeClasses"]
    assert measured["sizeClass"]["id"] == size_class
    assert [chest.items() <= pom.items() for pom in measured["poms"]] == [True]
    world.call("style.app_multimeasurements_reset", made["id"], app)
    assert world.page(master, made, app)["sizeClasses"] == []


@calls("app_sample_request_multi_add_submit", "app_request_schema", of=["style"])
def samples(world: World, master: str) -> None:
    made = world.new(master)
    submit: dict[str, Any] = {"sizes": [{"sizeClass": ITEM, "sizeName": "M"}]}
    fit = world.app(master, made, "SampleRequestMulti")
    world.call("style.app_sample_request_multi_add_submit", made["id"], fit, submit | {"submitName": "Fit 1"})
    (shown,) = world.page(master, made, fit)["submits"]
    assert (shown["name"], [size["size"] for size in shown["sizes"]]) == ("Fit 1", ["M"])
    proto = world.app(master, made, "SampleRequestMulti", of_samples=True)
    submit["submitName"] = "Proto 2"
    world.call("style.app_sample_request_multi_add_submit", made["id"], proto, submit, TIMELINE)
    (page,) = world.call("style.app_request_get", made["id"], proto, TIMELINE)
    assert [shown["name"] for shown in page["data"]["submits"]] == ["Proto 2"]
    dip = world.app(master, made, "Form", of_samples=True)
    assert "fit_note" in [field["fieldId"] for field in world.call("style.app_request_schema", dip)["form"]]


@calls("app_bom_update", "app_bom_item_delete", "app_bom_reset", "app_bom_details_update", of=["style"])
def boms(world: World, master: str) -> None:
    made, material = world.new(master), world.new("material")
    app, details = world.app(master, made, "BOM"), world.app(master, made, "BOMDetails")

    def rows() -> Any:
        return world.page(master, made, app)["data"]

    assert rows() is None
    world.call("style.app_bom_update", made["id"], app, [{"materialIdToInsert": material["id"]}])
    (row,) = rows()
    assert (row["materialId"], row["isAdHOC"]) == (material["id"], False)
    moss = made["colorways"][0]["id"]
    changed = {"rowId": row["rowId"], "rowFields": [{"id": "qty", "value": 1.5}]}
    color = {"colorId": moss, "colorNumber": "EX-01", "colorName": "Harbour", "hex": "2f4a63", "colorwayId": moss}
    tag = {"rowId": None, "rowFields": [{"id": "header_name", "value": "Hang tag"}]}
    changes = [{"materialUpdate": changed, "colorUpdate": [color]}, {"materialUpdate": tag}]
    world.call("style.app_bom_update", made["id"], app, changes)
    first, second = rows()
    assert (first["qty"], first[moss]["name"]) == ("1.5", "Harbour")
    assert (second["header_name"], second["isAdHOC"]) == ("Hang tag", True)
    world.call("style.app_bom_item_delete", made["id"], app, second["rowId"])
    assert rows() == [first]
    for deleted, left in ((False, [material["id"]]), (True, [])):
        named = [{"id": material["id"], "deleteMaterial": deleted}]
        world.call("style.app_bom_details_update", made["id"], details, named)
        assert [one["id"] for one in world.page(master, made, details)] == left
    world.call("style.app_bom_reset", made["id"], app)
    assert rows() == []


@calls(*(f"app_bom_variation_{what}" for what in ("create", "delete", "get", "list")), of=["style"])
@calls(*(f"app_bom_variation_{what}" for what in ("reset", "schema", "update")), of=["style"])
def variations(world: World, master: str) -> None:
    made, material = world.new(master), world.new("material")
    app = world.app(master, made, "BOMVariations")
    assert "qty" in [field["fieldId"] for field in world.call("style.app_bom_variation_schema", app)["grid"]]
    assert world.call("style.app_bom_variation_list", made["id"], app) == []
    created = [
        world.call("style.app_bom_variation_create", made["id"], app, {"variationName": name, "isDefault": name == "A"})
        for name in ("A", "B")
    ]
    assert [one["metadata"]["isDefault"] for one in created] == [True, False]
    place = made["id"], app, created[1]["id"]
    row = {"materialId": material["id"], "rowFields": [{"id": "qty", "value": 1.5}]}
    changed = world.call("style.app_bom_variation_update", *place, {"rows": [row], "variationName": "Mill"})
    assert world.call("style.app_bom_variation_get", *place) == changed
    assert [one["variationName"] for one in world.call("style.app_bom_variation_list", made["id"], app)] == [
        "A",
        "Mill",
    ]
    (shown,) = changed["rows"]
    assert (shown["materialId"], values(shown["fields"])["qty"]) == (material["id"], 1.5)
    assert world.call("style.app_bom_variation_reset", *place)["rows"] == []
    world.call("style.app_bom_variation_delete", *place)
    assert [one["variationName"] for one in world.call("style.app_bom_variation_list", made["id"], app)] == ["A"]


@calls("flat_bom", of=["style", "reports"])
def flat_bom(world: World, resource: str) -> None:
    found = world.call(f"{resource}.flat_bom", {}, 2)
    assert (found["total"] > 2, len(found["result"])) == (True, 2)
    assert set(found["result"][0]) == {"header", "bom", "applicationId"}
    after = world.call(f"{resource}.flat_bom", {}, 2, 1)
    assert after["result"][0] not in found["result"]


@calls(*(f"app_3D_style_version_{what}" for what in ("create", "copy", "update", "delete")), of=["style"])
def versions_in_3d(world: World, master: str) -> None:
    made = world.new(master)
    app = world.app(master, made, "3DStyle")
    first = world.call("style.app_3D_style_version_create", made["id"], app, "First")
    update = {
        "versionName": {"value": "B"},
        "versionStatus": {"value": "InWork"},
        "colorways": [{"colorName": "Chalk"}],
    }
    changed = world.call("style.app_3D_style_version_update", made["id"], app, first["id"], update)
    assert (changed["name"], changed["status"], changed["colorways"][0]["colorName"]) == ("B", "InWork", "Chalk")
    copy = world.call("style.app_3D_style_version_copy", made["id"], app, first["id"], "Second")
    assert (copy["name"], copy["version"], len(copy["colorways"])) == ("Second", 2, 1)
    world.call("style.app_3D_style_version_delete", made["id"], app, first["id"])
    assert [version["id"] for version in world.page(master, made, app)["versions"]] == [copy["id"]]


@calls(*(f"app_3D_style_{what}_upload" for what in ("working_file", "preview", "turntable")), of=["style"])
def files_in_3d(world: World, master: str) -> None:
    made = world.new(master)
    app = world.app(master, made, "3DStyle")
    version = world.call("style.app_3D_style_version_create", made["id"], app, "First")["id"]
    update = {"colorways": [{"colorName": "Chalk"}]}
    chalk = world.call("style.app_3D_style_version_update", made["id"], app, version, update)["colorways"][0]["id"]
    for kind, arguments, name in [
        ("working_file", (app, version), "sim.bw"),
        ("preview", (app, version, chalk), "front.png"),
        ("turntable", (version, True), "turn.zip"),
    ]:
        file = world.file(name, f"a {kind}")
        world.processed(master, world.call(f"style.app_3D_style_{kind}_upload", made["id"], *arguments, file))
    (shown,) = world.page(master, made, app)["versions"]
    (working,), (preview,) = shown["workingFiles"], shown["colorways"][0]["previews"]
    assert world.download(working["origin"]) == "a working_file"
    assert (working["fileName"], preview["fileName"]) == ("sim.bw", "front.png")
    assert [file["fileName"] for file in shown["turntable"]] == ["turn.zip"]


@calls("app_3d_material_asset_upload", "app_3d_material_upload", of=["material"])
@calls("app_3d_material_preview_upload", "app_3d_material_texture_upload", "app_3d_material_update", of=["material"])
def materials_in_3d(world: World, master: str) -> None:
    made = world.new(master)
    app, moss = world.app(master, made, "Material3D"), made["colorways"][0]["id"]
    place = made["id"], app, moss
    uploads = {}
    for kind, side in [("asset", []), ("preview", []), ("texture", []), ("texture", ["back"])]:
        file = world.file(f"{kind}.png", kind)
        upload = world.call(f"material.app_3d_material_{kind}_upload", *place, *side, filepath=file)
        world.processed(master, upload)
        uploads[kind] = upload
    # The former name of the upload of an asset takes no names of arguments.
    world.processed(master, world.call("material.app_3d_material_upload", *place, world.file("pack.zip", "packed")))
    (shown,) = world.page(master, made, app)["assets"]
    assert shown["colorwayId"] == moss
    assert [asset["fileName"] for asset in shown["assets3D"]] == ["asset.png", "pack.zip"]
    assert {side: len(files) for side, files in shown["textures"].items()} == {"front": 1, "back": 1}
    assert len(shown["previews"]) == 1
    changes = {
        "assets": {"itemsToDelete": [uploads["asset"]]},
        "textures": {"front": None, "back": None},
        "previews": {"itemsToDelete": [uploads["preview"]]},
    }
    world.call("material.app_3d_material_update", made["id"], app, changes, moss)
    (shown,) = world.page(master, made, app)["assets"]
    assert [asset["fileName"] for asset in shown["assets3D"]] == ["pack.zip"]
    assert shown["previews"] == []
