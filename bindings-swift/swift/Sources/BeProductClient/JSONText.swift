import Foundation

// Foundation's coders lose the order of members, and the digits of numbers beyond a double.

extension JSONValue {
    /// Reads JSON. Members keep their order, numbers their digits.
    ///
    /// - Throws: ``BeProductError`` of kind ``ErrorKind/decode`` when the text is not JSON.
    public init(text: String) throws {
        var reader = JSONReader(bytes: Array(text.utf8))
        self = try reader.document()
    }

    /// The value as JSON, members in their order.
    ///
    /// - Throws: ``BeProductError`` of kind ``ErrorKind/config`` that names the place of a number that is not finite,
    ///   or of a name that occurs twice in an object.
    public func text() throws -> String {
        var text = ""
        try write(to: &text, path: "")
        return text
    }

    private func write(to text: inout String, path: String) throws {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += value.description
        case .decimal(let value) where value.isFinite: text += value.description
        case .double(let value) where value.isFinite: text += value.description
        case .decimal, .double:
            throw BeProductError.config("\(path.isEmpty ? "the value" : path) is not a finite number, which JSON lacks")
        case .string(let value): Self.write(value, to: &text)
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                try value.write(to: &text, path: "\(path)[\(index)]")
            }
            text += "]"
        case .object(let members):
            text += "{"
            var names: Set<String> = []
            for (name, value) in members {
                let place = path.isEmpty ? name : "\(path).\(name)"
                if !names.isEmpty { text += "," }
                guard names.insert(name).inserted else { throw BeProductError.config("\(place) is given twice") }
                Self.write(name, to: &text)
                text += ":"
                try value.write(to: &text, path: place)
            }
            text += "}"
        }
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case ..<" ": text += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

extension JSONObject {
    /// The object as JSON, members in their order.
    ///
    /// - Throws: ``BeProductError`` of kind ``ErrorKind/config`` that names the place of a number that is not finite,
    ///   or of a name that occurs twice in an object.
    public func text() throws -> String {
        try JSONValue.object(self).text()
    }
}

private struct JSONReader {
    /// The limit of serde_json, which writes most of these texts.
    private static let deepest = 128

    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func document() throws -> JSONValue {
        let value = try value(depth: 0)
        skipBlanks()
        guard position == bytes.count else { throw failure("text after the end") }
        return value
    }

    private mutating func value(depth: Int) throws -> JSONValue {
        guard depth < Self.deepest else { throw failure("more than \(Self.deepest) levels") }
        skipBlanks()
        switch peek() {
        case UInt8(ascii: "{"):
            var members: [(key: String, value: JSONValue)] = []
            try items(until: "}") { reader in
                guard reader.peek() == UInt8(ascii: "\"") else { throw reader.failure("a member without a name") }
                let name = try reader.string()
                reader.skipBlanks()
                guard reader.take(":") else { throw reader.failure("a member without a colon") }
                members.append((name, try reader.value(depth: depth + 1)))
            }
            return .object(JSONObject(members))
        case UInt8(ascii: "["):
            var values: [JSONValue] = []
            try items(until: "]") { reader in values.append(try reader.value(depth: depth + 1)) }
            return .array(values)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func items(until end: Unicode.Scalar, read: (inout JSONReader) throws -> Void) throws {
        position += 1
        skipBlanks()
        if take(end) { return }
        repeat {
            skipBlanks()
            try read(&self)
            skipBlanks()
        } while take(",")
        guard take(end) else { throw failure("an object or a list without its end") }
    }

    private mutating func string() throws -> String {
        let start = position
        var isEscaped = false
        position += 1
        while let byte = peek() {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                if !isEscaped { return String(decoding: bytes[start + 1..<position - 1], as: UTF8.self) }
                // Foundation knows the escapes.
                guard let text = try? JSONDecoder().decode(String.self, from: Data(bytes[start..<position])) else {
                    position = start
                    throw failure("a text with an escape that is no character")
                }
                return text
            case UInt8(ascii: "\\"):
                isEscaped = true
                position += 1
            case 0..<0x20:
                throw failure("a control character in a text")
            default:
                break
            }
        }
        throw failure("a text without its end")
    }

    private mutating func number() throws -> JSONValue {
        let start = position
        while let byte = peek(), "+-.eE0123456789".utf8.contains(byte) {
            position += 1
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard text.first.map({ $0 == "-" || $0.isNumber }) == true, let number = JSONValue(number: text) else {
            throw failure("an unknown value")
        }
        return number
    }

    private mutating func literal(_ text: String, _ value: JSONValue) throws -> JSONValue {
        guard bytes[position...].starts(with: text.utf8) else { throw failure("an unknown value") }
        position += text.utf8.count
        return value
    }

    private mutating func skipBlanks() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    private mutating func take(_ letter: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: letter) else { return false }
        position += 1
        return true
    }

    private func peek() -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private func failure(_ problem: String) -> BeProductError {
        BeProductError(kind: .decode, message: "this is not JSON: \(problem) at byte \(position)")
    }
}
