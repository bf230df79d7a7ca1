import Testing

@testable import InfluxClient

/// The bytes of a write, held to what InfluxDB's documentation says of each version.
@Suite struct InfluxClientTests {
    private func point(
        symbol: String = "BTCUSDT", price: String = "67000.01"
    ) throws(InfluxError) -> InfluxPoint {
        try InfluxPoint(
            measurement: "crypto_price", tags: [.init("symbol", symbol)],
            fields: [.init("price", price), .init("volume", "0.00000001")], timeSeconds: 1_700_000_040)
    }

    @Test func aLineHoldsMeasurementTagsFieldsAndTime() throws {
        #expect(
            try point().line == "crypto_price,symbol=BTCUSDT price=67000.01,volume=0.00000001 1700000040")
        #expect(InfluxPoint.body([try point(), try point()]).split(separator: "\n").count == 2)
        // Tags in the order of their keys, as the server wants them for speed.
        let point = try InfluxPoint(
            measurement: "m", tags: [.init("b", "2"), .init("a", "1")], fields: [.init("f", "-1")], timeSeconds: -5)
        #expect(point.line == "m,a=1,b=2 f=-1 -5")
    }

    /// "Line protocol: special characters": comma and space in measurements, comma, equals sign and space elsewhere.
    @Test func specialCharactersAreEscaped() throws {
        #expect(try point(symbol: "kraken:BTC/USD").line.hasPrefix("crypto_price,symbol=kraken:BTC/USD price="))
        #expect(try point(symbol: "A B,C=D\"E\\F").line.hasPrefix(#"crypto_price,symbol=A\ B\,C\=D"E\F price="#))
        let point = try InfluxPoint(
            measurement: "a b,c=d", tags: [.init("k =,", "v")], fields: [.init("f =,", "1")], timeSeconds: 0)
        #expect(point.line == #"a\ b\,c=d,k\ \=\,=v f\ \=\,=1 0"#)
    }

    @Test(arguments: ["", "A\\", "A\nB", "A\rB", "A\tB"])
    func whatLineProtocolCannotSayIsRefused(symbol: String) {
        #expect(throws: InfluxError.self) { try point(symbol: symbol) }
    }

    @Test(arguments: ["", "-", "1e5", "NaN", "1.", ".5", "1.2.3", "1,5", "--1", "+1", "0x10", "1i"])
    func whatIsNoPlainDecimalIsRefused(number: String) {
        #expect(throws: InfluxError.self) { try point(price: number) }
    }

    @Test func longDecimalsGoOutDigitByDigit() throws {
        let digits = "123456789012345678901234567890.12345678"
        #expect(try point(price: digits).line.contains("price=\(digits),"))
    }

    @Test func version1() throws {
        let plain = try InfluxConfiguration(host: "influx.example", api: .v1, database: "my market/1")
        let request = InfluxRequest(plain, writing: [try point()])
        #expect(request.url == "http://influx.example:8086/write?db=my%20market%2F1&precision=s")
        #expect(request.headers["Authorization"] == nil)
        #expect(request.headers["Content-Type"] == "text/plain; charset=utf-8")
        #expect(request.body == (try point()).line + "\n")

        let token = try InfluxConfiguration(host: "h", api: .v1, database: "d", token: "secret")
        #expect(InfluxRequest(token, writing: []).headers["Authorization"] == "Token secret")
        let user = try InfluxConfiguration(
            host: "h", api: .v1, database: "d", username: "Aladdin", token: "open sesame")
        // RFC 7617's own example.
        #expect(InfluxRequest(user, writing: []).headers["Authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
    }

    @Test func version2() throws {
        let configuration = try InfluxConfiguration(
            host: "https://cloud.example", api: .v2, database: "candles", organization: "a&b", username: "unused",
            token: "secret")
        let request = InfluxRequest(configuration, writing: [])
        #expect(request.url == "https://cloud.example/api/v2/write?org=a%26b&bucket=candles&precision=s")
        #expect(request.headers["Authorization"] == "Token secret")
        let without = try InfluxConfiguration(host: "h", api: .v2, database: "candles")
        #expect(InfluxRequest(without, writing: []).url == "http://h:8086/api/v2/write?bucket=candles&precision=s")
    }

    @Test func version3() throws {
        let configuration = try InfluxConfiguration(host: "h", api: .v3, database: "candles", token: "secret")
        let request = InfluxRequest(configuration, writing: [])
        #expect(
            request.url == "http://h:8181/api/v3/write_lp?db=candles&precision=second&accept_partial=false")
        #expect(request.headers["Authorization"] == "Bearer secret")
    }

    @Test(arguments: [
        ("h:1", "http://h:1"), ("HTTP://h", "http://h"), ("https://h/influx/", "https://h/influx"),
        ("[::1]", "http://[::1]:8086"), ("[::1]:9", "http://[::1]:9"), ("http://[::1]:9/a", "http://[::1]:9/a"),
    ])
    func hosts(text: String, url: String) throws {
        #expect(try InfluxConfiguration(host: text, api: .v1, database: "d").baseURL == url)
    }

    @Test(arguments: ["", "/", "http://", ":8086", "h:", "h:x", "h:99999", "http://user:secret@h", "h?db=x", "h h"])
    func whatIsNoHostIsRefused(text: String) {
        do {
            _ = try InfluxConfiguration(host: text, api: .v1, database: "d")
            Issue.record("'\(text)' was taken")
        } catch {
            #expect(!"\(error)".contains("secret"))
        }
    }

    @Test func theTargetHoldsNoSecret() throws {
        let configuration = try InfluxConfiguration(
            host: "h", api: .v2, database: "d", organization: "o", username: "u", token: "secret")
        #expect(configuration.target == "v2 http://h:8086 d o")
    }
}
