"""Records of the five master folders: their attributes, parts, files, posts, partners and tags."""

from . import MOSS, SEWN, World, calls

USER = "8569f518-e241-4ba9-994a-929c9dbac76e"
PARTNER = "487ec841-2d82-40fc-a9de-a85889ac91cf"


@calls("folders", "folder_schema", "folder_search_schema")
def folders(world: World, master: str) -> None:
    assert world.folder(master) in [folder["id"] for folder in world.call(f"{master}.folders")]
    for schema in ("folder_schema", "folder_search_schema"):
        fields = world.call(f"{master}.{schema}", world.folder(master))
        assert {"header_number", "header_name"} <= {field["fieldId"] for field in fields}


@calls("folder_size_range_schema", of=SEWN)
def sizes_schema(world: World, master: str) -> None:
    assert "name" in [f["fieldId"] for f in world.call(f"{master}.folder_size_range_schema", world.folder(master))]


@calls("folder_colorway_schema", of=["style"])
def colorway_schema(world: World, master: str) -> None:
    schema = world.call(f"{master}.folder_colorway_schema", world.folder(master))
    assert {"color_number", "color_name", "primary"} == {field["fieldId"] for field in schema if field["required"]}


@calls("folder_color_chip_schema", "company_colors", of=["color"])
def company(world: World, master: str) -> None:
    assert world.call("color.folder_color_chip_schema", world.folder(master))
    assert len(world.call("color.company_colors", None, 7)) == 40


@calls(
    "attributes_create",
    "attributes_get",
    "attributes_get_by_number",
    "attributes_list",
    "attributes_update",
    "attributes_delete",
)
def headers(world: World, master: str) -> None:
    made = world.new(master)
    assert world.get(master, made) == made
    assert world.call(f"{master}.attributes_get_by_number", f"EX-{master}") == made
    assert world.call(f"{master}.attributes_get_by_number", "EX-none") is None
    changed = world.call(f"{master}.attributes_update", made["id"], {"header_name": "Other"})
    listed = world.call(f"{master}.attributes_list", world.folder(master))
    assert [record for record in listed if record["id"] == made["id"]] == [changed]
    assert world.call(f"{master}.attributes_list", world.folder(master), page_size=7) == listed
    assert world.call(f"{master}.attributes_delete", made["id"]) == {
        "error": False,
        "message": f"{master.title()} deleted",
    }
    assert world.get(master, made)["isDeleted"] is True


@calls("attributes_colorway_delete", "attributes_colorways_delete", of=SEWN)
def colorways(world: World, master: str) -> None:
    made = world.new(master)
    first = made["colorways"][0]["id"]
    world.call(
        f"{master}.attributes_update",
        made["id"],
        None,
        [{"id": None, "fields": MOSS}] * 2,
    )
    world.call(f"{master}.attributes_colorway_delete", made["id"], first)
    rest = world.get(master, made)["colorways"]
    assert len(rest) == 2
    world.call(
        f"{master}.attributes_colorways_delete",
        made["id"],
        [colorway["id"] for colorway in rest],
    )
    assert world.get(master, made)["colorways"] == []


@calls("attributes_move", of=SEWN)
def move(world: World, master: str) -> None:
    made = world.new(master)
    target = world.call(f"{master}.folders")[1]
    world.call(f"{master}.attributes_move", made["id"], target["id"])
    moved = world.get(master, made)
    assert (moved["id"], moved["folder"]) == (
        made["id"],
        {"id": target["id"], "name": target["name"]},
    )


@calls("attributes_carry_over", of=["style"])
def carry_over(world: World, master: str) -> None:
    made = world.new(master)
    copy = world.call("style.attributes_carry_over", made["id"], True)
    assert copy["id"] != made["id"]
    assert (copy["copiedOrCarriedOverFrom"], copy["colorways"]) == ([made["id"]], [])


@calls(
    "attributes_block_link",
    "attributes_block_unlink",
    "attributes_update_sample_size",
    of=["style"],
)
def blocks(world: World, master: str) -> None:
    style, block = world.new(master), world.new("block")
    world.call("style.attributes_block_link", style["id"], block["id"])
    linked = world.get(master, style)["sizeClasses"][0]
    assert linked["name"] == "Regular"
    world.call("style.attributes_update_sample_size", style["id"], linked["id"], "M")
    assert [size["name"] for size in world.get(master, style)["sizeRange"] if size["isSampleSize"]] == ["M"]
    world.call("style.attributes_block_unlink", style["id"])
    assert world.get(master, style)["sizeClasses"] == []


@calls("attributes_where_used_in_sets", of=["style"])
def sets(world: World, master: str) -> None:
    used = [world.call("style.attributes_where_used_in_sets", one["id"]) for one in world.call("style.attributes_list")]
    assert any(used)
    assert [] in used


