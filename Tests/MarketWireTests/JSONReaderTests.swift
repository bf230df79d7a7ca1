import Foundation
import MarketCore
import MarketWire
import Testing

@Suite struct JSONReaderTests {
    private func parse(_ text: String) -> Result<JSONValue, JSONError> {
        Result { () throws(JSONError) in try JSONValue(parsing: Array(text.utf8)) }
    }

    private func failure(_ bytes: [UInt8], maxDepth: Int = 32) -> JSONError.Kind? {
        do throws(JSONError) {
            _ = try JSONValue(parsing: bytes, maxDepth: maxDepth)
            return nil
        } catch { return error.kind }
    }

    @Test(arguments: [
        "{}", "[]", "0", "-0", "1.5e+10", "\"\"", " null\t", "\r\n[1 , 2]\n", "{\"a\":{\"b\":[{},[]]}}", "true",
        "false",
        "\"\\u00e9\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\\\\\\"\"", "{\"a\":1,\"a\":2}", "\"\u{7f}é😀\"", "1E-7",
        "[[[[[]]]]]",
    ])
    func validDocumentsAreRead(_ text: String) {
        #expect(throws: Never.self) { try parse(text).get() }
    }

    @Test(arguments: [
        "", " ", "{", "}", "[", "]", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{a:1}",
        "{'a':1}",
        "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x10", "NaN", "Infinity", "-Infinity", "nul", "truee", "tru", "\"",
        "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\u0041\"",
        "\"\\udc00\"", "\"a\nb\"", "\"a\u{0}b\"", "{}{}", "[] 1", "1 1", "/**/1", "[1}", "{\"a\":1]", "\u{feff}{}",
        "{\"a\":1:2}", "{1:2}", "{null:1}", "\u{a0}1",
    ])
    func invalidDocumentsAreRefused(_ text: String) {
        #expect(failure(Array(text.utf8)) == .syntax, "\(text)")
    }

