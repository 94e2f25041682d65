import BeProductClient
import Foundation

// The arguments and options of a case as the types of Swift.

/// The arguments are not of the types that the typed method takes.
struct NotExpressible: Error {}

/// Arguments that are taken one by one, by functions that give nil for a value of another type.
struct Arguments {
    private let given: JSONObject
    private var taken: Set<String> = []

    init(_ given: JSONObject) {
        self.given = given
    }

    mutating func required<Value>(_ name: String, _ read: (JSONValue) -> Value?) throws -> Value {
        guard let value = try optional(name, read) else { throw NotExpressible() }
        return value
    }

    mutating func optional<Value>(_ name: String, _ read: (JSONValue) -> Value?) throws -> Value? {
        taken.insert(name)
        guard let value = given[name], !value.isNull else { return nil }
        guard let read = read(value) else { throw NotExpressible() }
        return read
    }

    /// As `optional`, where an empty list is left out by the method, and has a meaning for the service.
    mutating func filled<Value>(_ name: String, _ read: (JSONValue) -> Value?) throws -> Value? {
        if given[name]?.arrayValue?.isEmpty == true || given[name]?.objectValue?.isEmpty == true { throw NotExpressible() }
        return try optional(name, read)
    }

    /// What comes last, once every argument was taken.
    func ended<Last>(_ last: Last) throws -> Last {
        guard given.keys.allSatisfy(taken.contains) else { throw NotExpressible() }
        return last
    }
}

func any(_ value: JSONValue) -> JSONValue? {
    value
}

func text(_ value: JSONValue) -> String? {
    value.stringValue
}

func texts(_ value: JSONValue) -> [String]? {
    list(value, text)
}

func integer(_ value: JSONValue) -> Int? {
    value.intValue
}

func boolean(_ value: JSONValue) -> Bool? {
    value.boolValue
}

func file(_ value: JSONValue) -> URL? {
    text(value).map { URL(fileURLWithPath: $0) }
}

/// A path, a URL, or a stream.
func source(_ value: JSONValue) -> FileSource? {
    if let path = text(value) { return .path(location(path)) }
    guard let members = value.objectValue else { return nil }
    let name = members["name"].flatMap(text)
    // What no type can say goes to the untyped call.
    guard members["name"] == nil || name != nil else { return nil }
    let others = Set(members.keys).subtracting(["name"])
    if let chunks = members["chunks"].flatMap(texts), let name {
        let waits = members["waits"] != nil
        let stream = streamed(chunks, fails: members["fails"].flatMap(text), waits: waits)
        return .chunks(stream, name: name, length: members["length"].flatMap(integer))
    }
    if others == ["path"] { return members["path"].flatMap(text).map { .path(location($0), name: name) } }
    guard others == ["url"], let url = members["url"].flatMap(text).flatMap({ URL(string: $0) }) else { return nil }
    return .url(url, name: name)
}

/// A link that is given as a path stays one.
private func location(_ path: String) -> URL {
    path.contains("://") ? URL(string: path) ?? URL(fileURLWithPath: path) : URL(fileURLWithPath: path)
}

/// The failure of a stream.
private struct Unreadable: Error, CustomStringConvertible {
    let description: String
}

/// A stream as cases describe it.
private func streamed(_ chunks: [String], fails: String?, waits: Bool) -> AsyncThrowingStream<Data, any Error> {
    AsyncThrowingStream { continuation in
        for chunk in chunks { continuation.yield(Data(chunk.utf8)) }
        if let fails {
            continuation.finish(throwing: Unreadable(description: fails))
        } else if !waits {
            continuation.finish()
        }
    }
}

func object(_ value: JSONValue) -> JSONObject? {
    value.objectValue
}

/// From a list of conditions, or from a map of values and operators.
func filters(_ value: JSONValue) -> Filters? {
    var conditions: [(field: String?, comparison: String?, value: JSONValue?)] = []
    for condition in value.arrayValue ?? [] {
        let value = condition.objectValue?.count == 3 ? condition["value"] : nil
        conditions.append((condition["field"]?.stringValue, condition["operator"]?.stringValue, value))
    }
    for (field, wanted) in value.objectValue ?? [:] {
        if let comparisons = wanted.objectValue, !comparisons.isEmpty {
            conditions += comparisons.map { (field, $0.key, $0.value) }
        } else {
            conditions.append((field, nil, wanted))
        }
    }
    var filters: Filters = [:]
    for (field, comparison, value) in conditions {
        guard let field, let value, let filter = filter(comparison, value) else { return nil }
        filters.add(filter, on: field)
    }
    return filters
}

private func filter(_ comparison: String?, _ value: JSONValue) -> Filter? {
    switch (comparison, value) {
    case ("Eq", _): .eq(value)
    case ("Neq", _): .neq(value)
    case ("Gt", _): .gt(value)
    case ("Gte", _): .gte(value)
    case ("Lt", _): .lt(value)
    case ("Lte", _): .lte(value)
    case ("Contains", _): .contains(value)
    case (nil, .string(let text)): Filter(stringLiteral: text)
    case (nil, .integer(let number)): Filter(integerLiteral: number)
    case (nil, .bool(let flag)): Filter(booleanLiteral: flag)
    default: nil
    }
}

func colorways(_ value: JSONValue) -> [ColorwayChange]? {
    list(value) { colorway in
        try? whole(colorway) { members in
            ColorwayChange(
                id: try members.optional("id", text),
                fields: try members.required("fields", object),
                imageHeaderID: try members.optional("imageHeaderId", text),
                unlinkImage: try members.optional("unlinkImage", boolean),
                colorSourceID: try members.optional("colorSourceId", text)
            )
        }
    }
}

/// Records that are written as they were read, in the same order.
func records<Item: Record>(_ value: JSONValue) -> [Item]? {
    list(value) { item in
        guard let members = item.objectValue, let record = try? Item(members: members) else { return nil }
        return record.members == members ? record : nil
    }
}

func choice<Choice: RawRepresentable<String>>(_ value: JSONValue) -> Choice? {
    value.stringValue.flatMap(Choice.init)
}

func duration(_ value: JSONValue) -> Duration? {
    // Far beyond any time that a case waits, and within the range of the type.
    value.doubleValue.flatMap { abs($0) < 1e9 ? .seconds($0) : nil }
}

func textsByName(_ value: JSONValue) -> [String: String]? {
    guard let members = value.objectValue else { return nil }
    var texts: [String: String] = [:]
    for (name, value) in members {
        guard let text = value.stringValue else { return nil }
        texts[name] = text
    }
    return texts
}

private func list<Item>(_ value: JSONValue, _ read: (JSONValue) -> Item?) -> [Item]? {
    guard let values = value.arrayValue else { return nil }
    let items = values.compactMap(read)
    return items.count == values.count ? items : nil
}

/// Reads an object that has no null members and none that is left over.
func whole<Value>(_ value: JSONValue, _ read: (inout Arguments) throws -> Value) throws -> Value {
    guard let object = value.objectValue, !object.contains(where: { $0.value.isNull }) else { throw NotExpressible() }
    var members = Arguments(object)
    let value = try read(&members)
    return try members.ended(value)
}
