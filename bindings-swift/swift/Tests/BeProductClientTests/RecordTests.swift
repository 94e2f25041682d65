import Foundation
import Testing

@testable import BeProductClient

/// Records of the service and of the client.
@Suite struct RecordTests {
    @Test func unknownMembersAreKeptAndWrittenAgain() throws {
        let text = #"{"id":"1","headerNumber":"EX-1","brandNew":{"z":1,"a":[2.5]}}"#
        let style = try StyleHeader(json: JSONValue(text: text))
        #expect(style.headerNumber == "EX-1")
        #expect(style.extra["brandNew"]?["a"] == [2.5])
        #expect(try style.members.text() == text)
    }

    @Test func bothSpellingsAreRead() throws {
        let upper = try Supplier(members: ["Id": "1", "SupplierType": "AGENT"])
        let lower = try Supplier(members: ["id": "1", "supplierType": "AGENT"])
        #expect(upper == lower)
        #expect(lower.members == ["Id": "1", "SupplierType": "AGENT"])
    }

    @Test func recordsAreCodable() throws {
        let size = Size(name: "S", price: Decimal(string: "41.75"), sizeIndex: 2, extra: ["new": [1]])
        #expect(try JSONDecoder().decode(Size.self, from: JSONEncoder().encode(size)) == size)
    }

    @Test func aWrongTypeNamesItsPlace() {
        let header: JSONObject = ["headerData": ["fields": [["id": "a"], ["id": 5]]]]
        #expect { try StyleHeader(members: header) } throws: { "\($0)" == "headerData.fields.1.id is not a text" }
    }

    @Test func whatTheClientPutsTogetherIsWhole() {
        let lookup = StyleLookup(found: [StyleHeader(id: "1")], missing: ["EX-2"], ambiguous: [])
        #expect(lookup.found.count + lookup.missing.count == 2)
        #expect { try StyleLookup(members: ["found": []]) } throws: { "\($0)" == "missing is not a list" }
    }

    @Test func aChoiceOfALaterCoreIsKept() throws {
        let limit: JSONObject = [
            "window": "week", "limit": 5, "used": 1, "remaining": 4, "resets_at": "2026-11-26T00:00:00Z",
        ]
        let status = try LimitStatus(members: limit)
        #expect(status.window == .unrecognized("week"))
        #expect(status.members == limit)
        #expect(QuotaWindow(rawValue: "hour") == .hour)
        let error = BeProductError(fields: #"{"kind":"newer","message":"m","outcome":"partly"}"#)
        #expect((error.kind, error.outcome) == (.unrecognized("newer"), .unrecognized("partly")))
        #expect(error.description == "newer: m")
    }

    @Test func membersOfALaterCoreAreLeftOut() throws {
        let share = try Share(members: ["name": "nightly", "requests": 3, "new": [:]])
        #expect(share == Share(name: "nightly", requests: 3))
    }

    @Test func timesAndDurationsAreRead() throws {
        let figures = try RateFigures(members: ["limit": 60, "reset": 1_795_601_730])
        #expect(figures.reset == Date(timeIntervalSince1970: 1_795_601_730))
        #expect(figures.members == ["limit": 60, "reset": 1_795_601_730])
        let wait = try Wait(members: ["reason": "retry_after", "seconds": 1.5])
        #expect(wait == Wait(reason: .retryAfter, duration: .milliseconds(1500)))
        #expect { try Wait(members: ["reason": "rate"]) } throws: { "\($0)" == "seconds is not a number of seconds" }
        let limit: JSONObject = ["window": "day", "limit": 5, "used": 1, "remaining": 4, "resets_at": "tomorrow"]
        #expect { try LimitStatus(members: limit) } throws: { "\($0)" == "resets_at is not a time" }
    }

    @Test func fieldsByTheirIds() {
        let fields = [Field(id: "season", value: "Fall"), Field(id: "price", value: 41.75), Field(id: "due")]
        let style = StyleHeader(headerData: StyleHeaderData(fields: fields))
        #expect(style.field("season") == "Fall")
        #expect(style.field("due") == .some(.null))
        #expect(style.field("nothing") == nil)
        #expect(style.fields == ["season": "Fall", "price": 41.75, "due": nil])
        #expect(MaterialHeader().fields.isEmpty)
        let row = DataTableRow(fields: fields)
        #expect(row.field("price") == 41.75)
        #expect(JSONObject(fields: row.fields ?? []).keys == ["season", "price", "due"])
        let colorway = Colorway(primaryColor: "56684A", fields: ["pantone": "19-4052"])
        #expect(colorway.field("pantone") == "19-4052")
        #expect(colorway.field("primary") == "56684a")
        #expect(Colorway().field("pantone") == nil)
    }

    @Test func fieldsAreReadByTheirTypes() {
        let fields = [
            Field(id: "active", value: "Yes", type: "TrueFalse"),
            Field(id: "due", value: "8/1/2021 12:00:00 AM", type: "Date"),
            Field(id: "price", value: "12.50", type: "Decimal"),
            Field(id: "channels", value: #"["Shop"]"#, type: "MultiSelect"),
        ]
        let row = DataTableRow(fields: fields)
        #expect(row.field("active") == true)
        #expect(
            JSONObject(fields: fields)
                == ["active": true, "due": "2021-08-01T00:00:00Z", "price": 12.5, "channels": ["Shop"]]
        )
        // JSON has no such number.
        #expect(JSONObject(fields: [Field(id: "price", value: .double(.infinity))]) == ["price": .double(.infinity)])
    }

    @Test func tokensAreKeptByTheirNames() throws {
        let tokens = Tokens(accessToken: "a", expiresAt: Date(timeIntervalSince1970: 1_795_601_730), lifetime: 3600)
        #expect(try tokens.members.text() == #"{"access_token":"a","expires_at":1795601730,"lifetime":3600}"#)
        #expect(try JSONDecoder().decode(Tokens.self, from: JSONEncoder().encode(tokens)) == tokens)
        #expect("\(tokens)" == "Tokens(access_token, expires_at, lifetime)")
    }

    @Test func onlyWhatIsSetIsSent() {
        #expect(CallOptions().members.isEmpty)
        let options = CallOptions(timeout: .milliseconds(2500), priority: .interactive, fromPage: 0, allowRepeat: false)
        #expect(options.members == ["timeout": 2.5, "priority": "interactive", "from_page": 0, "allow_repeat": false])
        var configuration = Configuration()
        #expect(configuration.settings.isEmpty)
        configuration.stateDirectory = URL(fileURLWithPath: "/tmp/state")
        configuration.checkFilters = false
        #expect(configuration.settings == ["state_dir": "/tmp/state", "check_filters": false])
        #expect("\(configuration)" == "Configuration(state_dir, check_filters)")
    }
}
