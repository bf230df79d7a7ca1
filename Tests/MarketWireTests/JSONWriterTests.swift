import Foundation
import MarketCore
import MarketWire
import Testing

@Suite struct JSONWriterTests {
    @Test func writesCommasAndEscapes() throws {
        var writer = JSONWriter(into: Array("x".utf8))
        writer.beginObject()
        writer.field("text", "a\"\\\n\r\t\u{1}\u{1f}/é😀")
        writer.field("none", nil as Int64?)
        writer.field("some", 5 as Int64?)
        writer.field("noText", nil as String?)
        writer.field("small", Int64.min)
        writer.field("yes", true)
        writer.field("money", Price(raw: 150_000_000))
        writer.key("list")
        writer.beginArray()
        writer.integer(UInt8.max)
        writer.beginArray()
        writer.endArray()
        writer.beginObject()
        writer.endObject()
        writer.number(1.5)
        writer.number(.infinity)
        writer.literal("1e3")
        writer.raw(Array("[1]".utf8))
        writer.decimal(Quantity(raw: 1), minimumFraction: 8)
        writer.string(bytes: "b".utf8)
        writer.null()
        writer.bool(false)
        writer.endArray()
        writer.key("k\"")
        writer.integer(0)
        writer.endObject()
        let text = String(decoding: writer.bytes, as: UTF8.self)
        #expect(
            text
                == #"x{"text":"a\"\\\n\r\t\u0001\u001f/é😀","none":null,"some":5,"noText":null,"#
                + #""small":-9223372036854775808,"#
                + #""yes":true,"money":"1.5","list":[255,[],{},1.5,null,1e3,[1],"0.00000001","b",null,false],"k\"":0}"#)
        let value = try JSONValue(parsing: Array(writer.bytes.dropFirst()))
        #expect(value["text"]?.text == "a\"\\\n\r\t\u{1}\u{1f}/é😀")
    }

    @Test func anyTextComesBack() throws {
        var random = SeededRandom.announced("JSON text")
        for _ in 0..<Iterations.count(500) {
            let scalars = (0..<20).compactMap { _ in
                Unicode.Scalar(UInt32.random(in: 0...(Bool.random(using: &random) ? 0x7f : 0x10ffff), using: &random))
            }
            var text = ""
            text.unicodeScalars.append(contentsOf: scalars)
            var writer = JSONWriter()
            writer.string(text)
            #expect(try JSONValue(parsing: writer.bytes).text?.unicodeScalars.elementsEqual(scalars) == true)
            let foundation =
                try JSONSerialization.jsonObject(with: Data(writer.bytes), options: .fragmentsAllowed) as? String
            #expect(foundation?.unicodeScalars.elementsEqual(scalars) == true)
        }
    }
}