@calls("attributes_upload", "upload_status")
def uploads(world: World, master: str) -> None:
    made = world.new(master)
    upload = world.call(f"{master}.attributes_upload", made["id"], world.file("front 1.png", "picture"))
    world.processed(master, upload)
    data = world.get(master, made)["headerData"]
    name = {
        "style": "frontImage",
        "material": "mainImage",
        "image": "preview",
        "block": "frontImage",
    }.get(master)
    if name:
        assert world.download(data[name]["origin"]) == "picture"


@calls("attributes_upload", "attributes_colorway_upload", of=SEWN)
def more_uploads(world: World, master: str) -> None:
    made = world.new(master)
    # From an address: the link of another file.
    link = world.simulator.make_file("back.png", 3000)["link"]
    position, name = {
        "style": ("back", "backImage"),
        "material": ("detail", "detailImage"),
    }[master]
    world.processed(
        master,
        world.call(f"{master}.attributes_upload", made["id"], None, link, position),
    )
    colorway = made["colorways"][0]
    for arguments in [
        (colorway["id"], world.file("a.png", "by id")),
        (None, world.file("b.png", "by number"), None, "EX-03"),
    ]:
        world.processed(
            master,
            world.call(f"{master}.attributes_colorway_upload", made["id"], *arguments),
        )
        image = world.get(master, made)["colorways"][0]["image"]
        assert world.download(image["origin"]).startswith("by ")
    assert "/back" in world.get(master, made)["headerData"][name]["origin"]


@calls("attributes_image_version_upload", of=["image"])
def image_version(world: World, master: str) -> None:
    made = world.new(master)
    world.processed(
        master,
        world.call(
            "image.attributes_image_version_upload",
            made["id"],
            world.file("v2.png", "two"),
        ),
    )
    assert world.download(world.get(master, made)["headerData"]["preview"]["origin"]) == "two"


@calls("attributes_size_class_assets", "app_block_size_class_3d_asset_upload", of=["block"])
def assets(world: World, master: str) -> None:
    made = world.new(master)
    name = made["headerData"]["sizeClasses"][0]["name"]
    upload = world.call(
        "block.app_block_size_class_3d_asset_upload",
        made["id"],
        name,
        world.file("base.bw", "shape"),
    )
    world.processed(master, upload)
    size_class = made["headerData"]["sizeClasses"][0]["id"]
    found = world.call("block.attributes_size_class_assets", made["id"], size_class)
    assert [asset["fileName"] for asset in found] == ["base.bw"]


def posts(world: World, master: str, kind: str) -> None:
    made = world.new(master)
    post = world.call(f"{master}.attributes_{kind}_add", made["id"], "Please widen the cuff")
    assert (post["Type"], post["From"]["Name"]) == (kind.title(), "Sample Designer")
    edited = world.call(f"{master}.attributes_{kind}_edit", made["id"], post["Id"], "Cuff widened")
    assert world.call(f"{master}.attributes_{kind}_list", made["id"]) == [edited]
    assert edited == post | {"Body": "Cuff widened"}
    world.call(f"{master}.attributes_{kind}_delete", made["id"], post["Id"])
    assert world.call(f"{master}.attributes_{kind}_list", made["id"]) == []


@calls(*(f"attributes_comment_{what}" for what in ("add", "edit", "list", "delete")))
def comments(world: World, master: str) -> None:
    posts(world, master, "comment")


@calls(*(f"attributes_revision_{what}" for what in ("add", "edit", "list", "delete")))
def revisions(world: World, master: str) -> None:
    posts(world, master, "revision")


@calls("attributes_share", "attributes_shared_with", "attributes_unshare")
def shares(world: World, master: str) -> None:
    made = world.new(master)
    world.call(f"{master}.attributes_share", made["id"], [PARTNER])
    (share,) = world.call(f"{master}.attributes_shared_with", made["id"])
    assert set(share["partner"]) == {"id", "name", "partnerType", "country"}
    world.call(f"{master}.attributes_unshare", made["id"], [PARTNER])
    assert world.call(f"{master}.attributes_shared_with", made["id"]) == []


@calls("tag_list", "tag_create", "tag_update", "tag_share", "tag_unshare", "tag_delete")
@calls("attributes_tag_add", "attributes_tag_list", "attributes_tag_remove")
def tags(world: World, master: str) -> None:
    made = world.new(master)
    tag = world.call(f"{master}.tag_create", "Capsule", None, [USER])
    tag = world.call(f"{master}.tag_update", tag["id"], "Drop", "Browzwear")
    assert world.call(f"{master}.tag_list")[-1] == tag
    world.call(f"{master}.tag_unshare", tag["id"], [USER])
    world.call(f"{master}.attributes_tag_add", made["id"], ["Drop"])
    world.call(f"{master}.tag_share", tag["id"], [USER])
    assert world.call(f"{master}.attributes_tag_list", made["id"]) == [tag]
    world.call(f"{master}.attributes_tag_remove", made["id"], ["Drop"])
    assert world.call(f"{master}.attributes_tag_list", made["id"]) == []
    world.call(f"{master}.tag_delete", tag["id"])
    assert tag not in world.call(f"{master}.tag_list")
