/// A change to a colorway, or a new one.
public struct ColorwayChange: Hashable, Sendable, JSONWritable {
    let json: JSONValue

    /// Makes a change.
    ///
    /// - Parameters:
    ///   - id: Id of the colorway to change. Without it a colorway is added, and the fields `color_number`,
    ///     `color_name` and `primary` are needed.
    ///   - fields: Values by field id.
    ///   - imageHeaderID: Id of the image record to show.
    ///   - unlinkImage: Whether to remove the present image.
    ///   - colorSourceID: Id of the palette colour to link to.
    public init(
        id: String? = nil,
        fields: JSONObject = [:],
        imageHeaderID: String? = nil,
        unlinkImage: Bool? = nil,
        colorSourceID: String? = nil
    ) {
        json = .object(
            JSONObject(present: [
                "id": id,
                "fields": FieldValues(fields),
                "imageHeaderId": imageHeaderID,
                "unlinkImage": unlinkImage,
                "colorSourceId": colorSourceID,
            ])
        )
    }
}
