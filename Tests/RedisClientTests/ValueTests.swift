import Testing

@testable import RedisClient

@Suite struct ValueTests {
    @Test func repliesSayWhatTheyAre() throws {
        #expect(RedisReply.status("OK").text == "OK")
        #expect(RedisReply.bytes(Array("é".utf8)).text == "é")
        #expect(RedisReply.bytes([0xff]).text == nil)
        #expect(RedisReply.integer(-7).integerValue == -7)
        #expect(RedisReply.bytes(Array("9223372036854775807".utf8)).integerValue == .max)
        #expect(RedisReply.bytes(Array("1.5".utf8)).integerValue == nil)
        #expect(RedisReply.null.isNull)
        #expect(RedisReply.array([.null]).elements == [.null])
    }

    @Test func aReplyOfAnotherShapeIsAnError() {
        func code(_ body: () throws(RedisError) -> Void) -> RedisError.Code? {
            do throws(RedisError) { try body() } catch { return error.code }
            return nil
        }
        #expect(code { () throws(RedisError) in _ = try RedisReply.null.requireText() } == .unexpectedReply)
        #expect(code { () throws(RedisError) in _ = try RedisReply.status("x").requireInteger() } == .unexpectedReply)
        #expect(code { () throws(RedisError) in _ = try RedisReply.integer(1).requireElements() } == .unexpectedReply)
        #expect(code { () throws(RedisError) in _ = try RedisReply.array([]).requireBytes() } == .unexpectedReply)
        #expect(
            code { () throws(RedisError) in _ = try RedisReply.array([.status("a")]).requireFields() }
                == .unexpectedReply)
        let refused = RedisReply.error(RedisServerError(line: "WRONGTYPE of a kind"))
        #expect(code { () throws(RedisError) in _ = try refused.requireText() } == .server("WRONGTYPE"))
        #expect(code { () throws(RedisError) in _ = try refused.requireFields() } == .server("WRONGTYPE"))
    }

    @Test func aHashIsReadAsFields() throws {
        let reply = RedisReply.array([.bytes(Array("a".utf8)), .bytes([0, 255]), .bytes(Array("b".utf8)), .bytes([])])
        #expect(try reply.requireFields() == ["a": [0, 255], "b": []])
        #expect(try RedisReply.array([]).requireFields() == [:])
    }

    @Test func anErrorIsMadeFromItsLine() {
        let error = RedisServerError(line: "NOSCRIPT No matching script.")
        #expect(error.code == "NOSCRIPT")
        #expect(error.message == "NOSCRIPT No matching script.")
        #expect(RedisServerError(line: "").code == "")
    }

    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
        (String(repeating: "a", count: 1_000), "291e9a6c66994949b57ba5e650361e98fc36b1ba"),
    ])
    func digestsAreThoseOfTheStandard(_ text: String, _ digest: String) {
        #expect(SHA1.hexadecimalDigest(of: Array(text.utf8)) == digest)
    }

    @Test func commandsAreFormattedWithAnyBytes() throws {
        var command: RedisCommand = ["SET"]
        command.append([0, 13, 10, 255])
        command.append("")
        command.append(Int64.min)
        let expected =
            Array("*4\r\n$3\r\nSET\r\n$4\r\n".utf8) + [0, 13, 10, 255]
            + Array("\r\n$0\r\n\r\n$20\r\n-9223372036854775808\r\n".utf8)
        #expect(try CommandEncoding.encode([command]) == expected)
        #expect(try CommandEncoding.encode([command, ["PING"]]) == expected + Array("*1\r\n$4\r\nPING\r\n".utf8))
    }

    @Test(arguments: [
        RedisCommand([]), [""], ["subscribe", "a"], ["PSUBSCRIBE", "a"], ["Monitor"], ["HELLO", "3"],
        ["client", "reply", "off"], ["PUNSUBSCRIBE"],
    ])
    func commandsThatWouldMixUpRepliesAreRefused(_ command: RedisCommand) {
        let error = #expect(throws: RedisError.self) { _ = try CommandEncoding.encode([["PING"], command]) }
        #expect(error?.code == .protocolViolation)
    }

    @Test func harmlessRelativesAreNot() throws {
        _ = try CommandEncoding.encode([["CLIENT", "LIST"], ["PUBLISH", "a", "b"], ["PUBSUB", "NUMSUB", "a"]])
    }

    @Test func repliesAreParsedHoweverTheyAreCut() throws {
        let stream = Array(
            "+OK\r\n-ERR no\r\n:-12\r\n$-1\r\n$3\r\na\r\n\r\n*-1\r\n*0\r\n*3\r\n:1\r\n*2\r\n+x\r\n$0\r\n\r\n$-1\r\n"
                .utf8)
        let expected: [RedisReply] = [
            .status("OK"), .error(RedisServerError(code: "ERR", message: "ERR no")), .integer(-12), .null,
            .bytes([97, 13, 10]), .null, .array([]), .array([.integer(1), .array([.status("x"), .bytes([])]), .null]),
        ]
        for chunk in [1, 2, 3, 7, stream.count] {
            let reader = try ReplyReader()
            var replies: [RedisReply] = []
            for start in stride(from: 0, to: stream.count, by: chunk) {
                let piece = Array(stream[start..<min(start + chunk, stream.count)])
                try reader.feed(piece, count: piece.count)
                while let reply = try reader.next() { replies.append(reply) }
            }
            #expect(replies == expected, "in chunks of \(chunk)")
        }
    }

    @Test func whatIsNotTheProtocolIsAnError() throws {
        let reader = try ReplyReader()
        let text = Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)
        let error = #expect(throws: RedisError.self) {
            try reader.feed(text, count: text.count)
            _ = try reader.next()
        }
        #expect(error?.code == .protocolViolation)
    }
}
