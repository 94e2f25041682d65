/// A change to a colorway, or a new one.
///
/// Without an id it adds a colorway, and the fields `color_number`, `color_name` and `primary` are needed.
public struct ColorwayChange: Hashable, Sendable {
    /// Id of the colorway to change.
    public var id: String?
    /// Values by field id.
    public var fields: JSONObject
    /// Id of the image record to show.
    public var imageHeaderID: String?
    /// Whether to remove the present image.
    public var unlinkImage: Bool?
    /// Id of the palette colour to link to.
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
        let members: Members = [
            "id": id,
            "fields": FieldValues(fields),
            "imageHeaderId": imageHeaderID,
            "unlinkImage": unlinkImage,
            "colorSourceId": colorSourceID,
        ]
        return .object(JSONObject(present: members))
    }
}
