/// A change to a colorway, or a new one.
///
/// Without an id it adds a colorway, and the fields `color_number`, `color_name` and `primary` are needed.
public struct ColorwayChange: Hashable, Sendable {
    /// Id of the colorway to change.
    public var id: String?
    /// Values by field id.
    public var fields: JSONObject
    /// Image record to show.
    public var imageHeaderID: String?
    /// Take the present image away.
    public var unlinkImage: Bool?
    /// Palette colour to link to.
    public var colorSourceID: String?

    /// Makes a change. Each parameter is the property of its name.
    public init(
        id: String? = nil,
        fields: JSONObject = [:],
        imageHeaderID: String? = nil,
        unlinkImage: Bool? = nil,
        colorSourceID: String? = nil
    ) {
        self.id = id
        self.fields = fields
        self.imageHeaderID = imageHeaderID
        self.unlinkImage = unlinkImage
        self.colorSourceID = colorSourceID
    }
}

extension ColorwayChange: JSONWritable {
    var json: JSONValue {
        let members = JSONObject(present: [
            "id": id,
            "fields": FieldValues(fields),
            "imageHeaderId": imageHeaderID,
            "unlinkImage": unlinkImage,
            "colorSourceId": colorSourceID,
        ])
        return .object(members)
    }
}

/// Attribute values as a list of `{id, value}`, in which the engine notices a field that is named twice.
struct FieldValues: JSONWritable {
    private let fields: JSONObject

    init(_ fields: JSONObject) {
        self.fields = fields
    }

    var json: JSONValue {
        .array(fields.map { ["id": .string($0.key), "value": $0.value] })
    }
}
