//! Comments and revisions on records and on their applications. Both are posts, in lists of their own.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::answers::{Answer, Refusal, message, ok};
use crate::calendar::{Millis, stamp};
use crate::people::User;

use super::Call;
use super::route::{Route, delete, get, post};

/// The lists of records are spelled as the service spells them.
pub(crate) const ROUTES: &[Route] = &[
    get("Comment/Heeader/{id}", |call| list(call, Kind::Comment)),
    post("Comment/Header/{id}/Create", |call| create(call, Kind::Comment)),
    post("Comment/Header/{id}/Edit", |call| edit(call, Kind::Comment)),
    delete("Comment/Header/{id}/Delete", |call| remove(call, Kind::Comment)),
    get("Comment/Page/{id}/{app_id}", |call| list(call, Kind::Comment)),
    post("Comment/Page/{id}/{app_id}/Create", |call| create(call, Kind::Comment)),
    post("Comment/Page/{id}/{app_id}/Edit", |call| edit(call, Kind::Comment)),
    delete("Comment/Page/{id}/{app_id}/Delete", |call| remove(call, Kind::Comment)),
    get("Revision/Heeader/{id}", |call| list(call, Kind::Revision)),
    post("Revision/Header/{id}/Create", |call| create(call, Kind::Revision)),
    post("Revision/Header/{id}/Edit", |call| edit(call, Kind::Revision)),
    delete("Revision/Header/{id}/Delete", |call| remove(call, Kind::Revision)),
    get("Revision/Page/{id}/{app_id}", |call| list(call, Kind::Revision)),
    post("Revision/Page/{id}/{app_id}/Create", |call| create(call, Kind::Revision)),
    post("Revision/Page/{id}/{app_id}/Edit", |call| edit(call, Kind::Revision)),
    delete("Revision/Page/{id}/{app_id}/Delete", |call| remove(call, Kind::Revision)),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Comment,
    Revision,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Comment => "Comment",
            Kind::Revision => "Revision",
        }
    }
}

pub(crate) struct Post {
    id: Uuid,
    /// The application, of one that is not on the record itself.
    app: Option<Uuid>,
    kind: Kind,
    from: &'static User,
    body: String,
    created_at: Millis,
}

impl Post {
    fn view(&self) -> Value {
        json!({
            "Id": self.id, "PostId": null, "Type": self.kind.name(),
            "From": {"Id": self.from.id, "Name": self.from.name}, "Title": null, "Body": self.body,
            "CreateDate": stamp(self.created_at), "Revision3D": null,
        })
    }
}

fn list(call: &Call<'_>, kind: Kind) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let (header, app) = super::any_place(call, &state)?;
    let posts = state.posts.get(&header).into_iter().flatten();
    let posts = posts.filter(|post| post.kind == kind && post.app == app);
    Ok(ok(&posts.map(Post::view).collect::<Vec<_>>()))
}

/// The text is under the name of the kind, or under `body`.
fn text(body: &Map<String, Value>, kind: Kind) -> Result<String, Refusal> {
    let name = kind.name().to_ascii_lowercase();
    let text = body.get(&name).or_else(|| body.get("body")).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| Refusal::validation(&name, "The field is required."))
}

fn create(call: &Call<'_>, kind: Kind) -> Result<Answer, Refusal> {
    let body = text(&call.object()?, kind)?;
    let state = &mut *call.shared.state();
    let (header, app) = super::any_place(call, state)?;
    let post = Post { id: state.new_id(), app, kind, from: call.user, body, created_at: state.write_time() };
    let answer = ok(&post.view());
    state.posts.entry(header).or_default().push(post);
    Ok(answer)
}

/// The posts of the record and its applications, and the place of the one that the query names.
fn find<'a>(
    call: &Call<'_>,
    state: &'a mut crate::state::State,
    kind: Kind,
) -> Result<(usize, &'a mut Vec<Post>), Refusal> {
    let (header, app) = super::any_place(call, state)?;
    let id = call.guid(&format!("{}Id", kind.name().to_ascii_lowercase()))?;
    let posts = state.posts.entry(header).or_default();
    let is_named = |post: &Post| post.kind == kind && post.app == app && Some(post.id) == id;
    let at = posts.iter().position(is_named);
    Ok((at.ok_or_else(|| Refusal::failure(format!("{} not found", kind.name())))?, posts))
}

fn edit(call: &Call<'_>, kind: Kind) -> Result<Answer, Refusal> {
    let body = text(&call.object()?, kind)?;
    let mut state = call.shared.state();
    let (at, posts) = find(call, &mut state, kind)?;
    posts[at].body = body;
    Ok(ok(&posts[at].view()))
}

fn remove(call: &Call<'_>, kind: Kind) -> Result<Answer, Refusal> {
    let mut state = call.shared.state();
    let (at, posts) = find(call, &mut state, kind)?;
    posts.remove(at);
    Ok(message(format!("{} deleted", kind.name())))
}
