import Foundation
import Testing

@testable import BeProductClient

@Suite struct JSONTests {
    @Test func membersKeepTheirOrderAndNumbersTheirDigits() throws {
        let text =
            #"{"z":1,"a":[41.75,0.1,-3,12345678901234567890.123456789,1e+300],"m":{"y":null,"b":true},"t":"a\"\\\n\u0001é😀"}"#
        #expect(try JSONValue(text: text).text() == text)
    }

    @Test func escapesAreRead() throws {
        let value = try JSONValue(text: #" [ "\u00e9\ud83d\ude00\/\b\f" , { } , [ ] , 10.0 , -0 , 2E3 ] "#)
        #expect(value == ["é😀/\u{8}\u{c}", [:], [], 10, 0, 2000])
    }

    @Test(arguments: [
        #""\ud800""#, #""\ud83dx""#, #""\ud83d\u0041""#, #""\ude00""#, "", "{", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "nul", "1 2", "\"a", "\"\\x\"", "-", ".5", "+1", "\"\u{1}\"",
    ])
    func whatIsNoJSONIsRefused(text: String) {
        #expect { try JSONValue(text: text) } throws: { ($0 as? BeProductError)?.kind == .decode }
    }

    @Test func nestingIsLimited() {
        let text = String(repeating: "[", count: 100_000)
        #expect { try JSONValue(text: text) } throws: { ($0 as? BeProductError)?.kind == .decode }
    }

    @Test func equalNumbersAreEqualValues() throws {
        let literal: JSONValue = 41.75
        #expect(try JSONValue(text: "41.750") == literal)
        #expect(JSONValue(Decimal(string: "10.00")!) == 10)
        #expect(JSONValue(10.0) == 10)
        #expect(JSONValue(0.1) == .decimal(Decimal(string: "0.1")!))
        #expect(JSONValue(1e300) == .double(1e300))
        #expect(JSONValue(9.3e18).doubleValue == 9.3e18)
    }

    @Test func foundationsCodersKeepNumbers() throws {
        let text = #"{"a":41.75,"b":9007199254740993,"c":[null,true,"x"],"d":{"e":0.1}}"#
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        #expect(try value.text() == text)
        #expect(try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(value)) == value)
    }

    @Test(arguments: [
        (1_772_353_800, "2026-03-01T08:30:00Z"), (1_772_353_800.5, "2026-03-01T08:30:00.500Z"),
        (1_772_353_800.007, "2026-03-01T08:30:00.007Z"), (1_772_353_800.9999, "2026-03-01T08:30:00.999Z"),
        (1_772_353_800.000_9, "2026-03-01T08:30:00Z"), (-0.25, "1969-12-31T23:59:59.750Z"),
    ])
    func datesAreUTCToTheMillisecond(seconds: Double, text: String) {
        #expect(JSONValue.date(Date(timeIntervalSince1970: seconds)) == .string(text))
    }

    @Test func everyMillisecondIsKept() {
        for millisecond in 1..<1000 {
            let date = Date(timeIntervalSince1970: 1_772_353_800 + Double(millisecond) / 1000)
            let digits = String(String(1000 + millisecond).dropFirst())
            #expect(JSONValue.date(date) == .string("2026-03-01T08:30:00.\(digits)Z"))
        }
    }

    @Test func theFieldOfANumberThatJSONLacksIsNamed() throws {
        for value in [JSONValue(Double.nan), .date(Date(timeIntervalSince1970: .infinity))] {
            let arguments = JSONObject(present: ["fields": ["name": "x", "price": value] as JSONObject])
            #expect { try arguments.text() } throws: { error in
                let error = error as? BeProductError
                return error?.kind == .config && error?.message.contains("price") == true
            }
        }
    }

    @Test func objectsKeepOrderAndRepeatedNames() {
        var object: JSONObject = ["b": 1, "a": 2, "b": 3]
        #expect(object.keys == ["b", "a", "b"])
        object["a"] = nil
        object["c"] = "new"
        #expect(object.keys == ["b", "b", "c"])
        #expect(object.description == "config: b is given twice")
        #expect { try JSONValue.array([.object(object)]).text() } throws: { ($0 as? BeProductError)?.message == "[0].b is given twice" }
        #expect(JSONObject([(key: "x", value: 1)]) == ["x": 1])
    }
}