    @Test(
        arguments: [
            [0xff], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80], [0xf0, 0x8f, 0xbf, 0xbf],
            [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0x80], [0xe2, 0x82], [0xf0, 0x9f, 0x98],
        ] as [[UInt8]])
    func stringsMustBeUTF8(_ sequence: [UInt8]) {
        #expect(failure([0x22] + sequence + [0x22]) == .notUTF8)
        #expect(failure([0x22] + sequence) == .notUTF8)
    }

    @Test func depthIsBounded() {
        let deep = [UInt8](repeating: 0x5b, count: 100_000)
        #expect(failure(deep) == .tooDeep)
        #expect(
            failure(Array(String(repeating: "[", count: 32).utf8) + Array(String(repeating: "]", count: 32).utf8))
                == nil)
        #expect(failure(Array("[[[]]]".utf8), maxDepth: 2) == .tooDeep)
        #expect(failure(Array(String(repeating: "{\"a\":", count: 40).utf8)) == .tooDeep)
    }

    @Test func valuesKeepTheirText() throws {
        let value = try parse(
            """
            {"n":-12.50e3,"i":9223372036854775807,"big":9223372036854775808,"s":"a\\u0062\\ud83d\\ude00",
             "l":[true,false,null],"m":1,"m":2}
            """
        ).get()
        #expect(value["n"] == .number("-12.50e3"))
        #expect(value["n"]?.decimal(Price.self) == Price("-12500"))
        #expect(value["i"]?.integer == .max)
        #expect(value["big"]?.integer == nil)
        #expect(value["s"]?.text == "ab😀")
        #expect(value["l"]?.elements?.map(\.isTrue) == [true, false, nil])
        #expect(value["l"]?[1] == .bool(false))
        #expect(value["l"]?[3] == nil)
        #expect(value["m"]?.integer == 2)
        #expect(value["x"] == nil)
        #expect(value.members?.map(\.name) == ["n", "i", "big", "s", "l", "m", "m"])
    }

    @Test(arguments: [
        ("0.1", 10_000_000), ("\"67000.01\"", 6_700_001_000_000), ("1e-8", 1), ("92233720368.54775807", Int64.max),
        ("\"92233720368.54775807\"", Int64.max), ("-0.00000001", -1), ("100000000000e-1", 1_000_000_000_000_000_000),
        ("0.100000000000000000000000", 10_000_000), ("0", 0), ("\"00012.5\"", 1_250_000_000),
    ])
    func decimalsAreExact(_ text: String, _ raw: Int64) throws {
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.span.bytes)
        let price = try reader.decimal(Price.self)
        #expect(price == Price(raw: raw))
        try reader.end()
    }

    @Test(arguments: [
        "92233720368.54775808", "1e999", "0.000000001", "\"\"", "\"1,5\"", "\" 1\"", "\"1e\"", "\"NaN\"", "1e-999",
    ])
    func decimalsAreNeverRounded(_ text: String) {
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.span.bytes)
        do throws(JSONError) {
            let price = try reader.decimal(Price.self)
            Issue.record("\(text) was read as \(price)")
        } catch { #expect(error.kind == .badNumber) }
    }

    @Test func readerPullsWithoutTree() throws {
        let bytes = Array("{ \"e\\u0041\" : [1, {\"x\":[]} , \"q\"], \"p\":\"1.5\", \"z\": null }".utf8)
        var reader = JSONReader(bytes.span.bytes)
        try reader.beginObject()
        guard let first = try reader.nextKey() else { throw JSONError(.syntax, at: 0, "no first key") }
        let matches = [reader.keyEquals(first, "eA"), reader.keyEquals(first, "eB"), reader.keyEquals(first, "e")]
        #expect(matches == [true, false, false])
        try reader.skipValue()
        guard let second = try reader.nextKey() else { throw JSONError(.syntax, at: 0, "no second key") }
        let isSecond = reader.keyEquals(second, "p")
        #expect(isSecond)
        let quantity = try reader.decimal(Quantity.self)
        #expect(quantity == Quantity("1.5"))
        guard let third = try reader.nextKey() else { throw JSONError(.syntax, at: 0, "no third key") }
        let name = try reader.keyText(third)
        let isNull = try reader.nullIfPresent()
        let hasMore = try reader.nextKey() != nil
        #expect(name == "z" && isNull && !hasMore)
        try reader.end()
    }

    /// Foundation's parser as a second opinion on what JSON is, over mutated documents.
    @Test func agreesWithFoundation() {
        var random = SeededRandom.announced("JSON")
        let seeds = [
            "{\"a\":[1,2.5,-3e2,true,null],\"b\":{\"c\":\"d\\n\\u00e9\"}}", "[\"x\",{\"y\":[[],{}]},0.1]",
            "{\"e\":\"trade\",\"p\":\"0.001\",\"m\":true,\"M\":false}",
        ].map { Array($0.utf8) }
        var valid = 0
        for _ in 0..<Iterations.count(20_000) {
            var bytes = seeds[Int.random(in: 0..<seeds.count, using: &random)]
            Mutation.apply(&bytes, using: &random, times: Int.random(in: 1...3, using: &random))
            // Foundation also reads UTF-16 and UTF-32, byte order marks, and refuses numbers that are no Double.
            guard !bytes.contains(0), !bytes.starts(with: [0xef, 0xbb]) else { continue }
            let ours = failure(bytes, maxDepth: 63) == nil
            if ours { valid += 1 }
            let theirs = (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
            if ours != theirs {
                let isHuge = ours && bytes.split { !"0123456789eE+-.".utf8.contains($0) }.contains { $0.count > 4 }
                // Foundation is lenient in one thing: a comma before a closing bracket.
                let dense = bytes.filter { !" \n\r\t".utf8.contains($0) }
                let hasComma = theirs && zip(dense, dense.dropFirst()).contains { $0 == 0x2c && ($1 | 0x20) == 0x7d }
                #expect(
                    isHuge || hasComma,
                    "\(String(decoding: bytes, as: UTF8.self)): we say \(ours), Foundation \(theirs)")
            }
        }
        #expect(valid > 100)
    }
}
