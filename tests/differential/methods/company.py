"""People and companies: the directory, users with their roles, tasks of the inbox with their messages."""

from . import World, calls

CONTACT = {
    "email": "contact@example.com",
    "firstName": "Sample",
    "lastName": "Contact",
    "title": "",
    "mobilePhone": "",
    "workPhone": "",
    "role": "Vendor Full",
}
MILL = {"name": "Example Mill", "partnerType": "FACTORY", "country": "PT", "active": True, "contacts": [CONTACT]}


@calls("directory_list", "directory_search", "directory_get", of=["directory"])
def companies(world: World, resource: str) -> None:
    listed = world.call("directory.directory_list")
    assert len(listed) == 43
    assert len(world.call("directory.directory_search")) == 43
    found = world.call("directory.directory_search", [{"field": "Name", "operator": "Eq", "value": "Como Seta"}], 5)
    assert [company["name"] for company in found] == ["Como Seta"]
    assert world.call("directory.directory_get", found[0]["id"]) == found[0]
    assert found[0] in listed


@calls("directory_add", "directory_update", of=["directory"])
def changed_companies(world: World, resource: str) -> None:
    added = world.call("directory.directory_add", MILL)
    assert (added["name"], added["partnerType"]) == ("Example Mill", "FACTORY")
    changed = world.call("directory.directory_update", added["id"], {"name": "Other Mill", "city": "Porto"})
    assert (changed["name"], changed["city"], changed["country"]) == ("Other Mill", "Porto", "PT")
    assert world.call("directory.directory_get", added["id"]) == changed


@calls(*(f"directory_contact_{what}" for what in ("list", "get", "add", "update")), of=["directory"])
def contacts(world: World, resource: str) -> None:
    mill = world.call("directory.directory_add", MILL)["id"]
    (first,) = world.call("directory.directory_contact_list", mill)
    assert first["email"] == "contact@example.com"
    added = world.call("directory.directory_contact_add", mill, CONTACT | {"email": "other@example.com"})
    assert (added["email"], added["title"]) == ("other@example.com", "")
    world.call("directory.directory_contact_update", mill, added["id"], {"title": "Buyer"})
    changed = world.call("directory.directory_contact_get", mill, added["id"])
    assert changed == added | {"title": "Buyer"}
    assert world.call("directory.directory_contact_list", mill, 1) == [first, changed]


@calls("user_list", "user_get", "user_get_by_id", "role_list", "role_get", of=["user"])
def users(world: World, resource: str) -> None:
    listed = world.call("user.user_list")
    assert len(listed) == 5
    manager = world.call("user.user_get", "manager@example.com")
    assert manager in listed
    assert world.call("user.user_get_by_id", manager["id"]) == manager
    role = world.call("user.role_get", manager["id"])
    assert role["roleName"] == manager["role"]
    assert role in world.call("user.role_list")


@calls("user_create", "user_update", of=["user"])
def changed_users(world: World, resource: str) -> None:
    planner = next(role for role in world.call("user.role_list") if role["roleName"] == "Planner")
    fields = {
        "username": "sample.planner",
        "email": "planner@example.com",
        "firstName": "Sample",
        "lastName": "Planner",
        "culture": "EN-US",
        "title": "Planner",
        "roleId": planner["id"],
    }
    created = world.call("user.user_create", fields)
    assert (created["username"], created["role"], created["active"]) == ("sample.planner", "Planner", True)
    changed = world.call("user.user_update", created["id"], {"title": "Senior Planner", "active": False})
    assert changed == created | {"title": "Senior Planner", "active": False}
    assert world.call("user.user_get", "planner@example.com") == changed


@calls("task_list", "task_get", "task_create", "task_update", "task_delete", of=["inbox"])
def tasks(world: World, resource: str) -> None:
    style, user = world.new("style"), world.simulator.about["user_id"]
    fields = {
        "taskName": "Check swatch",
        "startDate": "2026-09-01T00:00:00Z",
        "dueDate": "2026-09-15T00:00:00Z",
        "priority": "High",
        "status": "Open",
        "assignees": [{"value": user}],
        "participants": [],
        "references": {"page": "Style", "headers": [style["id"]]},
    }
    before = world.call("inbox.task_list", "Style", page_size=2)
    created = world.call("inbox.task_create", fields)
    assert fields.items() <= created.items()
    assert len(world.call("inbox.task_list", "Style")) == len(before) + 1
    by_id = [{"field": "Id", "operator": "Eq", "value": created["id"]}]
    assert world.call("inbox.task_list", "Style", by_id, style["folder"]["id"]) == [created]
    world.call("inbox.task_update", created["id"], fields | {"status": "Closed"})
    assert world.call("inbox.task_get", created["id"]) == created | {"status": "Closed"}
    world.call("inbox.task_delete", created["id"])
    assert world.call("inbox.task_list", "Style") == before


@calls(*(f"message_{what}" for what in ("list", "create", "update", "delete")), of=["inbox"])
@calls("message_attachments_upload", of=["inbox"])
def messages(world: World, resource: str) -> None:
    task = world.call("inbox.task_list", "Style")[0]["id"]
    before = world.call("inbox.message_list", task)
    created = world.call("inbox.message_create", task, {"message": "Looks right", "type": "Comment"})
    assert world.call("inbox.message_list", task, 1) == [*before, created]
    world.call("inbox.message_update", created["id"], {"message": "Too dark", "type": "Comment"})
    file = world.file("notes.txt", "measured twice")
    world.processed("style", world.call("inbox.message_attachments_upload", created["id"], file))
    *_, shown = world.call("inbox.message_list", task)
    assert (shown["message"], [file["fileName"] for file in shown["attachments"]]) == ("Too dark", ["notes.txt"])
    assert world.download(shown["attachments"][0]["url"]) == "measured twice"
    world.call("inbox.message_delete", created["id"])
    assert world.call("inbox.message_list", task) == before
